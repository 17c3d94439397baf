/**
 * Hubble flows from what the datapath and the proxies see, in the words of Cilium's agent: trace
 * events, policy verdicts, drops, L7 messages. Which event is sent where, and its direction, follow
 * Hubble's parsers; packets are aggregated before they come here (tcp-connection.ts).
 */

import {
  eventTypes,
  type Flow,
  type FlowEndpoint,
  formatTimestamp,
  policyMatchTypes,
  traceSubTypes,
} from "../flow/model/flow.ts";
import type { RuleOrigin } from "../policy/policy-document.ts";
import type { PolicyMatch } from "../policy/verdict.ts";
import type { ClusterSet } from "./cluster/cluster-set.ts";
import type { Endpoint } from "./cluster/endpoint.ts";
import { familyOf } from "./datapath/address-family.ts";
import { identityOf, nodeOf, type Packet, type PacketEnd } from "./datapath/packet.ts";
import type { PacketDirection } from "./events.ts";
import { dropReasonName } from "./faults/fault-board.ts";
import type { LabContext } from "./lab-context.ts";
import { randomUuid } from "./random.ts";

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

  constructor(context: LabContext, clusters: ClusterSet, emitterVersion: string) {
    this.#context = context;
    this.#clusters = clusters;
    const world = clusters.first.identities.reserved("world");
    this.#world = Object.freeze({ identity: world.id, labels: [...world.labels] });
    this.#emitter = Object.freeze({ name: "Hubble", version: emitterVersion });
  }

  trace({ nodeName, point, packet, reason, direction, proxyPort }: TraceInput): void {
    const isReply = reason === "REPLY";
    this.#publish(nodeName, {
      ...this.#packetFields(nodeName, packet, "FORWARDED"),
      ...(isReply ? { reply: true } : {}),
      event_type: { type: eventTypes.trace, sub_type: traceSubTypes[point] },
      ...this.#serviceFields(packet, isReply),
      traffic_direction: direction,
      trace_observation_point: pointNames[point],
      trace_reason: reason,
      is_reply: isReply,
      ...(proxyPort === undefined ? {} : { proxy_port: proxyPort }),
      Summary: summaryOf(packet),
    });
  }

  policyVerdict(input: PolicyVerdictInput): void {
    const { nodeName, packet, direction, verdict, dropReason } = input;
    const side = direction === "INGRESS" ? "ingress" : "egress";
    const { revision } = this.#clusters.ofNode(nodeName).policies;
    const policies = input.origins.map((origin) => policyOf(origin, revision));
    const list =
      verdict === "DROPPED" ? (`${side}_denied_by` as const) : (`${side}_allowed_by` as const);
    this.#publish(nodeName, {
      ...this.#packetFields(nodeName, packet, verdict),
      ...(dropReason === undefined ? {} : { drop_reason: dropReason }),
      event_type: {
        type: eventTypes.policyVerdict,
        ...(dropReason === undefined ? {} : { sub_type: -dropReason }),
      },
      traffic_direction: direction,
      policy_match_type: matchNumbers[input.match],
      ...(dropReason === undefined ? {} : { drop_reason_desc: dropReasonNames[dropReason] }),
      is_reply: false,
      Summary: summaryOf(packet),
      ...(policies.length === 0 ? {} : { [list]: policies }),
      ...(input.policyLog.length === 0 ? {} : { policy_log: [...input.policyLog] }),
    });
  }

  drop(nodeName: string, packet: Packet, direction: PacketDirection, reason: number): void {
    this.#publish(nodeName, {
      ...this.#packetFields(nodeName, packet, "DROPPED"),
      drop_reason: reason,
      event_type: { type: eventTypes.drop, sub_type: reason },
      ...this.#serviceFields(packet, false),
      traffic_direction: direction,
      drop_reason_desc: dropReasonName(reason) ?? reason,
      Summary: summaryOf(packet),
    });
  }

  l7(input: L7Input): void {
    const { nodeName, from, to, isReply } = input;
    const ports = { source_port: from.port, destination_port: to.port };
    const l7: NonNullable<Flow["l7"]> = { type: isReply ? "RESPONSE" : "REQUEST" };
    if (input.latencyNs !== undefined) l7.latency_ns = String(Math.round(input.latencyNs));
    if (input.dns !== undefined) l7.dns = input.dns;
    if (input.http !== undefined) l7.http = input.http;
    // Two for each request of the proxy, so built in one go, in the order in which flows are printed.
    const flow: Flow = {
      uuid: randomUuid(this.#context.random),
      emitter: this.#emitter,
      verdict: input.verdict,
      ethernet: this.#ethernet(from, to),
      IP: addressesOf(from, to),
      l4: input.transport === "TCP" ? { TCP: ports } : { UDP: ports },
      source: this.#endOf(from, nodeName),
      destination: this.#endOf(to, nodeName),
      Type: "L7",
      l7,
    };
    const node = this.#nodeOf(nodeName);
    flow.node_name = node.node_name;
    flow.node_labels = node.node_labels;
    if (isReply) flow.reply = true;
    flow.event_type = { type: eventTypes.l7 };
    const service = this.#serviceOf(isReply ? from : to);
    if (service !== undefined) flow[isReply ? "source_service" : "destination_service"] = service;
    flow.traffic_direction = input.direction;
    flow.is_reply = isReply;
    flow.proxy_port = input.proxyPort;
    flow.Summary = input.summary;
    this.#publish(nodeName, flow);
  }

  #packetFields(
    nodeName: string,
    packet: Packet,
    verdict: "FORWARDED" | "REDIRECTED" | "DROPPED",
  ): Flow {
    const { from, to } = packet;
    return {
      uuid: randomUuid(this.#context.random),
      emitter: this.#emitter,
      verdict,
      ethernet: this.#ethernet(from, to),
      IP: addressesOf(from, to),
      l4: layer4Of(packet),
      source: this.#endOf(from, nodeName),
      destination: this.#endOf(to, nodeName),
      Type: "L3_L4",
      ...this.#nodeOf(nodeName),
    };
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

  #serviceFields(packet: Pick<Packet, "from" | "to">, isReply: boolean): Flow {
    const service = this.#serviceOf(isReply ? packet.from : packet.to);
    if (service === undefined) return {};
    return isReply ? { source_service: service } : { destination_service: service };
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

  #publish(nodeName: string, fields: Flow): void {
    const { bus, clock, random, faults } = this.#context;
    const timeMs = clock.nowMs();
    const lostShare = faults.share("lost-events", nodeName);
    if (lostShare > 0 && random() < lostShare) {
      const source = "perf_event_ring_buffer";
      bus.publish({ kind: "lost_events", timeMs, nodeName, source, count: 1 });
      return;
    }
    const time = formatTimestamp(timeMs, Math.floor(random() * 1_000_000));
    fields.time = time;
    bus.publish({ kind: "flow", timeMs, nodeName, flow: fields });
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
  const ports = { source_port: packet.from.port, destination_port: packet.to.port };
  if (packet.protocol === "UDP") return { UDP: ports };
  if (packet.protocol === "ICMPv4")
    return { ICMPv4: packet.icmpType === 0 ? {} : { type: packet.icmpType } };
  if (packet.protocol === "ICMPv6") return { ICMPv6: { type: packet.icmpType } };
  const flags: Record<string, boolean> = {};
  for (const flag of packet.flags) flags[flag] = true;
  return { TCP: { ...ports, flags } };
}

function summaryOf(packet: Packet): string {
  if (packet.protocol === "UDP") return "UDP";
  if (packet.protocol === "ICMPv4" || packet.protocol === "ICMPv6")
    return `${packet.protocol} ${icmpNames[packet.icmpType ?? 8] ?? ""}`.trim();
  return `TCP Flags: ${flagOrder.filter((flag) => packet.flags.includes(flag)).join(", ")}`;
}

function addressesOf(from: PacketEnd, to: PacketEnd): NonNullable<Flow["IP"]> {
  const ipVersion = familyOf(from.address) === "ipv6" ? "IPv6" : "IPv4";
  return { source: from.address, destination: to.address, ipVersion };
}

/** Locally administered, from the address: stable and recognisable. */
function macOf(address: string): string {
  const bytes = address.includes(":") ? lastGroups(address) : address.split(".").map(Number);
  return ["0a", "58", ...bytes.map((byte) => byte.toString(16).padStart(2, "0"))].join(":");
}

/** Cluster, node and host of the laboratory's own addresses, the last two groups of others. */
function lastGroups(address: string): number[] {
  const groups = address.split(":").map((group) => Number.parseInt(group || "0", 16) & 255);
  return [0, 0, 0, ...groups].slice(-4);
}
