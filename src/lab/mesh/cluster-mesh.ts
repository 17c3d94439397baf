/**
 * The Cluster Mesh of a scene with several clusters: each cluster's API server writes what happens
 * there into its kvstore, KVStoreMesh and the agents of the other clusters read it. Everything is
 * published as operations, watch events and connection states; the fault `mesh-unreachable` cuts a
 * cluster's API server off.
 */

import type { CancelTimer } from "../../base/clock.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { ClusterSet } from "../cluster/cluster-set.ts";
import { ApiLimiter, type ApiLimiterFigures } from "../controllers/api-limiter.ts";
import type { KvstoreEvent, KvstoreOperation, LabEventOf, MeshComponent } from "../events.ts";
import type { LabContext } from "../lab-context.ts";
import type { RemoteCluster } from "../lab-state.ts";

/** Agents look after their connections so often; Cilium's heartbeat is written every minute. */
const checkIntervalMs = 5000;

interface Connection {
  isReady: boolean;
  failureCount: number;
  lastFailureSeconds: number;
  revocationCount: number;
}

/** Who operates on whose store. */
interface KvstoreClient {
  readonly nodeName: string;
  readonly component: MeshComponent;
  /** The other cluster whose store it reads; undefined = its own cluster's. */
  readonly remote?: string;
}

/** Cilium's limits of an etcd client. */
const etcdLimits = { parallel: 20, rate: { perSecond: 20, burst: 20 } } as const;

/** Prefixes of the kvstore, as metrics shorten them to twelve letters. */
export const meshScopes = {
  nodes: "cilium/state/nodes/v1",
  identities: "cilium/state/identities/v1",
  ip: "cilium/state/ip/v1",
  services: "cilium/state/services/v1",
  heartbeat: "cilium/.heartbeat",
  clusterConfig: "cilium/cluster-config",
  /** Where KVStoreMesh keeps its copies of the other clusters. */
  cache: "cilium/cache",
} as const;

/** The mesh at work. */
export class ClusterMesh {
  readonly #context: LabContext;
  readonly #clusters: ClusterSet;
  readonly #connections = new Map<string, Connection>();
  readonly #stops: (() => void)[] = [];
  /** By cluster: what its API server wrote. */
  readonly #stores = new Map<string, Map<string, string>>();
  /** By component and node: a limiter for each store that it uses. */
  readonly #limiters = new Map<string, Map<string, ApiLimiter>>();
  readonly #startMs: number;
  readonly #started = new Set<string>();
  #timer: CancelTimer = () => {};

  constructor(context: LabContext, clusters: ClusterSet) {
    this.#context = context;
    this.#startMs = context.clock.monotonicMs();
    this.#clusters = clusters;
    clusters.isReachable = (from, to) => !this.#isCut(from, to);
  }

  /** Connects every agent with every other cluster; returns how to stop. */
  start(): () => void {
    const { bus } = this.#context;
    this.#stops.push(
      bus.on("endpoint_created", (event) => void this.#announce(event, meshScopes.ip, "create")),
      bus.on("endpoint_deleted", (event) => void this.#announce(event, meshScopes.ip, "delete")),
      bus.on(
        "identity_allocated",
        (event) => void this.#announce(event, meshScopes.identities, "create"),
      ),
      bus.on(
        "identity_released",
        (event) => void this.#announce(event, meshScopes.identities, "delete"),
      ),
      bus.on("service_event", (event) => {
        // Every agent hears of a service; the API server writes it once.
        if (this.#clusters.ofNode(event.nodeName).nodes[0]?.name !== event.nodeName) return;
        const action = event.action === "delete" ? "delete" : "create";
        void this.#announce(event, meshScopes.services, action);
      }),
    );
    for (const { nodes } of this.#clusters.list) void this.#configure(nodes[0]?.name ?? "");
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
          revocationCount: connection?.revocationCount ?? 0,
          lastFailureSeconds: connection?.lastFailureSeconds ?? 0,
        };
      });
  }

