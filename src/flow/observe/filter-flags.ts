/**
 * Filters from the flags of `hubble observe`, in the order in which they are given: `--not` sends the
 * next one to the deny list; a flag for either end makes two filters, one an end; namespaces join pod
 * and service names at the end. Conflicts and bad values are told in Hubble's words.
 */

import { ConfigError } from "../../base/errors.ts";
import { parseGoUint } from "../../model/go-number.ts";
import { quoteString } from "../../model/labels.ts";
import type { FlowFilter } from "../filter/flow-filter.ts";
import { dropReasonNumbers, verdictNumbers } from "../model/generated/enums.ts";
import type { EventTypeFilter, TCPFlags, Workload } from "../model/generated/messages.ts";
import { traceObservationPointTexts } from "../model/generated/names.ts";
import { formatProtoMessage } from "../model/jsonpb.ts";
import { reservedIdentities } from "../print/flow-columns.ts";

type Side = "source" | "destination";
type ListField = Exclude<keyof FlowFilter, "experimental">;

/** A part of the text that flags come from, in UTF-16 units. */
export interface TextSpan {
  readonly start: number;
  readonly end: number;
}

/** Two flags of one list that exclude each other: the one just given, and the one before it. */
export class FlagConflictError extends ConfigError {
  readonly earlier: { readonly name: string; readonly place: TextSpan | undefined };

  constructor(message: string, earlier: FlagConflictError["earlier"]) {
    super(message, { path: "" });
    this.earlier = earlier;
  }
}

/** Flags of one list, as filters in the making. */
interface Tracker {
  /** Flags given, and where each was given last. */
  readonly changed: Map<string, TextSpan | undefined>;
  /** The flow's source is meant by flags for either end on the left, its destination on the right. */
  readonly left: FlowFilter;
  readonly right: FlowFilter;
  hasFilter: boolean;
  readonly namespaces: string[];
  readonly sourceNamespaces: string[];
  readonly destinationNamespaces: string[];
}

const namespaceFlags = ["namespace", "all-namespaces"];
/** Flags of a group exclude each other. */
const conflicts: readonly (readonly string[])[] = [
  [
    "from-fqdn",
    "from-ip",
    "ip",
    "fqdn",
    "from-namespace",
    "namespace",
    "from-all-namespaces",
    "all-namespaces",
  ],
  ["from-fqdn", "from-ip", "ip", "fqdn", "from-pod", "pod"],
  [
    "to-fqdn",
    "to-ip",
    "ip",
    "fqdn",
    "to-namespace",
    "namespace",
    "to-all-namespaces",
    "all-namespaces",
  ],
  ["to-fqdn", "to-ip", "ip", "fqdn", "to-pod", "pod"],
  ...["to-pod", "from-pod", "to-service", "from-service"].map((name) => [name, ...namespaceFlags]),
  ...["label", "service", "port", "identity", "workload"].flatMap((name) => [
    [name, `from-${name}`],
    [name, `to-${name}`],
  ]),
  ["encrypted", "unencrypted"],
  ["reply", "not-reply"],
];

/** Flags whose values go to a list as they are: flag → field, "" = the side's prefix comes before it. */
const sidedFlags: Readonly<Record<string, string>> = {
  fqdn: "fqdn",
  pod: "pod",
  ip: "ip",
  label: "label",
  service: "service",
  port: "port",
  cluster: "cluster_name",
};
const plainFlags: Readonly<Record<string, ListField>> = {
  uuid: "uuid",
  "snat-ip": "source_ip_xlated",
  "trace-id": "trace_id",
  "http-status": "http_status_code",
  "http-method": "http_method",
  "http-path": "http_path",
  "http-url": "http_url",
  protocol: "protocol",
  "node-name": "node_name",
  "node-label": "node_labels",
};

