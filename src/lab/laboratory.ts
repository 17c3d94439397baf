/**
 * The laboratory in this process: brings a scene to life (servers, cluster, pods, policies, probes,
 * traffic), runs commands in pods, and ends it all. lab-process.ts runs one in a child of its own.
 */

import type { Socket } from "node:dgram";
import type { Server } from "node:http";
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { AppError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { versionTexts } from "./cilium-metrics/control-metrics.ts";
import { createNodePages } from "./cilium-metrics/node-pages.ts";
import { Cluster } from "./cluster/cluster.ts";
import type { Endpoint } from "./cluster/endpoint.ts";
import { type OpenedServers, openComponentServers } from "./component-servers.ts";
import { AgentApi } from "./controllers/agent-api.ts";
import { ControllerSet } from "./controllers/controller.ts";
import { startNodeControllers } from "./controllers/node-controllers.ts";
import { ObjectStore } from "./controllers/object-store.ts";
import { startOperatorControllers } from "./controllers/operator-controllers.ts";
import { type CurlIo, runCurl } from "./curl/curl.ts";
import { Datapath } from "./datapath/datapath.ts";
import { LabEventBus } from "./events.ts";
import { FlowEmitter } from "./flow-emitter.ts";
import { FlowLog } from "./flow-log.ts";
import { HealthProber } from "./health-prober.ts";
import type { LabContext } from "./lab-context.ts";
import type { CiliumVersion, LabState } from "./lab-state.ts";
import { LabStateView } from "./lab-state-view.ts";
import { startDeathstar } from "./pods/deathstar.ts";
import { startKubeDns } from "./pods/kube-dns.ts";
import { CachingResolver, type HostResolver, PodResolver } from "./pods/resolver.ts";
import { AgentDnsProxy } from "./proxy/dns-proxy.ts";
import { EnvoyProxy } from "./proxy/http-proxy.ts";
import { seededRandom } from "./random.ts";
import type { Scene, ScenePod } from "./scenes/scene.ts";
import { startTraffic } from "./traffic/star-wars-traffic.ts";

/** Ports of the proxies' listeners, as flows show them; nothing listens there outside the datapath. */
const proxyPorts = { http: 16_555, dns: 34_567 } as const;
/** Commands that may run in pods at once, traffic included. */
const execsMax = 200;
/** The traffic's programs remember names this long. */
const trafficNamesMs = 5000;

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
  readonly hasTraffic: boolean;
  /** DIR/lab: flows.jsonl and the pods' disks; undefined = neither. */
  readonly labDir: string | undefined;
}

/** A page to scrape. */
export interface LabEndpointUrl {
  /** "agent kind-worker". */
  readonly name: string;
  readonly url: string;
  /** As a scrape job: cilium-agent, cilium-operator, hubble. */
  readonly job: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** A command to run in a pod. */
export interface ExecRequest {
  readonly namespace: string;
  readonly pod: string;
  readonly command: readonly string[];
  /** Remembers names, as a long-running program does. */
  readonly isTraffic?: boolean;
}

/** A running laboratory. */
export class Laboratory {
  readonly context: LabContext;
  readonly state: LabState;
  readonly cluster: Cluster;
  readonly notes: readonly string[];
  readonly endpointUrls: readonly LabEndpointUrl[];
  readonly #datapath: Datapath;
  readonly #resolver: HostResolver;
  readonly #trafficResolver: HostResolver;
  readonly #labDir: string | undefined;
  readonly #closers: Closers;
  readonly #execs = new AbortController();
  #execCount = 0;

  constructor(made: {
    context: LabContext;
    state: LabState;
    cluster: Cluster;
    servers: OpenedServers;
    datapath: Datapath;
    resolver: PodResolver;
    labDir: string | undefined;
    closers: Closers;
  }) {
    this.context = made.context;
    this.state = made.state;
    this.cluster = made.cluster;
    this.notes = made.servers.notes;
    this.#datapath = made.datapath;
    this.#resolver = made.resolver;
    this.#trafficResolver = new CachingResolver(made.resolver, made.context.clock, trafficNamesMs);
    this.#labDir = made.labDir;
    this.#closers = made.closers;
    this.endpointUrls = this.cluster.nodes.flatMap(urlsOf);
  }

