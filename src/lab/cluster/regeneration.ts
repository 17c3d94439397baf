/**
 * Regeneration of an endpoint: from the policies in force to its policy map and redirects, with the
 * time that each phase took. What Cilium does in the kernel (compile, load) has no counterpart here
 * and no figure.
 */

import { AppError, errorMessage } from "../../base/errors.ts";
import type { PolicyDirection, PortMatch } from "../../policy/document/policy-document.ts";
import type { PolicyEngine } from "../../policy/engine/policy-engine.ts";
import type { LabContext } from "../lab-context.ts";
import type { PolicyEnforcement } from "../lab-state.ts";
import { randomInteger } from "../random.ts";
import type { Endpoint } from "./endpoint.ts";
import type { IdentityAllocator } from "./identity-allocator.ts";

/** Builds are queued and throttled in the agent; here a build waits this long, at random, before it runs. */
const buildDelayMs = { min: 5, max: 60 };

/** What a regeneration needs from its surroundings. */
export interface RegenerationInput {
  readonly engine: PolicyEngine;
  readonly revision: number;
  /** Identities that policy maps are filled with. */
  readonly identities: IdentityAllocator;
  readonly cache: PolicyCache;
}

/** What endpoints of one identity and the same named ports share. */
interface SharedPolicy {
  readonly enforcement: PolicyEnforcement;
  readonly redirects: { readonly http: number; readonly dns: number };
  readonly mapEntryCount: number;
}

/** Policies computed once per identity, as the agent's policy cache does; void when policies or identities change. */
export class PolicyCache {
  readonly #byKey = new Map<string, SharedPolicy>();
  #engine: PolicyEngine | undefined;
  #identities: readonly unknown[] | undefined;

  get(input: RegenerationInput, key: string): SharedPolicy | undefined {
    this.#renew(input);
    return this.#byKey.get(key);
  }

  set(input: RegenerationInput, key: string, policy: SharedPolicy): void {
    this.#renew(input);
    this.#byKey.set(key, policy);
  }

  #renew({ engine, identities }: RegenerationInput): void {
    const list = identities.list();
    if (this.#engine === engine && this.#identities === list) return;
    this.#byKey.clear();
    this.#engine = engine;
    this.#identities = list;
  }
}

/** Regenerates one endpoint; resolves when it is ready. `input` is asked when the build begins. */
export function regenerate(
  context: LabContext,
  endpoint: Endpoint,
  reason: string,
  input: () => RegenerationInput,
): Promise<void> {
  const { clock, random, faults } = context;
  endpoint.setState("waiting-to-regenerate");
  const queuedMs = clock.monotonicMs();
  const delayMs =
    randomInteger(random, buildDelayMs.min, buildDelayMs.max) +
    faults.regenerationDelayMs(endpoint.facts.nodeName);
  return new Promise((resolve) => {
    clock.after(delayMs, () => {
      if (endpoint.isGone) {
        resolve();
        return;
      }
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
    const { engine } = job.input;
    const problem = engine.policyError(endpoint.policyEndpoint);
    if (problem !== undefined) throw new AppError("refused", problem);
    const shared = computePolicy(job.input, endpoint, lap);
    const before = endpoint.policy.mapEntryCount;
    endpoint.setPolicy({ ...shared, revision: job.input.revision, engine });
    lap("proxyConfiguration");
    publishMapUpdates(context, endpoint, shared.mapEntryCount - before);
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

/** What depends on identity and named ports alone; the laps of a cached answer are as short as it is. */
function computePolicy(
  input: RegenerationInput,
  endpoint: Endpoint,
  lap: (scope: string) => void,
): SharedPolicy {
  const { identity, namedPorts, kind } = endpoint.facts;
  const ports = [...namedPorts].map(([name, { port, protocol }]) => `${name}=${port}/${protocol}`);
  const key = `${kind} ${identity.id} ${ports.join()}`;
  const known = input.cache.get(input, key);
  if (known !== undefined) {
    for (const scope of ["policyCalculation", "proxyPolicyCalculation", "mapSync"]) lap(scope);
    return known;
  }
  const enforcement = enforcementOf(input.engine, endpoint);
  lap("policyCalculation");
  const redirects = countRedirects(input.engine, endpoint);
  lap("proxyPolicyCalculation");
  const mapEntryCount = countMapEntries(input, endpoint);
  lap("mapSync");
  const made: SharedPolicy = { enforcement, redirects, mapEntryCount };
  input.cache.set(input, key, made);
  return made;
}

/** The agent writes the difference to the map, not the whole. */
function publishMapUpdates(
  { bus, clock }: LabContext,
  endpoint: Endpoint,
  difference: number,
): void {
  if (difference === 0) return;
  const { nodeName, id } = endpoint.facts;
  bus.publish({
    kind: "map_op",
    timeMs: clock.nowMs(),
    nodeName,
    mapName: policyMapName(id),
    operation: difference > 0 ? "update" : "delete",
    outcome: "success",
    durationSeconds: 0,
    count: Math.abs(difference),
  });
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
  for (const { labels } of input.identities.list())
    count += input.engine.countEntries(endpoint.policyEndpoint, { labels }, direction);
  return count;
}
