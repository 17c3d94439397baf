/**
 * Least-privilege CiliumNetworkPolicies from recorded traffic: one per workload, a rule per peer and
 * port, evidence in comments; one cluster-wide policy for all endpoints that had no labels yet, since a
 * namespaced one cannot select them. Only flows that passed count. What comes out is YAML for a person to
 * read first; the caller checks it with a replay of the same flows.
 */

import type { PolicyDirection } from "../document/policy-document.ts";
import {
  clusterLabelKey,
  namespaceLabelKey,
  parseIdentityLabel,
} from "../selector/label-selector.ts";
import type { Connection, ConnectionEnd, FlowTally } from "./flow-tally.ts";

/** What is proposed. */
export interface ProposalOptions {
  readonly directions: readonly PolicyDirection[];
  /** HTTP and DNS rules from the requests seen; else ports only. */
  readonly hasL7: boolean;
  /** Only policies of this namespace, and cluster-wide ones that its traffic needs; undefined = all. */
  readonly namespace?: string | undefined;
}

/** One policy. */
export interface PolicyProposal {
  /** "" for the cluster-wide one of endpoints without labels. */
  readonly namespace: string;
  readonly name: string;
  readonly yaml: string;
  readonly flowCount: number;
}

/** Paths and names of one rule beyond this are replaced by one that allows all. */
const requestsMax = 50;
/** Addresses without names beyond this become the entity world. */
const addressesMax = 32;
/** Endpoints whose own labels are not known yet. */
const initLabel = "reserved:init";
/** Labels that name an application, in order of preference; the first that is there is used with its fellows. */
const appLabelSets: readonly (readonly string[])[] = [
  ["app.kubernetes.io/name", "app.kubernetes.io/component", "app.kubernetes.io/instance"],
  ["k8s-app"],
  ["app", "component"],
  ["name"],
];

/** Proposes a policy for each workload that the flows show. Sorted by namespace and name. */
export function proposePolicies(tally: FlowTally, options: ProposalOptions): PolicyProposal[] {
  const subjects = new Map<string, Subject>();
  for (const connection of tally.connections) {
    if (connection.forwardedCount === 0) continue;
    for (const direction of options.directions) {
      const end = direction === "ingress" ? connection.destination : connection.source;
      // Seen from the peer's side, the flow tells as much about this side: it passed.
      if (end.namespace === undefined && !isInit(end)) continue;
      // Labels of such an endpoint are not its own yet: all share one policy.
      const key = isInit(end) ? initLabel : `${end.namespace}/${selectorText(end)}`;
      let subject = subjects.get(key);
      if (subject === undefined) {
        subject = { end, connections: { ingress: [], egress: [] } };
        subjects.set(key, subject);
      }
      subject.connections[direction].push(connection);
    }
  }
  return [...subjects.values()]
    .filter((subject) => options.namespace === undefined || concerns(subject, options.namespace))
    .map((subject) => proposalOf(subject, options))
    .sort((a, b) =>
      a.namespace === b.namespace ? (a.name < b.name ? -1 : 1) : a.namespace < b.namespace ? -1 : 1,
    );
}

/** Endpoints without labels concern each namespace that they are in or talk with. */
function concerns({ end, connections }: Subject, namespace: string): boolean {
  if (!isInit(end)) return end.namespace === namespace;
  return [...connections.ingress, ...connections.egress].some(({ source, destination }) =>
    [source, destination].some(
      (one) => one.namespace === namespace || one.name.startsWith(`${namespace}/`),
    ),
  );
}

interface Subject {
  readonly end: ConnectionEnd;
  readonly connections: Record<PolicyDirection, Connection[]>;
}

