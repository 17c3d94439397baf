/**
 * Hubble flows from what the datapath and the proxies see, in the words of Cilium's agent: trace
 * events, policy verdicts, drops, L7 messages. Which event is sent where, and its direction, follow
 * Hubble's parsers; packets are aggregated before they come here (tcp-connection.ts).
 */

import {
  eventTypes,
  type Flow,
  type FlowEndpoint,
  policyMatchTypes,
  traceSubTypes,
} from "../../flow/model/flow.ts";
import type { RuleOrigin } from "../../policy/document/policy-document.ts";
import type { PolicyMatch } from "../../policy/engine/verdict.ts";
import { familyOf } from "../address-family.ts";
import type { ClusterSet } from "../cluster/cluster-set.ts";
import type { Endpoint } from "../cluster/endpoint.ts";
import {
  identityOf,
  nodeOf,
  type Packet,
  type PacketEnd,
  type TcpFlag,
} from "../datapath/packet.ts";
import type { PacketDirection } from "../events.ts";
import { dropReasonName } from "../faults/fault-board.ts";
import type { LabContext } from "../lab-context.ts";
import { FlowStamps } from "./flow-stamps.ts";

/** Addresses whose MAC is remembered. */
const macsMax = 50_000;

/** Where a packet was seen. */
export type TracePoint = keyof typeof traceSubTypes;

/** What conntrack said. */
export type TraceReason = "NEW" | "ESTABLISHED" | "REPLY";

const pointNames = {
  toEndpoint: "TO_ENDPOINT",
  toProxy: "TO_PROXY",
  toHost: "TO_HOST",
  toStack: "TO_STACK",
  toOverlay: "TO_OVERLAY",
  fromEndpoint: "FROM_ENDPOINT",
  fromProxy: "FROM_PROXY",
  fromHost: "FROM_HOST",
  fromStack: "FROM_STACK",
  fromOverlay: "FROM_OVERLAY",
  fromNetwork: "FROM_NETWORK",
  toNetwork: "TO_NETWORK",
} as const;

const matchNumbers: Readonly<Record<PolicyMatch, number>> = {
  none: policyMatchTypes.none,
  "l3-only": policyMatchTypes.l3Only,
  "l3-l4": policyMatchTypes.l3L4,
  "l4-only": policyMatchTypes.l4Only,
  all: policyMatchTypes.all,
  "l3-proto": policyMatchTypes.l3Proto,
  "proto-only": policyMatchTypes.protoOnly,
};

const dropReasonNames = { 133: "POLICY_DENIED", 181: "POLICY_DENY" } as const;
const icmpNames: Readonly<Record<number, string>> = {
  0: "EchoReply",
  8: "EchoRequest",
  128: "EchoRequest",
  129: "EchoReply",
};
/** Most significant first, as Hubble prints them. */
const flagOrder = ["SYN", "ACK", "PSH", "FIN", "RST"] as const;

/** A packet seen somewhere. */
export interface TraceInput {
  readonly nodeName: string;
  readonly point: TracePoint;
  readonly packet: Packet;
  readonly reason: TraceReason;
  readonly direction: PacketDirection;
  readonly proxyPort?: number;
}

/** The policy's answer to a new connection. */
export interface PolicyVerdictInput {
  readonly nodeName: string;
  readonly packet: Packet;
  readonly direction: PacketDirection;
  readonly verdict: "FORWARDED" | "REDIRECTED" | "DROPPED";
  readonly match: PolicyMatch;
  readonly origins: readonly RuleOrigin[];
  readonly dropReason: 133 | 181 | undefined;
  readonly policyLog: readonly string[];
}

/** An L7 message. `from` is who sent this message: the server for responses. */
export interface L7Input {
  readonly nodeName: string;
  readonly from: PacketEnd;
  readonly to: PacketEnd;
  readonly transport: "TCP" | "UDP";
  readonly direction: PacketDirection;
  readonly verdict: "FORWARDED" | "DROPPED";
  readonly isReply: boolean;
  readonly latencyNs: number | undefined;
  readonly http?: NonNullable<NonNullable<Flow["l7"]>["http"]>;
  readonly dns?: NonNullable<NonNullable<Flow["l7"]>["dns"]>;
  readonly summary: string;
  readonly proxyPort: number;
  /** Of the request's traceparent. */
  readonly traceId?: string | undefined;
}

