/**
 * What a metrics page of the laboratory is made of. The flow metrics (flowmetrics/) and the component
 * counters (cilium-metrics/) implement it; component-servers.ts serves it over HTTP.
 */

/** One page of metrics, rendered at each scrape. */
export interface MetricsSource {
  /** `accept` is the request's Accept header, "" where absent. */
  expose(accept: string): { readonly contentType: string; readonly body: string };
}