function proposalOf({ end, connections }: Subject, options: ProposalOptions): PolicyProposal {
  if (isInit(end)) return initProposal(connections, options);
  const namespace = end.namespace ?? "default";
  const name = `${(end.name.split("/").at(-1) ?? "workload").toLowerCase().replaceAll(/[^a-z0-9.-]/g, "-")}-observed`;
  const all = [...connections.ingress, ...connections.egress];
  const lines = [
    `# Proposed from ${evidence(all)}`,
    "apiVersion: cilium.io/v2",
    "kind: CiliumNetworkPolicy",
    "metadata:",
    `  name: ${name}`,
    `  namespace: ${yamlText(namespace)}`,
    "spec:",
    "  endpointSelector:",
    ...matchLabelLines(appLabels(end), "    "),
  ];
  lines.push(...directionLines(connections, options));
  return { namespace, name, yaml: `${lines.join("\n")}\n`, flowCount: flowCountOf(all) };
}

/**
 * Until its labels are known an endpoint is `reserved:init`, and closed whether a policy selects it or
 * not. It has no namespace, so that a CiliumNetworkPolicy selects none of them (and is refused).
 */
function initProposal(
  connections: Subject["connections"],
  options: ProposalOptions,
): PolicyProposal {
  const all = [...connections.ingress, ...connections.egress];
  const name = "init-observed";
  const lines = [
    `# Proposed from ${evidence(all)}`,
    "# of endpoints whose labels were not known yet (reserved:init). They are of every namespace, so the",
    "# policy is cluster-wide. It selects an endpoint only until it has labels: none may be there now.",
    "# Without such a policy Cilium refuses them everything meanwhile.",
    "apiVersion: cilium.io/v2",
    "kind: CiliumClusterwideNetworkPolicy",
    "metadata:",
    `  name: ${name}`,
    "spec:",
    "  endpointSelector:",
    "    matchLabels:",
    `      "${initLabel}": ""`,
    ...directionLines(connections, options),
  ];
  return { namespace: "", name, yaml: `${lines.join("\n")}\n`, flowCount: flowCountOf(all) };
}

function isInit({ endpoint }: ConnectionEnd): boolean {
  return endpoint.labels.includes(initLabel);
}

function directionLines(connections: Subject["connections"], options: ProposalOptions): string[] {
  return options.directions.flatMap((direction) =>
    connections[direction].length === 0
      ? []
      : [`  ${direction}:`, ...ruleLines(connections[direction], direction, options.hasL7)],
  );
}

function flowCountOf(connections: readonly Connection[]): number {
  return connections.reduce((sum, { forwardedCount }) => sum + forwardedCount, 0);
}

/** "12 flows, 2026-01-15T10:00:00Z to 2026-01-15T11:00:00Z". */
function evidence(connections: readonly Connection[]): string {
  const count = flowCountOf(connections);
  const times = connections.flatMap(({ firstTime, lastTime }) => [firstTime, lastTime]);
  const known = times.filter((time) => time !== "").sort();
  const span = known.length === 0 ? "" : `, ${known[0]} to ${known.at(-1)}`;
  return `${count} flow${count === 1 ? "" : "s"}${span}`;
}

/** Labels that tell the workload apart: an application's name, or else every label that is not the system's. */
function appLabels({ endpoint }: ConnectionEnd): [string, string][] {
  const labels = new Map<string, string>();
  for (const text of endpoint.labels) {
    const { source, key, value } = parseIdentityLabel(text);
    if (source === "k8s" && !/^io\.(cilium|kubernetes)/.test(key)) labels.set(key, value);
  }
  for (const set of appLabelSets) {
    if (!labels.has(set[0] ?? "")) continue;
    return set.flatMap((key): [string, string][] => {
      const value = labels.get(key);
      return value === undefined ? [] : [[key, value]];
    });
  }
  return [...labels].sort(([a], [b]) => (a < b ? -1 : 1));
}

function selectorText(end: ConnectionEnd): string {
  return appLabels(end)
    .map(([key, value]) => `${key}=${value}`)
    .join(",");
}

function matchLabelLines(labels: readonly [string, string][], indent: string): string[] {
  if (labels.length === 0) return [`${indent}matchLabels: {}`];
  return [
    `${indent}matchLabels:`,
    ...labels.map(([key, value]) => `${indent}  ${yamlText(key)}: ${yamlText(value, true)}`),
  ];
}

