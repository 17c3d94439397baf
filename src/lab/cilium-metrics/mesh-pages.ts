/**
 * The pages of a cluster's Cluster Mesh pod: clustermesh-apiserver (9962) and kvstoremesh (9964), in the
 * names that bodies of 1.19 show. What of those bodies the laboratory has not is in
 * tools/absent-metrics.ts.
 */

import { Registry } from "../../metrics/registry.ts";
import type { ApiLimiterFigures } from "../controllers/api-limiter.ts";
import type { LabEventSource, MeshComponent } from "../events.ts";
import type { CiliumVersion } from "../lab-state.ts";
import type { MetricsSource } from "../metrics-source.ts";
import { limiterMetrics } from "./api-limiter-metrics.ts";
import { setVersion, versionTexts } from "./control-metrics.ts";
import { operationLabels, shortScope, syncedScopes } from "./mesh-metrics.ts";
import { metricsPage } from "./metrics-page.ts";
import { type ProcessFigures, registerProcess } from "./process-metrics.ts";

/** Buckets of the recorded bodies. */
const queueBuckets = [0.002, 0.005, 0.01, 0.015, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1];

/** Pages of one cluster's API server pod. */
export interface MeshPages {
  readonly "clustermesh-apiserver": MetricsSource;
  readonly kvstoremesh: MetricsSource;
  close(): void;
}

/** What the pages are made from. */
export interface MeshPagesOptions {
  readonly events: LabEventSource;
  /** The node whose events of these components count. */
  readonly nodeName: string;
  readonly clusterName: string;
  readonly version: CiliumVersion;
  readonly process: ProcessFigures;
  /** How the limiters of a component's etcd clients stand, and how many operations wait for them. */
  readonly clients: {
    limiters(component: MeshComponent, nodeName: string): readonly ApiLimiterFigures[];
    waitingCount(component: MeshComponent, nodeName: string): number;
  };
}

/** Creates the pages. */
export function createMeshPages(options: MeshPagesOptions): MeshPages {
  const server = createPage(options, "clustermesh-apiserver", "cilium_clustermesh_apiserver");
  showWrites(options, server);
  const mesh = createPage(options, "kvstoremesh", "cilium_kvstoremesh");
  showRemotes(options, mesh);
  return {
    "clustermesh-apiserver": metricsPage(server.registry, { openMetrics: false }),
    kvstoremesh: metricsPage(mesh.registry, { openMetrics: false }),
    close: () => {
      for (const stop of [...server.stops, ...mesh.stops]) stop();
    },
  };
}

interface Page {
  readonly registry: Registry;
  readonly component: MeshComponent;
  readonly stops: (() => void)[];
  gauge(name: string, help: string, labelNames?: readonly string[]): GaugeFamilyOf;
  counter(name: string, help: string, labelNames?: readonly string[]): CounterFamilyOf;
}
type GaugeFamilyOf = ReturnType<Registry["gauge"]>;
type CounterFamilyOf = ReturnType<Registry["counter"]>;

/** What both pages have. */
function createPage(options: MeshPagesOptions, component: MeshComponent, prefix: string): Page {
  const registry = new Registry();
  const page: Page = {
    registry,
    component,
    stops: [],
    gauge: (name, help, labelNames = []) =>
      registry.gauge({ name: `${prefix}_${name}`, help, labelNames }),
    counter: (name, help, labelNames = []) =>
      registry.counter({ name: `${prefix}_${name}`, help, labelNames }),
  };
  const version = page.gauge("version", "Cilium version", ["version", "revision", "arch"]);
  setVersion(version, versionTexts[options.version]);
  const bootstrap = page.gauge("bootstrap_seconds", "Duration in seconds to complete bootstrap");
  page.stops.push(
    options.events.onNode("mesh_started", options.nodeName, (event) => {
      if (event.component === component) bootstrap.set(event.durationSeconds);
    }),
    registerProcess(registry, options.process),
  );
  countOperations(options, page, prefix);
  showLimiters(options, page);
  return page;
}

function countOperations({ events, nodeName }: MeshPagesOptions, page: Page, prefix: string): void {
  const { registry, component } = page;
  const operations = registry.histogram({
    name: `${prefix}_kvstore_operations_duration_seconds`,
    help: "Duration in seconds of kvstore operations",
    labelNames: ["action", "kind", "outcome", "scope"],
  });
  const queue = registry.histogram({
    name: `${prefix}_kvstore_events_queue_seconds`,
    help: "Seconds waited before a received event was queued",
    labelNames: ["action", "scope"],
    buckets: queueBuckets,
  });
  page.stops.push(
    events.onNode("kvstore_op", nodeName, (event) => {
      if (event.component === component)
        operations.labels(...operationLabels(event)).observe(event.durationSeconds);
    }),
    events.onNode("kvstore_event", nodeName, (event) => {
      if (event.component === component)
        queue.labels(event.action, shortScope(event.scope)).observe(event.queueSeconds);
    }),
  );
}

