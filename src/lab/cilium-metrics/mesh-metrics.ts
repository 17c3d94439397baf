/**
 * Cluster Mesh: what the agents know of the other clusters, and the pages of the API server's pod
 * (clustermesh-apiserver 9962, kvstoremesh 9964) in the names that bodies of 1.19 show. Scopes are the
 * first twelve letters of a key's prefix, as the kvstore's metrics have them.
 */

import { Registry } from "../../metrics/registry.ts";
import type { KvstoreOperation, LabEventSource, MeshComponent } from "../events.ts";
import type { CiliumVersion } from "../lab-state.ts";
import type { MetricsSource } from "../metrics-source.ts";
import type { Component } from "./component.ts";
import { setVersion, versionTexts } from "./control-metrics.ts";
import type { MetricRow } from "./metric-book.ts";
import { metricsPage } from "./metrics-page.ts";

const scopeLength = 12;
const source = "connections to the other clusters";
const ends = ["source_cluster", "source_node_name"];
/** Buckets of the recorded bodies. */
const queueBuckets = [0.002, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1];
const syncedScopes = ["identities/v1", "ip/v1", "nodes/v1", "services/v1"];

/** Since 1.17 the series name only the other cluster. */
function remoteRows(name: string, help: string): MetricRow[] {
  const type = "gauge" as const;
  const head = { name: `cilium_clustermesh_remote_cluster_${name}`, type, help, source };
  return [
    { ...head, labels: [...ends, "target_cluster"], from: "1.16", to: "1.16" },
    { ...head, labels: ["target_cluster"], from: "1.19" },
  ];
}

/** The agent's rows; served only where there is a mesh. */
export const meshRows: readonly MetricRow[] = [
  {
    name: "cilium_clustermesh_remote_clusters",
    labels: ends,
    from: "1.16",
    to: "1.16",
    type: "gauge",
    help: "The total number of remote clusters meshed with the local cluster",
    source,
  },
  {
    name: "cilium_clustermesh_remote_clusters",
    labels: [],
    from: "1.19",
    type: "gauge",
    help: "The total number of remote clusters meshed with the local cluster",
    source,
  },
  ...remoteRows("nodes", "The total number of nodes in the remote cluster"),
  ...remoteRows("readiness_status", "The readiness status of the remote cluster"),
  ...remoteRows("failures", "The total number of failures related to the remote cluster"),
  ...remoteRows("last_failure_ts", "The timestamp of the last failure of the remote cluster"),
  {
    name: "cilium_clustermesh_remote_cluster_services",
    labels: ["target_cluster"],
    from: "1.19",
    type: "gauge",
    help: "The total number of services in the remote cluster",
    source,
  },
  {
    name: "cilium_clustermesh_remote_cluster_endpoints",
    labels: ["target_cluster"],
    from: "1.19",
    type: "gauge",
    help: "The total number of endpoints in the remote cluster",
    source,
  },
  {
    name: "cilium_kvstore_operations_duration_seconds",
    labels: ["action", "kind", "outcome", "scope"],
    from: "1.16",
    type: "histogram",
    help: "Duration of kvstore operations",
    source: "reads of the other clusters' kvstores",
  },
  {
    name: "cilium_kvstore_events_queue_seconds",
    labels: ["action", "scope"],
    from: "1.16",
    type: "histogram",
    help: "Seconds waited before a received event was queued",
    source: "events of the other clusters' kvstores",
  },
];

const actions: Readonly<
  Record<KvstoreOperation["action"], { readonly action: string; readonly kind: string }>
> = {
  read: { action: "Get", kind: "read" },
  set: { action: "Update", kind: "set" },
  update: { action: "Update", kind: "set" },
  delete: { action: "Delete", kind: "delete" },
  lock: { action: "Lock", kind: "set" },
};

/** Writes what the agent knows of the mesh; nothing where the cluster is alone. */
export function collectMesh(component: Component): void {
  const { book, state, nodeName } = component;
  if (state.clusterCount < 2) return;
  const total = book.gauge("cilium_clustermesh_remote_clusters");
  const gauge = (name: string) => book.gauge(`cilium_clustermesh_remote_cluster_${name}`);
  const nodes = gauge("nodes");
  const readiness = gauge("readiness_status");
  const failures = gauge("failures");
  const lastFailure = gauge("last_failure_ts");
  const services = gauge("services");
  const endpoints = gauge("endpoints");
  const own = [state.clusterName, nodeName];
  const values = (
    family: { readonly labelNames: readonly string[] },
    target: string[],
  ): string[] => (family.labelNames.includes("source_cluster") ? [...own, ...target] : target);
  component.onCollect(() => {
    total.labels(...values(total, [])).set(state.clusterCount - 1);
    for (const remote of state.remoteClusters(nodeName)) {
      const target = [remote.name];
      nodes.labels(...values(nodes, target)).set(remote.nodeCount);
      readiness.labels(...values(readiness, target)).set(remote.isReady ? 1 : 0);
      failures.labels(...values(failures, target)).set(remote.failureCount);
      lastFailure.labels(...values(lastFailure, target)).set(remote.lastFailureSeconds);
      services.labels(remote.name).set(remote.serviceCount);
      endpoints.labels(remote.name).set(remote.endpointCount);
    }
  });
  const operations = book.histogram("cilium_kvstore_operations_duration_seconds");
  const queue = book.histogram("cilium_kvstore_events_queue_seconds");
  component.on("kvstore_op", (event) => {
    if (event.component !== "agent") return;
    const { action, kind } = actions[event.action];
    const scope = event.scope.slice(0, scopeLength);
    operations.labels(action, kind, event.outcome, scope).observe(event.durationSeconds);
  });
  component.on("kvstore_event", (event) => {
    if (event.component !== "agent") return;
    queue.labels(event.action, event.scope.slice(0, scopeLength)).observe(event.queueSeconds);
  });
}

