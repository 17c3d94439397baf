/** The agent's policies: what is in force, changes, enforcement, and how long changes took. */

import type { PolicyEnforcement } from "../lab-state.ts";
import type { Component } from "./component.ts";
import { countEndpoints } from "./endpoint-metrics.ts";

const enforcements: readonly PolicyEnforcement[] = ["none", "ingress", "egress", "both"];

/** Writes policy metrics. */
export function collectPolicies(component: Component): void {
  const { book, state, nodeName } = component;
  const count = book.gauge("cilium_policy");
  const countOld = book.gauge("cilium_policy_count");
  const revision = book.gauge("cilium_policy_max_revision");
  const enforcement = book.gauge("cilium_policy_endpoint_enforcement_status");
  component.onCollect(() => {
    const entries = state.policies().reduce((sum, policy) => sum + policy.entryCount, 0);
    count.set(entries);
    countOld.set(entries);
    revision.set(state.policyRevision);
    const endpoints = state.endpoints(nodeName);
    for (const kind of enforcements) {
      const enforced = countEndpoints(endpoints, (endpoint) => endpoint.enforcement === kind);
      enforcement.labels(kind).set(enforced);
    }
  });
  collectChanges(component);
  collectUpdates(component);
}

function collectChanges(component: Component): void {
  const { book } = component;
  const changes = book.counter("cilium_policy_change_total");
  const importErrors = book.counter("cilium_policy_import_errors");
  const delay = book.histogram("cilium_policy_implementation_delay");
  // Both outcomes are there from the start, as in the agent: the dashboards subtract them.
  const succeeded = changes.labels("success");
  const failed = changes.labels("fail");
  component.on("policy_changed", ({ source, delaySeconds }) => {
    succeeded.inc();
    delay.labels(source).observe(delaySeconds);
  });
  component.on("policy_failed", () => {
    failed.inc();
    importErrors.inc();
  });
}

function collectUpdates(component: Component): void {
  const { book } = component;
  const durations = book.histogram("cilium_policy_incremental_update_duration");
  const triggers = book.counter("cilium_triggers_policy_update_total");
  const calls = book.histogram("cilium_triggers_policy_update_call_duration_seconds");
  component.on("policy_incremental_update", ({ scope, durationSeconds }) => {
    durations.labels(scope).observe(durationSeconds);
    if (scope === "global") calls.labels("duration").observe(durationSeconds);
  });
  // Identities are the cluster's: every agent updates its policy.
  const countTrigger = () => triggers.labels("one or more identities created or deleted").inc();
  component.onCluster("identity_allocated", countTrigger);
  component.onCluster("identity_released", countTrigger);
}
