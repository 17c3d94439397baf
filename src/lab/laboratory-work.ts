/** The laboratory's wiring: metrics pages of the nodes, what agents watch, and their periodic work. */

import { createMeshPages, type MeshPagesOptions } from "./cilium-metrics/mesh-pages.ts";
import { createNodePages, type NodePages } from "./cilium-metrics/node-pages.ts";
import { nodeProcessFigures } from "./cilium-metrics/process-metrics.ts";
import type { Cluster } from "./cluster/cluster.ts";
import type { MeshServers, OpenedServers } from "./component-servers.ts";
import { AgentApi } from "./controllers/agent-api.ts";
import { ControllerSet } from "./controllers/controller.ts";
import { realNodeIntervals, startNodeControllers } from "./controllers/node-controllers.ts";
import type { ObjectStore } from "./controllers/object-store.ts";
import { startOperatorControllers } from "./controllers/operator-controllers.ts";
import type { Datapath } from "./datapath/datapath.ts";
import type { HealthProber } from "./health-prober.ts";
import type { LabContext } from "./lab-context.ts";
import type { LabStateView } from "./lab-state-view.ts";
import type { AgentDnsProxy } from "./proxy/dns-proxy.ts";
import type { Scene } from "./scenes/scene.ts";

/** Gives the nodes' servers their pages; returns how to stop counting. */
export function servePages(
  context: LabContext,
  made: {
    readonly states: ReadonlyMap<string, LabStateView>;
    readonly scene: Scene;
    readonly servers: OpenedServers;
    readonly hubbleMetrics: readonly string[] | undefined;
  },
): () => void {
  const { bus: events, clock, logger } = context;
  const { states, scene, servers, hubbleMetrics } = made;
  const all: NodePages[] = [];
  const nodes = scene.clusters.flatMap(({ name, nodeNames }) =>
    nodeNames.map((nodeName, index) => ({ clusterName: name, nodeName, index })),
  );
  for (const [place, { clusterName, nodeName, index }] of nodes.entries()) {
    const state = states.get(clusterName);
    const server = servers.nodes[place];
    if (state === undefined || server === undefined) continue;
    const pages = createNodePages({
      state,
      events,
      node: { name: nodeName, isOperatorNode: index === 0 },
      version: state.ciliumVersion,
      clock,
      logger,
      ...(hubbleMetrics === undefined ? {} : { hubbleMetrics }),
    });
    for (const component of ["agent", "envoy", "hubble", "operator"] as const) {
      const page = pages[component];
      if (page !== undefined) server.setPage(component, page);
    }
    all.push(pages);
  }
  return () => {
    for (const pages of all) pages.close();
  };
}

/** The pages of the Cluster Mesh API servers; returns how to stop counting. */
export function serveMeshPages(
  { bus: events, clock }: LabContext,
  clusters: readonly Cluster[],
  servers: readonly MeshServers[],
  about: Pick<MeshPagesOptions, "version" | "clients">,
): () => void {
  const process = nodeProcessFigures(() => clock.nowMs());
  const stops = clusters.map((cluster, index) => {
    const pages = createMeshPages({
      events,
      nodeName: cluster.nodes[0]?.name ?? "",
      clusterName: cluster.name,
      process,
      ...about,
    });
    servers[index]?.setPage("clustermesh-apiserver", pages["clustermesh-apiserver"]);
    servers[index]?.setPage("kvstoremesh", pages.kvstoremesh);
    return () => pages.close();
  });
  return () => {
    for (const stop of stops) stop();
  };
}

/** What every agent hears of through Kubernetes; nodes and endpoints it watches by itself. */
export function watchObjects(
  store: ObjectStore,
  nodeNames: readonly string[],
  isQueued: boolean,
): void {
  for (const nodeName of nodeNames) {
    store.watch({
      client: { receiver: "agent", nodeName },
      isQueued,
      scopes: [
        "Pod",
        "Service",
        "Endpoint",
        "CiliumNetworkPolicy",
        "CiliumClusterwideNetworkPolicy",
        "NetworkPolicy",
        "Namespace",
      ],
      isWatched: ({ scope, spec }) =>
        scope !== "Pod" || (spec as { nodeName?: string }).nodeName === nodeName,
    });
  }
}

/** One cluster's parts that work on their own. */
export interface ClusterWork {
  readonly cluster: Cluster;
  readonly state: LabStateView;
  readonly store: ObjectStore;
}

/** The periodic work of agents and operators; returns how to stop it. */
export function startWork(
  context: LabContext,
  clusters: readonly ClusterWork[],
  parts: {
    readonly pace: Scene["pace"];
    /** Watch events go through work queues. */
    readonly isQueued: boolean;
    readonly datapath: Datapath;
    readonly prober: HealthProber;
    readonly dnsProxy: AgentDnsProxy;
  },
): () => void {
  const { clock, bus, faults, logger } = context;
  const { datapath, prober, dnsProxy } = parts;
  const isNodeDown = (nodeName: string): boolean => faults.isNodeDown(nodeName);
  const controllers = new ControllerSet({ clock, bus, logger, isNodeDown });
  for (const { cluster, state, store } of clusters) {
    for (const { name: nodeName, isOperatorNode } of cluster.nodes) {
      startNodeControllers({
        nodeName,
        state,
        bus,
        clock,
        store,
        isQueued: parts.isQueued,
        controllers,
        api: new AgentApi({ state, nodeName, clock, bus }),
        ...(parts.pace === "real" ? { intervals: realNodeIntervals } : {}),
        work: {
          collectConntrack: () => datapath.conntrack(nodeName)?.collect(),
          regenerateAll: (reason) => cluster.regenerateNode(nodeName, reason),
          probe: (target, type) => prober.probe(nodeName, target, type),
          setUnreachable: (counts) => prober.setUnreachable(nodeName, counts),
          expireNames: () => dnsProxy.collect(nodeName),
        },
      });
      if (!isOperatorNode) continue;
      startOperatorControllers({
        nodeName,
        bus,
        clock,
        store,
        isQueued: parts.isQueued,
        controllers,
        collectIdentities: () => {
          const deletedCount = cluster.identities.collect(nodeName);
          const aliveCount = cluster.identities
            .list()
            .filter(({ type }) => type === "cluster_local").length;
          return { aliveCount, deletedCount };
        },
      });
    }
  }
  return () => controllers.close();
}
