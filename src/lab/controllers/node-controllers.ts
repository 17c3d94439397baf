/**
 * What an agent does again and again: collects conntrack entries, probes the nodes, regenerates its
 * endpoints, keeps its objects in Kubernetes in step, forgets expired names. The laboratory does the
 * work (NodeWork); this file decides when, times it and publishes it. Intervals are shorter than
 * Cilium's, so that a graph of five minutes shows something; the real ones are beside them. Objects
 * written here: CiliumNode, CiliumEndpoint, and Node by the kubelet; events of these come from the store.
 */

import type { Clock } from "../../base/clock.ts";
import { addressesOf } from "../address-family.ts";
import type { LabEventBus, NodeProbed } from "../events.ts";
import type { LabEndpoint, LabState } from "../lab-state.ts";
import type { AgentApi } from "./agent-api.ts";
import type { ControllerSet } from "./controller.ts";
import type { ObjectStore, StoreClient } from "./object-store.ts";

/** Seconds between runs; Cilium's own default in the comment. */
export interface NodeIntervals {
  /** adaptive, 10 s to 12 h */
  readonly conntrackGc: number;
  /** 60 s */
  readonly nodeProbe: number;
  /** 2 min */
  readonly regeneration: number;
  /** on change, and 5 min */
  readonly endpointSync: number;
  /** 1 min */
  readonly dnsGc: number;
  /** 5 min */
  readonly endpointGc: number;
  /** 30 s */
  readonly heartbeat: number;
  /** kubelet's probe of the agent: 30 s, and its report on the node: 10 s */
  readonly kubelet: number;
}

/** The laboratory's intervals. */
export const defaultNodeIntervals: NodeIntervals = {
  conntrackGc: 5,
  nodeProbe: 5,
  regeneration: 20,
  endpointSync: 4,
  dnsGc: 10,
  endpointGc: 30,
  heartbeat: 10,
  kubelet: 5,
};

/** Cilium's own intervals, for scenes as large as real clusters. */
export const realNodeIntervals: NodeIntervals = {
  conntrackGc: 30,
  nodeProbe: 60,
  regeneration: 120,
  endpointSync: 60,
  dnsGc: 60,
  endpointGc: 300,
  heartbeat: 30,
  kubelet: 10,
};

/** The work itself, done by the laboratory. */
export interface NodeWork {
  /** Throws out expired conntrack entries and publishes conntrack_gc. */
  collectConntrack(): void;
  /** Computes the policy of every endpoint of the node anew; publishes endpoint_state and endpoint_regenerated. */
  regenerateAll(reason: string): Promise<void>;
  /** One HTTP request to the node's or its health endpoint's responder; rejects when it is not reached. */
  probe(target: string, type: NodeProbed["type"]): Promise<void>;
  /** Keeps LabState.unreachable: called after each round. */
  setUnreachable(counts: { readonly nodes: number; readonly endpoints: number }): void;
  /** Forgets names whose time to live is over, and publishes fqdn_cache. */
  expireNames(): void;
}

/** What startNodeControllers needs. */
export interface NodeControllersOptions {
  readonly nodeName: string;
  readonly state: LabState;
  readonly bus: LabEventBus;
  readonly clock: Clock;
  readonly store: ObjectStore;
  /** Watch events go through work queues; default: no. */
  readonly isQueued?: boolean;
  readonly api: AgentApi;
  readonly work: NodeWork;
  readonly controllers: ControllerSet;
  readonly intervals?: Partial<NodeIntervals>;
}

const secondMs = 1000;

/** Starts an agent's controllers and its kubelet. `controllers.close()` ends them. */
export function startNodeControllers(options: NodeControllersOptions): void {
  const { controllers, nodeName, store, work, api } = options;
  const seconds = { ...defaultNodeIntervals, ...options.intervals };
  const client: StoreClient = { receiver: "agent", nodeName };
  const synced = new Map<string, string>();
  // The node is there before its agent is.
  reportNode(options);
  watchNodes(options, client);
  const start = (
    group: string,
    interval: number,
    run: () => void | Promise<void>,
    receiver: "agent" | "other" = "agent",
  ): void => {
    const intervalMs = interval * secondMs;
    // The first runs are spread, so that the agent's work does not come in bursts.
    const firstDelayMs = (intervalMs * (hashOf(`${nodeName} ${group}`) % 100)) / 100;
    controllers.start({ receiver, nodeName, group, intervalMs, run }, firstDelayMs);
  };
  start("conntrack-gc", seconds.conntrackGc, () => work.collectConntrack(), "other");
  start("cilium-health-ep", seconds.nodeProbe, () => probeNodes(options));
  start("endpoint-periodic-regeneration", seconds.regeneration, () =>
    work.regenerateAll("periodic endpoint regeneration"),
  );
  start("sync-to-k8s-ciliumendpoint", seconds.endpointSync, () => {
    syncEndpoints(options, client, synced);
  });
  start("dns-garbage-collector-job", seconds.dnsGc, () => work.expireNames());
  start("endpoint-gc", seconds.endpointGc, () => checkEndpoints(options, client, synced));
  start("k8s-heartbeat", seconds.heartbeat, () => store.checkHealth(client));
  const kubelet = (): void => {
    api.get("/v1/healthz");
    reportNode(options);
  };
  start("kubelet", seconds.kubelet, kubelet, "other");
}