/** Every filter flag and what it is for. Flags of `optionalValues` may stand without a value. */
export const filterFlagHelp: Readonly<Record<string, string>> = {
  not: "turn the next filter around: flows that match it are left out",
  uuid: "the flow with this id",
  "node-name":
    "flows seen on nodes of these names; * matches within a part, a cluster may come first (c*/node-*)",
  "node-label": "flows seen on nodes with these labels",
  "from-cluster": "flows from endpoints of this cluster",
  cluster: "flows from or to endpoints of this cluster",
  "to-cluster": "flows to endpoints of this cluster",
  protocol:
    "layer 4 or layer 7 protocol: tcp, udp, icmp, icmpv4, icmpv6, sctp, vrrp, igmp, dns, http, kafka",
  "tcp-flags": "flags that must be set, separated by commas: SYN,ACK",
  type: "TYPE[:SUBTYPE]: capture, drop, l7, policy-verdict, trace, trace-sock",
  verdict: `one of ${Object.keys(verdictNumbers).slice(1).join(", ")}`,
  "drop-reason-desc": "reason of a drop: POLICY_DENIED, TTL_EXCEEDED…",
  "http-status": "status code or its first digits: 404, 5+",
  "http-method": "HTTP method",
  "http-path": "regular expression over the path",
  "http-url": "regular expression over the URL",
  "http-header": "a header, as name:value",
  "trace-id": "the trace that flows belong to",
  "ip-trace-id": "the IP trace that flows belong to",
  "from-fqdn": "flows from this domain name; * matches any part",
  fqdn: "flows from or to this domain name",
  "to-fqdn": "flows to this domain name",
  "from-ip": "flows from this address or prefix",
  "snat-ip": "flows whose source was translated to this address or prefix",
  ip: "flows from or to this address or prefix",
  "to-ip": "flows to this address or prefix",
  ipv4: "IPv4 only",
  ipv6: "IPv6 only",
  "ip-version": "none, v4 or v6",
  "from-pod": "flows from pods whose name begins so ([namespace/]name)",
  pod: "flows from or to such pods",
  "to-pod": "flows to such pods",
  "from-namespace": "flows from this namespace",
  namespace: "flows from or to this namespace",
  "to-namespace": "flows to this namespace",
  "from-all-namespaces": "flows from any namespace",
  "all-namespaces": "flows from or to any namespace",
  "to-all-namespaces": "flows to any namespace",
  "from-label": "flows from endpoints with these labels",
  label: "flows from or to endpoints with these labels",
  "to-label": "flows to endpoints with these labels",
  "from-service": "flows from services whose name begins so ([namespace/]name)",
  service: "flows from or to such services",
  "to-service": "flows to such services",
  "from-port": "flows from this port",
  port: "flows from or to this port",
  "to-port": "flows to this port",
  "from-workload": "flows from this workload ([kind/]name)",
  workload: "flows from or to this workload",
  "to-workload": "flows to this workload",
  "from-identity": "flows from this identity: a number or a reserved name",
  identity: "flows from or to this identity",
  "to-identity": "flows to this identity",
  "traffic-direction": "ingress or egress",
  "cel-expression": "an expression over the flow: _flow.verdict == Verdict.DROPPED",
  interface: "flows seen at this network interface",
  encrypted: "flows that were encrypted",
  unencrypted: "flows that were not",
  reply: "flows that answer",
  "not-reply": "flows that do not",
};
/** Flags that mean something without a value, and what they then stand for. */
export const optionalFilterValues: Readonly<Record<string, string>> = {
  not: "true",
  ipv4: "v4",
  ipv6: "v6",
  "all-namespaces": "true",
  "from-all-namespaces": "true",
  "to-all-namespaces": "true",
  encrypted: "true",
  unencrypted: "true",
  reply: "true",
  "not-reply": "true",
};

/** Takes flags one by one, then gives the filters. */
export class FilterFlags {
  #allow: Tracker | undefined;
  #deny: Tracker | undefined;
  #isNegated = false;

