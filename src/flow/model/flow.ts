/**
 * The Hubble flow as this program holds it: plain objects in the JSON form of Cilium's protobuf
 * (proto field names, 64-bit integers as decimal text, enum names or, without a name, numbers).
 * An absent field is the default value, as on the wire. All messages: generated/messages.ts.
 */

import { trafficDirectionNumbers, verdictNumbers } from "./generated/enums.ts";
import type * as messages from "./generated/messages.ts";
import { dropReasonTexts } from "./generated/names.ts";

/** One flow. Owned by who made it; readers never change it. */
export type Flow = messages.Flow;
/** One end of a flow: endpoint id, identity, labels, pod, workloads. */
export type FlowEndpoint = messages.Endpoint;
/** A line of the exporter: one event of any kind, the node that saw it, and when. */
export type ExportEvent = messages.ExportEvent;

/** `event_type.type`: the kinds of events of the agent's monitor. */
export const eventTypes = {
  drop: 1,
  debug: 2,
  capture: 3,
  trace: 4,
  policyVerdict: 5,
  traceSock: 7,
  l7: 129,
  agent: 130,
} as const;

/** `event_type.sub_type` of a trace event: where in the datapath the packet was seen. */
export const traceSubTypes = {
  toEndpoint: 0,
  toProxy: 1,
  toHost: 2,
  toStack: 3,
  toOverlay: 4,
  fromEndpoint: 5,
  fromProxy: 6,
  fromHost: 7,
  fromStack: 8,
  fromOverlay: 9,
  fromNetwork: 10,
  toNetwork: 11,
} as const;

/** `policy_match_type` of a policy verdict. */
export const policyMatchTypes = {
  none: 0,
  l3Only: 1,
  l3L4: 2,
  l4Only: 3,
  all: 4,
  l3Proto: 5,
  protoOnly: 6,
} as const;

/** Names of the verdicts by number, for tables on screen. */
export const verdictNames: readonly string[] = Object.keys(verdictNumbers);

/** Names of the directions by number. */
export const trafficDirectionNames: readonly string[] = Object.keys(trafficDirectionNumbers);

/** The agent's text for a drop reason number: 133 → "Policy denied"; without a text "N, 0" as the agent prints. */
export function dropReasonText(reason: number): string {
  return dropReasonTexts[reason] ?? `${reason}, 0`;
}

/**
 * A protobuf timestamp in JSON: RFC 3339 in UTC with 0, 3, 6 or 9 digits of a second.
 * `nanos` are those below the millisecond (0..999999).
 */
export function formatTimestamp(timestampMs: number, nanos = 0): string {
  const text = new Date(timestampMs).toISOString();
  if (nanos === 0) return text.endsWith(".000Z") ? `${text.slice(0, -5)}Z` : text;
  const below = String(nanos).padStart(6, "0");
  return `${text.slice(0, -1)}${below.endsWith("000") ? below.slice(0, 3) : below}Z`;
}

/** Nanoseconds since the epoch of an RFC 3339 text; undefined where it is none. */
export function timestampNanos(text: string): bigint | undefined {
  const match = /^(\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?([Zz]|[-+]\d\d:\d\d)$/.exec(
    text,
  );
  if (match === null) return undefined;
  const ms = Date.parse(`${match[1]}${match[3]}`);
  if (Number.isNaN(ms)) return undefined;
  return BigInt(ms) * 1_000_000n + BigInt((match[2] ?? "").padEnd(9, "0"));
}
