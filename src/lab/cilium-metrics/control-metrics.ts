/** The agent at work: watch events, API calls in both directions, controllers, logs, version. */

import type { CiliumVersion } from "../lab-state.ts";
import type { Component } from "./component.ts";

/** The Kubernetes API's address inside the cluster, as clients label it. */
const apiServerHost = "10.96.0.1:443";

/** What each choice of --cilium-version calls itself. */
export const versionTexts: Readonly<Record<CiliumVersion, string>> = {
  "1.6": "1.6.12",
  "1.9": "1.9.18",
  "1.16": "1.16.19",
  "1.19": "1.19.0",
};

/** Writes watch, API, controller, log and version metrics. */
export function collectControl(component: Component): void {
  collectKubernetes(component);
  collectControllers(component);
  collectApi(component);
  collectLog(component, "agent");
  const version = component.book.gauge("cilium_version");
  setVersion(version, versionTexts[component.book.version]);
}

/** Older versions have the label `version` alone. */
export function setVersion(
  family: {
    labels(...values: string[]): { set(value: number): void };
    labelNames: readonly string[];
  },
  version: string,
): void {
  const values = family.labelNames.map((label) => (label === "version" ? version : ""));
  // The recorded bodies have 0 here: only the labels speak.
  family.labels(...values).set(0);
}

function collectKubernetes(component: Component): void {
  const { book } = component;
  const processed = book.counter("cilium_kubernetes_events_total");
  const received = book.counter("cilium_kubernetes_events_received_total");
  const callsOld = book.counter("cilium_k8s_client_api_calls_counter");
  const calls = book.counter("cilium_k8s_client_api_calls_total");
  const latency = book.histogram("cilium_k8s_client_api_latency_time_seconds");
  const eventTime = book.gauge("cilium_event_ts");
  component.on("k8s_event", (event) => {
    if (event.receiver !== "agent") return;
    const { action } = event;
    // Cilium counts slices under the name of what they replaced.
    const scope = event.scope === "EndpointSlice" ? "Endpoint" : event.scope;
    received.labels(scope, action, String(event.isValid), String(event.isEqual)).inc();
    // An event that changes nothing is dropped before it is processed.
    if (!event.isEqual) processed.labels(scope, action, event.outcome).inc();
    eventTime.labels("k8s").set(event.timeMs / 1000);
  });
  component.on("k8s_api_call", ({ receiver, method, path, code, durationSeconds }) => {
    if (receiver !== "agent") return;
    calls.labels(apiServerHost, method, String(code)).inc();
    callsOld.labels(apiServerHost, method, String(code)).inc();
    latency.labels(path, method).observe(durationSeconds);
  });
  component.on("agent_api_call", ({ timeMs }) => eventTime.labels("api").set(timeMs / 1000));
}

function collectControllers(component: Component): void {
  const { book } = component;
  const runs = book.counter("cilium_controllers_runs_total");
  const durations = book.histogram("cilium_controllers_runs_duration_seconds");
  const groups = book.counter("cilium_controllers_group_runs_total");
  const failing = book.gauge("cilium_controllers_failing");
  const failingGroups = new Set<string>();
  component.on("controller_run", ({ receiver, group, outcome, durationSeconds }) => {
    if (receiver !== "agent") return;
    runs.labels(outcome).inc();
    durations.labels(outcome).observe(durationSeconds);
    groups.labels(outcome, group).inc();
    if (outcome === "failure") failingGroups.add(group);
    else failingGroups.delete(group);
    failing.set(failingGroups.size);
  });
}

function collectApi(component: Component): void {
  const times = component.book.histogram("cilium_agent_api_process_time_seconds");
  component.on("agent_api_call", ({ method, path, code, durationSeconds }) => {
    times.labels(method, path, String(code)).observe(durationSeconds);
  });
}

/** Counts the warnings and errors that one kind of component logged. */
export function collectLog(component: Component, receiver: "agent" | "operator"): void {
  const { book } = component;
  const prefix = receiver === "agent" ? "cilium" : "cilium_operator";
  const lines = book.counter(`${prefix}_errors_warnings_total`);
  // From 1.17 on Cilium logs through Go's slog, whose levels are WARN and ERROR.
  const isUpper = book.version === "1.19";
  if (isUpper) for (const level of ["ERROR", "WARN"]) lines.labels(level, "init");
  component.on("log", (event) => {
    if (event.receiver !== receiver) return;
    const level = isUpper ? (event.level === "warning" ? "WARN" : "ERROR") : event.level;
    lines.labels(level, event.subsystem).inc();
  });
}
