/**
 * The columns of a flow as `hubble observe` prints them: ends, identities, type, verdict, summary.
 * Enum values without a name print as digits, as Go does.
 */

import { dropReasonText, eventTypes, type Flow } from "../model/flow.ts";
import type { Policy, Service } from "../model/generated/messages.ts";
import { policyMatchTypeTexts, traceObservationPointTexts } from "../model/generated/names.ts";
import { escapeControls, type Palette } from "./palette.ts";

/** What the columns depend on. */
export interface ColumnOptions {
  readonly palette: Palette;
  /** Pod, service and domain names in place of addresses. */
  readonly hasNames: boolean;
  /** Names of the policies behind a policy verdict. */
  readonly hasPolicyNames: boolean;
}

/** Names of the identities that Cilium reserves, by number. */
export const reservedIdentities: readonly string[] = [
  "unknown",
  "host",
  "world",
  "unmanaged",
  "health",
  "init",
  "remote-node",
  "kube-apiserver",
  "ingress",
  "world-ipv4",
  "world-ipv6",
  "encrypted-overlay",
];

type Side = "source" | "destination";

/** One end: "namespace/pod:port", a service, domain names, or the address; MAC addresses without IP. */
export function endText(flow: Flow, side: Side, options: ColumnOptions): string {
  const { palette } = options;
  if (flow.IP === undefined) {
    return flow.ethernet === undefined
      ? ""
      : palette.host(escapeControls(flow.ethernet[side] ?? ""));
  }
  const host = options.hasNames ? nameOf(flow, side) : undefined;
  const text = escapeControls(host ?? flow.IP[side] ?? "");
  const ends = flow.l4?.TCP ?? flow.l4?.UDP ?? flow.l4?.SCTP;
  const port = ends?.[`${side}_port`] ?? 0;
  if (port === 0) return palette.host(text);
  const shown = text.includes(":") || text.includes("%") ? `[${text}]` : text;
  return palette.host(`${shown}:${palette.port(String(port))}`);
}

function nameOf(flow: Flow, side: Side): string | undefined {
  const endpoint = flow[side];
  const service: Service | undefined = flow[`${side}_service`];
  const namespace = (service ?? endpoint)?.namespace ?? "";
  const name = endpoint?.pod_name || service?.name;
  if (name) return namespace === "" ? name : `${namespace}/${name}`;
  const names = flow[`${side}_names`];
  return names === undefined || names.length === 0 ? undefined : names.join(",");
}

/** "(ID:12345)", or "(world)" for an identity that Cilium reserves. */
export function identityText(flow: Flow, side: Side, { palette }: ColumnOptions): string {
  const identity = flow[side]?.identity ?? 0;
  const reserved = reservedIdentities[identity];
  return palette.identity(reserved === undefined ? `(ID:${identity})` : `(${reserved})`);
}

/** "to-endpoint", "policy-verdict:L3-L4 INGRESS", "http-request", the reason of a drop… */
export function typeText(flow: Flow): string {
  if (flow.l7 !== undefined) return layer7Text(flow.l7);
  const subType = flow.event_type?.sub_type ?? 0;
  switch (flow.event_type?.type) {
    case eventTypes.trace:
      // The original cuts sub-types to 8 bits.
      return traceObservationPointTexts[subType & 0xff] ?? String(subType & 0xff);
    case eventTypes.drop:
      return dropReasonText(subType & 0xff);
    case eventTypes.policyVerdict: {
      const match = policyMatchTypeTexts[flow.policy_match_type ?? 0] ?? "unknown";
      return `policy-verdict:${match} ${flow.traffic_direction ?? "TRAFFIC_DIRECTION_UNKNOWN"}`;
    }
    case eventTypes.capture:
      return String(flow.debug_capture_point ?? "DBG_CAPTURE_POINT_UNKNOWN");
    case eventTypes.traceSock:
      return socketTexts[subType] ?? "SOCK_XLATE_POINT_UNKNOWN";
    default:
      return "UNKNOWN";
  }
}

function layer7Text(l7: NonNullable<Flow["l7"]>): string {
  const type = String(l7.type ?? "UNKNOWN_L7_TYPE").toLowerCase();
  if (l7.http !== undefined) return `http-${type}`;
  if (l7.dns !== undefined) return `dns-${type} ${escapeControls(l7.dns.observation_source ?? "")}`;
  return l7.kafka === undefined ? `l7-${type}` : `kafka-${type}`;
}

/** The points of a socket's translation by sub-type. */
const socketTexts: Readonly<Record<number, string>> = {
  1: "pre-xlate-fwd",
  2: "post-xlate-fwd",
  3: "pre-xlate-rev",
  4: "post-xlate-rev",
};

/** "FORWARDED", of a policy verdict "ALLOWED", "DENIED" or "AUDITED", with the policies where asked for. */
export function verdictText(flow: Flow, options: ColumnOptions): string {
  const { palette } = options;
  const verdict = flow.verdict ?? "VERDICT_UNKNOWN";
  const isPolicy = flow.event_type?.type === eventTypes.policyVerdict;
  const shown = (policyWord: string) => {
    if (!isPolicy) return String(verdict);
    return options.hasPolicyNames ? policyWord + policyNames(flow) : policyWord;
  };
  switch (verdict) {
    case "FORWARDED":
    case "REDIRECTED":
      return palette.forwarded(shown("ALLOWED"));
    case "DROPPED":
    case "ERROR":
      return palette.dropped(shown("DENIED"));
    case "AUDIT":
      return palette.audited(shown("AUDITED"));
    case "TRACED":
    case "TRANSLATED":
      return palette.audited(verdict);
    default:
      return String(verdict);
  }
}

/** The policies of the flow's direction that have both a name and a kind. */
function policyNames(flow: Flow): string {
  const isAllowed = flow.verdict === "FORWARDED" || flow.verdict === "REDIRECTED";
  let policies: readonly Policy[] = [];
  if (flow.traffic_direction === "EGRESS") {
    policies = (isAllowed ? flow.egress_allowed_by : flow.egress_denied_by) ?? [];
  } else if (flow.traffic_direction === "INGRESS") {
    policies = (isAllowed ? flow.ingress_allowed_by : flow.ingress_denied_by) ?? [];
  }
  const texts: string[] = [];
  for (const { name = "", kind = "" } of policies) {
    if (name !== "" && kind !== "") texts.push(escapeControls(`${name} (${kind})`));
  }
  return texts.length === 0 ? "" : ` BY ${texts.join(", ")}`;
}

/** The agent's summary, with the IP trace before and the authentication after it. */
export function summaryText(flow: Flow, { palette }: ColumnOptions): string {
  const traceId = flow.ip_trace_id?.trace_id ?? "0";
  const trace = traceId === "0" ? "" : `IP Trace ID: ${traceId}; `;
  return trace + escapeControls(flow.Summary ?? "") + authText(flow, palette);
}

function authText(flow: Flow, palette: Palette): string {
  const auth = flow.auth_type ?? "DISABLED";
  if (auth === "DISABLED" || auth === 0) return "";
  const paint = auth === "TEST_ALWAYS_FAIL" ? palette.unauthenticated : palette.authenticated;
  return `; Auth: ${paint(String(auth))}`;
}
