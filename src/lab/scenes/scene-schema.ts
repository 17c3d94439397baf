/**
 * Scenes as YAML: keys, defaults and checks (docs/laboratory.md tells each key). What names something
 * else of the scene is checked here too, so that a scene that loads can be played.
 */

import { isIPv4, isIPv6 } from "node:net";
import { z } from "zod";
import { ConfigError } from "../../base/errors.ts";
import { didYouMean } from "../../schema/did-you-mean.ts";
import { checkDocument, errorAt, formatPath, listOf, mapping } from "../../schema/mapping.ts";
import { booleanScalar, integerScalar, textMap, textScalar } from "../../schema/scalars.ts";
import {
  type DocumentPath,
  parseYamlDocument,
  type YamlDocument,
} from "../../schema/yaml-document.ts";
import {
  type PodProgram,
  plainWeb,
  type Scene,
  type SceneActivity,
  type SceneCluster,
  type SceneService,
  type SceneTraffic,
  type SceneWorkload,
} from "./scene.ts";
import { checkScene } from "./scene-checks.ts";

/** Loopback addresses of the nodes end with the node's number; the servers of a mesh come after. */
export const nodesMax = 200;
export const clustersMax = 4;
const replicasMax = 5000;
const portMax = 65_535;
/** Pods of a node's range 10.C.N.0/24, without the router and the health endpoint. */
const podsPerNodeMax = 250;
const perSecondMax = 100_000;
const namePattern = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

const nameText = textScalar.refine((text) => namePattern.test(text), {
  error: "want a Kubernetes name: lower-case letters, digits, - and .",
});
const numberText = (max: number, min = 0) =>
  textScalar.transform((text, context): number => {
    const value = Number(text);
    if (text !== "" && value >= min && value <= max) return value;
    context.addIssue({
      code: "custom",
      message: `want a number from ${min} to ${max}, have "${text}"`,
    });
    return z.NEVER;
  });
/** One of a few words; another one is answered with those and the nearest. */
const choiceText = <const Words extends readonly string[]>(words: Words) =>
  textScalar.transform((text, context): Words[number] => {
    const found = words.find((word) => word === text);
    if (found !== undefined) return found;
    const message = `want one of ${words.join(", ")}, have "${text}"${didYouMean(text, words)}`;
    context.addIssue({ code: "custom", message });
    return z.NEVER;
  });
const portNumber = integerScalar(1).refine((port) => port <= portMax, {
  error: `want a port from 1 to ${portMax}`,
});
const protocolText = choiceText(["TCP", "UDP"]);
const portMapping = mapping({
  name: textScalar.default(""),
  port: portNumber,
  protocol: protocolText.default("TCP"),
});
const programKinds = ["deathstar", "kube-dns", "idle", "echo", "web"] as const;
const programMapping = mapping({
  kind: choiceText(programKinds),
  latencyMs: numberText(60_000).default(2),
  latencySwing: numberText(1).default(0),
  swingSeconds: numberText(86_400, 1).default(120),
  errorShare: numberText(1).default(0),
  errorBurst: mapping({
    everySeconds: numberText(86_400, 1),
    seconds: numberText(86_400, 0.1),
    share: numberText(1),
  }).optional(),
  bodyBytes: numberText(10_000_000).default(64),
  calls: listOf(textScalar),
}).transform(
  ({ kind, errorBurst, ...web }): PodProgram =>
    kind === "web" ? { kind, ...web, errorBurst } : { kind },
);

