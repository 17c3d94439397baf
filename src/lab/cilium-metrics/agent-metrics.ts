/** The agent's metrics (port 9962) of one node, in the names of the chosen Cilium version. */

import { Registry } from "../../metrics/registry.ts";
import type { LabEventSource } from "../events.ts";
import type { CiliumVersion, LabState } from "../lab-state.ts";
import { agentRows } from "./agent-rows.ts";
import { collectCluster } from "./cluster-metrics.ts";
import { Component } from "./component.ts";
import { collectControl } from "./control-metrics.ts";
import { collectApiLimiters, collectWorkQueues } from "./control-plane-rows.ts";
import { collectDatapath } from "./datapath-metrics.ts";
import { collectEndpoints } from "./endpoint-metrics.ts";
import { collectMesh } from "./mesh-metrics.ts";
import { MetricBook } from "./metric-book.ts";
import { collectPolicies } from "./policy-metrics.ts";
import { collectProcess, type ProcessFigures } from "./process-metrics.ts";
import { collectProxies } from "./proxy-metrics.ts";

/** What a component's metrics are made from. */
export interface ComponentOptions {
  readonly state: LabState;
  readonly events: LabEventSource;
  /** The node that the component runs on; only its events count. */
  readonly nodeName: string;
  readonly version: CiliumVersion;
  readonly process: ProcessFigures;
}

/** Metrics of a component at work. Serve `registry` (metrics-page.ts); `close` stops listening. */
export interface ComponentMetrics {
  readonly registry: Registry;
  close(): void;
}

/** Creates the agent's metrics. Call before the first event: counters start at 0 here. */
export function createAgentMetrics(options: ComponentOptions): ComponentMetrics {
  const { state, events, nodeName, version } = options;
  const registry = new Registry();
  const book = new MetricBook(registry, version, agentRows);
  const component = new Component(book, state, events, nodeName);
  collectEndpoints(component);
  collectPolicies(component);
  collectProxies(component);
  collectDatapath(component);
  collectCluster(component);
  collectMesh(component);
  collectControl(component);
  collectWorkQueues(component, "agent");
  collectApiLimiters(component);
  collectProcess(component, "cilium_process", options.process);
  return { registry, close: () => component.close() };
}
