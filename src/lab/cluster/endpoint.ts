/**
 * An endpoint at work: a pod, or a node's host or health endpoint. Its state changes here and is
 * published; its policy map and redirects are what the present policies give it.
 */

import type { PolicyEngine } from "../../policy/engine/policy-engine.ts";
import type { NamedPort, PolicyEndpoint } from "../../policy/engine/verdict.ts";
import type { LabContext } from "../lab-context.ts";
import type {
  EndpointState,
  LabEndpoint,
  LabIdentity,
  LabWorkload,
  PolicyEnforcement,
} from "../lab-state.ts";

/** What an endpoint is from birth to death. */
export interface EndpointFacts {
  readonly id: number;
  readonly clusterName: string;
  readonly nodeName: string;
  readonly kind: LabEndpoint["kind"];
  /** False for pods that started before Cilium: no policy is enforced on them. */
  readonly isManaged: boolean;
  readonly namespace: string;
  readonly podName: string;
  readonly address: string;
  /** IPv6; undefined where the scene has IPv4 only. */
  readonly address6: string | undefined;
  readonly identity: LabIdentity;
  readonly workload: LabWorkload | undefined;
  readonly namedPorts: ReadonlyMap<string, NamedPort>;
  /** Plain pod labels, for service selectors. */
  readonly podLabels: Readonly<Record<string, string>>;
}

/** What the last regeneration made of the policies. */
export interface EndpointPolicyState {
  readonly enforcement: PolicyEnforcement;
  readonly redirects: { readonly http: number; readonly dns: number };
  readonly revision: number;
  /** Entries of the policy map. */
  readonly mapEntryCount: number;
  /** The policies that it runs: those of its last good regeneration; undefined before the first. */
  readonly engine: PolicyEngine | undefined;
}

const noPolicy: EndpointPolicyState = {
  enforcement: "none",
  redirects: { http: 0, dns: 0 },
  revision: 0,
  mapEntryCount: 0,
  engine: undefined,
};

/** One endpoint. */
export class Endpoint {
  readonly facts: EndpointFacts;
  readonly #context: LabContext;
  #state: EndpointState | undefined;
  #policy = noPolicy;

  constructor(context: LabContext, facts: EndpointFacts) {
    this.#context = context;
    this.facts = facts;
  }

  get state(): EndpointState {
    return this.#state ?? "creating";
  }

  /** It left: nothing of it is built any more. */
  get isGone(): boolean {
    return this.#state === "disconnected";
  }

  /** It runs a policy, so that packets pass: what makes a pod ready. */
  get isReady(): boolean {
    return !this.facts.isManaged || this.#policy.engine !== undefined;
  }

  get policy(): EndpointPolicyState {
    return this.#policy;
  }

  /** "default/tiefighter", "host", "health": unique in the cluster with the node's name. */
  get name(): string {
    const { kind, namespace, podName } = this.facts;
    return kind === "pod" ? `${namespace}/${podName}` : kind;
  }

  /** As the policy engine wants it. */
  get policyEndpoint(): PolicyEndpoint {
    return { labels: this.facts.identity.labels, namedPorts: this.facts.namedPorts };
  }

  setState(to: EndpointState): void {
    const from = this.#state;
    if (from === to) return;
    this.#state = to;
    const { bus, clock } = this.#context;
    bus.publish({
      kind: "endpoint_state",
      timeMs: clock.nowMs(),
      nodeName: this.facts.nodeName,
      endpointId: this.facts.id,
      from,
      to,
    });
  }

  /** The endpoint leaves: its redirects go. */
  removePolicy(): void {
    this.setPolicy({ ...noPolicy, revision: this.#policy.revision });
  }

  /** Takes what a regeneration computed; redirects that came or went are published. */
  setPolicy(policy: EndpointPolicyState): void {
    const before = this.#policy;
    this.#policy = policy;
    const { bus, clock } = this.#context;
    for (const protocol of ["http", "dns"] as const) {
      const change = policy.redirects[protocol] - before.redirects[protocol];
      for (let i = 0; i < Math.abs(change); i++) {
        bus.publish({
          kind: "proxy_redirect",
          timeMs: clock.nowMs(),
          nodeName: this.facts.nodeName,
          action: change > 0 ? "added" : "removed",
          protocol,
          endpointId: this.facts.id,
        });
      }
    }
  }

  /** The read-only view. */
  view(): LabEndpoint {
    const { facts } = this;
    return {
      id: facts.id,
      clusterName: facts.clusterName,
      nodeName: facts.nodeName,
      kind: facts.kind,
      namespace: facts.namespace,
      podName: facts.podName,
      address: facts.address,
      address6: facts.address6,
      identity: facts.identity.id,
      labels: facts.identity.labels,
      workload: facts.workload,
      state: this.state,
      enforcement: this.#policy.enforcement,
      policyRevision: this.#policy.revision,
      redirects: this.#policy.redirects,
    };
  }
}