/** Publishes flows on the bus. */
export class FlowEmitter {
  readonly #context: LabContext;
  readonly #clusters: ClusterSet;
  readonly #emitter: { readonly name: string; readonly version: string };
  /** By endpoint, then by who looks: forms go with their endpoint. */
  readonly #ends = new WeakMap<Endpoint, Map<string, FlowEndpoint>>();
  readonly #world: FlowEndpoint;
  readonly #macs = new Map<string, string>();
  readonly #nodeFields = new Map<string, Flow>();
  readonly #stamps: FlowStamps;
  /** Names of an address that an endpoint asked for; the DNS proxy, made after this, knows them. */
  namesOf: (client: Endpoint, address: string) => readonly string[] = () => [];

  constructor(context: LabContext, clusters: ClusterSet, emitterVersion: string) {
    this.#context = context;
    this.#clusters = clusters;
    this.#stamps = new FlowStamps(context.random);
    const world = clusters.first.identities.reserved("world");
    this.#world = Object.freeze({ identity: world.id, labels: [...world.labels] });
    this.#emitter = Object.freeze({ name: "Hubble", version: emitterVersion });
  }

  trace({ nodeName, point, packet, reason, direction, proxyPort }: TraceInput): void {
    if (this.#isLost(nodeName)) return;
    const isReply = reason === "REPLY";
    const flow = this.#packetFlow(nodeName, packet, "FORWARDED");
    if (isReply) flow.reply = true;
    flow.event_type = { type: eventTypes.trace, sub_type: traceSubTypes[point] };
    this.#addService(flow, packet, isReply);
    flow.traffic_direction = direction;
    flow.trace_observation_point = pointNames[point];
    flow.trace_reason = reason;
    flow.is_reply = isReply;
    if (proxyPort !== undefined) flow.proxy_port = proxyPort;
    flow.Summary = summaryOf(packet);
    this.#publish(nodeName, flow);
  }

  policyVerdict(input: PolicyVerdictInput): void {
    const { nodeName, packet, direction, verdict, dropReason } = input;
    if (this.#isLost(nodeName)) return;
    const side = direction === "INGRESS" ? "ingress" : "egress";
    const { revision } = this.#clusters.ofNode(nodeName).policies;
    const list =
      verdict === "DROPPED" ? (`${side}_denied_by` as const) : (`${side}_allowed_by` as const);
    const flow = this.#packetFlow(nodeName, packet, verdict, dropReason);
    const type = eventTypes.policyVerdict;
    flow.event_type = dropReason === undefined ? { type } : { type, sub_type: -dropReason };
    flow.traffic_direction = direction;
    flow.policy_match_type = matchNumbers[input.match];
    if (dropReason !== undefined) flow.drop_reason_desc = dropReasonNames[dropReason];
    flow.is_reply = false;
    flow.Summary = summaryOf(packet);
    if (input.origins.length > 0)
      flow[list] = input.origins.map((origin) => policyOf(origin, revision));
    if (input.policyLog.length > 0) flow.policy_log = [...input.policyLog];
    this.#publish(nodeName, flow);
  }

  drop(nodeName: string, packet: Packet, direction: PacketDirection, reason: number): void {
    if (this.#isLost(nodeName)) return;
    const flow = this.#packetFlow(nodeName, packet, "DROPPED", reason);
    flow.event_type = { type: eventTypes.drop, sub_type: reason };
    this.#addService(flow, packet, false);
    flow.traffic_direction = direction;
    flow.drop_reason_desc = dropReasonName(reason) ?? reason;
    flow.Summary = summaryOf(packet);
    this.#publish(nodeName, flow);
  }

  l7(input: L7Input): void {
    const { nodeName, from, to, isReply } = input;
    if (this.#isLost(nodeName)) return;
    const ports = { source_port: from.port, destination_port: to.port };
    const l7: NonNullable<Flow["l7"]> = { type: isReply ? "RESPONSE" : "REQUEST" };
    if (input.latencyNs !== undefined) l7.latency_ns = String(Math.round(input.latencyNs));
    if (input.dns !== undefined) l7.dns = input.dns;
    if (input.http !== undefined) l7.http = input.http;
    const flow = this.#begin({ from, to }, input.verdict);
    flow.l4 = input.transport === "TCP" ? { TCP: ports } : { UDP: ports };
    this.#addEnds(flow, nodeName, { from, to });
    flow.Type = "L7";
    this.#addNode(flow, nodeName);
    this.#addNames(flow, { from, to });
    flow.l7 = l7;
    if (isReply) flow.reply = true;
    flow.event_type = { type: eventTypes.l7 };
    this.#addService(flow, { from, to }, isReply);
    flow.traffic_direction = input.direction;
    flow.is_reply = isReply;
    flow.proxy_port = input.proxyPort;
    if (input.traceId !== undefined) flow.trace_context = { parent: { trace_id: input.traceId } };
    flow.Summary = input.summary;
    this.#publish(nodeName, flow);
  }

  /** What every flow of a packet begins with. */
  #packetFlow(
    nodeName: string,
    packet: Packet,
    verdict: "FORWARDED" | "REDIRECTED" | "DROPPED",
    dropReason?: number,
  ): Flow {
    const flow = this.#begin(packet, verdict, dropReason);
    flow.l4 = layer4Of(packet);
    this.#addEnds(flow, nodeName, packet);
    flow.Type = "L3_L4";
    this.#addNode(flow, nodeName);
    this.#addNames(flow, packet);
    return flow;
  }

  /**
   * The first fields. Fields are set in the order in which flows are printed: so the log writes them
   * in one go, and flows of a kind share one shape.
   */
  #begin(
    { from, to }: Pick<Packet, "from" | "to">,
    verdict: "FORWARDED" | "REDIRECTED" | "DROPPED",
    dropReason?: number,
  ): Flow {
    const flow: Flow = {
      time: this.#stamps.time(this.#context.clock.nowMs()),
      uuid: this.#stamps.uuid(),
      emitter: this.#emitter,
      verdict,
    };
    if (dropReason !== undefined) flow.drop_reason = dropReason;
    flow.ethernet = this.#ethernet(from, to);
    flow.IP = ipOf(from, to);
    return flow;
  }

  /** What DNS answers that went through the proxy called the ends outside. */
  #addNames(flow: Flow, { from, to }: Pick<Packet, "from" | "to">): void {
    const sourceNames = this.#namesOf(from, to);
    if (sourceNames.length > 0) flow.source_names = sourceNames;
    const destinationNames = this.#namesOf(to, from);
    if (destinationNames.length > 0) flow.destination_names = destinationNames;
  }

  #namesOf(outside: PacketEnd, { endpoint }: PacketEnd): string[] {
    if (outside.endpoint !== undefined || endpoint === undefined) return [];
    return this.namesOf(endpoint, outside.address).map((name) => name.replace(/\.$/, ""));
  }

