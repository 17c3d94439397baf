/** The operator's metrics (port 9963), in the names of the chosen Cilium version. */

import { Registry } from "../../metrics/registry.ts";
import type { ComponentMetrics, ComponentOptions } from "./agent-metrics.ts";
import { Component } from "./component.ts";
import { collectLog, setVersion, versionTexts } from "./control-metrics.ts";
import { collectWorkQueues, workQueueRows } from "./control-plane-rows.ts";
import { MetricBook } from "./metric-book.ts";
import { operatorRows } from "./operator-rows.ts";
import { collectProcess, setNetwork } from "./process-metrics.ts";

/** The kind of identities that the laboratory allocates: Kubernetes objects, no kvstore. */
const identityType = "crd";

/** Creates the operator's metrics; `nodeName` is the node that it runs on. */
export function createOperatorMetrics(options: ComponentOptions): ComponentMetrics {
  const { state, events, nodeName, version } = options;
  const registry = new Registry();
  // The operator's queues are recorded of 1.19 only.
  const queueRows = workQueueRows.map((row) => ({ ...row, from: "1.19" as const }));
  const book = new MetricBook(registry, version, [...operatorRows, ...queueRows]);
  const component = new Component(book, state, events, nodeName);
  collectIdentityGc(component);
  const groups = book.counter("cilium_operator_controllers_group_runs_total");
  component.on("controller_run", ({ receiver, group, outcome }) => {
    if (receiver === "operator") groups.labels(outcome, group).inc();
  });
  const unmanaged = book.gauge("cilium_operator_unmanaged_pods");
  component.onCollect(() => unmanaged.set(state.unmanagedPodCount));
  collectLog(component, "operator");
  setVersion(book.gauge("cilium_operator_version"), versionTexts[version]);
  collectProcess(component, "cilium_operator_process", options.process);
  const [received, sent] = (["receive", "transmit"] as const).map((way) =>
    book.counter(`cilium_operator_process_network_${way}_bytes_total`),
  );
  component.onCollect(() => {
    if (received !== undefined && sent !== undefined) setNetwork(options.process, received, sent);
  });
  collectWorkQueues(component, "operator");
  return { registry, close: () => component.close() };
}

function collectIdentityGc(component: Component): void {
  const { book } = component;
  const entries = book.gauge("cilium_operator_identity_gc_entries");
  const runs = book.gauge("cilium_operator_identity_gc_runs");
  const latency = book.gauge("cilium_operator_identity_gc_latency");
  /** Before 1.19 there is no label for the type. */
  const withType = (family: { labelNames: readonly string[] }, value: string): string[] =>
    family.labelNames.includes("identity_type") ? [value, identityType] : [value];
  component.on("identity_gc", ({ outcome, aliveCount, deletedCount, durationSeconds }) => {
    runs.labels(...withType(runs, outcome)).inc();
    latency.labels(...withType(latency, outcome)).set(durationSeconds);
    if (outcome !== "success") return;
    entries.labels(...withType(entries, "alive")).set(aliveCount);
    entries.labels(...withType(entries, "deleted")).set(deletedCount);
  });
}
