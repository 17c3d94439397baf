/** The words that flow metrics use for parts of a flow. Each is a constant string: nothing is allocated. */

import { eventTypes, type Flow } from "../flow/model/flow.ts";
import type { Layer4, Layer7 } from "../flow/model/generated/messages.ts";

/** A name of a protobuf enum as Go prints it: `zeroName` when absent, digits when it has no name. */
export function enumText(value: string | number | undefined, zeroName: string): string {
  if (value === undefined || value === 0) return zeroName;
  return typeof value === "string" ? value : String(value);
}

/** `verdict` label: "FORWARDED"… */
export function verdictText(flow: Flow): string {
  return enumText(flow.verdict, "VERDICT_UNKNOWN");
}

/** `protocol` label: the L7 protocol of an access-log event, else the L4 protocol. */
export function protocolText(flow: Flow): string {
  switch (flow.event_type?.type) {
    case eventTypes.l7: {
      const text = l7Text(flow.l7);
      return text === "" ? "Unknown L7" : text;
    }
    case eventTypes.drop:
    case eventTypes.trace:
    case eventTypes.policyVerdict:
    case eventTypes.capture:
      return l4Text(flow.l4);
    default:
      return "Unknown flow";
  }
}

/** "DNS", "HTTP", "Kafka" or "" by the record that a layer 7 holds. */
export function l7Text(l7: Layer7 | undefined): string {
  if (l7 === undefined) return "";
  if (l7.http !== undefined) return "HTTP";
  if (l7.dns !== undefined) return "DNS";
  return l7.kafka !== undefined ? "Kafka" : "";
}

/** The protocol that a layer 4 holds. */
export function l4Text(l4: Layer4 | undefined): string {
  if (l4 === undefined) return "Unknown L4";
  if (l4.TCP !== undefined) return "TCP";
  if (l4.UDP !== undefined) return "UDP";
  if (l4.ICMPv4 !== undefined) return "ICMPv4";
  if (l4.ICMPv6 !== undefined) return "ICMPv6";
  if (l4.SCTP !== undefined) return "SCTP";
  if (l4.VRRP !== undefined) return "VRRP";
  return l4.IGMP !== undefined ? "IGMP" : "Unknown L4";
}

/** `reporter` label of the HTTP and Kafka metrics. */
export function reporterText(flow: Flow): string {
  if (flow.traffic_direction === "EGRESS") return "client";
  return flow.traffic_direction === "INGRESS" ? "server" : "unknown";
}

/** Seconds of a latency in nanoseconds (decimal text); 0 when absent. */
export function latencySeconds(l7: Layer7): number {
  return l7.latency_ns === undefined ? 0 : Number(l7.latency_ns) / 1e9;
}

/** The trace that the flow belongs to, "" when none. */
export function traceId(flow: Flow): string {
  return flow.trace_context?.parent?.trace_id ?? "";
}