  #addEnds(flow: Flow, nodeName: string, { from, to }: Pick<Packet, "from" | "to">): void {
    flow.source = this.#endOf(from, nodeName);
    flow.destination = this.#endOf(to, nodeName);
  }

  #addNode(flow: Flow, nodeName: string): void {
    const node = this.#nodeOf(nodeName);
    flow.node_name = node.node_name;
    flow.node_labels = node.node_labels;
  }

  #addService(flow: Flow, { from, to }: Pick<Packet, "from" | "to">, isReply: boolean): void {
    const service = this.#serviceOf(isReply ? from : to);
    if (service !== undefined) flow[isReply ? "source_service" : "destination_service"] = service;
  }

  #nodeOf(nodeName: string): Flow {
    const known = this.#nodeFields.get(nodeName);
    if (known !== undefined) return known;
    const made: Flow = {
      node_name: `${this.#clusters.ofNode(nodeName).name}/${nodeName}`,
      node_labels: [`kubernetes.io/hostname=${nodeName}`, "kubernetes.io/os=linux"],
    };
    Object.freeze(made.node_labels);
    this.#nodeFields.set(nodeName, made);
    return made;
  }

  #ethernet(from: PacketEnd, to: PacketEnd) {
    return { source: this.#macOf(from.address), destination: this.#macOf(to.address) };
  }

  #macOf(address: string): string {
    const known = this.#macs.get(address);
    if (known !== undefined) return known;
    if (this.#macs.size >= macsMax) this.#macs.clear();
    const made = macOf(address);
    this.#macs.set(address, made);
    return made;
  }

  #serviceOf({
    endpoint,
    address,
    port,
  }: PacketEnd): NonNullable<Flow["source_service"]> | undefined {
    if (endpoint === undefined) return undefined;
    const service = this.#clusters.of(endpoint).services.ofBackend(address, port);
    return service === undefined ? undefined : { name: service.name, namespace: service.namespace };
  }

  /** Endpoints change their flow form only with who looks at them. */
  #endOf(end: PacketEnd, observer: string): FlowEndpoint {
    const { endpoint } = end;
    if (endpoint === undefined) return this.#world;
    const forms = this.#ends.get(endpoint) ?? new Map<string, FlowEndpoint>();
    this.#ends.set(endpoint, forms);
    // Only the endpoint's own node knows its number; other nodes all see the same.
    const isOwn = nodeOf(end) === observer;
    const known = forms.get(isOwn ? "own" : "other");
    if (known !== undefined) return known;
    const cluster = this.#clusters.of(endpoint);
    const identity = identityOf(end, observer, cluster.identities);
    const made: FlowEndpoint = { identity: identity.id, labels: [...identity.labels] };
    if (endpoint.facts.kind !== "host") {
      const { id, namespace, podName, workload, isManaged } = endpoint.facts;
      if (isOwn && isManaged) made.ID = id;
      made.cluster_name = cluster.name;
      if (namespace !== "") made.namespace = namespace;
      if (podName !== "") made.pod_name = podName;
      if (workload !== undefined) made.workloads = [{ ...workload }];
    }
    // Shared by all its flows, and written into the log's lines once.
    forms.set(isOwn ? "own" : "other", Object.freeze(made));
    return made;
  }

  /** Whether the fault takes this one away; then it is counted. */
  #isLost(nodeName: string): boolean {
    const { bus, clock, random, faults } = this.#context;
    const lostShare = faults.share("lost-events", nodeName);
    if (lostShare === 0 || random() >= lostShare) return false;
    const source = "perf_event_ring_buffer";
    bus.publish({ kind: "lost_events", timeMs: clock.nowMs(), nodeName, source, count: 1 });
    return true;
  }

  #publish(nodeName: string, flow: Flow): void {
    const { bus, clock } = this.#context;
    bus.publish({ kind: "flow", timeMs: clock.nowMs(), nodeName, flow });
  }
}