const clusterMapping = mapping({
  name: nameText,
  nodes: z.union([integerScalar(1), listOf(nameText)], {
    error: "want a number of nodes, at least 1, or a list of their names",
  }),
});
const workloadMapping = mapping({
  name: nameText,
  namespace: nameText.default("default"),
  cluster: nameText.optional(),
  kind: choiceText(["Pod", "Deployment", "StatefulSet", "DaemonSet", "Job"]).default("Deployment"),
  replicas: integerScalar(0).optional(),
  nodes: listOf(nameText),
  pods: listOf(nameText),
  labels: textMap.default({}),
  program: programMapping.default({ kind: "idle" }),
  ports: listOf(portMapping),
  serviceAccount: nameText.default("default"),
  unmanaged: booleanScalar.default(false),
});
const serviceMapping = mapping({
  name: nameText,
  namespace: nameText.default("default"),
  cluster: nameText.optional(),
  address: textScalar.optional(),
  address6: textScalar.optional(),
  dualStack: booleanScalar.default(false),
  labels: textMap.default({}),
  selector: textMap.default({}),
  global: booleanScalar.default(false),
  ports: listOf(
    mapping({
      name: textScalar.default(""),
      port: portNumber,
      targetPort: textScalar.optional(),
      protocol: protocolText.default("TCP"),
    }),
  ),
});
const trafficMapping = mapping({
  from: textScalar,
  cluster: nameText.optional(),
  perSecond: numberText(perSecondMax),
  curl: listOf(textScalar),
  ping: textScalar.optional(),
  tcp: textScalar.optional(),
  udp: textScalar.optional(),
  bytes: integerScalar(0).default(200),
  websocket: textScalar.optional(),
  messages: integerScalar(1).default(3),
  simulated: textScalar.optional(),
});
const activityMapping = mapping({
  everySeconds: numberText(86_400, 0.1),
  cluster: nameText.optional(),
  scale: textScalar.optional(),
  replicas: listOf(integerScalar(0)),
  restart: textScalar.optional(),
  labelNode: textScalar.optional(),
  label: textScalar.default("ciliascope.io/maintenance"),
  toggle: textScalar.optional(),
  file: textScalar.default("toggled.yaml"),
});
const sceneMapping = mapping({
  name: nameText,
  description: textScalar.default(""),
  pace: choiceText(["quick", "real"]).default("quick"),
  simulated: booleanScalar.default(false),
  ipv6: booleanScalar.default(false),
  daySeconds: numberText(86_400, 1).default(90),
  clusters: listOf(clusterMapping),
  namespaces: listOf(
    mapping({ name: nameText, cluster: nameText.optional(), labels: textMap.default({}) }),
  ),
  workloads: listOf(workloadMapping),
  services: listOf(serviceMapping),
  world: listOf(
    mapping({
      name: nameText,
      address: textScalar,
      address6: textScalar.optional(),
      program: programMapping.default({ ...plainWeb, latencyMs: 20, calls: [] }),
      ports: listOf(portMapping),
    }),
  ),
  silentZones: listOf(nameText),
  policies: listOf(mapping({ file: textScalar, text: textScalar })),
  traffic: listOf(trafficMapping),
  activities: listOf(activityMapping),
});

type Raw = z.output<typeof sceneMapping>;

/** Reads a scene. Throws ConfigError with file, line, key and mend. */
export function parseScene(text: string, file: string): Scene {
  const document = parseYamlDocument(text, file);
  return new SceneReader(checkDocument(sceneMapping, document), document).read();
}

/** Turns checked YAML into a scene; every name must name something. */
class SceneReader {
  readonly #raw: Raw;
  readonly #document: YamlDocument;
  readonly #clusters: readonly SceneCluster[];

  constructor(raw: Raw, document: YamlDocument) {
    this.#raw = raw;
    this.#document = document;
    this.#clusters = this.#readClusters();
  }

