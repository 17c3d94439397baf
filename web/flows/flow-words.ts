/** A flow in words: its ends, ports, what happened, who decided. Pure; the table, the drawer and copies use it. */

import type { Flow, FlowEndpoint } from "../../src/flow/model/flow.ts";
import type { DNS } from "../../src/flow/model/generated/messages.ts";
import type { GlyphKind } from "../ui/glyph.tsx";

/** Which end of a flow. */
export type FlowEnd = "source" | "destination";

interface VerdictWord {
  readonly kind: GlyphKind;
  readonly word: string;
}

const verdictWords: Readonly<Record<string, VerdictWord>> = {
  FORWARDED: { kind: "forwarded", word: "Forwarded" },
  DROPPED: { kind: "dropped", word: "Dropped" },
  ERROR: { kind: "crit", word: "Error" },
  AUDIT: { kind: "audit", word: "Audit" },
  REDIRECTED: { kind: "redirected", word: "Redirected" },
  TRACED: { kind: "info", word: "Traced" },
  TRANSLATED: { kind: "info", word: "Translated" },
};

/** Glyph and word of a verdict as Hubble writes it. */
export function verdictWord(verdict: unknown): VerdictWord {
  return verdictWords[String(verdict ?? "")] ?? { kind: "mute", word: "Unknown" };
}

/** When it was seen, ms with fractions; NaN where it does not say. */
export function flowTimeMs({ time = "" }: Flow): number {
  const below = /\.\d{3}(\d+)/.exec(time)?.[1] ?? "0";
  return Date.parse(time) + Number(`0.${below}`);
}

/** "default/xwing", a domain name, "host", or the address; namespace and name apart. */
export function endName(
  flow: Flow,
  end: FlowEnd,
): { readonly namespace: string; readonly name: string } {
  const endpoint = flow[end];
  const pod = endpoint?.pod_name ?? "";
  if (pod !== "") return { namespace: endpoint?.namespace ?? "", name: pod };
  const fqdn = flow[`${end}_names`]?.[0];
  if (fqdn !== undefined) return { namespace: "", name: fqdn };
  const reserved = reservedName(endpoint);
  const address = flow.IP?.[end] ?? "";
  if (reserved === undefined || reserved === "world") {
    return { namespace: "", name: address === "" ? (reserved ?? "unknown") : address };
  }
  return { namespace: "", name: reserved };
}

function reservedName(endpoint: FlowEndpoint | undefined): string | undefined {
  return endpoint?.labels
    ?.find((label) => label.startsWith("reserved:"))
    ?.slice("reserved:".length);
}

/** The same as one text. */
export function endText(flow: Flow, end: FlowEnd): string {
  const { namespace, name } = endName(flow, end);
  return namespace === "" ? name : `${namespace}/${name}`;
}

/** "TCP", "HTTP"…; "" where it has none. */
export function protocolText({ l4, l7 }: Flow): string {
  if (l7?.http !== undefined) return "HTTP";
  if (l7?.dns !== undefined) return "DNS";
  if (l7?.kafka !== undefined) return "Kafka";
  const names = ["TCP", "UDP", "SCTP", "ICMPv4", "ICMPv6", "VRRP", "IGMP"] as const;
  return names.find((name) => l4?.[name] !== undefined) ?? "";
}

/** A port of layer 4; undefined where there is none. */
export function portOf({ l4 }: Flow, end: FlowEnd): number | undefined {
  return (l4?.TCP ?? l4?.UDP ?? l4?.SCTP)?.[`${end}_port`];
}

/** "TCP 80". */
export function portText(flow: Flow): string {
  const port = portOf(flow, "destination");
  const protocol = protocolText(flow);
  return port === undefined ? protocol : `${protocol} ${port}`;
}

/** "7 ms"; "" without latency. */
export function latencyText(nanos: string | undefined): string {
  const ms = Number(nanos ?? "0") / 1e6;
  if (!(ms > 0)) return "";
  return ms >= 10 ? `${Math.round(ms)} ms` : `${ms.toFixed(ms >= 1 ? 1 : 2)} ms`;
}

const rcodes = ["", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED"];

/** What the flow is about, in one line. */
export function summaryText(flow: Flow): string {
  const { l7 } = flow;
  const latency = latencyText(l7?.latency_ns);
  const tail = latency === "" ? "" : `, ${latency}`;
  if (l7?.http !== undefined) {
    const { method = "", url = "", code = 0 } = l7.http;
    const path = url.replace(/^[a-z]+:\/\/[^/]*/i, "") || "/";
    return code === 0 ? `${method} ${path}` : `${method} ${code} ${path}${tail}`;
  }
  if (l7?.dns !== undefined) return dnsText(l7.dns, l7.type === "RESPONSE", tail);
  if (l7?.kafka !== undefined) {
    return `${l7.kafka.api_key ?? ""} ${l7.kafka.topic ?? ""}${tail}`.trim();
  }
  return packetText(flow);
}

function dnsText(
  { query = "", qtypes = [], ips = [], rcode = 0 }: DNS,
  isResponse: boolean,
  tail: string,
): string {
  const asked = `${qtypes.join(",")} ${query.replace(/\.$/, "")}`.trim();
  if (!isResponse) return asked;
  const said = rcode === 0 ? ips.join(", ") || "no address" : (rcodes[rcode] ?? `rcode ${rcode}`);
  return `${asked} → ${said}${tail}`;
}

function packetText(flow: Flow): string {
  const flags = Object.entries(flow.l4?.TCP?.flags ?? {}).flatMap(([name, on]) =>
    on === true ? [name] : [],
  );
  const base =
    flags.length > 0 ? flags.join(" ") : (flow.Summary ?? "").replace(/^TCP Flags: /, "");
  const isToProxy = String(flow.trace_observation_point ?? "") === "TO_PROXY";
  if (flow.verdict === "REDIRECTED" || isToProxy) return `${base}, to L7 proxy`;
  return flow.is_reply === true && flags.length === 0 ? `${base} reply`.trim() : base;
}

const policyLists = [
  "egress_denied_by",
  "ingress_denied_by",
  "egress_allowed_by",
  "ingress_allowed_by",
] as const;

/** The policy that decided, as the flow names it; else why none is named. */
export function policyText(flow: Flow): string {
  const found = policyLists.map((list) => flow[list]?.[0]).find((policy) => policy !== undefined);
  if (found !== undefined) {
    const { namespace = "", name = "" } = found;
    return namespace === "" ? name : `${namespace}/${name}`;
  }
  if (flow.verdict !== "DROPPED") return "";
  const reason = String(flow.drop_reason_desc ?? "");
  if (flow.l7 !== undefined) return "no L7 rule";
  return reason === "POLICY_DENIED" ? "default deny" : dropReasonText(flow);
}

/** "Policy denied". */
export function dropReasonText(flow: Flow): string {
  const text = String(flow.drop_reason_desc ?? "").replaceAll("_", " ");
  return text === "" ? "" : `${text[0]}${text.slice(1).toLowerCase()}`;
}

/** One leaf of a flow's JSON. */
export interface FlowField {
  /** "l4.TCP.destination_port". */
  readonly path: string;
  readonly value: string;
}

/** All fields, in order, lists of plain texts item by item. */
export function flowFields(value: unknown, path = ""): readonly FlowField[] {
  if (value === null || value === undefined) return [];
  if (typeof value !== "object") return [{ path, value: String(value) }];
  return Object.entries(value).flatMap(([name, part]) => {
    const at = Array.isArray(value) ? `${path}[${name}]` : path === "" ? name : `${path}.${name}`;
    return flowFields(part, at);
  });
}
