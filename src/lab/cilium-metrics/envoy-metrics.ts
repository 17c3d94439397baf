/**
 * The HTTP proxy's metrics (port 9964) of one node, in Envoy's names as recorded from Envoy 1.40
 * (data/scrapes/envoy-1.40.txt). The prefix "proxy", the clusters' names and the listener's address
 * are those that Cilium configures; assumed, since the recording is of another configuration. What the
 * laboratory's proxy cannot do (HTTP/2, retries, TLS) is not listed: tools/absent-metrics.ts has it.
 */

import { Registry } from "../../metrics/registry.ts";
import type { LabEventSource } from "../events.ts";
import type { ComponentMetrics } from "./agent-metrics.ts";
import { countDownstream } from "./envoy-downstream.ts";
import { EnvoyFamilies } from "./envoy-families.ts";
import { upstreamClusters } from "./envoy-upstream.ts";
import type { ProcessFigures } from "./process-metrics.ts";

const clusterNames = { INGRESS: "ingress-cluster", EGRESS: "egress-cluster" } as const;

/** What the page is made from. */
export interface EnvoyMetricsOptions {
  readonly events: LabEventSource;
  readonly nodeName: string;
  /** Milliseconds since the epoch, for the uptime. */
  readonly nowMs: () => number;
  readonly process: ProcessFigures;
}

/** Creates the proxy's metrics of `nodeName`. */
export function createEnvoyMetrics(options: EnvoyMetricsOptions): ComponentMetrics {
  const { events, nodeName } = options;
  const registry = new Registry();
  const server = serverFamilies(registry, options);
  const downstream = countDownstream(registry, (count) => server.openConnections.set(count));
  const clusterOf = upstreamClusters(registry);
  const upstream = {
    INGRESS: clusterOf(clusterNames.INGRESS),
    EGRESS: clusterOf(clusterNames.EGRESS),
  };
  const stops = [
    events.onNode("proxy_connection", nodeName, (event) => {
      if (event.side === "downstream") downstream(event);
      else upstream[event.direction](event);
    }),
    events.onNode("agent_started", nodeName, ({ scopes }) => {
      server.initialization.observe((scopes["proxyStart"] ?? 0) * 1000);
    }),
    server.stop,
  ];
  return {
    registry,
    close: () => {
      for (const stop of stops.splice(0)) stop();
    },
  };
}

/** `envoy_server_*` and what of the managers holds still: one listener, and one cluster a direction. */
function serverFamilies(registry: Registry, { nowMs, process }: EnvoyMetricsOptions) {
  const startedMs = nowMs();
  const server = new EnvoyFamilies(registry, "envoy_server_");
  const clusters = new EnvoyFamilies(registry, "envoy_cluster_manager_");
  const listeners = new EnvoyFamilies(registry, "envoy_listener_manager_");
  const uptime = server.gauge("uptime");
  const memory = {
    physical: server.gauge("memory_physical_size"),
    heap: server.gauge("memory_heap_size"),
    allocated: server.gauge("memory_allocated"),
  };
  server.gauge("live").set(1);
  // LIVE, of Envoy's server states.
  server.gauge("state").set(0);
  server.gauge("concurrency").set(1);
  server.gauge("hot_restart_epoch").set(0);
  const clusterCount = Object.keys(clusterNames).length;
  clusters.gauge("active_clusters").set(clusterCount);
  clusters.gauge("warming_clusters").set(0);
  clusters.counter("cluster_added").inc(clusterCount);
  for (const name of ["listener_added", "listener_create_success"]) listeners.counter(name).inc();
  listeners.gauge("total_listeners_active").set(1);
  for (const name of ["total_listeners_warming", "total_listeners_draining"])
    listeners.gauge(name).set(0);
  listeners.gauge("workers_started").set(1);
  const stop = registry.onCollect(() => {
    uptime.set(Math.floor((nowMs() - startedMs) / 1000));
    memory.physical.set(process.residentBytes());
    memory.heap.set(process.heapTotalBytes());
    memory.allocated.set(process.heapUsedBytes());
  });
  const openConnections = server.gauge("total_connections");
  return { openConnections, initialization: server.histogram("initialization_time_ms"), stop };
}