  /** Takes one flag; `place` is where it stands. Throws ConfigError in Hubble's words, FlagConflictError. */
  set(name: string, value: string, place?: TextSpan): void {
    if (name === "not") {
      if (this.#isNegated) refuse("consecutive --not statements");
      this.#isNegated = true;
      return;
    }
    let tracker: Tracker;
    if (this.#isNegated) {
      this.#deny ??= newTracker();
      tracker = this.#deny;
    } else {
      this.#allow ??= newTracker();
      tracker = this.#allow;
    }
    this.#isNegated = false;
    checkConflicts(tracker, name);
    tracker.changed.set(name, place);
    applyFlag(tracker, name, value);
    checkNamespaces(tracker);
  }

  /** The lists. Throws ConfigError when a --not is left over. */
  lists(): { readonly allow: FlowFilter[]; readonly deny: FlowFilter[] } {
    if (this.#isNegated) refuse("trailing --not found in the arguments");
    return { allow: toFilters(this.#allow), deny: toFilters(this.#deny) };
  }
}

function refuse(why: string): never {
  throw new ConfigError(why, { path: "" });
}

function newTracker(): Tracker {
  return {
    changed: new Map(),
    left: {},
    right: {},
    hasFilter: false,
    namespaces: [],
    sourceNamespaces: [],
    destinationNamespaces: [],
  };
}

/** Words name the two in the order of the group, as Hubble's do, whichever came first. */
function checkConflicts({ changed }: Tracker, name: string): void {
  for (const group of conflicts) {
    if (!group.includes(name)) continue;
    const earlier = group.find((other) => other !== name && changed.has(other));
    if (earlier === undefined) continue;
    const [first, second] = group.filter((one) => one === name || one === earlier);
    const message = `filters --${first} and --${second} cannot be combined`;
    throw new FlagConflictError(message, { name: earlier, place: changed.get(earlier) });
  }
}

function push(filter: FlowFilter, field: ListField, value: unknown): void {
  const lists = filter as Record<string, unknown[] | undefined>;
  const list = lists[field];
  if (list === undefined) lists[field] = [value];
  else list.push(value);
}

/** Adds a value to a field of both filters. */
function add(tracker: Tracker, field: ListField, value: unknown): void {
  tracker.hasFilter = true;
  push(tracker.left, field, value);
  push(tracker.right, field, value);
}

/** Adds a value for one end ("from-", "to-"), or for either (left the source, right the destination). */
function addSided(tracker: Tracker, name: string, suffix: string, value: unknown): void {
  if (name.startsWith("from-")) add(tracker, `source_${suffix}` as ListField, value);
  else if (name.startsWith("to-")) add(tracker, `destination_${suffix}` as ListField, value);
  else {
    tracker.hasFilter = true;
    push(tracker.left, `source_${suffix}` as ListField, value);
    push(tracker.right, `destination_${suffix}` as ListField, value);
  }
}

function applyFlag(tracker: Tracker, name: string, value: string): void {
  const bare = name.replace(/^(?:from|to)-/, "");
  const plain = plainFlags[name];
  const sided = sidedFlags[bare];
  if (plain !== undefined) add(tracker, plain, value);
  else if (sided !== undefined) addSided(tracker, name, sided, value);
  else if (bare === "namespace" || bare === "all-namespaces") {
    namespacesOf(tracker, name).push(bare === "namespace" ? value : "");
  } else if (bare === "workload") addSided(tracker, name, "workload", parseWorkload(value));
  else if (bare === "identity") addSided(tracker, name, "identity", parseIdentity(value));
  else {
    const parsed = parsedFlags[name];
    if (parsed === undefined) addExpression(tracker, value);
    else add(tracker, parsed.field, parsed.parse(value));
  }
}

/** Flags whose values are read before they go to a list: the list, and how they are read. */
const parsedFlags: Readonly<
  Record<string, { readonly field: ListField; readonly parse: (value: string) => unknown }>
> = {
  ipv4: { field: "ip_version", parse: () => "IPv4" },
  ipv6: { field: "ip_version", parse: () => "IPv6" },
  "ip-version": { field: "ip_version", parse: parseIpVersion },
  "ip-trace-id": { field: "ip_trace_id", parse: parseTraceId },
  verdict: { field: "verdict", parse: parseVerdict },
  "drop-reason-desc": { field: "drop_reason_desc", parse: parseDropReason },
  "http-header": { field: "http_header", parse: parseHeader },
  type: { field: "event_type", parse: parseEventType },
  "tcp-flags": { field: "tcp_flags", parse: parseTcpFlags },
  "traffic-direction": { field: "traffic_direction", parse: parseDirection },
  interface: { field: "interface", parse: (name) => ({ name }) },
  encrypted: { field: "encrypted", parse: () => true },
  unencrypted: { field: "encrypted", parse: () => false },
  reply: { field: "reply", parse: () => true },
  "not-reply": { field: "reply", parse: () => false },
};

function addExpression(tracker: Tracker, expression: string): void {
  tracker.hasFilter = true;
  for (const filter of [tracker.left, tracker.right]) {
    const before = filter.experimental?.cel_expression ?? [];
    filter.experimental = { cel_expression: [...before, expression] };
  }
}

function namespacesOf(tracker: Tracker, name: string): string[] {
  if (name.startsWith("from-")) return tracker.sourceNamespaces;
  return name.startsWith("to-") ? tracker.destinationNamespaces : tracker.namespaces;
}

function parseUint(text: string, most: bigint): bigint | string {
  const shown = `strconv.ParseUint: parsing ${quoteString(text)}`;
  if (!/^\d+$/.test(text)) return `${shown}: invalid syntax`;
  return BigInt(text) > most ? `${shown}: value out of range` : BigInt(text);
}

const uint32Max = 0xffffffffn;
const uint64Max = 0xffffffffffffffffn;

function parseTraceId(text: string): string {
  if (text === "0") refuse("invalid --ip-trace-id value; must be greater than 0");
  const id = parseUint(text, uint64Max);
  return typeof id === "bigint" ? String(id) : refuse(`invalid --ip-trace-id value: ${id}`);
}

function parseVerdict(text: string): string {
  return Object.hasOwn(verdictNumbers, text) ? text : refuse(`invalid --verdict value: ${text}`);
}

function parseDropReason(text: string): string {
  if (text === "") refuse("empty --drop-reason-desc value");
  if (Object.hasOwn(dropReasonNumbers, text)) return text;
  return refuse(`invalid --drop-reason-desc value: ${text}`);
}

function parseIpVersion(text: string): string {
  const lower = text.toLowerCase();
  if (["4", "v4", "ipv4", "ip4"].includes(lower)) return "IPv4";
  return ["6", "v6", "ipv6", "ip6"].includes(lower) ? "IPv6" : "IP_NOT_USED";
}

/** "name", "kind/name" or "kind/" . */
function parseWorkload(text: string): Workload {
  const slashAt = text.indexOf("/");
  if (slashAt < 0) return { name: text };
  return { name: text.slice(slashAt + 1), kind: text.slice(0, slashAt) };
}

function parseIdentity(text: string): number {
  const reserved = reservedIdentities.indexOf(text);
  // "unknown" is 0, which is no identity to ask for by name.
  if (reserved > 0) return reserved;
  const identity = parseGoUint(text);
  if (identity !== undefined && identity <= uint32Max) return Number(identity);
  const names = reservedIdentities.slice(1).join(" ");
  return refuse(`invalid security identity, expected one of [${names}] or a numeric value`);
}

function parseHeader(text: string): { key: string; value: string } {
  const colonAt = text.indexOf(":");
  if (colonAt < 0) {
    refuse(`invalid http-header value ${quoteString(text)}, expected name:value`);
  }
  return { key: text.slice(0, colonAt), value: text.slice(colonAt + 1) };
}

function parseDirection(text: string): string {
  const lower = text.toLowerCase();
  if (lower === "ingress" || lower === "egress") return lower.toUpperCase();
  return refuse(`${lower}: invalid traffic direction, expected ingress or egress`);
}

const flagNames = ["SYN", "FIN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "NS"] as const;

function parseTcpFlags(text: string): TCPFlags {
  const flags: TCPFlags = {};
  for (const part of text.split(",")) {
    const name = flagNames.find((flag) => flag === part.toUpperCase());
    if (name === undefined) refuse(`unknown tcp flag: ${part}`);
    flags[name] = true;
  }
  return flags;
}

const typeNumbers: Readonly<Record<string, number>> = {
  drop: 1,
  debug: 2,
  capture: 3,
  trace: 4,
  "policy-verdict": 5,
  recorder: 6,
  "trace-sock": 7,
  l7: 129,
  agent: 130,
};
const agentSubTypes: Readonly<Record<string, number>> = {
  unspecified: 0,
  message: 1,
  "agent-started": 2,
  "policy-updated": 3,
  "policy-deleted": 4,
  "endpoint-regenerate-success": 5,
  "endpoint-regenerate-failure": 6,
  "endpoint-created": 7,
  "endpoint-deleted": 8,
  "ipcache-upserted": 9,
  "ipcache-deleted": 10,
};

/** "TYPE" or "TYPE:SUBTYPE", names or numbers. */
function parseEventType(text: string): EventTypeFilter {
  const [typeName = "", ...rest] = text.split(":");
  const known = Object.hasOwn(typeNumbers, typeName) ? typeNumbers[typeName] : undefined;
  const parsed = known ?? parseUint(typeName, uint32Max);
  if (typeof parsed === "string") {
    refuse(
      `unable to parse type '${typeName}', not a known type name and unable to parse as numeric value: ${parsed}`,
    );
  }
  const type = Number(parsed);
  if (rest.length === 0) return { type };
  const subName = rest.join(":");
  const sub = knownSubType(known, subName) ?? parseUint(subName, uint32Max);
  if (typeof sub === "string") {
    refuse(
      `unable to parse event sub-type '${subName}', not a known sub-type name and unable to parse as numeric value: ${sub}`,
    );
  }
  return { type, match_sub_type: true, sub_type: Number(sub) };
}

function knownSubType(type: number | undefined, name: string): number | undefined {
  if (type === typeNumbers["agent"]) {
    return Object.hasOwn(agentSubTypes, name) ? agentSubTypes[name] : undefined;
  }
  if (type !== typeNumbers["trace"]) return undefined;
  const found = Object.entries(traceObservationPointTexts).find(([, text]) => text === name);
  return found === undefined ? undefined : Number(found[0]);
}

function namespaceOf(name: string): string {
  const slashAt = name.indexOf("/");
  return slashAt < 0 ? "" : name.slice(0, slashAt);
}

/** Refuses names in a namespace other than the one asked for, and pods and services of different ones. */
function checkNamespaces(tracker: Tracker): void {
  const faults: string[] = [];
  const check = (namespaces: readonly string[], names: readonly string[] | undefined) => {
    for (const namespace of namespaces) {
      for (const name of names ?? []) {
        const own = namespaceOf(name);
        if (own === "" || own === namespace) continue;
        const shown = `${quoteString(namespace)} does not contain ${quoteString(name)}`;
        faults.push(`namespace conflict: ${shown}`);
      }
    }
  };
  for (const filter of [tracker.left, tracker.right]) {
    for (const side of ["source", "destination"] as const) {
      const sided = side === "source" ? tracker.sourceNamespaces : tracker.destinationNamespaces;
      for (const namespaces of [tracker.namespaces, sided]) {
        check(namespaces, filter[`${side}_pod`]);
        check(namespaces, filter[`${side}_service`]);
      }
      checkSameNamespace(filter, side, faults);
    }
    if (faults.length > 0) refuse(faults.join("\n"));
  }
}

function checkSameNamespace(filter: FlowFilter, side: Side, faults: string[]): void {
  for (const pod of filter[`${side}_pod`] ?? []) {
    const namespace = namespaceOf(pod);
    if (namespace === "") continue;
    for (const service of filter[`${side}_service`] ?? []) {
      if (namespaceOf(service) === namespace) continue;
      const shown = `${quoteString(service)} conflict with pod ${quoteString(namespace)}`;
      faults.push(`namespace of service ${shown}`);
    }
  }
}

function toFilters(tracker: Tracker | undefined): FlowFilter[] {
  if (tracker === undefined) return [];
  const { namespaces, sourceNamespaces, destinationNamespaces, left, right } = tracker;
  const areNone = namespaces.length + sourceNamespaces.length + destinationNamespaces.length === 0;
  if (!tracker.hasFilter && areNone) return [];
  for (const filter of [left, right]) {
    joinNamespaces(filter, "destination", destinationNamespaces);
    joinNamespaces(filter, "source", sourceNamespaces);
  }
  joinNamespaces(left, "source", namespaces);
  joinNamespaces(right, "destination", namespaces);
  const name = "flow.FlowFilter";
  const areSame = formatProtoMessage(left, name) === formatProtoMessage(right, name);
  return areSame ? [left] : [left, right];
}

/** Puts the namespaces before the pod and service names of one end; without names, all pods are meant. */
function joinNamespaces(filter: FlowFilter, side: Side, namespaces: readonly string[]): void {
  if (namespaces.length === 0) return;
  const pods = filter[`${side}_pod`] ?? [];
  const services = filter[`${side}_service`] ?? [];
  const join = (names: readonly string[]) =>
    names.flatMap((name) =>
      name.includes("/") ? [name] : namespaces.map((namespace) => `${namespace}/${name}`),
    );
  const wanted = pods.length + services.length === 0 ? [""] : pods;
  if (wanted.length > 0) filter[`${side}_pod`] = join(wanted);
  if (services.length > 0) filter[`${side}_service`] = join(services);
}
