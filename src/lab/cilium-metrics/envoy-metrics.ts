/**
 * The HTTP proxy's metrics (port 9964) of one node, in Envoy's names as recorded from Envoy 1.40
 * (data/scrapes/envoy-1.40.txt). The prefix "proxy", the clusters' names and the listener's address
 * are those that Cilium configures; assumed, since the recording is of another configuration. Envoy
 * writes no help texts. What the laboratory's proxy cannot do (HTTP/2, retries, TLS) is not listed.
 */

import type { GaugeFamily } from "../../metrics/families.ts";
import { Registry } from "../../metrics/registry.ts";
import type { LabEventSource, ProxyConnectionEvent } from "../events.ts";
import type { ComponentMetrics } from "./agent-metrics.ts";
import type { ProcessFigures } from "./process-metrics.ts";

/** Upper bounds of Envoy's histograms, milliseconds. */
const envoyBuckets: readonly number[] = [
  0.5, 1, 5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000, 60_000, 300_000, 600_000,
  1_800_000, 3_600_000,
];
const prefix = "proxy";
const prefixLabel = "envoy_http_conn_manager_prefix";
const clusterLabel = "envoy_cluster_name";
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
  const downstream = downstreamFamilies(registry, server.openConnections);
  const families = upstreamFamilies(registry);
  const upstream = {
    INGRESS: countUpstream(families, clusterNames.INGRESS),
    EGRESS: countUpstream(families, clusterNames.EGRESS),
  };
  const stops = [
    events.onNode("proxy_connection", nodeName, (event) => {
      if (event.side === "downstream") downstream(event);
      else upstream[event.direction](event);
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

type Take = (event: ProxyConnectionEvent) => void;

/** `envoy_server_*` and what of the managers holds still: one listener and one cluster a direction. */
function serverFamilies(registry: Registry, options: EnvoyMetricsOptions) {
  const { nowMs, process } = options;
  const startedMs = nowMs();
  const gauge = (name: string) => registry.gauge({ name, help: "", labelNames: [] });
  const uptime = gauge("envoy_server_uptime");
  const physical = gauge("envoy_server_memory_physical_size");
  gauge("envoy_server_live").set(1);
  // LIVE, of Envoy's server states.
  gauge("envoy_server_state").set(0);
  gauge("envoy_server_concurrency").set(1);
  gauge("envoy_server_hot_restart_epoch").set(0);
  gauge("envoy_cluster_manager_active_clusters").set(2);
  gauge("envoy_cluster_manager_warming_clusters").set(0);
  gauge("envoy_listener_manager_total_listeners_active").set(2);
  gauge("envoy_listener_manager_workers_started").set(1);
  const openConnections = gauge("envoy_server_total_connections");
  const stop = registry.onCollect(() => {
    uptime.set(Math.floor((nowMs() - startedMs) / 1000));
    physical.set(process.residentBytes());
  });
  return { openConnections, stop };
}

/** Connections and requests of clients: `envoy_http_downstream_*`. */
function downstreamFamilies(registry: Registry, openConnections: GaugeFamily): Take {
  const labelNames = [prefixLabel];
  const counter = (name: string) =>
    registry
      .counter({ name: `envoy_http_downstream_${name}`, help: "", labelNames })
      .labels(prefix);
  const gauge = (name: string) =>
    registry.gauge({ name: `envoy_http_downstream_${name}`, help: "", labelNames }).labels(prefix);
  const histogram = (name: string) =>
    registry
      .histogram({
        name: `envoy_http_downstream_${name}`,
        help: "",
        labelNames,
        buckets: envoyBuckets,
      })
      .labels(prefix);
  const byClass = registry.counter({
    name: "envoy_http_downstream_rq_xx",
    help: "",
    labelNames: ["envoy_response_code_class", prefixLabel],
  });
  for (const codeClass of ["1", "2", "3", "4", "5"]) byClass.labels(codeClass, prefix);
  const opened = [counter("cx_total"), counter("cx_http1_total")];
  const active = [gauge("cx_active"), gauge("cx_http1_active")];
  const requests = [counter("rq_total"), counter("rq_http1_total")];
  const requestsActive = gauge("rq_active");
  const received = counter("cx_rx_bytes_total");
  const sent = counter("cx_tx_bytes_total");
  const completed = counter("rq_completed");
  const requestTime = histogram("rq_time");
  const upgrades = counter("cx_upgrades_total");
  const protocolErrors = counter("cx_protocol_error");
  const reset = counter("rq_rx_reset");
  const destroyed = {
    all: counter("cx_destroy"),
    here: counter("cx_destroy_local"),
    there: counter("cx_destroy_remote"),
    busy: counter("cx_destroy_active_rq"),
    busyHere: counter("cx_destroy_local_active_rq"),
    busyThere: counter("cx_destroy_remote_active_rq"),
  };
  const length = histogram("cx_length_ms");
  const close: Take = ({ durationMs, isClosedHere, hasRequest }) => {
    for (const one of active) one.dec();
    openConnections.set(active[0]?.value ?? 0);
    length.observe(durationMs);
    destroyed.all.inc();
    (isClosedHere ? destroyed.here : destroyed.there).inc();
    if (!hasRequest) return;
    requestsActive.dec();
    destroyed.busy.inc();
    (isClosedHere ? destroyed.busyHere : destroyed.busyThere).inc();
    if (!isClosedHere) reset.inc();
  };
  const takes: Readonly<Partial<Record<ProxyConnectionEvent["change"], Take>>> = {
    opened: () => {
      for (const one of opened) one.inc();
      for (const one of active) one.inc();
      openConnections.set(active[0]?.value ?? 0);
    },
    request: () => {
      for (const one of requests) one.inc();
      requestsActive.inc();
    },
    answer: ({ code, durationMs }) => {
      requestsActive.dec();
      completed.inc();
      byClass.labels(String(Math.floor(code / 100)), prefix).inc();
      requestTime.observe(durationMs);
    },
    upgraded: () => upgrades.inc(),
    protocol_error: () => protocolErrors.inc(),
    closed: close,
  };
  return (event) => {
    received.inc(event.receivedBytes);
    sent.inc(event.sentBytes);
    takes[event.change]?.(event);
  };
}

/** Connections and requests to servers, by cluster: `envoy_cluster_upstream_*`. */
function upstreamFamilies(registry: Registry) {
  const labelNames = [clusterLabel];
  const named = (name: string) => ({
    name: `envoy_cluster_upstream_${name}`,
    help: "",
    labelNames,
  });
  const counter = (name: string) => registry.counter(named(name));
  const gauge = (name: string) => registry.gauge(named(name));
  const histogram = (name: string) => registry.histogram({ ...named(name), buckets: envoyBuckets });
  const byCode = registry.counter({
    name: "envoy_cluster_upstream_rq",
    help: "",
    labelNames: ["envoy_response_code", clusterLabel],
  });
  const byClass = registry.counter({
    name: "envoy_cluster_upstream_rq_xx",
    help: "",
    labelNames: ["envoy_response_code_class", clusterLabel],
  });
  return {
    opened: counter("cx_total"),
    openedHttp1: counter("cx_http1_total"),
    active: gauge("cx_active"),
    failed: counter("cx_connect_fail"),
    connectTime: histogram("cx_connect_ms"),
    length: histogram("cx_length_ms"),
    destroyed: counter("cx_destroy"),
    destroyedHere: counter("cx_destroy_local"),
    destroyedThere: counter("cx_destroy_remote"),
    destroyedBusy: counter("cx_destroy_with_active_rq"),
    destroyedBusyHere: counter("cx_destroy_local_with_active_rq"),
    destroyedBusyThere: counter("cx_destroy_remote_with_active_rq"),
    received: counter("cx_rx_bytes_total"),
    sent: counter("cx_tx_bytes_total"),
    requests: counter("rq_total"),
    requestsActive: gauge("rq_active"),
    completed: counter("rq_completed"),
    cancelled: counter("rq_cancelled"),
    requestTime: histogram("rq_time"),
    perConnection: histogram("rq_per_cx"),
    byCode,
    byClass,
  };
}

/** Counts the events of one cluster's connections. */
function countUpstream(families: ReturnType<typeof upstreamFamilies>, cluster: string): Take {
  const { byCode, byClass, ...plain } = families;
  for (const family of Object.values(plain)) family.labels(cluster);
  const close: Take = ({ durationMs, isClosedHere, hasRequest, requestCount }) => {
    families.active.labels(cluster).dec();
    families.length.labels(cluster).observe(durationMs);
    families.perConnection.labels(cluster).observe(requestCount);
    families.destroyed.labels(cluster).inc();
    (isClosedHere ? families.destroyedHere : families.destroyedThere).labels(cluster).inc();
    if (!hasRequest) return;
    families.requestsActive.labels(cluster).dec();
    families.cancelled.labels(cluster).inc();
    families.destroyedBusy.labels(cluster).inc();
    const busy = isClosedHere ? families.destroyedBusyHere : families.destroyedBusyThere;
    busy.labels(cluster).inc();
  };
  const takes: Readonly<Partial<Record<ProxyConnectionEvent["change"], Take>>> = {
    opened: ({ durationMs }) => {
      families.opened.labels(cluster).inc();
      families.openedHttp1.labels(cluster).inc();
      families.active.labels(cluster).inc();
      families.connectTime.labels(cluster).observe(durationMs);
    },
    connect_failed: () => families.failed.labels(cluster).inc(),
    request: () => {
      families.requests.labels(cluster).inc();
      families.requestsActive.labels(cluster).inc();
    },
    answer: ({ code, durationMs }) => {
      families.requestsActive.labels(cluster).dec();
      families.completed.labels(cluster).inc();
      families.requestTime.labels(cluster).observe(durationMs);
      byCode.labels(String(code), cluster).inc();
      byClass.labels(String(Math.floor(code / 100)), cluster).inc();
    },
    closed: close,
  };
  return (event) => {
    families.received.labels(cluster).inc(event.receivedBytes);
    families.sent.labels(cluster).inc(event.sentBytes);
    takes[event.change]?.(event);
  };
}
