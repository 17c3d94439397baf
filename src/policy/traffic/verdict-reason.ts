/**
 * Why one side of a connection passes or does not, in half a sentence with the line of the policy that
 * says so: "lander has no label ship", line 15. For groups of a replay, where the whole explanation
 * (explanation.ts) is too long.
 */

import type { PolicyEntry, RuleOrigin } from "../document/policy-document.ts";
import { decidesOn } from "../engine/entry-decision.ts";
import { formatPort } from "../engine/explanation.ts";
import type { PolicyEngine } from "../engine/policy-engine.ts";
import { dropReasons } from "../engine/verdict.ts";
import {
  clusterLabelKey,
  formatSelector,
  type IdentityLabel,
  matchesSelector,
  namespaceLabelKey,
  parseIdentityLabel,
  type SelectorCondition,
} from "../selector/label-selector.ts";
import { formatPeer, type PeerSelector } from "../selector/peer-selector.ts";
import { failingCondition, labelAskedFor, shortName } from "../selector/selector-miss.ts";
import type { SideVerdict } from "./connection-verdict.ts";
import type { Connection } from "./flow-tally.ts";
import { requestTitle } from "./line-hits.ts";

/** The reason and the place that gives it. */
export interface VerdictReason {
  readonly origin: RuleOrigin | undefined;
  /** 1-based line in the policy's file; undefined where no policy says it. */
  readonly line: number | undefined;
  readonly text: string;
}

/** Named in one reason at most. */
const namedMax = 3;

/** Texts by file, to find the line of a label; a file that is not there gives the rule's line. */
export type PolicyTexts = ReadonlyMap<string, string>;

/** One side of a connection, and who judged it. */
export interface JudgedSide {
  readonly engine: PolicyEngine;
  readonly connection: Connection;
  readonly side: SideVerdict;
  readonly texts: PolicyTexts;
}

/** The reason of one side's verdict. */
export function reasonOfSide(judged: JudgedSide): VerdictReason {
  const { connection, side } = judged;
  const { verdict, direction } = side;
  const [origin] = verdict.matchedBy;
  if (side.isRequestDenied) return reasonOfRequest(connection, side);
  switch (verdict.decision) {
    case "error":
      return { origin: undefined, line: undefined, text: verdict.error ?? "contradiction" };
    case "default-allow":
      return { origin: undefined, line: undefined, text: `no policy closes ${direction}` };
    case "allowed": {
      if (origin === undefined)
        return { origin, line: undefined, text: "the host reaches its pods" };
      return reasonOfAllow(judged, origin);
    }
    case "denied":
      if (verdict.dropReason === dropReasons.denyRule && origin !== undefined) {
        const text = `${origin.section}[${origin.index}] denies it`;
        return { origin, line: origin.line, text };
      }
      return reasonOfDefaultDeny(judged);
  }
}

function reasonOfRequest(connection: Connection, { verdict }: SideVerdict): VerdictReason {
  const [origin] = verdict.matchedBy;
  const { l7 } = verdict;
  const { request } = connection;
  const rules = l7?.parser === "http" ? l7.http : l7?.parser === "dns" ? l7.dns : [];
  const what =
    request?.parser === "http"
      ? `${request.http.method} ${request.http.path}`
      : (request?.name ?? "");
  const named = rules.map(requestTitle);
  const text =
    named.length === 0 ? `${what} is no request that is named` : `${what} is not ${anyOf(named)}`;
  return { origin, line: rules[0]?.line ?? origin?.line, text };
}

function anyOf(texts: readonly string[]): string {
  const shown = texts.slice(0, namedMax).join(" or ");
  return texts.length > namedMax ? `${shown} or ${texts.length - namedMax} others` : shown;
}

function reasonOfAllow(
  { engine, connection, side: { direction }, texts }: JudgedSide,
  origin: RuleOrigin,
): VerdictReason {
  const { subject, peer } = endsOf(connection, direction);
  const found = engine
    .entriesBetween(subject.endpoint, peer.endpoint, direction)
    .find(({ entry }) => entry.origin === origin)?.entry;
  const labels = peer.endpoint.labels.map(parseIdentityLabel);
  for (const [index, selector] of (found?.peers ?? []).entries()) {
    const own = found?.peerLines?.[index] ?? origin.line;
    if (selector.kind !== "labels" || !matchesSelector(selector.selector, labels)) continue;
    const conditions = selector.selector.conditions.filter(isTelling);
    const [first] = conditions;
    if (first === undefined) break;
    const line = lineOfLabel(texts.get(origin.file), own, first);
    return { origin, line, text: `${shortName(peer.name)} has ${formatSelector({ conditions })}` };
  }
  const text = `${origin.section}[${origin.index}] allows it`;
  return { origin, line: origin.line, text };
}

