/**
 * Connections and requests of the HTTP proxy to servers, by cluster: `envoy_cluster_*`. Cilium's
 * clusters take each connection's original destination as a host, so a cluster's members are the
 * servers that have a connection now. Series are found once: this runs for each event of each request.
 */

import type { Counter } from "../../metrics/families.ts";
import type { Registry } from "../../metrics/registry.ts";
import {
  type ConnectionCounts,
  countConnections,
  type TakeConnection,
} from "./envoy-connections.ts";
import { countCodeClasses, EnvoyFamilies } from "./envoy-families.ts";

const clusterLabel = "envoy_cluster_name";

/** Registers the families; the result makes the series of one cluster and counts its events. */
export function upstreamClusters(registry: Registry): (cluster: string) => TakeConnection {
  const families = new EnvoyFamilies(registry, "envoy_cluster_upstream_", [clusterLabel]);
  const members = new EnvoyFamilies(registry, "envoy_cluster_membership_", [clusterLabel]);
  const byCode = registry.counter({
    name: "envoy_cluster_upstream_rq",
    help: "",
    labelNames: ["envoy_response_code", clusterLabel],
  });
  const byClass = countCodeClasses(registry, "envoy_cluster_upstream_rq_xx", [clusterLabel]);
  return (cluster) =>
    countCluster(families, cluster, {
      members: countMembers(members, cluster),
      countClass: byClass(cluster),
      codeCounter: (code) => byCode.labels(String(code), cluster),
    });
}

interface ClusterTools {
  readonly members: { joined(peer: string): void; left(peer: string): void };
  readonly countClass: (code: number) => void;
  readonly codeCounter: (code: number) => Counter;
}

function countCluster(
  families: EnvoyFamilies,
  cluster: string,
  { members, countClass, codeCounter }: ClusterTools,
): TakeConnection {
  const counter = (name: string) => families.counter(name, cluster);
  const gauge = (name: string) => families.gauge(name, cluster);
  const received = counter("cx_rx_bytes_total");
  const sent = counter("cx_tx_bytes_total");
  const opened = [counter("cx_total"), counter("cx_http1_total")];
  const active = gauge("cx_active");
  const connectTime = families.histogram("cx_connect_ms", cluster);
  const pending = gauge("rq_pending_active");
  const requests = counter("rq_total");
  const requestsActive = gauge("rq_active");
  const completed = counter("rq_completed");
  const requestTime = families.histogram("rq_time", cluster);
  const ejected = counter("rq_pending_failure_eject");
  const codes = new Map<number, Counter>();
  const ended = countEnds(families, cluster);
  const plain: ConnectionCounts["plain"] = {
    pending: counter("rq_pending_total"),
    connect_failed: counter("cx_connect_fail"),
    cancelled: counter("rq_cancelled"),
    protocol_error: counter("cx_protocol_error"),
    reading_paused: counter("flow_control_paused_reading_total"),
    reading_resumed: counter("flow_control_resumed_reading_total"),
    backed_up: counter("flow_control_backed_up_total"),
    drained: counter("flow_control_drained_total"),
  };
  const takes: ConnectionCounts["takes"] = {
    pending: () => pending.inc(),
    cancelled: () => pending.dec(),
    connect_failed: () => {
      pending.dec();
      ejected.inc();
    },
    opened: ({ peer, durationMs }) => {
      pending.dec();
      for (const one of opened) one.inc();
      active.inc();
      connectTime.observe(durationMs);
      members.joined(peer);
    },
    request: () => {
      requests.inc();
      requestsActive.inc();
    },
    answer: ({ code, durationMs }) => {
      requestsActive.dec();
      completed.inc();
      requestTime.observe(durationMs);
      countClass(code);
      let counted = codes.get(code);
      if (counted === undefined) {
        counted = codeCounter(code);
        codes.set(code, counted);
      }
      counted.inc();
    },
    closed: (event) => {
      active.dec();
      if (event.hasRequest) requestsActive.dec();
      members.left(event.peer);
      ended(event);
    },
  };
  return countConnections({ received, sent, plain, takes });
}

function countEnds(families: EnvoyFamilies, cluster: string): TakeConnection {
  const counter = (name: string) => families.counter(name, cluster);
  const length = families.histogram("cx_length_ms", cluster);
  const perConnection = families.histogram("rq_per_cx", cluster);
  const all = counter("cx_destroy");
  const here = counter("cx_destroy_local");
  const there = counter("cx_destroy_remote");
  const busy = counter("cx_destroy_with_active_rq");
  const busyHere = counter("cx_destroy_local_with_active_rq");
  const busyThere = counter("cx_destroy_remote_with_active_rq");
  const resetHere = counter("rq_tx_reset");
  const resetThere = counter("rq_rx_reset");
  return ({ durationMs, isClosedHere, hasRequest, requestCount }) => {
    length.observe(durationMs);
    perConnection.observe(requestCount);
    all.inc();
    (isClosedHere ? here : there).inc();
    if (!hasRequest) return;
    busy.inc();
    (isClosedHere ? busyHere : busyThere).inc();
    (isClosedHere ? resetHere : resetThere).inc();
  };
}

/** A host that does not answer is no member: without health checks all that there are count as healthy. */
function countMembers(families: EnvoyFamilies, cluster: string) {
  const total = families.gauge("total", cluster);
  const healthy = families.gauge("healthy", cluster);
  const changes = families.counter("change", cluster);
  const connections = new Map<string, number>();
  const changed = (): void => {
    changes.inc();
    total.set(connections.size);
    healthy.set(connections.size);
  };
  return {
    joined: (peer: string): void => {
      const count = connections.get(peer) ?? 0;
      connections.set(peer, count + 1);
      if (count === 0) changed();
    },
    left: (peer: string): void => {
      const count = connections.get(peer) ?? 0;
      if (count > 1) {
        connections.set(peer, count - 1);
        return;
      }
      if (connections.delete(peer)) changed();
    },
  };
}
