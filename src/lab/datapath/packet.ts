/** A packet as the datapath sees it: two ends, a protocol, flags. Facts only. */

import type { Endpoint } from "../cluster/endpoint.ts";
import type { IdentityAllocator } from "../cluster/identity-allocator.ts";
import type { LabIdentity } from "../lab-state.ts";

/** One end: a port of an endpoint, or of an address outside the cluster. */
export interface PacketEnd {
  readonly address: string;
  readonly port: number;
  /** Undefined for the outside world. */
  readonly endpoint: Endpoint | undefined;
}

/** TCP flags that are set. */
export type TcpFlag = "SYN" | "ACK" | "PSH" | "FIN" | "RST";

/** One packet. */
export interface Packet {
  readonly from: PacketEnd;
  readonly to: PacketEnd;
  readonly protocol: "TCP" | "UDP" | "ICMPv4" | "ICMPv6";
  readonly flags: readonly TcpFlag[];
  /** ICMP only. */
  readonly icmpType?: number;
  /** Whole IP packet. */
  readonly sizeBytes: number;
}

/** IPv4 and TCP headers with the options that Linux sends; an IPv6 header is longer by `ipv6ExtraBytes`. */
export const synSizeBytes = 60;
export const tcpHeaderBytes = 52;
export const udpHeaderBytes = 28;
/** An echo request of Cilium's health probe. */
export const icmpSizeBytes = 36;
export const ipv6ExtraBytes = 20;

/** The node that an end lives on. */
export function nodeOf(end: PacketEnd): string | undefined {
  return end.endpoint?.facts.nodeName;
}

/** The identity of an end as the agent of `observer` knows it: another node's host is a remote node. */
export function identityOf(
  end: PacketEnd,
  observer: string,
  identities: IdentityAllocator,
): LabIdentity {
  const { endpoint } = end;
  if (endpoint === undefined) return identities.reserved("world");
  const isOtherHost = endpoint.facts.kind === "host" && endpoint.facts.nodeName !== observer;
  return isOtherHost ? identities.reserved("remote-node") : endpoint.facts.identity;
}