/** The rule that came nearest says why it is not the one. */
function reasonOfDefaultDeny({ engine, connection, side, texts }: JudgedSide): VerdictReason {
  const { direction, verdict } = side;
  const { subject, peer } = endsOf(connection, direction);
  const { port, protocol } = connection;
  const packet = { port, protocol, portOf: () => undefined };
  const between = engine.entriesBetween(subject.endpoint, peer.endpoint, direction);
  const labels = peer.endpoint.labels.map(parseIdentityLabel);
  const selecting = new Set(between.map(({ entry }) => entry));
  let near: VerdictReason | undefined;
  for (const { entry } of engine.entriesFor(subject.endpoint, direction)) {
    if (entry.isDeny || entry.peers?.length === 0) continue;
    if (!selecting.has(entry) && decidesOn(entry, packet)) {
      return reasonOfPeer(entry, labels, shortName(peer.name), texts);
    }
    if (selecting.has(entry)) near ??= reasonOfPort(entry, `${protocol}/${port}`);
  }
  if (near !== undefined) return near;
  const [closing] = verdict.defaultDenyBy;
  const line = engine.specs.find(({ entries }) => entries[0]?.origin === closing)?.subjectLine;
  const text = `no rule names ${shortName(peer.name)}; default deny is on`;
  return { origin: closing, line: line ?? closing?.line, text };
}

function reasonOfPort(entry: PolicyEntry, service: string): VerdictReason {
  const ports = entry.ports?.flatMap((rule) => rule.ports.map(formatPort)) ?? [];
  const [rule] = entry.ports ?? [];
  const line = rule?.portLines?.[0] ?? rule?.line ?? entry.origin.line;
  return { origin: entry.origin, line, text: `${service} is not ${anyOf(ports)}` };
}

function reasonOfPeer(
  entry: PolicyEntry,
  labels: readonly IdentityLabel[],
  name: string,
  texts: PolicyTexts,
): VerdictReason {
  const { origin, peers = [] } = entry;
  for (const [index, peer] of peers.entries()) {
    if (peer.kind !== "labels") continue;
    const failing = failingCondition(peer.selector, labels);
    if (failing === undefined) continue;
    const own = entry.peerLines?.[index] ?? origin.line;
    const line = lineOfLabel(texts.get(origin.file), own, failing);
    return { origin, line, text: `${name} has ${lackOf(failing, labels)}` };
  }
  const line = entry.peerLines?.[0] ?? origin.line;
  return { origin, line, text: `${name} is not ${anyOf(peers.map(shortPeer))}` };
}

function shortPeer(peer: PeerSelector): string {
  return peer.kind === "labels"
    ? formatSelector({ conditions: peer.selector.conditions.filter(isTelling) })
    : formatPeer(peer);
}

function lackOf(failing: SelectorCondition, labels: readonly IdentityLabel[]): string {
  const { key, operator, values } = failing;
  const found = labelAskedFor(failing, labels);
  const isNamespace = key === namespaceLabelKey;
  const shown = isNamespace ? "namespace" : key;
  if (found === undefined) return isNamespace ? "no namespace" : `no label ${shown}`;
  const has = `${shown}=${found.value}`;
  return operator === "In" ? `${has}, not ${anyOf(values)}` : has;
}

/** Conditions that people wrote, not those that parsing adds. */
function isTelling({ key }: SelectorCondition): boolean {
  return key !== clusterLabelKey && key !== namespaceLabelKey;
}

/** The line that names the label, looked for from the peer's own line on. */
function lineOfLabel(
  text: string | undefined,
  from: number,
  { key, values }: SelectorCondition,
): number {
  if (text === undefined || key === namespaceLabelKey) return from;
  const lines = text.split("\n").slice(from - 1, from + 11);
  const at = lines.findIndex(
    (line) => line.includes(key) && (values.length !== 1 || line.includes(values[0] ?? "")),
  );
  return at < 0 ? from : from + at;
}

function endsOf({ source, destination }: Connection, direction: SideVerdict["direction"]) {
  return direction === "ingress"
    ? { subject: destination, peer: source }
    : { subject: source, peer: destination };
}
