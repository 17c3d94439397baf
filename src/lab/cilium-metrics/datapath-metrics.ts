/** The agent's datapath: packets, conntrack, maps, addresses. */

import { addressFamilies } from "../address-family.ts";
import type { Component } from "./component.ts";

const unnamedDrop = "Unknown";
/** Policy maps are shown as one, the fullest, and only from here on (--bpf-policy-map-pressure-metrics-threshold). */
const policyPressureMin = 0.1;
/** Maps of this size are one group. */
const usualCapacity = 65_536;

/** Writes packet, conntrack, map and address metrics. */
export function collectDatapath(component: Component): void {
  collectPackets(component);
  collectConntrack(component);
  collectMaps(component);
  collectAddresses(component);
}

function collectPackets(component: Component): void {
  const { book } = component;
  const drops = book.counter("cilium_drop_count_total");
  const dropBytes = book.counter("cilium_drop_bytes_total");
  const forwards = book.counter("cilium_forward_count_total");
  const forwardBytes = book.counter("cilium_forward_bytes_total");
  // Eight packets for each request of the proxy: their series are looked up once.
  const countOf = {
    INGRESS: rememberChild(() => forwards.labels("INGRESS")),
    EGRESS: rememberChild(() => forwards.labels("EGRESS")),
  } as const;
  const bytesOf = {
    INGRESS: rememberChild(() => forwardBytes.labels("INGRESS")),
    EGRESS: rememberChild(() => forwardBytes.labels("EGRESS")),
  } as const;
  component.on("packet", ({ verdict, direction, sizeBytes, dropReason }) => {
    if (verdict === "forwarded") {
      countOf[direction]().inc();
      bytesOf[direction]().inc(sizeBytes);
      return;
    }
    const reason = dropReason ?? unnamedDrop;
    drops.labels(reason, direction).inc();
    dropBytes.labels(reason, direction).inc(sizeBytes);
  });
}

/** A series that appears with its first use, and is looked up then only. */
function rememberChild<Child>(find: () => Child): () => Child {
  let child: Child | undefined;
  return () => {
    child ??= find();
    return child;
  };
}

function collectConntrack(component: Component): void {
  const { book } = component;
  const runs = book.counter("cilium_datapath_conntrack_gc_runs_total");
  const entries = book.gauge("cilium_datapath_conntrack_gc_entries");
  const durations = book.histogram("cilium_datapath_conntrack_gc_duration_seconds");
  component.on("conntrack_gc", (run) => {
    const { family, protocol } = run;
    runs.labels(family, protocol, "completed").inc();
    entries.labels(family, protocol, "alive").set(run.aliveCount);
    entries.labels(family, protocol, "deleted").set(run.deletedCount);
    durations.labels(family, protocol, "completed").observe(run.durationSeconds);
  });
}

function collectMaps(component: Component): void {
  const { book, state, nodeName } = component;
  const operations = book.counter("cilium_bpf_map_ops_total");
  const pressure = book.gauge("cilium_bpf_map_pressure");
  const capacity = book.gauge("cilium_bpf_map_capacity");
  component.on("map_op", ({ mapName, operation, outcome, count = 1 }) => {
    operations.labels(shortMapName(mapName), operation, outcome).inc(count);
  });
  component.onCollect(() => {
    pressure.clear();
    let fullestPolicy = 0;
    for (const map of state.maps(nodeName)) {
      const share = map.entryCount / map.capacity;
      const name = shortMapName(map.name);
      const isUsual = map.capacity === usualCapacity || map.capacity === usualCapacity - 1;
      capacity.labels(isUsual ? "default" : name).set(isUsual ? usualCapacity : map.capacity);
      if (name === "policy") fullestPolicy = Math.max(fullestPolicy, share);
      else pressure.labels(name).set(share);
    }
    if (fullestPolicy >= policyPressureMin) pressure.labels("cilium_policy_*").set(fullestPolicy);
  });
}

/** Maps are labelled without the prefix of their pins, all policy maps alike. */
function shortMapName(name: string): string {
  const short = name.startsWith("cilium_") ? name.slice("cilium_".length) : name;
  return short.startsWith("policy_") ? "policy" : short;
}

function collectAddresses(component: Component): void {
  const { book, state, nodeName } = component;
  const addresses = book.gauge("cilium_ip_addresses");
  const capacity = book.gauge("cilium_ipam_capacity");
  const allocations = book.counter("cilium_ipam_events_total");
  const ipcache = book.counter("cilium_ipcache_events_total");
  component.on("ipam", ({ action, family }) => allocations.labels(action, family).inc());
  component.on("ipcache", ({ action }) => ipcache.labels(action).inc());
  component.onCollect(() => {
    for (const family of addressFamilies) {
      const range = state.addresses(nodeName, family);
      addresses.labels(family).set(range.used.length);
      if (range.capacity > 0) capacity.labels(family).set(range.capacity);
    }
  });
}