/** One rule per kind of peer: peers that use the same ports share it not, so that each has its evidence. */
function ruleLines(
  connections: readonly Connection[],
  direction: PolicyDirection,
  hasL7: boolean,
): string[] {
  const byPeer = new Map<string, Connection[]>();
  const bareAddresses = new Set<string>();
  for (const connection of connections) {
    const { endpoint } = peerOf(connection, direction);
    if (isBareAddress(endpoint)) bareAddresses.add(endpoint.address ?? "");
  }
  const foldsAddresses = direction === "ingress" || bareAddresses.size > addressesMax;
  for (const connection of connections) {
    const peer = peerLines(connection, direction, foldsAddresses).join("\n");
    // ICMP and ports cannot stand in one rule.
    const key = connection.protocol.startsWith("ICMP") ? `${peer}\n    icmps:` : peer;
    const list = byPeer.get(key);
    if (list === undefined) byPeer.set(key, [connection]);
    else list.push(connection);
  }
  const needsDns =
    direction === "egress" && [...byPeer.keys()].some((key) => key.includes("toFQDNs"));
  return [...byPeer].flatMap(([key, list]) => {
    const names = [...new Set(list.map((one) => peerOf(one, direction).name))].sort();
    return [
      `  # ${names.slice(0, 3).join(", ")}${names.length > 3 ? ", …" : ""}: ${evidence(list)}`,
      ...key.split("\n"),
      ...portLines(list, { hasL7, needsDns, isEgress: direction === "egress" }),
    ];
  });
}

function peerOf(connection: Connection, direction: PolicyDirection): ConnectionEnd {
  return direction === "ingress" ? connection.source : connection.destination;
}

function isBareAddress(endpoint: ConnectionEnd["endpoint"]): boolean {
  return endpoint.address !== undefined && (endpoint.names ?? []).length === 0;
}

function peerLines(
  connection: Connection,
  direction: PolicyDirection,
  foldsAddresses: boolean,
): string[] {
  const end = peerOf(connection, direction);
  const { endpoint } = end;
  const side = direction === "ingress" ? "from" : "to";
  const entity = (name: string) => [`  - ${side}Entities:`, `    - ${name}`];
  if (endpoint.address !== undefined) {
    const name = endpoint.names?.[0];
    if (direction === "egress" && name !== undefined) {
      return ["  - toFQDNs:", `    - matchName: ${yamlText(name.replace(/\.$/, ""))}`];
    }
    if (foldsAddresses) return entity("world");
    const bits = endpoint.address.includes(":") ? 128 : 32;
    return [`  - ${side}CIDR:`, `    - ${yamlText(`${endpoint.address}/${bits}`)}`];
  }
  const reserved = endpoint.labels.find((label) => label.startsWith("reserved:"));
  if (end.namespace === undefined) {
    return entity(reserved?.slice("reserved:".length).replace(/^unknown$/, "all") ?? "all");
  }
  const own = (direction === "ingress" ? connection.destination : connection.source).namespace;
  const labels = appLabels(end);
  // The namespace is named even where it is the policy's own: people copy rules.
  labels.push([`k8s:${namespaceLabelKey}`, end.namespace]);
  const cluster = clusterOf(end);
  if (
    cluster !== undefined &&
    cluster !== clusterOf(own === undefined ? end : connection.destination)
  ) {
    labels.push([`k8s:${clusterLabelKey}`, cluster]);
  }
  const [first = "", ...rest] = matchLabelLines(labels, "      ");
  return [`  - ${side}Endpoints:`, `    - ${first.trimStart()}`, ...rest];
}

function clusterOf({ endpoint }: ConnectionEnd): string | undefined {
  const prefix = `k8s:${clusterLabelKey}=`;
  return endpoint.labels.find((label) => label.startsWith(prefix))?.slice(prefix.length);
}