function showLimiters({ events, nodeName, clients }: MeshPagesOptions, page: Page): void {
  const { component, registry } = page;
  const metrics = limiterMetrics({
    counter: (name) =>
      page.counter(`api_limiter_${name}`, limiterHelp[name] ?? "", [
        "api_call",
        "outcome",
        "return_code",
      ]),
    gauge: (name) =>
      page.gauge(`api_limiter_${name}`, limiterHelp[name] ?? "", ["api_call", "value"]),
  });
  page.stops.push(
    events.onNode("api_limited", nodeName, (event) => {
      if (event.component === component) metrics.count(event);
    }),
    registry.onCollect(() => metrics.show(clients.limiters(component, nodeName))),
  );
}

const limiterHelp: Readonly<Record<string, string>> = {
  processed_requests_total: "Total number of API requests processed",
  processing_duration_seconds: "Current processing time of api call",
  rate_limit: "Current rate limiting configuration",
  requests_in_flight: "Current requests in flight",
  wait_duration_seconds: "Current wait time for api calls",
};

interface SyncFamilies {
  readonly synced: GaugeFamilyOf;
  readonly waiting: GaugeFamilyOf;
  readonly errors: CounterFamilyOf;
}

function syncFamilies(page: Page): SyncFamilies {
  const byScope = ["scope", "source_cluster"];
  return {
    synced: page.gauge(
      "kvstore_initial_sync_completed",
      "Whether the initial synchronization from/to the kvstore has completed",
      ["action", ...byScope],
    ),
    waiting: page.gauge(
      "kvstore_sync_queue_size",
      "Number of elements queued for synchronization in the kvstore",
      byScope,
    ),
    errors: page.counter(
      "kvstore_sync_errors_total",
      "Number of times synchronization to the kvstore failed",
      byScope,
    ),
  };
}

/** The API server writes what its own cluster has; each of its operations waits in one queue. */
function showWrites({ nodeName, clusterName, clients }: MeshPagesOptions, page: Page): void {
  const { synced, waiting, errors } = syncFamilies(page);
  for (const scope of syncedScopes) errors.labels(scope, clusterName);
  page.stops.push(
    page.registry.onCollect(() => {
      const count = clients.waitingCount(page.component, nodeName);
      for (const scope of syncedScopes) {
        waiting.labels(scope, clusterName).set(count);
        // What waits at the start is the first synchronization.
        if (count === 0) synced.labels("write", scope, clusterName).set(1);
      }
    }),
  );
}

/** KVStoreMesh copies the other clusters' stores; their readiness is its own finding. */
function showRemotes({ events, nodeName, clients }: MeshPagesOptions, page: Page): void {
  const { synced, waiting, errors } = syncFamilies(page);
  const byCluster = ["target_cluster"];
  const remote = (name: string, help: string) =>
    page.gauge(`remote_cluster_${name}`, help, byCluster);
  const total = page.gauge(
    "remote_clusters",
    "The total number of remote clusters meshed with the local cluster",
  );
  const ready = remote("readiness_status", "The readiness status of the remote cluster");
  const failures = remote("failures", "The total number of failures related to the remote cluster");
  const lastFailure = remote(
    "last_failure_ts",
    "The timestamp of the last failure of the remote cluster",
  );
  const revocations = remote(
    "cache_revocations",
    "The total number of cache revocations related to the remote cluster",
  );
  page
    .gauge("leader_election_master_status", "The leader election status", ["name"])
    .labels("kvstoremesh")
    .set(1);
  const seen = new Set<string>();
  page.stops.push(
    events.onNode("mesh_status", nodeName, (event) => {
      if (event.component !== "kvstoremesh") return;
      const { remoteCluster: name, isReady, isFailure, isRevocation } = event;
      seen.add(name);
      total.set(seen.size);
      ready.labels(name).set(isReady ? 1 : 0);
      for (const scope of syncedScopes) {
        synced.labels("write", scope, name).set(isReady ? 1 : 0);
        errors.labels(scope, name);
      }
      revocations.labels(name).inc(isRevocation ? 1 : 0);
      failures.labels(name).inc(isFailure ? 1 : 0);
      lastFailure.labels(name).inc(0);
      if (isFailure) lastFailure.labels(name).set(event.timeMs / 1000);
    }),
    page.registry.onCollect(() => {
      const count = clients.waitingCount(page.component, nodeName);
      for (const name of seen)
        for (const scope of syncedScopes) waiting.labels(scope, name).set(count);
    }),
  );
}