  /** How the limiters of a component's etcd clients stand. */
  limiters(component: MeshComponent, nodeName: string): readonly ApiLimiterFigures[] {
    const own = this.#limiters.get(`${component} ${nodeName}`);
    return [...(own?.values() ?? [])].map((limiter) => limiter.figures());
  }

  /** Operations of a component that wait for their turn. */
  waitingCount(component: MeshComponent, nodeName: string): number {
    let count = 0;
    for (const limiter of this.#limiters.get(`${component} ${nodeName}`)?.values() ?? [])
      count += limiter.waitingCount;
    return count;
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
      const nodeName = own.nodes[0]?.name ?? "";
      const writer = { nodeName, component: "clustermesh-apiserver" } as const;
      const beat = { scope: meshScopes.heartbeat, action: "set", outcome: "success" } as const;
      void this.#operate(writer, beat).then(() => this.#tellStarted(writer));
    }
    this.#timer = clock.after(checkIntervalMs, () => this.#check());
  }

  #checkOne(own: Cluster, remote: Cluster, nodeName: string, component: MeshComponent): void {
    const { bus, clock } = this.#context;
    const isReady = !this.#isCut(own.name, remote.name);
    const client = { nodeName, component, remote: remote.name };
    const outcome = isReady ? "success" : "error";
    void this.#operate(client, { scope: meshScopes.heartbeat, action: "read", outcome }).then(
      () => {
        if (component === "kvstoremesh") this.#tellStarted(client);
      },
    );
    const key = `${component === "agent" ? "" : `${component} `}${nodeName} ${remote.name}`;
    const before = this.#connections.get(key);
    const timeMs = clock.nowMs();
    if (before === undefined || (isReady && !before.isReady)) {
      // A new connection lists what there is.
      if (isReady) void this.#list(remote, client);
    }
    const isRevocation = before?.isReady === true && !isReady;
    this.#connections.set(key, {
      isReady,
      failureCount: (before?.failureCount ?? 0) + (isReady ? 0 : 1),
      lastFailureSeconds: isReady ? (before?.lastFailureSeconds ?? 0) : timeMs / 1000,
      revocationCount: (before?.revocationCount ?? 0) + (isRevocation ? 1 : 0),
    });
    bus.publish({
      kind: "mesh_status",
      timeMs,
      nodeName,
      component,
      remoteCluster: remote.name,
      isReady,
      isFailure: !isReady,
      isRevocation,
    });
  }

  /** The API server writes what its cluster is like, and watches that nobody changes it. */
  async #configure(nodeName: string): Promise<void> {
    const writer = { nodeName, component: "clustermesh-apiserver" } as const;
    const scope = meshScopes.clusterConfig;
    await this.#operate(writer, { scope, action: "set", outcome: "success" });
    this.#deliver(writer, scope, "create", this.#context.clock.monotonicMs());
  }

  async #list(remote: Cluster, client: KvstoreClient): Promise<void> {
    const counts: readonly (readonly [string, number])[] = [
      [meshScopes.nodes, remote.nodes.length],
      [meshScopes.identities, remote.identities.list().length],
      [meshScopes.ip, remote.endpointCount()],
      [meshScopes.services, remote.services.size],
    ];
    for (const [scope, count] of counts) {
      await this.#operate(client, { scope, action: "read", outcome: "success" });
      const arrivedMs = this.#context.clock.monotonicMs();
      for (let i = 0; i < count; i++) this.#deliver(client, scope, "create", arrivedMs);
    }
  }

  /** Something changed in a cluster: its API server writes it, then the others hear of it. */
  async #announce(
    { nodeName }: LabEventOf<"endpoint_created"> | { readonly nodeName: string },
    scope: string,
    action: KvstoreEvent["action"],
  ): Promise<void> {
    const own = this.#clusters.ofNode(nodeName);
    const writer = {
      nodeName: own.nodes[0]?.name ?? nodeName,
      component: "clustermesh-apiserver",
    } as const;
    const operation = action === "delete" ? "delete" : "set";
    await this.#operate(writer, { scope, action: operation, outcome: "success" });
    const arrivedMs = this.#context.clock.monotonicMs();
    for (const other of this.#clusters.list) {
      if (other === own || this.#isCut(other.name, own.name)) continue;
      const first = other.nodes[0]?.name ?? "";
      const copier = { nodeName: first, component: "kvstoremesh", remote: own.name } as const;
      this.#deliver(copier, scope, action, arrivedMs);
      for (const { name } of other.nodes)
        this.#deliver(
          { nodeName: name, component: "agent", remote: own.name },
          scope,
          action,
          arrivedMs,
        );
    }
  }

  /** One operation, when the client's limiter lets it pass. */
  #operate(
    client: KvstoreClient,
    what: Pick<KvstoreOperation, "scope" | "action" | "outcome">,
  ): Promise<void> {
    const { bus, clock } = this.#context;
    const { nodeName, component, remote } = client;
    const call = remote === undefined ? "etcd" : `etcd-${remote}`;
    const isDone = what.outcome === "success";
    let waitSeconds = 0;
    const operate = (): void => {
      const startMs = clock.monotonicMs();
      this.#store(client, what);
      const durationSeconds = (clock.monotonicMs() - startMs) / 1000;
      const head = { timeMs: clock.nowMs(), nodeName, component };
      bus.publish({ kind: "kvstore_op", ...head, durationSeconds, ...what });
      const outcome = isDone ? "success" : "fail";
      const code = isDone ? 200 : 500;
      bus.publish({ kind: "api_limited", ...head, call, outcome, code, waitSeconds });
    };
    return this.#limiterOf(client, call).run(operate, (seconds) => {
      waitSeconds = seconds;
    });
  }

  #limiterOf({ component, nodeName }: KvstoreClient, call: string): ApiLimiter {
    const key = `${component} ${nodeName}`;
    const own = this.#limiters.get(key) ?? new Map<string, ApiLimiter>();
    this.#limiters.set(key, own);
    const limiter = own.get(call) ?? new ApiLimiter(call, etcdLimits, this.#context.clock);
    own.set(call, limiter);
    return limiter;
  }

  /** The store is a map in memory: the figures are those of an in-process etcd. */
  #store(
    { nodeName, remote }: KvstoreClient,
    { scope, action }: Pick<KvstoreOperation, "scope" | "action">,
  ): void {
    const name = remote ?? this.#clusters.ofNode(nodeName).name;
    const store = this.#stores.get(name) ?? new Map<string, string>();
    this.#stores.set(name, store);
    const key = `${scope}/${name}`;
    if (action === "delete") store.delete(key);
    else if (action === "set")
      store.set(key, JSON.stringify({ cluster: name, timeMs: this.#context.clock.nowMs() }));
    else store.get(key);
  }

  /** A watch event reached a component; KVStoreMesh copies what it tells into its own cluster's store. */
  #deliver(
    { nodeName, component }: KvstoreClient,
    scope: string,
    action: KvstoreEvent["action"],
    arrivedMs: number,
  ): void {
    const { bus, clock } = this.#context;
    const queueSeconds = (clock.monotonicMs() - arrivedMs) / 1000;
    const head = { timeMs: clock.nowMs(), nodeName, component };
    bus.publish({ kind: "kvstore_event", ...head, scope, action, queueSeconds });
    if (component !== "kvstoremesh") return;
    const operation = action === "delete" ? "delete" : "set";
    const copy = { scope: meshScopes.cache, action: operation, outcome: "success" } as const;
    void this.#operate({ nodeName, component }, copy);
  }

  /** Told with the first operation that came through. */
  #tellStarted({ nodeName, component }: KvstoreClient): void {
    const key = `${component} ${nodeName}`;
    if (this.#started.has(key)) return;
    this.#started.add(key);
    const { bus, clock } = this.#context;
    const durationSeconds = (clock.monotonicMs() - this.#startMs) / 1000;
    const head = { timeMs: clock.nowMs(), nodeName, component };
    bus.publish({ kind: "mesh_started", ...head, durationSeconds });
  }

  #isCut(from: string, to: string): boolean {
    const { faults } = this.#context;
    return faults.list().length > 0 && from !== to && faults.isMeshCut(to);
  }
}
