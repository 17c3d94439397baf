/**
 * Regeneration of an endpoint: from the policies in force to its policy map and redirects, with the
 * time that each phase took. What Cilium does in the kernel (compile, load) has no counterpart here
 * and no figure.
 */

import { errorMessage } from "../../base/errors.ts";
import type { PolicyDirection, PortMatch } from "../../policy/policy-document.ts";
import type { PolicyEngine } from "../../policy/policy-engine.ts";
import type { LabContext } from "../lab-context.ts";
import type { PolicyEnforcement } from "../lab-state.ts";
import { randomInteger } from "../random.ts";
import type { Endpoint, EndpointPolicyState } from "./endpoint.ts";

/** Builds are queued and throttled in the agent; here a build waits this long, at random, before it runs. */
const buildDelayMs = { min: 5, max: 60 };

/** What a regeneration needs from its surroundings. */
export interface RegenerationInput {
  readonly engine: PolicyEngine;
  readonly revision: number;
  /** Identities that policy maps are filled with. */
  readonly identityLabels: readonly (readonly string[])[];
}

/** Regenerates one endpoint; resolves when it is ready. `input` is asked when the build begins. */
export function regenerate(
  context: LabContext,
  endpoint: Endpoint,
  reason: string,
  input: () => RegenerationInput,
): Promise<void> {
  const { clock, random } = context;
  endpoint.setState("waiting-to-regenerate");
  const queuedMs = clock.monotonicMs();
  return new Promise((resolve) => {
    clock.after(randomInteger(random, buildDelayMs.min, buildDelayMs.max), () => {
      endpoint.setState("regenerating");
      build(context, endpoint, { reason, queuedMs, input: input() });
      resolve();
    });
  });
}

function build(
  context: LabContext,
  endpoint: Endpoint,
  job: { reason: string; queuedMs: number; input: RegenerationInput },
): void {
  const { clock, bus, logger } = context;
  const { nodeName, id } = endpoint.facts;
  const scopes: Record<string, number> = {
    waitingForLock: (clock.monotonicMs() - job.queuedMs) / 1000,
  };
  let lastMs = clock.monotonicMs();
  const lap = (scope: string): void => {
    const nowMs = clock.monotonicMs();
    scopes[scope] = (nowMs - lastMs) / 1000;
    lastMs = nowMs;
  };
  let outcome: "success" | "fail" = "success";
  try {
    const enforcement = enforcementOf(job.input.engine, endpoint);
    lap("policyCalculation");
    const redirects = countRedirects(job.input.engine, endpoint);
    lap("proxyPolicyCalculation");
    const mapEntryCount = countMapEntries(job.input, endpoint);
    lap("mapSync");
    const policy: EndpointPolicyState = {
      enforcement,
      redirects,
      mapEntryCount,
      revision: job.input.revision,
    };
    endpoint.setPolicy(policy);
    lap("proxyConfiguration");
    publishMapUpdates(context, endpoint);
    endpoint.setState("ready");
  } catch (thrown) {
    outcome = "fail";
    logger.error(
      { endpoint: endpoint.name, error: errorMessage(thrown) },
      "endpoint regeneration failed",
    );
    endpoint.setState("not-ready");
  }
  scopes["total"] = (clock.monotonicMs() - job.queuedMs) / 1000;
  bus.publish({
    kind: "endpoint_regenerated",
    timeMs: clock.nowMs(),
    nodeName,
    endpointId: id,
    outcome,
    reason: job.reason,
    scopes,
  });
}

function publishMapUpdates({ bus, clock }: LabContext, endpoint: Endpoint): void {
  const { nodeName, id } = endpoint.facts;
  const mapName = policyMapName(id);
  const timeMs = clock.nowMs();
  for (let i = 0; i < endpoint.policy.mapEntryCount; i++) {
    bus.publish({
      kind: "map_op",
      timeMs,
      nodeName,
      mapName,
      operation: "update",
      outcome: "success",
      durationSeconds: 0,
    });
  }
}

/** "cilium_policy_v2_00814". */
export function policyMapName(endpointId: number): string {
  return `cilium_policy_v2_${String(endpointId).padStart(5, "0")}`;
}

function enforcementOf(engine: PolicyEngine, endpoint: Endpoint): PolicyEnforcement {
  const { ingress, egress } = engine.enforcement(endpoint.policyEndpoint);
  if (ingress) return egress ? "both" : "ingress";
  return egress ? "egress" : "none";
}

/** One redirect per direction, port and parser, as the agent installs them. */
function countRedirects(engine: PolicyEngine, endpoint: Endpoint): { http: number; dns: number } {
  const found = { http: new Set<string>(), dns: new Set<string>() };
  for (const direction of ["ingress", "egress"] as const) {
    const entries = engine.entriesFor(endpoint.policyEndpoint, direction);
    for (const rule of entries.flatMap(({ entry }) => entry.ports ?? [])) {
      if (rule.l7?.parser !== "http" && rule.l7?.parser !== "dns") continue;
      for (const key of rule.ports.flatMap(portKeys))
        found[rule.l7.parser].add(`${direction}:${key}`);
    }
  }
  return { http: found.http.size, dns: found.dns.size };
}

function portKeys({ protocol, first, name }: PortMatch): string[] {
  const protocols = protocol === "ANY" ? ["TCP", "UDP"] : [protocol];
  return protocols.map((one) => `${one}:${name ?? first}`);
}

/** Entries of the policy map: each rule port for each identity it selects; without policy one allow-all a direction. */
function countMapEntries(input: RegenerationInput, endpoint: Endpoint): number {
  let count = 0;
  for (const direction of ["ingress", "egress"] as const) {
    const entries = input.engine.entriesFor(endpoint.policyEndpoint, direction);
    count += entries.length === 0 ? 1 : countDirection(input, endpoint, direction);
  }
  return count;
}

function countDirection(
  input: RegenerationInput,
  endpoint: Endpoint,
  direction: PolicyDirection,
): number {
  let count = 0;
  for (const labels of input.identityLabels)
    count += input.engine.countEntries(endpoint.policyEndpoint, { labels }, direction);
  return count;
}
