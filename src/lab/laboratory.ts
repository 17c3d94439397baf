/**
 * The laboratory in this process: brings a scene to life (servers, clusters, pods, policies, probes,
 * traffic), runs commands in pods, and ends it all. lab-process.ts runs one in a child of its own.
 */

import type { Server } from "node:http";
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { AppError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { seededRandom } from "../base/seeded-random.ts";
import { versionTexts } from "./cilium-metrics/control-metrics.ts";
import { Cluster } from "./cluster/cluster.ts";
import { ClusterSet } from "./cluster/cluster-set.ts";
import type { Endpoint } from "./cluster/endpoint.ts";
import {
  type MeshServers,
  type OpenedServers,
  openComponentServers,
  openMeshServers,
} from "./component-servers.ts";
import { ObjectStore } from "./controllers/object-store.ts";
import { Datapath } from "./datapath/datapath.ts";
import { LabEventBus } from "./events.ts";
import { FaultBoard } from "./faults/fault-board.ts";
import { FlowEmitter } from "./flows/flow-emitter.ts";
import { FlowLog } from "./flows/flow-log.ts";
import { HealthProber } from "./health-prober.ts";
import { type LabRelay, startHubbleServers } from "./hubble-api/hubble-servers.ts";
import type { LabContext } from "./lab-context.ts";
import { type LabEndpointUrl, urlsOfMesh, urlsOfNode } from "./lab-endpoint-urls.ts";
import type { CiliumVersion, LabState } from "./lab-state.ts";
import { LabStateView } from "./lab-state-view.ts";
import {
  type ClusterWork,
  serveMeshPages,
  servePages,
  startWork,
  watchObjects,
} from "./laboratory-work.ts";
import { ClusterMesh } from "./mesh/cluster-mesh.ts";
import { ObjectApplier } from "./objects/object-apply.ts";
import { type ExecOutput, runInPod } from "./pods/pod-exec.ts";
import { PodRunner } from "./pods/pod-runner.ts";
import { CachingResolver, type HostResolver, PodResolver } from "./pods/resolver.ts";
import { AgentDnsProxy } from "./proxy/dns-proxy.ts";
import { EnvoyProxy } from "./proxy/http-proxy.ts";
import { proxyPorts } from "./proxy/proxy-ports.ts";
import type { Scene } from "./scenes/scene.ts";
import { startActivities } from "./traffic/activities.ts";
import { performAction } from "./traffic/pod-actions.ts";
import { startTraffic } from "./traffic/traffic.ts";
import { WorkloadSet } from "./workload-set.ts";

export type { LabEndpointUrl } from "./lab-endpoint-urls.ts";

/** Commands that may run in pods at once, traffic included. */
const execsMax = 200;
/** Endpoints between two words of progress. */
const progressStep = 250;
/** The traffic's programs remember names this long. */
const trafficNamesMs = 5000;
/** Without a service of that name pods ask here. */
const dnsAddressDefault = "10.96.0.10";

/** How a laboratory is run. */
export interface LaboratoryOptions {
  readonly scene: Scene;
  readonly ciliumVersion: CiliumVersion;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly seed: number;
  /** First three numbers of the nodes' loopback addresses. */
  readonly addressBase: string;
  /** Free ports instead of Cilium's, for tests. */
  readonly isEphemeral: boolean;
  /** The scene's traffic and changes. */
  readonly hasTraffic: boolean;
  /** DIR/lab: flows.jsonl and the pods' disks; undefined = neither. */
  readonly labDir: string | undefined;
  /** `hubble.metrics.enabled`, one handler an item; default: what the chart's dashboards ask for. */
  readonly hubbleMetrics?: readonly string[];
  /** Hears of every few hundred endpoints that were made, and again that run their policy. */
  readonly onProgress?: (endpointCount: number) => void;
}

/** A command to run in a pod. */
export interface ExecRequest {
  readonly namespace: string;
  readonly pod: string;
  readonly command: readonly string[];
  /** Of which cluster; the first unless told. */
  readonly cluster?: string;
  /** Remembers names, as a long-running program does. */
  readonly isTraffic?: boolean;
}

/** What a laboratory is made of. */
export interface LaboratoryParts {
  readonly context: LabContext;
  readonly scene: Scene;
  readonly clusters: ClusterSet;
  /** By cluster. */
  readonly states: ReadonlyMap<string, LabState>;
  readonly stores: ReadonlyMap<string, ObjectStore>;
  readonly servers: OpenedServers;
  readonly meshServers: readonly MeshServers[];
  readonly datapath: Datapath;
  readonly dnsProxy: AgentDnsProxy;
  readonly prober: HealthProber;
  readonly workloads: WorkloadSet;
  readonly runner: PodRunner;
  readonly resolver: HostResolver;
  readonly trafficResolver: HostResolver;
  readonly labDir: string | undefined;
  readonly closers: Closers;
}

/** A running laboratory. */
export class Laboratory {
  readonly context: LabContext;
  readonly scene: Scene;
  /** Of the first cluster. */
  readonly state: LabState;
  /** The first cluster. */
  readonly cluster: Cluster;
  readonly clusters: ClusterSet;
  readonly states: ReadonlyMap<string, LabState>;
  readonly workloads: WorkloadSet;
  readonly datapath: Datapath;
  readonly notes: readonly string[];
  readonly endpointUrls: readonly LabEndpointUrl[];
  /** Where flows come from by gRPC, one a cluster. */
  relays: readonly LabRelay[] = [];
  readonly #parts: LaboratoryParts;
  readonly #appliers = new Map<string, ObjectApplier>();
  readonly #execs = new AbortController();
  #execCount = 0;

  constructor(made: LaboratoryParts, state: LabState) {
    this.#parts = made;
    this.context = made.context;
    this.scene = made.scene;
    this.state = state;
    this.states = made.states;
    this.clusters = made.clusters;
    this.cluster = made.clusters.first;
    this.workloads = made.workloads;
    this.datapath = made.datapath;
    this.notes = made.servers.notes;
    this.endpointUrls = endpointUrlsOf(made);
    for (const cluster of made.clusters.list)
      this.#appliers.set(cluster.name, new ObjectApplier(cluster, made.workloads));
  }

  get faults(): FaultBoard {
    return this.context.faults;
  }

  /** Applies and deletes objects of a cluster, the first unless told. Throws AppError `usage`. */
  objects(clusterName = this.cluster.name): ObjectApplier {
    const applier = this.#appliers.get(clusterName);
    if (applier === undefined) {
      const names = [...this.#appliers.keys()].join(", ");
      throw new AppError("usage", `cannot find cluster "${clusterName}": there are ${names}`);
    }
    return applier;
  }

  /** Runs a command in a pod; resolves to its exit code. */
  async exec(request: ExecRequest, output: ExecOutput, signal: AbortSignal): Promise<number> {
    const { namespace, pod, command } = request;
    const cluster = this.clusters.named(request.cluster ?? this.cluster.name);
    const endpoint = cluster?.findPod(namespace, pod) ?? this.#firstPodOf(request);
    if (endpoint === undefined) {
      output.stderr(
        `Error from server (NotFound): pods "${pod}" not found in namespace "${namespace}"\n`,
      );
      return 1;
    }
    if (this.faults.isNodeDown(endpoint.facts.nodeName)) {
      output.stderr(
        `error: cannot reach the kubelet of node ${endpoint.facts.nodeName}: the node is down\n`,
      );
      return 1;
    }
    if (this.#execCount >= execsMax) {
      output.stderr(
        `cannot run ${command[0]}: ${execsMax} commands are running already; wait for some to end\n`,
      );
      return 126;
    }
    this.#execCount++;
    try {
      const { labDir } = this.#parts;
      const around = this.#surroundings(endpoint, signal, request.isTraffic === true);
      return await runInPod(command, around, { ...output, labDir });
    } finally {
      this.#execCount--;
    }
  }

  /** Starts the scene's traffic and changes; they end with the laboratory. */
  startLife(): void {
    const { context, workloads } = this;
    const { scene, closers, datapath, trafficResolver } = this.#parts;
    const silent: ExecOutput = { stdout: () => {}, stderr: () => {} };
    const podsOf = (clusterName: string, workload: string) =>
      workloads.podsOf(clusterName, workload);
    const stopTraffic = startTraffic(context, scene, {
      podsOf,
      perform: (pod, action, signal) =>
        performAction(context, pod, action, {
          datapath,
          resolver: trafficResolver,
          signal,
          podsOf,
          runCommand: ({ facts }, command, abort) =>
            this.exec(
              {
                namespace: facts.namespace,
                pod: facts.podName,
                cluster: facts.clusterName,
                command,
                isTraffic: true,
              },
              silent,
              abort,
            ),
        }),
    });
    const stopActivities = startActivities(context, scene.activities, {
      scale: (clusterName, workload, count) => workloads.scale(`${clusterName}/${workload}`, count),
      restart: (clusterName, workload) => workloads.restart(`${clusterName}/${workload}`),
      labelNode: (clusterName, node, label, value) => {
        this.clusters.named(clusterName)?.setNodeLabel(node, label, value);
      },
      apply: (clusterName, text, file) => this.objects(clusterName).apply(text, file),
      delete: (clusterName, text, file) => this.objects(clusterName).delete(text, file),
    });
    closers.add(async () => {
      stopTraffic();
      stopActivities();
    });
  }

  /** Ends everything: no socket, timer or file stays open. */
  async stop(): Promise<void> {
    this.#execs.abort();
    await this.#parts.closers.closeAll();
  }

  /** `exec deathstar` means a pod of the workload, as with kubectl's deploy/NAME. */
  #firstPodOf({ namespace, pod, cluster = this.cluster.name }: ExecRequest): Endpoint | undefined {
    return this.workloads.podsOf(cluster, `${namespace}/${pod}`)[0];
  }

  #surroundings(pod: Endpoint, signal: AbortSignal, isTraffic: boolean) {
    const { datapath, resolver, trafficResolver } = this.#parts;
    const { clock } = this.context;
    const both = AbortSignal.any([signal, this.#execs.signal]);
    return { pod, datapath, resolver: isTraffic ? trafficResolver : resolver, clock, signal: both };
  }
}

/** Brings a scene to life. Throws AppError when a port is taken; then nothing stays open. */
export async function startLaboratory(options: LaboratoryOptions): Promise<Laboratory> {
  const closers = new Closers();
  try {
    return await build(options, closers);
  } catch (thrown) {
    await closers.closeAll();
    throw thrown;
  }
}

async function build(options: LaboratoryOptions, closers: Closers): Promise<Laboratory> {
  const { scene, clock, logger, ciliumVersion, labDir } = options;
  const startMs = clock.monotonicMs();
  const bus = new LabEventBus();
  const faults = new FaultBoard(clock);
  const context: LabContext = { clock, logger, bus, faults, random: seededRandom(options.seed) };
  const servers = await openServers(options, context, closers);
  const serversMs = clock.monotonicMs();
  // Metrics listen before anything happens, so that every counter starts at the first event.
  const states = new Map(
    scene.clusters.map(({ name }) => [
      name,
      new LabStateView(name, ciliumVersion, scene.clusters.length),
    ]),
  );
  const { hubbleMetrics } = options;
  const stopPages = servePages(context, { states, scene, servers: servers.nodes, hubbleMetrics });
  closers.add(async () => stopPages());
  if (labDir !== undefined) {
    const log = new FlowLog(join(labDir, "flows.jsonl"), context);
    closers.add(() => log.close());
  }
  const hubble = await openHubble(options, context, servers.nodes);
  closers.add(() => hubble.close());
  const made = makeParts(context, options, { servers, states, closers });
  const proxiesMs = clock.monotonicMs();
  const stopTelling = tellProgress(bus, options.onProgress);
  await populate(made);
  stopTelling();
  for (const state of states.values()) state.startedMs = clock.nowMs();
  publishStart(context, made.clusters, {
    initAPI: (serversMs - startMs) / 1000,
    proxyStart: (proxiesMs - serversMs) / 1000,
    k8sInit: (clock.monotonicMs() - proxiesMs) / 1000,
    overall: (clock.monotonicMs() - startMs) / 1000,
  });
  const firstState = states.get(made.clusters.first.name);
  if (firstState === undefined) throw new RangeError("a scene needs a cluster");
  const laboratory = new Laboratory(made, firstState);
  laboratory.relays = hubble.relays;
  const work = made.clusters.list.flatMap((cluster): ClusterWork[] => {
    const [state, store] = [states.get(cluster.name), made.stores.get(cluster.name)];
    return state === undefined || store === undefined ? [] : [{ cluster, state, store }];
  });
  const stopWork = startWork(context, work, {
    pace: scene.pace,
    isQueued: !scene.isSimulated,
    ...made,
  });
  closers.add(async () => stopWork());
  if (options.hasTraffic) laboratory.startLife();
  return laboratory;
}

function tellProgress(bus: LabEventBus, onProgress: LaboratoryOptions["onProgress"]): () => void {
  if (onProgress === undefined) return () => {};
  let count = 0;
  let steps = 0;
  const step = (made: number) => (): void => {
    count += made;
    if (++steps % progressStep === 0) onProgress(count);
  };
  const stops = [bus.on("endpoint_created", step(1)), bus.on("endpoint_regenerated", step(0))];
  return () => {
    for (const stop of stops) stop();
  };
}

/** The gRPC servers of Hubble; they listen before the first flow. */
function openHubble(
  { scene, ciliumVersion, isEphemeral }: LaboratoryOptions,
  context: LabContext,
  servers: OpenedServers,
) {
  const nodes = scene.clusters.flatMap(({ name: clusterName, nodeNames }) =>
    nodeNames.map((nodeName) => {
      const host = servers.nodes[placeOf(scene, nodeName)]?.listeners.host ?? "127.0.0.1";
      return { clusterName, nodeName, host };
    }),
  );
  return startHubbleServers(context, { nodes, version: versionTexts[ciliumVersion], isEphemeral });
}

/** The servers that metrics are scraped from. */
async function openServers(
  options: LaboratoryOptions,
  { faults }: LabContext,
  closers: Closers,
): Promise<{ readonly nodes: OpenedServers; readonly mesh: readonly MeshServers[] }> {
  const { scene } = options;
  const plan = {
    addressBase: options.addressBase,
    isEphemeral: options.isEphemeral,
    operatorNodes: scene.clusters.flatMap(({ nodeNames }) => nodeNames.slice(0, 1)),
    isNodeDown: (nodeName: string) => faults.isNodeDown(nodeName),
  };
  const nodes = await openComponentServers(
    scene.clusters.flatMap(({ nodeNames }) => nodeNames),
    plan,
  );
  closers.add(() => nodes.close());
  const mesh: MeshServers[] = [];
  if (scene.clusters.length > 1) {
    for (const [index, { name }] of scene.clusters.entries()) {
      const opened = await openMeshServers(name, index, plan);
      closers.add(() => opened.close());
      mesh.push(opened);
    }
  }
  return { nodes, mesh };
}

function makeParts(
  context: LabContext,
  options: LaboratoryOptions,
  made: {
    readonly servers: { readonly nodes: OpenedServers; readonly mesh: readonly MeshServers[] };
    readonly states: ReadonlyMap<string, LabStateView>;
    readonly closers: Closers;
  },
): LaboratoryParts {
  const { scene, ciliumVersion, labDir } = options;
  const { servers, states, closers } = made;
  const { clock, bus, random, faults } = context;
  const stores = new Map(scene.clusters.map(({ name }) => [name, new ObjectStore(clock, bus)]));
  const listeners = servers.nodes.nodes.map((node) => node.listeners);
  const clusters = new ClusterSet(
    scene.clusters.map(({ name, nodeNames }, index) => {
      const nodes = nodeNames.map((nodeName) => {
        const found = listeners[placeOf(scene, nodeName)];
        return { name: nodeName, ...(found === undefined ? {} : { listeners: found }) };
      });
      return new Cluster(context, stores.get(name) ?? new ObjectStore(clock, bus), {
        name,
        index,
        nodes,
        hasIpv6: scene.hasIpv6,
        isSimulated: scene.isSimulated,
      });
    }),
  );
  const emitter = new FlowEmitter(context, clusters, versionTexts[ciliumVersion]);
  const httpProxy = new EnvoyProxy(context, emitter, proxyPorts.http);
  const dnsProxy = new AgentDnsProxy(context, emitter, proxyPorts.dns);
  emitter.namesOf = (client, address) => dnsProxy.namesOf(client, address);
  const datapath = new Datapath(context, { clusters, emitter, proxyPorts, httpProxy, dnsProxy });
  const prober = new HealthProber(context, clusters, datapath);
  const mesh = clusters.list.length > 1 ? new ClusterMesh(context, clusters) : undefined;
  for (const cluster of clusters.list) {
    states.get(cluster.name)?.attach({ cluster, datapath, dnsProxy, prober, faults, mesh });
    const store = stores.get(cluster.name);
    const nodeNames = cluster.nodes.map(({ name }) => name);
    if (store !== undefined) watchObjects(store, nodeNames, !scene.isSimulated);
  }
  if (mesh !== undefined) {
    const stopPages = serveMeshPages(context, clusters.list, servers.mesh, {
      version: ciliumVersion,
      clients: mesh,
    });
    closers.add(async () => stopPages());
    closers.add(async () => stopMesh());
  }
  const stopMesh = mesh?.start() ?? (() => {});
  const dns = scene.services.find(
    ({ namespace, name }) => namespace === "kube-system" && name === "kube-dns",
  );
  const resolver = new PodResolver(datapath, dns?.clusterAddress ?? dnsAddressDefault, random);
  const trafficResolver = new CachingResolver(resolver, clock, trafficNamesMs);
  const runner = new PodRunner(context, {
    scene,
    clusters,
    datapath,
    resolver: () => trafficResolver,
  });
  const workloads = new WorkloadSet(context, clusters, runner);
  const { nodes: opened, mesh: meshServers } = servers;
  return {
    context,
    scene,
    clusters,
    states,
    stores,
    servers: opened,
    meshServers,
    datapath,
    dnsProxy,
    prober,
    workloads,
    runner,
    resolver,
    trafficResolver,
    labDir,
    closers,
  };
}

function placeOf(scene: Scene, nodeName: string): number {
  return scene.clusters.flatMap(({ nodeNames }) => nodeNames).indexOf(nodeName);
}

/** Nodes, services, pods, policies, in the order in which a cluster has them. */
async function populate(parts: LaboratoryParts): Promise<void> {
  const { scene, clusters, prober, closers, runner, workloads, dnsProxy } = parts;
  for (const cluster of clusters.list) {
    const endSessions = cluster.onGone;
    cluster.onGone = (endpoint) => {
      endSessions(endpoint);
      dnsProxy.forget(endpoint);
    };
    await Promise.all(cluster.nodes.map((node) => cluster.addNodeEndpoints(node)));
  }
  const responder = await prober.startResponder();
  closers.add(() => closeServer(responder));
  closers.add(() => runner.close());
  await runner.startWorld();
  const named = (name: string): Cluster => clusters.named(name) ?? clusters.first;
  for (const { clusterName, name, labels } of scene.namespaces)
    named(clusterName).addNamespace(name, labels);
  for (const { clusterName, namespace } of scene.workloads) {
    const cluster = named(clusterName);
    if (!cluster.namespaces.has(namespace)) cluster.addNamespace(namespace);
  }
  for (const service of scene.services) named(service.clusterName).setService(service);
  // Policies of a large scene are compiled before its pods, so that each pod is built once.
  const isLarge = scene.isSimulated;
  if (isLarge) await applyPolicies(parts);
  await Promise.all(scene.workloads.map((workload) => workloads.apply(workload)));
  for (const cluster of clusters.list) cluster.publishEndpointSlices();
  if (!isLarge) await applyPolicies(parts);
}

async function applyPolicies({ scene, clusters }: LaboratoryParts): Promise<void> {
  for (const { text, file } of scene.policies)
    for (const cluster of clusters.list) await cluster.applyPolicies(text, file);
}

function publishStart(
  { bus, clock }: LabContext,
  clusters: ClusterSet,
  scopes: Readonly<Record<string, number>>,
): void {
  for (const { nodes } of clusters.list) {
    for (const { name: nodeName } of nodes)
      bus.publish({ kind: "agent_started", timeMs: clock.nowMs(), nodeName, scopes });
  }
}

function endpointUrlsOf({ clusters, meshServers }: LaboratoryParts): LabEndpointUrl[] {
  const isMesh = clusters.list.length > 1;
  return clusters.list.flatMap((cluster, index) => {
    const label = isMesh ? { cluster: cluster.name } : {};
    const [first] = cluster.nodes;
    const servers = meshServers[index];
    return [
      ...cluster.nodes.flatMap((node) => urlsOfNode(node, label)),
      ...(servers === undefined || first === undefined
        ? []
        : urlsOfMesh(cluster.name, servers, first)),
    ];
  });
}

/** What to close, last opened first. */
class Closers {
  readonly #list: (() => Promise<void>)[] = [];

  add(close: () => Promise<void>): void {
    this.#list.push(close);
  }

  async closeAll(): Promise<void> {
    for (const close of this.#list.splice(0).reverse()) await close();
  }
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

/** Checks a version given by a user. Throws AppError `usage`. */
export function checkCiliumVersion(text: string, known: readonly CiliumVersion[]): CiliumVersion {
  const version = known.find((candidate) => candidate === text);
  if (version === undefined) {
    throw new AppError(
      "usage",
      `cannot play Cilium ${JSON.stringify(text)}: known versions are ${known.join(", ")}`,
    );
  }
  return version;
}