/** Pages of one cluster's API server pod. */
export interface MeshPages {
  readonly "clustermesh-apiserver": MetricsSource;
  readonly kvstoremesh: MetricsSource;
  close(): void;
}

/** Creates the pages. `nodeName` is the node whose events of these components count. */
export function createMeshPages(options: {
  readonly events: LabEventSource;
  readonly nodeName: string;
  readonly clusterName: string;
  readonly version: CiliumVersion;
}): MeshPages {
  const server = createKvstorePage(
    options,
    "clustermesh-apiserver",
    "cilium_clustermesh_apiserver",
  );
  const mesh = createKvstorePage(options, "kvstoremesh", "cilium_kvstoremesh");
  collectRemotes(options, mesh);
  return {
    "clustermesh-apiserver": metricsPage(server.registry, { openMetrics: false }),
    kvstoremesh: metricsPage(mesh.registry, { openMetrics: false }),
    close: () => {
      for (const stop of [...server.stops, ...mesh.stops]) stop();
    },
  };
}

type PageOptions = Parameters<typeof createMeshPages>[0];
interface KvstorePage {
  readonly registry: Registry;
  readonly stops: (() => void)[];
}

function createKvstorePage(
  { events, nodeName, clusterName, version }: PageOptions,
  component: MeshComponent,
  prefix: string,
): KvstorePage {
  const registry = new Registry();
  const operations = registry.histogram({
    name: `${prefix}_kvstore_operations_duration_seconds`,
    help: "Duration of kvstore operations",
    labelNames: ["action", "kind", "outcome", "scope"],
  });
  const queue = registry.histogram({
    name: `${prefix}_kvstore_events_queue_seconds`,
    help: "Seconds waited before a received event was queued",
    labelNames: ["action", "scope"],
    buckets: queueBuckets,
  });
  const synced = registry.gauge({
    name: `${prefix}_kvstore_initial_sync_completed`,
    help: "Whether the initial synchronization from/to the kvstore has completed",
    labelNames: ["action", "scope", "source_cluster"],
  });
  const waiting = registry.gauge({
    name: `${prefix}_kvstore_sync_queue_size`,
    help: "Number of elements queued for synchronization in the kvstore",
    labelNames: ["scope", "source_cluster"],
  });
  const errors = registry.counter({
    name: `${prefix}_kvstore_sync_errors_total`,
    help: "Number of times synchronization to the kvstore failed",
    labelNames: ["scope", "source_cluster"],
  });
  for (const scope of syncedScopes) {
    synced.labels("write", scope, clusterName).set(1);
    waiting.labels(scope, clusterName).set(0);
    errors.labels(scope, clusterName);
  }
  const about = registry.gauge({
    name: `${prefix}_version`,
    help: "Version",
    labelNames: ["version", "revision", "arch"],
  });
  setVersion(about, versionTexts[version]);
  const stops = [
    events.onNode("kvstore_op", nodeName, (event) => {
      if (event.component !== component) return;
      const { action, kind } = actions[event.action];
      const scope = event.scope.slice(0, scopeLength);
      operations.labels(action, kind, event.outcome, scope).observe(event.durationSeconds);
    }),
    events.onNode("kvstore_event", nodeName, (event) => {
      if (event.component !== component) return;
      queue.labels(event.action, event.scope.slice(0, scopeLength)).observe(event.queueSeconds);
    }),
  ];
  return { registry, stops };
}

/** KVStoreMesh copies the other clusters' stores; their readiness is its own finding. */
function collectRemotes({ events, nodeName }: PageOptions, { registry, stops }: KvstorePage): void {
  const gauge = (name: string, help: string, labelNames: readonly string[]) =>
    registry.gauge({ name: `cilium_kvstoremesh_${name}`, help, labelNames });
  const byCluster = ["target_cluster"];
  const total = gauge("remote_clusters", "The total number of remote clusters", []);
  const ready = gauge(
    "remote_cluster_readiness_status",
    "The readiness status of the remote cluster",
    byCluster,
  );
  const failures = gauge(
    "remote_cluster_failures",
    "The total number of failures related to the remote cluster",
    byCluster,
  );
  const lastFailure = gauge(
    "remote_cluster_last_failure_ts",
    "The timestamp of the last failure of the remote cluster",
    byCluster,
  );
  gauge("leader_election_master_status", "1 = this replica leads", ["name"])
    .labels("kvstoremesh")
    .set(1);
  const seen = new Set<string>();
  stops.push(
    events.onNode("mesh_status", nodeName, (event) => {
      if (event.component !== "kvstoremesh") return;
      seen.add(event.remoteCluster);
      total.set(seen.size);
      ready.labels(event.remoteCluster).set(event.isReady ? 1 : 0);
      lastFailure.labels(event.remoteCluster);
      failures.labels(event.remoteCluster);
      if (!event.isFailure) return;
      failures.labels(event.remoteCluster).inc();
      lastFailure.labels(event.remoteCluster).set(event.timeMs / 1000);
    }),
  );
}
