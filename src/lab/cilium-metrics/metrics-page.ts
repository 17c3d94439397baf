/** A registry as a page: text or OpenMetrics, as the client's Accept header asks. */

import { negotiateExposition, renderExposition } from "../../metrics/exposition.ts";
import type { Registry } from "../../metrics/registry.ts";
import type { MetricsSource } from "../metrics-source.ts";

/** Renders `registry` at each request. Agent and operator serve the text format only, as the real ones do. */
export function metricsPage(registry: Registry, options: { openMetrics: boolean }): MetricsSource {
  return {
    expose(accept) {
      const choice = negotiateExposition(options.openMetrics ? accept : "");
      return { contentType: choice.contentType, body: renderExposition(registry, choice) };
    },
  };
}
