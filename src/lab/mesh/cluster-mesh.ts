/**
 * The Cluster Mesh of a scene with several clusters: each cluster's API server writes what happens
 * there into its kvstore, KVStoreMesh and the agents of the other clusters read it. Everything is
 * published as operations, watch events and connection states; the fault `mesh-unreachable` cuts a
 * cluster's API server off.
 */

import type { CancelTimer } from "../../base/clock.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { ClusterSet } from "../cluster/cluster-set.ts";
import type { KvstoreEvent, KvstoreOperation, LabEventOf, MeshComponent } from "../events.ts";
import type { LabContext } from "../lab-context.ts";

/** Agents look after their connections so often; Cilium's heartbeat is written every minute. */
const checkIntervalMs = 5000;

/** What one agent knows of another cluster. */
export interface RemoteCluster {
  readonly name: string;
  readonly isReady: boolean;
  readonly nodeCount: number;
  readonly endpointCount: number;
  readonly serviceCount: number;
  readonly failureCount: number;
  /** Seconds since the epoch; 0 = never. */
  readonly lastFailureSeconds: number;
}

interface Connection {
  isReady: boolean;
  failureCount: number;
  lastFailureSeconds: number;
}

/** Prefixes of the kvstore, as metrics shorten them to twelve letters. */
export const meshScopes = {
  nodes: "cilium/state/nodes/v1",
  identities: "cilium/state/identities/v1",
  ip: "cilium/state/ip/v1",
  services: "cilium/state/services/v1",
  heartbeat: "cilium/.heartbeat",
} as const;

/** The mesh at work. */
export class ClusterMesh {
  readonly #context: LabContext;
  readonly #clusters: ClusterSet;
  readonly #connections = new Map<string, Connection>();
  readonly #stops: (() => void)[] = [];
  /** By cluster: what its API server wrote. */
  readonly #stores = new Map<string, Map<string, string>>();
  #timer: CancelTimer = () => {};

  constructor(context: LabContext, clusters: ClusterSet) {
    this.#context = context;
    this.#clusters = clusters;
    clusters.isReachable = (from, to) => !this.#isCut(from, to);
  }

  /** Connects every agent with every other cluster; returns how to stop. */
  start(): () => void {
    const { bus } = this.#context;
    this.#stops.push(
      bus.on("endpoint_created", (event) => this.#announce(event, meshScopes.ip, "create")),
      bus.on("endpoint_deleted", (event) => this.#announce(event, meshScopes.ip, "delete")),
      bus.on("identity_allocated", (event) =>
        this.#announce(event, meshScopes.identities, "create"),
      ),
      bus.on("identity_released", (event) =>
        this.#announce(event, meshScopes.identities, "delete"),
      ),
      bus.on("service_event", (event) => {
        // Every agent hears of a service; the API server writes it once.
        if (this.#clusters.ofNode(event.nodeName).nodes[0]?.name !== event.nodeName) return;
        const action = event.action === "delete" ? "delete" : "create";
        this.#announce(event, meshScopes.services, action);
      }),
    );
    this.#check();
    return () => {
      this.#timer();
      for (const stop of this.#stops.splice(0)) stop();
    };
  }

  /** The other clusters as the agent of a node knows them. */
  remotes(nodeName: string): RemoteCluster[] {
    const own = this.#clusters.ofNode(nodeName);
    return this.#clusters.list
      .filter((cluster) => cluster !== own)
      .map((cluster) => {
        const connection = this.#connections.get(`${nodeName} ${cluster.name}`);
        const isReady = connection?.isReady ?? false;
        return {
          name: cluster.name,
          isReady,
          nodeCount: isReady ? cluster.nodes.length : 0,
          endpointCount: isReady ? cluster.endpointCount() : 0,
          serviceCount: isReady
            ? cluster.services.list().filter((service) => service.isGlobal).length
            : 0,
          failureCount: connection?.failureCount ?? 0,
          lastFailureSeconds: connection?.lastFailureSeconds ?? 0,
        };
      });
  }

  #check(): void {
    const { clock, faults } = this.#context;
    for (const own of this.#clusters.list) {
      for (const remote of this.#clusters.list) {
        if (remote === own) continue;
        for (const { name } of own.nodes)
          if (!faults.isNodeDown(name)) this.#checkOne(own, remote, name, "agent");
        const first = own.nodes[0]?.name ?? "";
        this.#checkOne(own, remote, first, "kvstoremesh");
      }
      this.#operate(own.nodes[0]?.name ?? "", "clustermesh-apiserver", {
        scope: meshScopes.heartbeat,
        action: "set",
        outcome: "success",
      });
    }
    this.#timer = clock.after(checkIntervalMs, () => this.#check());
  }

