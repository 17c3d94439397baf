/**
 * Verdicts: who may talk to whom under a set of policies, and why. Compile → ask. An endpoint's
 * policy is resolved once per set of identity labels, and once more per peer identity; both are kept
 * until the next set of policies (bounded, see below). Semantics: Cilium 1.19 as recorded in
 * conformance policy/. Cost of a verdict: the entries that select this pair.
 */

import { decide } from "./entry-decision.ts";
import { type IdentityLabel, matchesSelector, parseIdentityLabel } from "./label-selector.ts";
import { matchesPeer, type Peer, peerAddress } from "./peer-selector.ts";
import type { PolicyDirection, PolicyDocument, PolicyProtocol } from "./policy-document.ts";
import type {
  DirectionPolicy,
  PolicyEndpoint,
  SelectedEntry,
  Verdict,
  VerdictQuery,
} from "./verdict.ts";

/** Distinct subjects and, per subject, distinct peers that are remembered; beyond, the memory starts anew. */
const endpointPoliciesMax = 20_000;
const peersPerEndpointMax = 20_000;

/** Settings of the agent that change verdicts. */
export interface PolicyEngineOptions {
  /** Name of the local cluster. */
  readonly clusterName?: string;
  /** The host may always reach its pods, whatever policies say but for an explicit deny; Kubernetes' default. */
  readonly allowLocalhost?: boolean;
  /** Egress named ports are looked up over all pods; undefined where values conflict or none exists. */
  readonly lookUpNamedPort?: (name: string, protocol: PolicyProtocol | "ANY") => number | undefined;
}

interface EndpointPolicy {
  readonly ingress: DirectionPolicy;
  readonly egress: DirectionPolicy;
  readonly byPeer: Map<string, { ingress: SelectedEntry[]; egress: SelectedEntry[] }>;
}

/** A compiled set of policies. Immutable: a change of policies makes a new engine. */
export class PolicyEngine {
  readonly policies: readonly PolicyDocument[];
  readonly #clusterName: string;
  readonly #allowLocalhost: boolean;
  readonly #lookUpNamedPort: NonNullable<PolicyEngineOptions["lookUpNamedPort"]>;
  readonly #endpoints = new Map<string, EndpointPolicy>();
  /** Identities keep their label list: its key is made once. */
  readonly #labelKeys = new WeakMap<readonly string[], string>();

  constructor(policies: readonly PolicyDocument[], options: PolicyEngineOptions = {}) {
    this.policies = policies;
    this.#clusterName = options.clusterName ?? "default";
    this.#allowLocalhost = options.allowLocalhost ?? true;
    this.#lookUpNamedPort = options.lookUpNamedPort ?? (() => undefined);
  }

  /** Which directions policies enforce on the endpoint: `cilium_policy_endpoint_enforcement_status`. */
  enforcement(endpoint: PolicyEndpoint): { readonly ingress: boolean; readonly egress: boolean } {
    const policy = this.#resolve(endpoint);
    return { ingress: policy.ingress.isEnforced, egress: policy.egress.isEnforced };
  }

  /** The entries that select the endpoint in a direction: what its policy map and its redirects come from. */
  entriesFor(endpoint: PolicyEndpoint, direction: PolicyDirection): readonly SelectedEntry[] {
    return this.#resolve(endpoint)[direction].entries;
  }

  /** Ports that rules give a pair, one per policy-map entry: 0 = the peer is not selected. */
  countEntries(subject: PolicyEndpoint, peer: PolicyEndpoint, direction: PolicyDirection): number {
    const entries = this.#entriesOfPeer(this.#resolve(subject), peer)[direction];
    let count = 0;
    for (const { entry } of entries) {
      count += entry.ports?.reduce((sum, { ports }) => sum + ports.length, 0) ?? 1;
    }
    return count;
  }

