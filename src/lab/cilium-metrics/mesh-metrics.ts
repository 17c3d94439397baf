/**
 * Cluster Mesh: what the agents know of the other clusters, and how kvstore operations are labelled;
 * mesh-pages.ts has the API server's pod. Scopes are the first twelve letters of a key's prefix.
 */

import type { KvstoreOperation } from "../events.ts";
import type { Component } from "./component.ts";
import type { MetricRow } from "./metric-book.ts";

const scopeLength = 12;
const source = "connections to the other clusters";
const ends = ["source_cluster", "source_node_name"];
/** What clusters share; the scopes of synchronization metrics. */
export const syncedScopes: readonly string[] = [
  "identities/v1",
  "ip/v1",
  "nodes/v1",
  "services/v1",
];

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
    name: "cilium_clustermesh_remote_cluster_cache_revocations",
    labels: ["target_cluster"],
    from: "1.19",
    type: "gauge",
    help: "The total number of cache revocations related to the remote cluster",
    source: "clusters that cannot be reached any more, whose backends are no longer used",
  },
  {
    name: "cilium_clustermesh_global_services",
    labels: ends,
    from: "1.16",
    to: "1.16",
    type: "gauge",
    help: "The total number of global services in the cluster mesh",
    source: "services with backends in all clusters",
  },
  {
    name: "cilium_kvstore_initial_sync_completed",
    labels: ["action", "scope", "source_cluster"],
    from: "1.16",
    source: "lists of the other clusters' kvstores",
  },
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

/** Labels of an operation: action, kind, outcome, scope. */
export function operationLabels({ action, outcome, scope }: KvstoreOperation): string[] {
  const { action: name, kind } = actions[action];
  return [name, kind, outcome, shortScope(scope)];
}

/** As the kvstore's metrics shorten it. */
export function shortScope(scope: string): string {
  return scope.slice(0, scopeLength);
}

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
  const revocations = gauge("cache_revocations");
  const global = book.gauge("cilium_clustermesh_global_services");
  const synced = book.gauge("cilium_kvstore_initial_sync_completed");
  const own = [state.clusterName, nodeName];
  const values = (
    family: { readonly labelNames: readonly string[] },
    target: string[],
  ): string[] => (family.labelNames.includes("source_cluster") ? [...own, ...target] : target);
  component.onCollect(() => {
    total.labels(...values(total, [])).set(state.clusterCount - 1);
    global.labels(...own).set(state.services().filter(({ isGlobal }) => isGlobal).length);
    for (const remote of state.remoteClusters(nodeName)) {
      const target = [remote.name];
      nodes.labels(...values(nodes, target)).set(remote.nodeCount);
      readiness.labels(...values(readiness, target)).set(remote.isReady ? 1 : 0);
      failures.labels(...values(failures, target)).set(remote.failureCount);
      lastFailure.labels(...values(lastFailure, target)).set(remote.lastFailureSeconds);
      services.labels(remote.name).set(remote.serviceCount);
      endpoints.labels(remote.name).set(remote.endpointCount);
      revocations.labels(remote.name).set(remote.revocationCount);
      for (const scope of syncedScopes)
        synced.labels("read", scope, remote.name).set(remote.isReady ? 1 : 0);
    }
  });
  const operations = book.histogram("cilium_kvstore_operations_duration_seconds");
  const queue = book.histogram("cilium_kvstore_events_queue_seconds");
  component.on("kvstore_op", (event) => {
    if (event.component !== "agent") return;
    operations.labels(...operationLabels(event)).observe(event.durationSeconds);
  });
  component.on("kvstore_event", (event) => {
    if (event.component !== "agent") return;
    queue.labels(event.action, shortScope(event.scope)).observe(event.queueSeconds);
  });
}