  /** Runs a command in a pod; resolves to its exit code. Pods have curl and nothing else. */
  async exec(
    request: ExecRequest,
    output: Omit<CurlIo, "podDir">,
    signal: AbortSignal,
  ): Promise<number> {
    const { namespace, pod, command } = request;
    const endpoint = this.cluster.findPod(namespace, pod);
    if (endpoint === undefined) {
      output.stderr(
        `Error from server (NotFound): pods "${pod}" not found in namespace "${namespace}"\n`,
      );
      return 1;
    }
    const [program = "", ...args] = command;
    if (program !== "curl") {
      output.stderr(
        `exec: "${program}": executable file not found in $PATH: the laboratory's pods have curl only\n`,
      );
      return 126;
    }
    if (this.#execCount >= execsMax) {
      output.stderr(
        `cannot run curl: ${execsMax} commands are running already; wait for some to end\n`,
      );
      return 126;
    }
    this.#execCount++;
    try {
      const podDir =
        this.#labDir === undefined ? undefined : join(this.#labDir, "pods", namespace, pod);
      return await runCurl(args, this.#surroundings(endpoint, signal, request.isTraffic === true), {
        ...output,
        podDir,
      });
    } finally {
      this.#execCount--;
    }
  }

  /** Ends everything: no socket, timer or file stays open. */
  async stop(): Promise<void> {
    this.#execs.abort();
    await this.#closers.closeAll();
  }