function portLines(
  connections: readonly Connection[],
  { hasL7, needsDns, isEgress }: { hasL7: boolean; needsDns: boolean; isEgress: boolean },
): string[] {
  if (connections[0]?.protocol.startsWith("ICMP")) return icmpLines(connections);
  const byPort = new Map<string, Connection[]>();
  for (const connection of connections) {
    const key = `${connection.port}/${connection.protocol}`;
    byPort.set(key, [...(byPort.get(key) ?? []), connection]);
  }
  const lines = ["    toPorts:"];
  for (const [key, list] of [...byPort].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const [port, protocol = "TCP"] = key.split("/");
    lines.push("    - ports:", `      - port: "${port}"`, `        protocol: ${protocol}`);
    if (hasL7) lines.push(...httpLines(list, protocol));
    // DNS rules exist on egress only.
    const isDns = isEgress && port === "53";
    if (hasL7 || needsDns) lines.push(...dnsLines(list, isDns, needsDns));
  }
  return lines;
}

function icmpLines(connections: readonly Connection[]): string[] {
  const fields = new Map<string, string>();
  for (const { protocol, port } of connections) {
    const family = protocol === "ICMP" ? "IPv4" : "IPv6";
    fields.set(`${family}/${port}`, `      - type: ${port}\n        family: ${family}`);
  }
  return ["    - fields:", ...fields.values()];
}

function httpLines(connections: readonly Connection[], protocol: string): string[] {
  const rules = new Map<string, { method: string; path: string; flowCount: number }>();
  for (const { request, forwardedCount } of connections) {
    if (request?.parser !== "http") continue;
    const path = pathPattern(request.http.path);
    const key = `${request.http.method} ${path}`;
    const rule = rules.get(key) ?? { method: request.http.method, path, flowCount: 0 };
    rule.flowCount += forwardedCount;
    rules.set(key, rule);
  }
  if (rules.size === 0 || protocol !== "TCP") return [];
  const lines = ["      rules:", "        http:"];
  if (rules.size > requestsMax) {
    return [
      ...lines,
      `        # ${rules.size} different requests were seen: too many to list`,
      "        - {}",
    ];
  }
  for (const { method, path, flowCount } of rules.values()) {
    lines.push(
      `        # ${flowCount} requests`,
      `        - method: ${yamlText(method)}`,
      `          path: ${yamlText(path)}`,
    );
  }
  return lines;
}

/** The path as an expression that matches it: identifiers become classes, the query any. */
function pathPattern(path: string): string {
  const [plain = "/", ...query] = path.split("?");
  const segments = plain.split("/").map((segment) => {
    if (/^\d+$/.test(segment)) return "[0-9]+";
    if (/^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(segment)) return "[0-9a-fA-F-]{36}";
    return segment.replaceAll(/[\\^$.|?*+()[\]{}]/g, "\\$&");
  });
  return `${segments.join("/")}${query.length === 0 ? "" : "\\?.*"}`;
}

function dnsLines(
  connections: readonly Connection[],
  isDnsPort: boolean,
  needsDns: boolean,
): string[] {
  const names = new Set<string>();
  for (const { request } of connections) {
    if (request?.parser === "dns") names.add(request.name.replace(/\.$/, "").toLowerCase());
  }
  if (!isDnsPort || (names.size === 0 && !needsDns)) return [];
  const lines = ["      rules:", "        dns:"];
  if (names.size === 0 || names.size > requestsMax)
    return [...lines, '        - matchPattern: "*"'];
  return [...lines, ...[...names].sort().map((name) => `        - matchName: ${yamlText(name)}`)];
}

/** Plain where YAML reads it back as the same text, else quoted. `isValue` also guards what looks like a number or word of YAML. */
function yamlText(text: string, isValue = false): string {
  const isPlain = /^[A-Za-z/][A-Za-z0-9_./-]*$/.test(text);
  const isWord = /^(true|false|yes|no|on|off|null|y|n)$/i.test(text);
  if (isPlain && !(isValue && isWord)) return text;
  return JSON.stringify(text);
}
