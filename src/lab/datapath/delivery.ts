/**
 * How a packet travels: the points of a connection (client, proxies, server), the leg between two of
 * them, and what each node on the way counts and reports of a packet. Directions are Hubble's: a
 * reply is reported in the direction of its connection as the reporting endpoint has it.
 */

import type { PacketDirection } from "../events.ts";
import type { FlowEmitter, TracePoint } from "../flows/flow-emitter.ts";
import type { LabContext } from "../lab-context.ts";
import { nodeOf, type Packet, type PacketEnd } from "./packet.ts";

/** A stop on the way. */
export interface PathPoint {
  readonly nodeName: string;
  /** "world": outside the clusters; its packets leave and come by the node. */
  readonly kind: "endpoint" | "egress-proxy" | "ingress-proxy" | "world";
  /** Which proxy, at a proxy. */
  readonly proxy?: ProxyKind;
}

/** The proxies, by what they read. */
export type ProxyKind = "http" | "dns";

/** One TCP connection or datagram exchange between two neighbouring stops. */
export interface Leg {
  readonly start: PathPoint;
  readonly end: PathPoint;
}

/** What conntrack said of the packet. */
export interface PacketState {
  readonly isReply: boolean;
  readonly isNew: boolean;
  readonly isReported: boolean;
}

/** Ports of the proxies, as flows name them. */
export interface ProxyPorts {
  readonly http: number;
  readonly dns: number;
}

/** Counts and reports packets. */
export class Delivery {
  readonly #context: LabContext;
  readonly #emitter: FlowEmitter;
  readonly #proxyPorts: ProxyPorts;

  constructor(context: LabContext, emitter: FlowEmitter, proxyPorts: ProxyPorts) {
    this.#context = context;
    this.#emitter = emitter;
    this.#proxyPorts = proxyPorts;
  }

  /** A packet passed a leg. */
  forward(packet: Packet, leg: Leg, state: PacketState): void {
    const [first, last] = state.isReply ? [leg.end, leg.start] : [leg.start, leg.end];
    if (first.kind === "endpoint") this.count(packet, first.nodeName, "EGRESS");
    if (last.kind !== "world") this.count(packet, last.nodeName, "INGRESS");
    if (!state.isReported) return;
    const reason = state.isReply ? "REPLY" : state.isNew ? "NEW" : "ESTABLISHED";
    const outgoing: PacketDirection = state.isReply ? "INGRESS" : "EGRESS";
    if (first.nodeName !== last.nodeName) {
      const point = leavePoint(packet);
      this.#emitter.trace({ nodeName: first.nodeName, point, packet, reason, direction: outgoing });
    }
    this.#emitter.trace({
      nodeName: last.nodeName,
      point: arrivePoint(last, packet.to),
      packet,
      reason,
      direction: arriveDirection(last, leg, state.isReply),
      ...(last.kind === "egress-proxy" || last.kind === "ingress-proxy"
        ? { proxyPort: this.#proxyPorts[last.proxy ?? "http"] }
        : {}),
    });
  }

  /** A packet left its node and was dropped at the other; flows of the drop are the caller's. */
  leave(packet: Packet, leg: Leg): void {
    const { start, end } = leg;
    this.count(packet, start.nodeName, "EGRESS");
    if (start.nodeName === end.nodeName) return;
    const point = leavePoint(packet);
    this.#emitter.trace({
      nodeName: start.nodeName,
      point,
      packet,
      reason: "NEW",
      direction: "EGRESS",
    });
  }

  /** One forwarded packet in a node's counters. */
  count(packet: Packet, nodeName: string, direction: PacketDirection): void {
    const { protocol, sizeBytes } = packet;
    this.#context.bus.publish({
      kind: "packet",
      timeMs: this.#context.clock.nowMs(),
      nodeName,
      verdict: "forwarded",
      direction,
      sizeBytes,
      protocol,
    });
  }
}

/** Pods talk through the overlay; nodes among themselves do not. */
function leavePoint(packet: Packet): TracePoint {
  return isHostEnd(packet.from) && isHostEnd(packet.to) ? "toNetwork" : "toOverlay";
}

function arrivePoint(last: PathPoint, end: PacketEnd): TracePoint {
  if (last.kind === "world") return "toStack";
  if (last.kind !== "endpoint") return "toProxy";
  return isHostEnd(end) ? "toHost" : "toEndpoint";
}

function arriveDirection(last: PathPoint, leg: Leg, isReply: boolean): PacketDirection {
  if (last.kind === "egress-proxy" || last.kind === "world") return "EGRESS";
  if (last.kind === "ingress-proxy") return "INGRESS";
  // Delivered to the client: the reply of a connection that is egress there.
  return isReply && leg.start === last ? "EGRESS" : "INGRESS";
}

function isHostEnd(end: PacketEnd): boolean {
  return end.endpoint?.facts.kind === "host";
}

/** Which proxy each side of a connection redirects it to, if any. */
export interface Redirects {
  readonly egress?: ProxyKind | undefined;
  readonly ingress?: ProxyKind | undefined;
}

/** The stops of a connection between two ends. */
export function planPath(
  client: PacketEnd,
  server: PacketEnd,
  { egress, ingress }: Redirects = {},
): PathPoint[] {
  const clientNode = nodeOf(client) ?? "";
  const serverNode = nodeOf(server) ?? clientNode;
  return [
    { nodeName: clientNode, kind: "endpoint" },
    ...(egress === undefined
      ? []
      : [{ nodeName: clientNode, kind: "egress-proxy", proxy: egress } as const]),
    ...(ingress === undefined
      ? []
      : [{ nodeName: serverNode, kind: "ingress-proxy", proxy: ingress } as const]),
    { nodeName: serverNode, kind: server.endpoint === undefined ? "world" : "endpoint" },
  ];
}
