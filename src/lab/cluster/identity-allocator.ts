/**
 * Security identities: one number per set of identity labels, the same for the whole cluster.
 * Reserved identities have fixed numbers; pods get random ones from 256 to 65535, as with Cilium's
 * CRD-backed allocation.
 */

import { LimitError } from "../../base/errors.ts";
import type { LabContext } from "../lab-context.ts";
import type { LabIdentity } from "../lab-state.ts";
import { randomInteger } from "../random.ts";

/** Fixed numbers of reserved identities. */
export const reservedIdentities = {
  host: 1,
  world: 2,
  unmanaged: 3,
  health: 4,
  init: 5,
  "remote-node": 6,
  "kube-apiserver": 7,
  ingress: 8,
} as const;
/** Name of a reserved identity. */
export type ReservedName = keyof typeof reservedIdentities;

const identityMin = 256;
const identityMax = 65_535;
/** Labels that never become part of an identity. */
const ignoredLabels = new Set([
  "pod-template-hash",
  "controller-revision-hash",
  "statefulset.kubernetes.io/pod-name",
]);

interface Allocation {
  readonly identity: LabIdentity;
  users: number;
}

/** Hands out identities and counts their users. */
export class IdentityAllocator {
  readonly #context: LabContext;
  readonly #byLabels = new Map<string, Allocation>();
  readonly #byId = new Map<number, LabIdentity>();
  readonly #offset: number;
  #sorted: readonly LabIdentity[] | undefined;

  /** In a mesh the cluster's number stands above the identity's 16 bits. */
  constructor(context: LabContext, clusterIndex = 0) {
    this.#context = context;
    this.#offset = clusterIndex * 2 ** 16;
    for (const [name, id] of Object.entries(reservedIdentities)) {
      this.#byId.set(id, { id, labels: [`reserved:${name}`], type: "reserved" });
    }
  }

  /** The identity of sorted labels; allocates one where nobody has these labels yet. */
  acquire(labels: readonly string[], nodeName: string): LabIdentity {
    const key = labels.join(",");
    const known = this.#byLabels.get(key);
    if (known !== undefined) {
      known.users++;
      return known.identity;
    }
    const identity: LabIdentity = { id: this.#freeId(), labels, type: "cluster_local" };
    this.#byLabels.set(key, { identity, users: 1 });
    this.#byId.set(identity.id, identity);
    this.#sorted = undefined;
    this.#publish("identity_allocated", identity, nodeName);
    return identity;
  }

  /** Gives one use back; identities without users stay until the operator collects them. */
  release(identity: LabIdentity): void {
    const allocation = this.#byLabels.get(identity.labels.join(","));
    if (allocation !== undefined) allocation.users--;
  }

  /** Throws out unused identities: the operator's garbage collection. Returns how many. */
  collect(nodeName: string): number {
    let count = 0;
    for (const [key, { identity, users }] of this.#byLabels) {
      if (users > 0) continue;
      this.#byLabels.delete(key);
      this.#byId.delete(identity.id);
      this.#sorted = undefined;
      this.#publish("identity_released", identity, nodeName);
      count++;
    }
    return count;
  }

  reserved(name: ReservedName): LabIdentity {
    const id = reservedIdentities[name];
    return this.#byId.get(id) ?? { id, labels: [`reserved:${name}`], type: "reserved" };
  }

  list(): readonly LabIdentity[] {
    this.#sorted ??= [...this.#byId.values()].sort((a, b) => a.id - b.id);
    return this.#sorted;
  }

  #freeId(): number {
    if (this.#byId.size >= identityMax - identityMin) {
      throw new LimitError("cannot allocate an identity: all are in use", {
        limit: "identities",
        actual: this.#byId.size,
      });
    }
    for (;;) {
      const id = this.#offset + randomInteger(this.#context.random, identityMin, identityMax);
      if (!this.#byId.has(id)) return id;
    }
  }

  #publish(
    kind: "identity_allocated" | "identity_released",
    identity: LabIdentity,
    nodeName: string,
  ): void {
    const { bus, clock } = this.#context;
    bus.publish({ kind, timeMs: clock.nowMs(), nodeName, identity });
  }
}

/** Identity labels of a pod: its own that count, its namespace's, cluster and service account; sorted. */
export function podIdentityLabels(
  pod: {
    readonly namespace: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly serviceAccount?: string;
  },
  clusterName: string,
  namespaceLabels: Readonly<Record<string, string>> = {},
): string[] {
  const own = Object.entries(pod.labels)
    .filter(([key]) => !ignoredLabels.has(key))
    .map(([key, value]) => `k8s:${key}=${value}`);
  const ofNamespace = Object.entries({
    ...namespaceLabels,
    "kubernetes.io/metadata.name": pod.namespace,
  }).map(([key, value]) => `k8s:io.cilium.k8s.namespace.labels.${key}=${value}`);
  return [
    ...own,
    ...ofNamespace,
    `k8s:io.cilium.k8s.policy.cluster=${clusterName}`,
    `k8s:io.cilium.k8s.policy.serviceaccount=${pod.serviceAccount ?? "default"}`,
    `k8s:io.kubernetes.pod.namespace=${pod.namespace}`,
  ].sort();
}