function policyOf({ name, namespace, kind }: RuleOrigin, revision: number) {
  return {
    name,
    namespace,
    labels: [
      `k8s:io.cilium.k8s.policy.derived-from=${kind}`,
      `k8s:io.cilium.k8s.policy.name=${name}`,
      `k8s:io.cilium.k8s.policy.namespace=${namespace}`,
    ],
    revision: String(revision),
    kind,
  };
}

function layer4Of(packet: Packet): NonNullable<Flow["l4"]> {
  const { from, to } = packet;
  if (packet.protocol === "UDP")
    return { UDP: { source_port: from.port, destination_port: to.port } };
  if (packet.protocol === "ICMPv4")
    return { ICMPv4: packet.icmpType === 0 ? {} : { type: packet.icmpType } };
  if (packet.protocol === "ICMPv6") return { ICMPv6: { type: packet.icmpType } };
  const { flags } = flagsOf(packet);
  return { TCP: { source_port: from.port, destination_port: to.port, flags } };
}

function summaryOf(packet: Packet): string {
  if (packet.protocol === "UDP") return "UDP";
  if (packet.protocol === "ICMPv4" || packet.protocol === "ICMPv6")
    return `${packet.protocol} ${icmpNames[packet.icmpType ?? 8] ?? ""}`.trim();
  return flagsOf(packet).summary;
}

/** Every set of flags, by the bits of `flagOrder`, as flows have it: shared by all of them. */
const flagSets = Array.from({ length: 1 << flagOrder.length }, (_, bits) => {
  const set = flagOrder.filter((_flag, place) => (bits & (1 << place)) !== 0);
  return {
    flags: Object.freeze(Object.fromEntries(set.map((flag) => [flag, true]))),
    summary: `TCP Flags: ${set.join(", ")}`,
  };
});

function flagsOf({ flags }: Packet): (typeof flagSets)[number] {
  let bits = 0;
  for (let i = 0; i < flags.length; i++) bits |= 1 << flagOrder.indexOf(flags[i] as TcpFlag);
  return flagSets[bits] as (typeof flagSets)[number];
}

function ipOf(from: PacketEnd, to: PacketEnd): NonNullable<Flow["IP"]> {
  const ipVersion = familyOf(from.address) === "ipv6" ? "IPv6" : "IPv4";
  return { source: from.address, destination: to.address, ipVersion };
}

/** Locally administered, from the address: stable and recognisable. */
function macOf(address: string): string {
  const bytes = familyOf(address) === "ipv6" ? lastGroups(address) : address.split(".").map(Number);
  return ["0a", "58", ...bytes.map((byte) => byte.toString(16).padStart(2, "0"))].join(":");
}

/** Cluster, node and host of the laboratory's own addresses, the last two groups of others. */
function lastGroups(address: string): number[] {
  const groups = address.split(":").map((group) => Number.parseInt(group || "0", 16) & 255);
  return [0, 0, 0, ...groups].slice(-4);
}
