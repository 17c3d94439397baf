/** The agent's view of the cluster: nodes, their health, services. */

import type { NodeProbed } from "../events.ts";
import type { Component } from "./component.ts";

const probeStatuses = ["reachable", "unreachable", "unknown"] as const;

/** Writes node and service metrics. */
export function collectCluster(component: Component): void {
  const { book, state, nodeName } = component;
  const unreachableNodes = book.gauge("cilium_unreachable_nodes");
  const unreachableEndpoints = book.gauge("cilium_unreachable_health_endpoints");
  const nodes = book.gauge("cilium_nodes_all_num");
  const nodeEvents = book.counter("cilium_nodes_all_events_received_total");
  const services = book.counter("cilium_services_events_total");
  const serviceDelays = book.histogram("cilium_service_implementation_delay");
  component.onCollect(() => {
    const unreachable = state.unreachable(nodeName);
    unreachableNodes.set(unreachable.nodes);
    unreachableEndpoints.set(unreachable.endpoints);
    nodes.set(state.nodes().length);
  });
  component.on("node_event", ({ action, source }) => nodeEvents.labels(action, source).inc());
  component.on("service_event", ({ action, durationSeconds }) => {
    services.labels(action).inc();
    serviceDelays.labels(action).observe(durationSeconds);
  });
  collectHealth(component);
  collectHealthPerNode(component);
}

/** 1.19: how many targets are in which state, and a histogram of latencies. */
function collectHealth(component: Component): void {
  const { book } = component;
  const status = book.gauge("cilium_node_health_connectivity_status");
  const latency = book.histogram("cilium_node_health_connectivity_latency_seconds");
  const last = new Map<string, NodeProbed>();
  component.on("node_probe", (probe) => {
    // A target is as reachable as its primary address.
    if (probe.addressType === "primary") last.set(`${probe.type} ${probe.target}`, probe);
    if (probe.status === "reachable") {
      latency.labels(probe.type, probe.addressType, probe.protocol).observe(probe.latencySeconds);
    }
  });
  component.onCluster("node_event", ({ action, target }) => {
    if (action !== "delete") return;
    last.delete(`node ${target}`);
    last.delete(`endpoint ${target}`);
  });
  component.onCollect(() => {
    for (const type of ["node", "endpoint"] as const) {
      const probes = [...last.values()].filter((probe) => probe.type === type);
      for (const kind of probeStatuses) {
        status.labels(type, kind).set(probes.filter((probe) => probe.status === kind).length);
      }
    }
  });
}

/** 1.16: one series a target. */
function collectHealthPerNode(component: Component): void {
  const { book, state, nodeName } = component;
  const status = book.gauge("cilium_node_connectivity_status");
  const latency = book.gauge("cilium_node_connectivity_latency_seconds");
  component.on("node_probe", (probe) => {
    const cluster = state.clusterName;
    const where = probe.target === nodeName ? "local_node" : "remote_intra_cluster";
    const node = state.nodes().find(({ name }) => name === probe.target);
    const isPrimary = probe.addressType === "primary";
    const address = (isPrimary ? node?.address : node?.address6) ?? "";
    if (isPrimary)
      status
        .labels(cluster, nodeName, cluster, probe.target, where, probe.type)
        .set(probe.status === "reachable" ? 1 : 0);
    const ends = [cluster, nodeName, cluster, address, probe.target, where, probe.type];
    latency.labels(probe.addressType, probe.protocol, ...ends).set(probe.latencySeconds);
  });
}