  /** Decides one direction of a connection. */
  resolveVerdict(query: VerdictQuery): Verdict {
    const { direction, port, protocol } = query;
    const subject = direction === "ingress" ? query.destination : query.source;
    const peer = direction === "ingress" ? query.source : query.destination;
    const policy = this.#resolve(subject);
    return decide(policy[direction], this.#entriesOfPeer(policy, peer)[direction], {
      port,
      protocol,
      isLocalhost:
        this.#allowLocalhost && direction === "ingress" && isHost(peer) && !isHost(subject),
      portOf: (name, wanted) =>
        direction === "ingress"
          ? ownNamedPort(subject, name, wanted)
          : this.#lookUpNamedPort(name, wanted),
    });
  }

  #resolve(endpoint: PolicyEndpoint): EndpointPolicy {
    const key = this.#keyOf(endpoint.labels);
    let policy = this.#endpoints.get(key);
    if (policy === undefined) {
      if (this.#endpoints.size >= endpointPoliciesMax) this.#endpoints.clear();
      policy = resolveEndpoint(this.policies, endpoint.labels.map(parseIdentityLabel));
      this.#endpoints.set(key, policy);
    }
    return policy;
  }

  #keyOf(labels: readonly string[]): string {
    let key = this.#labelKeys.get(labels);
    if (key === undefined) {
      key = labels.join(",");
      this.#labelKeys.set(labels, key);
    }
    return key;
  }

  #entriesOfPeer(policy: EndpointPolicy, peer: PolicyEndpoint) {
    const labelKey = this.#keyOf(peer.labels);
    const isPlain = peer.address === undefined && peer.names === undefined;
    const key = isPlain
      ? labelKey
      : `${labelKey}|${peer.address ?? ""}|${peer.names?.join(",") ?? ""}`;
    let entries = policy.byPeer.get(key);
    if (entries === undefined) {
      if (policy.byPeer.size >= peersPerEndpointMax) policy.byPeer.clear();
      const prepared: Peer = {
        labels: peer.labels.map(parseIdentityLabel),
        address: peerAddress(peer.address),
        names: peer.names ?? [],
      };
      const selects = ({ entry }: SelectedEntry) =>
        entry.peers === undefined ||
        entry.peers.some((selector) => matchesPeer(selector, prepared, this.#clusterName));
      entries = {
        ingress: policy.ingress.entries.filter(selects),
        egress: policy.egress.entries.filter(selects),
      };
      policy.byPeer.set(key, entries);
    }
    return entries;
  }
}

function resolveEndpoint(
  policies: readonly PolicyDocument[],
  labels: readonly IdentityLabel[],
): EndpointPolicy {
  const specs = policies
    .flatMap((policy) => policy.specs)
    .filter((spec) => matchesSelector(spec.subject, labels));
  const isInit = labels.some(({ source, key }) => source === "reserved" && key === "init");
  const directionOf = (direction: PolicyDirection): DirectionPolicy => ({
    direction,
    isEnforced:
      isInit || specs.some((spec) => spec.entries.some((entry) => entry.direction === direction)),
    isDefaultDeny: isInit || specs.some((spec) => spec.defaultDeny[direction]),
    entries: specs.flatMap((spec) =>
      spec.entries
        .filter((entry) => entry.direction === direction)
        .map((entry) => ({ entry, spec })),
    ),
    defaultDenyBy: specs
      .filter((spec) => spec.defaultDeny[direction])
      .flatMap((spec) => {
        const first = spec.entries.find((entry) => entry.direction === direction);
        return first === undefined ? [] : [first.origin];
      }),
  });
  return { ingress: directionOf("ingress"), egress: directionOf("egress"), byPeer: new Map() };
}

function isHost(peer: PolicyEndpoint): boolean {
  return peer.labels.includes("reserved:host");
}

function ownNamedPort(
  endpoint: PolicyEndpoint,
  name: string,
  protocol: PolicyProtocol | "ANY",
): number | undefined {
  const named = endpoint.namedPorts?.get(name);
  return named !== undefined && (protocol === "ANY" || named.protocol === protocol)
    ? named.port
    : undefined;
}