  #surroundings(pod: Endpoint, signal: AbortSignal, isTraffic: boolean) {
    const { clock } = this.context;
    const both = AbortSignal.any([signal, this.#execs.signal]);
    const resolver = isTraffic ? this.#trafficResolver : this.#resolver;
    return { pod, datapath: this.#datapath, resolver, clock, signal: both };
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
  const context: LabContext = { clock, logger, bus, random: seededRandom(options.seed) };
  const servers = await openComponentServers(scene.nodeNames, options);
  closers.add(() => servers.close());
  const serversMs = clock.monotonicMs();
  // Metrics listen before anything happens, so that every counter starts at the first event.
  const state = new LabStateView(scene.clusterName, ciliumVersion);
  servePages(context, { state, scene, servers, closers });
  if (labDir !== undefined) {
    const log = new FlowLog(join(labDir, "flows.jsonl"), bus, logger);
    closers.add(() => log.close());
  }
  const store = new ObjectStore(clock, bus);
  const cluster = new Cluster(
    context,
    store,
    scene,
    servers.nodes.map((node) => node.listeners),
  );
  const emitter = new FlowEmitter(context, cluster, versionTexts[ciliumVersion]);
  const httpProxy = new EnvoyProxy(context, emitter, proxyPorts.http);
  const dnsProxy = new AgentDnsProxy(context, emitter, proxyPorts.dns);
  const datapath = new Datapath(context, { cluster, emitter, proxyPorts, httpProxy, dnsProxy });
  const prober = new HealthProber(context, cluster, datapath);
  state.attach({ cluster, datapath, dnsProxy, prober });
  watchObjects(store, cluster);
  const proxiesMs = clock.monotonicMs();
  await populate(options, { cluster, datapath, prober, closers });
  state.startedMs = clock.nowMs();
  publishStart(context, cluster, {
    initAPI: (serversMs - startMs) / 1000,
    proxyStart: (proxiesMs - serversMs) / 1000,
    k8sInit: (clock.monotonicMs() - proxiesMs) / 1000,
    overall: (clock.monotonicMs() - startMs) / 1000,
  });
  const dns = scene.services.find(
    ({ namespace, name }) => namespace === "kube-system" && name === "kube-dns",
  );
  const resolver = new PodResolver(datapath, dns?.clusterAddress ?? "10.96.0.10", context.random);
  const laboratory = new Laboratory({
    context,
    state,
    cluster,
    servers,
    datapath,
    resolver,
    labDir,
    closers,
  });
  const stopWork = startWork(context, { state, store, cluster, datapath, prober, dnsProxy });
  closers.add(async () => stopWork());
  if (options.hasTraffic) {
    const silent = { stdout: () => {}, stderr: () => {} };
    const stopTraffic = startTraffic(context, (pod, args, signal) =>
      laboratory.exec(
        { namespace: "default", pod, command: ["curl", ...args], isTraffic: true },
        silent,
        signal,
      ),
    );
    closers.add(async () => stopTraffic());
  }
  return laboratory;
}

function servePages(
  context: LabContext,
  made: { state: LabStateView; scene: Scene; servers: OpenedServers; closers: Closers },
): void {
  const { bus: events, clock, logger } = context;
  const { state, scene, servers, closers } = made;
  for (const [index, server] of servers.nodes.entries()) {
    const node = { name: scene.nodeNames[index] ?? "", isOperatorNode: index === 0 };
    const pages = createNodePages({
      state,
      events,
      node,
      version: state.ciliumVersion,
      clock,
      logger,
    });
    for (const component of ["agent", "envoy", "hubble", "operator"] as const) {
      const page = pages[component];
      if (page !== undefined) server.setPage(component, page);
    }
    closers.add(async () => pages.close());
  }
}

/** What every agent hears of through Kubernetes; nodes and endpoints it watches by itself. */
function watchObjects(store: ObjectStore, cluster: Cluster): void {
  for (const { name: nodeName } of cluster.nodes) {
    store.watch({
      client: { receiver: "agent", nodeName },
      scopes: ["Pod", "Service", "Endpoint", "CiliumNetworkPolicy", "Namespace"],
      isWatched: ({ scope, spec }) =>
        scope !== "Pod" || (spec as { nodeName?: string }).nodeName === nodeName,
    });
  }
}

/** The periodic work of agents and operator; returns how to stop it. */
function startWork(
  context: LabContext,
  parts: {
    state: LabStateView;
    store: ObjectStore;
    cluster: Cluster;
    datapath: Datapath;
    prober: HealthProber;
    dnsProxy: AgentDnsProxy;
  },
): () => void {
  const { clock, bus } = context;
  const { state, store, cluster, datapath, prober, dnsProxy } = parts;
  const controllers = new ControllerSet(context);
  for (const { name: nodeName, isOperatorNode } of cluster.nodes) {
    startNodeControllers({
      nodeName,
      state,
      bus,
      clock,
      store,
      controllers,
      api: new AgentApi({ state, nodeName, clock, bus }),
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
  return () => controllers.close();
}

/** Nodes, services, pods, policies, in the order in which a cluster has them. */
async function populate(
  { scene, clock }: LaboratoryOptions,
  parts: { cluster: Cluster; datapath: Datapath; prober: HealthProber; closers: Closers },
): Promise<void> {
  const { cluster, datapath, prober, closers } = parts;
  await Promise.all(cluster.nodes.map((node) => cluster.addNodeEndpoints(node)));
  const responder = await prober.startResponder();
  closers.add(() => closeServer(responder));
  for (const name of new Set(scene.pods.map(({ namespace }) => namespace)))
    cluster.addNamespace(name);
  for (const service of scene.services) cluster.addService(service);
  await Promise.all(
    scene.pods.map(async (pod) => {
      const endpoint = await cluster.addPod(pod);
      const port = await startProgram(pod, cluster, clock, closers);
      if (port === undefined) return;
      for (const { protocol, port: podPort } of pod.ports)
        datapath.bind(protocol, endpoint.facts.address, podPort, port);
    }),
  );
  cluster.publishEndpointSlices();
  for (const { text, file } of scene.policies) await cluster.applyPolicies(text, file);
}

async function startProgram(
  pod: ScenePod,
  cluster: Cluster,
  clock: Clock,
  closers: Closers,
): Promise<number | undefined> {
  switch (pod.program) {
    case "idle":
      return undefined;
    case "deathstar": {
      const server = await startDeathstar(pod.name, clock);
      closers.add(() => closeServer(server));
      const address = server.address();
      return typeof address === "object" && address !== null ? address.port : undefined;
    }
    case "kube-dns": {
      const socket = await startKubeDns(() => cluster.services);
      closers.add(() => closeSocket(socket));
      return socket.address().port;
    }
  }
}

function publishStart(
  { bus, clock }: LabContext,
  cluster: Cluster,
  scopes: Readonly<Record<string, number>>,
): void {
  for (const { name: nodeName } of cluster.nodes) {
    bus.publish({ kind: "agent_started", timeMs: clock.nowMs(), nodeName, scopes });
  }
}

function urlsOf(node: Cluster["nodes"][number]): LabEndpointUrl[] {
  const { host, agentPort, operatorPort, envoyPort, hubblePort } = node.listeners;
  const labels = { namespace: "kube-system", node: node.name };
  const url = (port: number): string => `http://${host}:${port}/metrics`;
  const agent = { ...labels, pod: node.agentPod };
  const suffix = node.agentPod.slice("cilium-".length);
  return [
    {
      name: `agent ${node.name}`,
      url: url(agentPort),
      job: "cilium-agent",
      labels: { ...agent, k8s_app: "cilium" },
    },
    {
      name: `hubble ${node.name}`,
      url: url(hubblePort),
      job: "hubble",
      labels: { ...agent, k8s_app: "hubble" },
    },
    {
      name: `envoy ${node.name}`,
      url: url(envoyPort),
      job: "cilium-envoy",
      labels: { ...labels, pod: `cilium-envoy-${suffix}`, k8s_app: "cilium-envoy" },
    },
    ...(operatorPort === undefined
      ? []
      : [
          {
            name: `operator ${node.name}`,
            url: url(operatorPort),
            job: "cilium-operator",
            labels: {
              ...labels,
              pod: `cilium-operator-${suffix}`,
              io_cilium_app: "operator",
              name: "cilium-operator",
            },
          },
        ]),
  ];
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

function closeSocket(socket: Socket): Promise<void> {
  return new Promise((resolve) => {
    socket.close(() => resolve());
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