/** The agent hears of nodes and endpoints through Kubernetes; its own node it knows before. */
function watchNodes(options: NodeControllersOptions, client: StoreClient): void {
  const { store, bus, clock, nodeName } = options;
  const actions = { create: "add", update: "update", delete: "delete" } as const;
  store.watch({
    client,
    isQueued: options.isQueued === true,
    scopes: ["Node", "CiliumNode", "CiliumEndpoint"],
    isWatched: ({ scope, name }) => scope !== "Node" || name === nodeName,
    onEvent: (action, { scope, name: target }) => {
      // The agent copies its node's labels into its CiliumNode.
      if (scope === "Node" && action === "update") writeCiliumNode(options, client);
      if (scope !== "CiliumNode") return;
      const source = target === nodeName ? "local" : "custom-resource";
      const head = { kind: "node_event", timeMs: clock.nowMs(), nodeName } as const;
      bus.publish({ ...head, action: actions[action], source, target });
    },
  });
  writeCiliumNode(options, client);
}

function writeCiliumNode(
  { state, store, nodeName }: NodeControllersOptions,
  client: StoreClient,
): void {
  const node = state.nodes().find((candidate) => candidate.name === nodeName);
  if (node === undefined) return;
  store.put(client, {
    scope: "CiliumNode",
    namespace: "",
    name: nodeName,
    spec: {
      labels: node.labels,
      addresses: [
        ...addressesOf(node).map((ip) => ({ type: "InternalIP", ip })),
        { type: "CiliumInternalIP", ip: node.routerAddress },
      ],
      ipam: { podCIDRs: [node.podCidr, node.podCidr6].filter((cidr) => cidr !== undefined) },
    },
  });
}

/** A small, even number for a text: spreads timers, nothing else. */
function hashOf(text: string): number {
  let hash = 7;
  for (let i = 0; i < text.length; i++) hash = (hash * 31 + text.charCodeAt(i)) % 1_000_003;
  return hash;
}

async function probeNodes(options: NodeControllersOptions): Promise<void> {
  const { work, state, api } = options;
  const counts = { nodes: 0, endpoints: 0 };
  api.get("/v1/cluster/nodes");
  for (const node of state.nodes()) {
    if (!(await probeOne(options, node.name, "node"))) counts.nodes++;
    if (!(await probeOne(options, node.name, "endpoint"))) counts.endpoints++;
  }
  work.setUnreachable(counts);
}

async function probeOne(
  { work, bus, clock, nodeName }: NodeControllersOptions,
  target: string,
  type: NodeProbed["type"],
): Promise<boolean> {
  const startMs = clock.monotonicMs();
  let status: NodeProbed["status"] = "reachable";
  try {
    await work.probe(target, type);
  } catch {
    // Not an error of ours: that a node is not reached is the finding.
    status = "unreachable";
  }
  const latencySeconds = (clock.monotonicMs() - startMs) / 1000;
  const head = { kind: "node_probe", timeMs: clock.nowMs(), nodeName } as const;
  const probe = { target, type, addressType: "primary", protocol: "http" } as const;
  bus.publish({ ...head, ...probe, status, latencySeconds });
  return status === "reachable";
}

/** Writes the CiliumEndpoints that changed and deletes those of endpoints that are gone. */
function syncEndpoints(
  { state, store, nodeName }: NodeControllersOptions,
  client: StoreClient,
  synced: Map<string, string>,
): void {
  const present = new Set<string>();
  for (const endpoint of state.endpoints(nodeName)) {
    if (endpoint.kind !== "pod") continue;
    const key = `${endpoint.namespace}/${endpoint.podName}`;
    present.add(key);
    const object = ciliumEndpoint(endpoint);
    const text = JSON.stringify(object);
    if (synced.get(key) === text) continue;
    store.put(client, object);
    synced.set(key, text);
  }
  for (const key of synced.keys()) {
    if (present.has(key)) continue;
    const [namespace = "", name = ""] = key.split("/");
    store.remove(client, "CiliumEndpoint", namespace, name);
    synced.delete(key);
  }
}

function ciliumEndpoint(endpoint: LabEndpoint) {
  const { namespace, podName, id, identity, labels, address, address6 } = endpoint;
  const pair = address6 === undefined ? { ipv4: address } : { ipv4: address, ipv6: address6 };
  return {
    scope: "CiliumEndpoint",
    namespace,
    name: podName,
    spec: { id, identity: { id: identity, labels }, networking: [pair] },
    status: {
      state: endpoint.state,
      policy: { revision: endpoint.policyRevision, enforcement: endpoint.enforcement },
    },
  } as const;
}

/** A CiliumEndpoint that somebody deleted is written anew by the next synchronization. */
function checkEndpoints(
  { store }: NodeControllersOptions,
  client: StoreClient,
  synced: Map<string, string>,
): void {
  for (const key of [...synced.keys()]) {
    const [namespace = "", name = ""] = key.split("/");
    if (store.get(client, "CiliumEndpoint", namespace, name) === undefined) synced.delete(key);
  }
}

/** The kubelet's report on its node: a change of the status alone, which agents need not act on. */
function reportNode({ state, store, clock, nodeName }: NodeControllersOptions): void {
  const node = state.nodes().find((candidate) => candidate.name === nodeName);
  if (node === undefined) return;
  store.put(
    { receiver: "other", nodeName },
    {
      scope: "Node",
      namespace: "",
      name: nodeName,
      spec: { podCIDR: node.podCidr, address: node.address, labels: node.labels },
      status: { heartbeat: clock.nowMs(), pods: state.endpoints(nodeName).length },
    },
  );
}