  read(): Scene {
    const scene = this.#scene();
    checkScene(scene, (message, at, line) => this.#fail(message, at, line));
    return scene;
  }

  #scene(): Scene {
    const raw = this.#raw;
    const workloads = raw.workloads.map((one, index) => this.#workload(one, index));
    this.#checkRoom(workloads);
    return {
      name: raw.name,
      description: raw.description,
      pace: raw.pace,
      isSimulated: raw.simulated,
      hasIpv6: raw.ipv6,
      daySeconds: raw.daySeconds,
      clusters: this.#clusters,
      namespaces: raw.namespaces.map(({ name, cluster, labels }, index) => ({
        name,
        labels,
        clusterName: this.#cluster(cluster, ["namespaces", index, "cluster"]),
      })),
      workloads,
      services: raw.services.map((one, index) => this.#service(one, index)),
      world: raw.world.map((server, index) => {
        const at: DocumentPath = ["world", index];
        if (!isIPv4(server.address))
          this.#fail(`want an IPv4 address, have "${server.address}"`, [...at, "address"]);
        return { ...server, address6: this.#address6(server.address6, [...at, "address6"]) };
      }),
      silentZones: raw.silentZones,
      policies: raw.policies,
      traffic: raw.traffic.map((one, index) => this.#traffic(one, index, workloads)),
      activities: raw.activities.map((one, index) => this.#activity(one, index, workloads)),
    };
  }

  #readClusters(): readonly SceneCluster[] {
    const given = this.#raw.clusters;
    if (given.length === 0) this.#fail("a scene needs a cluster", ["clusters"]);
    if (given.length > clustersMax)
      this.#fail(`a scene has at most ${clustersMax} clusters`, ["clusters"]);
    const clusters = given.map(
      ({ name, nodes }): SceneCluster => ({
        name,
        nodeNames:
          typeof nodes === "number"
            ? Array.from(
                { length: nodes },
                (_, i) => `${name}-node-${String(i + 1).padStart(3, "0")}`,
              )
            : nodes,
      }),
    );
    const names = clusters.flatMap(({ nodeNames }) => nodeNames);
    for (const [index, { nodeNames }] of clusters.entries())
      if (nodeNames.length === 0)
        this.#fail("a cluster needs a node", ["clusters", index, "nodes"]);
    if (names.length > nodesMax)
      this.#fail(`a scene has at most ${nodesMax} nodes, not ${names.length}`, ["clusters"]);
    if (new Set(names).size < names.length)
      this.#fail("node names must differ, also between clusters", ["clusters"]);
    if (new Set(clusters.map(({ name }) => name)).size < clusters.length)
      this.#fail("cluster names must differ", ["clusters"]);
    return clusters;
  }

  #workload(raw: Raw["workloads"][number], index: number): SceneWorkload {
    const at: DocumentPath = ["workloads", index];
    const clusterName = this.#cluster(raw.cluster, [...at, "cluster"]);
    const all = this.#clusters.find(({ name }) => name === clusterName)?.nodeNames ?? [];
    for (const [place, node] of raw.nodes.entries())
      this.#known("node", node, all, [...at, "nodes", place]);
    const nodeNames = raw.nodes.length > 0 ? raw.nodes : all;
    const replicas =
      raw.replicas ?? (raw.kind === "DaemonSet" ? nodeNames.length : Math.max(1, raw.pods.length));
    if (replicas > replicasMax) this.#fail(`at most ${replicasMax} replicas`, [...at, "replicas"]);
    return {
      clusterName,
      namespace: raw.namespace,
      name: raw.name,
      kind: raw.kind,
      replicas,
      nodeNames,
      podNames: raw.pods,
      labels: raw.labels,
      program: raw.program,
      ports: raw.ports,
      serviceAccount: raw.serviceAccount,
      isUnmanaged: raw.unmanaged,
    };
  }

  #checkRoom(workloads: readonly SceneWorkload[]): void {
    const counts = new Map<string, number>();
    for (const [index, { replicas, nodeNames }] of workloads.entries()) {
      for (let i = 0; i < replicas; i++) {
        const node = nodeNames[i % nodeNames.length] ?? "";
        const count = (counts.get(node) ?? 0) + 1;
        counts.set(node, count);
        if (count > podsPerNodeMax)
          this.#fail(`node ${node} has no room for more than ${podsPerNodeMax} pods`, [
            "workloads",
            index,
          ]);
      }
    }
  }

