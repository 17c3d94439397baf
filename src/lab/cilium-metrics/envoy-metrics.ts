/**
 * The HTTP proxy's metrics (port 9964) of one node, in Envoy's names as recorded from Envoy 1.40
 * (data/scrapes/envoy-1.40.txt). The prefix "proxy" and the clusters' names are those that Cilium
 * configures; assumed, since the recording is of another configuration. Envoy writes no help texts.
 */

import { Registry } from "../../metrics/registry.ts";
import type { LabEventSource } from "../events.ts";
import type { ComponentMetrics } from "./agent-metrics.ts";

/** Upper bounds of Envoy's histograms, milliseconds. */
const envoyBuckets: readonly number[] = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000,
  1_800_000, 3_600_000,
];
const prefix = "proxy";
const prefixLabel = "envoy_http_conn_manager_prefix";
const nanosecondsPerMs = 1e6;

/** Creates the proxy's metrics of `nodeName`. */
export function createEnvoyMetrics(options: {
  readonly events: LabEventSource;
  readonly nodeName: string;
}): ComponentMetrics {
  const { events, nodeName } = options;
  const registry = new Registry();
  const counter = (name: string, ...labels: string[]) =>
    registry.counter({ name, help: "", labelNames: [...labels, prefixLabel] });
  const requests = counter("envoy_http_downstream_rq_total").labels(prefix);
  const requestsHttp1 = counter("envoy_http_downstream_rq_http1_total").labels(prefix);
  const completed = counter("envoy_http_downstream_rq_completed").labels(prefix);
  const byClass = counter("envoy_http_downstream_rq_xx", "envoy_response_code_class");
  const time = registry.histogram({
    name: "envoy_http_downstream_rq_time",
    help: "",
    labelNames: [prefixLabel],
    buckets: envoyBuckets,
  });
  const upstream = registry.counter({
    name: "envoy_cluster_upstream_rq_total",
    help: "",
    labelNames: ["envoy_cluster_name"],
  });
  for (const codeClass of ["1", "2", "3", "4", "5"]) byClass.labels(codeClass, prefix);
  const stops = [
    events.onNode("l7", nodeName, (event) => {
      if (event.proxyType !== "envoy") return;
      if (event.message !== "request") return;
      requests.inc();
      requestsHttp1.inc();
      // A denied request never leaves the proxy.
      if (event.verdict !== "forwarded") return;
      upstream.labels(event.direction === "INGRESS" ? "ingress-cluster" : "egress-cluster").inc();
    }),
    events.onNode("flow", nodeName, ({ flow: { l7 } }) => {
      if (l7?.http === undefined || l7.type !== "RESPONSE") return;
      completed.inc();
      byClass.labels(String(Math.floor((l7.http.code ?? 0) / 100)), prefix).inc();
      time.labels(prefix).observe(Number(l7.latency_ns ?? "0") / nanosecondsPerMs);
    }),
  ];
  return {
    registry,
    close: () => {
      for (const stop of stops.splice(0)) stop();
    },
  };
}
