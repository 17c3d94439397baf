/** The agent's endpoints, identities and start. */

import type { CiliumVersion, LabEndpoint } from "../lab-state.ts";
import type { Component } from "./component.ts";

/** Writes endpoint, regeneration, identity and bootstrap metrics. */
export function collectEndpoints(component: Component): void {
  const { book, state, nodeName } = component;
  const count = book.gauge("cilium_endpoint");
  const countOld = book.gauge("cilium_endpoint_count");
  const regenerating = book.gauge("cilium_endpoint_regenerating");
  const states = book.gauge("cilium_endpoint_state");
  component.onCollect(() => {
    const endpoints = state.endpoints(nodeName);
    count.set(endpoints.length);
    countOld.set(endpoints.length);
    regenerating.set(endpoints.filter((endpoint) => endpoint.state === "regenerating").length);
    // A state once seen stays, at 0 when nobody is in it.
    for (const child of states.sortedChildren()) child.set(0);
    for (const endpoint of endpoints) states.labels(endpoint.state).inc();
  });
  component.on("endpoint_state", ({ to }) => {
    states.labels(to);
  });
  collectRegenerations(component);
  collectIdentities(component);
  collectBootstrap(component);
}

function collectRegenerations(component: Component): void {
  const { book } = component;
  const runs = book.counter("cilium_endpoint_regenerations_total");
  const runsOld = book.counter("cilium_endpoint_regenerations");
  const policyRuns = book.counter("cilium_policy_regeneration_total");
  const times = book.histogram("cilium_endpoint_regeneration_time_stats_seconds");
  const policyTimes = book.histogram("cilium_policy_regeneration_time_stats_seconds");
  component.on("endpoint_regenerated", ({ outcome, scopes }) => {
    runs.labels(outcome).inc();
    runsOld.labels(outcome).inc();
    const status = outcome === "success" ? "success" : "failure";
    if (outcome === "success") policyRuns.inc();
    for (const [scope, seconds] of Object.entries(scopes)) {
      times.labels(scopeName(scope, book.version), status).observe(seconds);
      if (scope === "policyCalculation") policyTimes.labels(scope, status).observe(seconds);
    }
  });
}

/** Scopes were renamed: up to 1.9 the whole is the build, from 1.17 on policy is computed in two parts. */
function scopeName(scope: string, version: CiliumVersion): string {
  if (scope === "total" && (version === "1.6" || version === "1.9")) return "buildDuration";
  if (scope === "policyCalculation" && version === "1.19") return "endpointPolicyCalculation";
  return scope;
}

function collectIdentities(component: Component): void {
  const { book, state } = component;
  const byType = book.gauge("cilium_identity");
  const countOld = book.gauge("cilium_identity_count");
  const bySource = book.gauge("cilium_identity_label_sources");
  component.onCollect(() => {
    const identities = state.identities();
    countOld.set(identities.length);
    for (const child of [...byType.sortedChildren(), ...bySource.sortedChildren()]) child.set(0);
    for (const identity of identities) {
      byType.labels(identity.type).inc();
      const sources = new Set(identity.labels.map((label) => label.slice(0, label.indexOf(":"))));
      for (const source of sources) bySource.labels(source).inc();
    }
  });
}

function collectBootstrap(component: Component): void {
  const { book } = component;
  const seconds = book.gauge("cilium_agent_bootstrap_seconds");
  const secondsOld = book.histogram("cilium_agent_bootstrap_seconds");
  component.on("agent_started", ({ scopes }) => {
    for (const [scope, value] of Object.entries(scopes)) {
      seconds.labels(scope, "success").set(value);
      secondsOld.labels(scope, "success").observe(value);
    }
  });
}

/** How many endpoints satisfy `isCounted`. */
export function countEndpoints(
  endpoints: readonly LabEndpoint[],
  isCounted: (endpoint: LabEndpoint) => boolean,
): number {
  let count = 0;
  for (const endpoint of endpoints) if (isCounted(endpoint)) count++;
  return count;
}