  #service(raw: Raw["services"][number], index: number): SceneService {
    const at: DocumentPath = ["services", index];
    const address = raw.address ?? serviceAddress(index);
    if (!isIPv4(address)) this.#fail(`want an IPv4 address, have "${address}"`, [...at, "address"]);
    return {
      namespace: raw.namespace,
      name: raw.name,
      clusterName: this.#cluster(raw.cluster, [...at, "cluster"]),
      clusterAddress: address,
      clusterAddress6: this.#address6(
        raw.address6 ?? (raw.dualStack ? serviceAddress6(index) : undefined),
        [...at, raw.address6 === undefined ? "dualStack" : "address6"],
      ),
      labels: raw.labels,
      selector: raw.selector,
      isGlobal: raw.global,
      ports: raw.ports.map(({ name, port, targetPort, protocol }) => ({
        name,
        port,
        targetPort: targetOf(targetPort, port),
        protocol,
      })),
    };
  }

  #traffic(
    raw: Raw["traffic"][number],
    index: number,
    workloads: readonly SceneWorkload[],
  ): SceneTraffic {
    const at: DocumentPath = ["traffic", index];
    const clusterName = this.#cluster(raw.cluster, [...at, "cluster"]);
    this.#workloadIn(raw.from, clusterName, workloads, [...at, "from"]);
    return {
      from: raw.from,
      clusterName,
      perSecond: raw.perSecond,
      action: this.#action(raw, at, workloads),
    };
  }

  #action(
    raw: Raw["traffic"][number],
    at: DocumentPath,
    workloads: readonly SceneWorkload[],
  ): SceneTraffic["action"] {
    const { curl, ping, tcp, udp, websocket, simulated, bytes } = raw;
    const given = [curl.length > 0, ping, tcp, udp, websocket, simulated].filter(Boolean).length;
    if (given !== 1)
      this.#fail("want exactly one of curl, ping, tcp, udp, websocket, simulated", at);
    if (ping !== undefined) return { kind: "ping", host: ping };
    if (websocket !== undefined)
      return { kind: "websocket", url: websocket, messages: raw.messages };
    if (tcp !== undefined) return { kind: "tcp", bytes, ...this.#hostPort(tcp, [...at, "tcp"]) };
    if (udp !== undefined) return { kind: "udp", bytes, ...this.#hostPort(udp, [...at, "udp"]) };
    if (simulated !== undefined) {
      const { host, port } = this.#hostPort(simulated, [...at, "simulated"]);
      const known = workloads.map(({ namespace, name }) => `${namespace}/${name}`);
      this.#known("workload", host, known, [...at, "simulated"]);
      return { kind: "simulated", to: host, port, bytes };
    }
    return { kind: "curl", args: curl };
  }

  #activity(
    raw: Raw["activities"][number],
    index: number,
    workloads: readonly SceneWorkload[],
  ): SceneActivity {
    const at: DocumentPath = ["activities", index];
    const clusterName = this.#cluster(raw.cluster, [...at, "cluster"]);
    const head = { everySeconds: raw.everySeconds, clusterName };
    const given = [raw.scale, raw.restart, raw.labelNode, raw.toggle];
    if (given.filter((one) => one !== undefined).length !== 1)
      this.#fail("want exactly one of scale, restart, labelNode, toggle", at);
    if (raw.scale !== undefined) {
      this.#workloadIn(raw.scale, clusterName, workloads, [...at, "scale"]);
      if (raw.replicas.length < 2) this.#fail("want two numbers or more", [...at, "replicas"]);
      if (raw.replicas.some((count) => count > replicasMax))
        this.#fail(`at most ${replicasMax} replicas`, [...at, "replicas"]);
      return { ...head, change: { kind: "scale", workload: raw.scale, replicas: raw.replicas } };
    }
    if (raw.restart !== undefined) {
      this.#workloadIn(raw.restart, clusterName, workloads, [...at, "restart"]);
      return { ...head, change: { kind: "restart", workload: raw.restart } };
    }
    if (raw.labelNode !== undefined) {
      const nodes = this.#clusters.find(({ name }) => name === clusterName)?.nodeNames ?? [];
      this.#known("node", raw.labelNode, nodes, [...at, "labelNode"]);
      return { ...head, change: { kind: "label-node", node: raw.labelNode, label: raw.label } };
    }
    return { ...head, change: { kind: "toggle", file: raw.file, text: raw.toggle ?? "" } };
  }

  /** An IPv6 address in its one spelling. */
  #address6(text: string | undefined, at: DocumentPath): string | undefined {
    if (text === undefined) return undefined;
    if (!isIPv6(text)) this.#fail(`want an IPv6 address, have "${text}"`, at);
    if (!this.#raw.ipv6) this.#fail("want `ipv6: true` in the scene, for IPv6 addresses", at);
    return new URL(`http://[${text}]/`).hostname.slice(1, -1);
  }

  #hostPort(text: string, at: DocumentPath): { host: string; port: number } {
    const [, host = "", port = ""] = /^(.+):(\d+)$/.exec(text) ?? [];
    if (host === "" || Number(port) < 1 || Number(port) > 65_535)
      this.#fail(`want HOST:PORT, have "${text}"`, at);
    return { host, port: Number(port) };
  }

  #workloadIn(
    text: string,
    clusterName: string,
    workloads: readonly SceneWorkload[],
    at: DocumentPath,
  ): void {
    const known = workloads
      .filter((one) => one.clusterName === clusterName)
      .map(({ namespace, name }) => `${namespace}/${name}`);
    this.#known("workload", text, known, at);
  }

  #cluster(name: string | undefined, at: DocumentPath): string {
    const names = this.#clusters.map((cluster) => cluster.name);
    if (name === undefined) return names[0] ?? "";
    this.#known("cluster", name, names, at);
    return name;
  }

  #known(what: string, name: string, names: readonly string[], at: DocumentPath): void {
    if (names.includes(name)) return;
    this.#fail(`there is no ${what} "${name}" in the scene${didYouMean(name, names)}`, at);
  }

  /** `lineWithin`: a line of the text at that place, which begins on the line after its key. */
  #fail(message: string, at: DocumentPath, lineWithin?: number): never {
    if (lineWithin === undefined) throw errorAt(message, at, this.#document);
    const { file } = this.#document;
    const line = this.#document.lineOfKey(at) + lineWithin;
    throw new ConfigError(message, { file, path: formatPath(at), line });
  }
}

/** A port is its own target; digits are a number, anything else the name of a container port. */
export function targetOf(targetPort: string | undefined, port: number): number | string {
  if (targetPort === undefined) return port;
  return /^\d+$/.test(targetPort) ? Number(targetPort) : targetPort;
}

/** 10.96.1.1 and on, for services that name no address. */
export function serviceAddress(index: number): string {
  return `10.96.${1 + Math.floor(index / 250)}.${1 + (index % 250)}`;
}

/** fd00:10:96::1 and on, for dual-stack services that name no address. */
export function serviceAddress6(index: number): string {
  return `fd00:10:96::${(index + 1).toString(16)}`;
}