  #checkOne(own: Cluster, remote: Cluster, nodeName: string, component: MeshComponent): void {
    const { bus, clock } = this.#context;
    const isReady = !this.#isCut(own.name, remote.name);
    this.#operate(nodeName, component, {
      scope: meshScopes.heartbeat,
      action: "read",
      outcome: isReady ? "success" : "error",
    });
    const key = `${component === "agent" ? "" : `${component} `}${nodeName} ${remote.name}`;
    const before = this.#connections.get(key);
    const timeMs = clock.nowMs();
    if (before === undefined || (isReady && !before.isReady)) {
      // A new connection lists what there is.
      if (isReady) this.#list(remote, nodeName, component);
    }
    this.#connections.set(key, {
      isReady,
      failureCount: (before?.failureCount ?? 0) + (isReady ? 0 : 1),
      lastFailureSeconds: isReady ? (before?.lastFailureSeconds ?? 0) : timeMs / 1000,
    });
    bus.publish({
      kind: "mesh_status",
      timeMs,
      nodeName,
      component,
      remoteCluster: remote.name,
      isReady,
      isFailure: !isReady,
    });
  }

  #list(remote: Cluster, nodeName: string, component: MeshComponent): void {
    const counts: readonly (readonly [string, number])[] = [
      [meshScopes.nodes, remote.nodes.length],
      [meshScopes.identities, remote.identities.list().length],
      [meshScopes.ip, remote.endpointCount()],
      [meshScopes.services, remote.services.size],
    ];
    for (const [scope, count] of counts) {
      this.#operate(nodeName, component, { scope, action: "read", outcome: "success" });
      for (let i = 0; i < count; i++) this.#deliver(nodeName, component, scope, "create");
    }
  }

  /** Something changed in a cluster: its API server writes it, the others hear of it. */
  #announce(
    { nodeName }: LabEventOf<"endpoint_created"> | { readonly nodeName: string },
    scope: string,
    action: KvstoreEvent["action"],
  ): void {
    const own = this.#clusters.ofNode(nodeName);
    const first = own.nodes[0]?.name ?? nodeName;
    this.#operate(first, "clustermesh-apiserver", {
      scope,
      action: action === "delete" ? "delete" : "set",
      outcome: "success",
    });
    for (const other of this.#clusters.list) {
      if (other === own || this.#isCut(other.name, own.name)) continue;
      this.#deliver(other.nodes[0]?.name ?? "", "kvstoremesh", scope, action);
      for (const { name } of other.nodes) this.#deliver(name, "agent", scope, action);
    }
  }

  #operate(
    nodeName: string,
    component: MeshComponent,
    what: Pick<KvstoreOperation, "scope" | "action" | "outcome">,
  ): void {
    const { bus, clock } = this.#context;
    const startMs = clock.monotonicMs();
    this.#store(nodeName, what);
    const durationSeconds = (clock.monotonicMs() - startMs) / 1000;
    bus.publish({
      kind: "kvstore_op",
      timeMs: clock.nowMs(),
      nodeName,
      component,
      durationSeconds,
      ...what,
    });
  }

  /** The store is a map in memory: the figures are those of an in-process etcd. */
  #store(
    nodeName: string,
    { scope, action }: Pick<KvstoreOperation, "scope" | "action" | "outcome">,
  ): void {
    const { name } = this.#clusters.ofNode(nodeName);
    const store = this.#stores.get(name) ?? new Map<string, string>();
    this.#stores.set(name, store);
    const key = `${scope}/${name}`;
    if (action === "delete") store.delete(key);
    else if (action === "set")
      store.set(key, JSON.stringify({ cluster: name, timeMs: this.#context.clock.nowMs() }));
    else store.get(key);
  }

  #deliver(
    nodeName: string,
    component: MeshComponent,
    scope: string,
    action: KvstoreEvent["action"],
  ): void {
    const { bus, clock } = this.#context;
    const timeMs = clock.nowMs();
    bus.publish({
      kind: "kvstore_event",
      timeMs,
      nodeName,
      component,
      scope,
      action,
      queueSeconds: 0,
    });
  }

  #isCut(from: string, to: string): boolean {
    const { faults } = this.#context;
    return faults.list().length > 0 && from !== to && faults.isMeshCut(to);
  }
}
