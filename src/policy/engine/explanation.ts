/**
 * Why: a verdict in words that name rules by policy, file and line. For "no rule matches" also the
 * rules that came near: right peer but another port, or right port but another peer.
 */

import type { PolicyEntry, PortMatch, RuleOrigin } from "../document/policy-document.ts";
import { formatPeer } from "../selector/peer-selector.ts";
import { decidesOn, type PacketFacts } from "./entry-decision.ts";
import type { PolicyEngine } from "./policy-engine.ts";
import { dropReasons, type L7Verdict, type Verdict, type VerdictQuery } from "./verdict.ts";

/** Rules that nearly matched, and policies behind a default deny, beyond this are only counted. */
const namedMax = 5;

/** "CiliumNetworkPolicy default/p". */
export function formatPolicyName({
  kind,
  namespace,
  name,
}: Pick<RuleOrigin, "kind" | "namespace" | "name">): string {
  return `${kind} ${namespace === "" ? name : `${namespace}/${name}`}`;
}

/** "CiliumNetworkPolicy default/p, ingress[0] (p.yaml:12)". */
export function formatOrigin(origin: RuleOrigin): string {
  const { section, index, file, line } = origin;
  return `${formatPolicyName(origin)}, ${section}[${index}] (${file}:${line})`;
}

/** One direction's verdict in one line. */
export function explainVerdict(verdict: Verdict): string {
  const { decision, matchedBy, defaultDenyBy } = verdict;
  const rules = matchedBy.map(formatOrigin).join(" and ");
  switch (decision) {
    case "error":
      return `error: ${verdict.error ?? ""}; the agent goes on with the endpoint's previous policy`;
    case "default-allow":
      return "allowed: no policy closes this direction";
    case "denied":
      if (verdict.dropReason === dropReasons.denyRule) return `denied by ${rules}`;
      return defaultDenyBy.length === 0
        ? "denied: the endpoint is closed by the agent's own settings, and no rule matches"
        : `denied: no rule matches, and default deny is created by ${firstFew(defaultDenyBy.map(formatOrigin))}`;
    case "allowed": {
      const by = verdict.isAllowLocalhost ? "the agent: the host may always reach its pods" : rules;
      const auth = verdict.auth === undefined ? "" : authText(verdict.auth.mode);
      return `allowed by ${by}${l7Text(verdict.l7)}${auth}`;
    }
  }
}

function authText(mode: string): string {
  return mode === "disabled" ? "" : `, once both ends have authenticated each other (${mode})`;
}

function l7Text(l7: L7Verdict | undefined): string {
  if (l7 === undefined) return "";
  const parser = l7.parser === "l7" ? l7.l7proto : l7.parser;
  return l7.allowAll
    ? `, through the ${parser} proxy, every request`
    : `, through the ${parser} proxy, as far as its rules allow the request`;
}

/** The verdict, and for a packet that no rule matches the rules that came near; a line each. */
export function explainQuery(engine: PolicyEngine, query: VerdictQuery): string[] {
  const verdict = engine.resolveVerdict(query);
  const lines = [explainVerdict(verdict)];
  if (verdict.decision !== "denied" || verdict.dropReason === dropReasons.denyRule) return lines;
  const near = nearMisses(engine, query);
  lines.push(...near.slice(0, namedMax));
  if (near.length > namedMax) lines.push(`and ${near.length - namedMax} more rules came near`);
  return lines;
}

function nearMisses(engine: PolicyEngine, query: VerdictQuery): string[] {
  const { direction, source, destination, port, protocol } = query;
  const [subject, peer] = direction === "ingress" ? [destination, source] : [source, destination];
  const selecting = new Set(
    engine.entriesBetween(subject, peer, direction).map((one) => one.entry),
  );
  const packet: PacketFacts = { port, protocol, portOf: () => undefined };
  const byPeer: string[] = [];
  const byPort: string[] = [];
  for (const { entry } of engine.entriesFor(subject, direction)) {
    if (entry.isDeny) continue;
    if (selecting.has(entry)) {
      byPeer.push(
        `near: ${formatOrigin(entry.origin)} selects the peer, but only ${portsText(entry)}`,
      );
    } else if (entry.peers !== undefined && entry.peers.length > 0 && decidesOn(entry, packet)) {
      byPort.push(
        `near: ${formatOrigin(entry.origin)} has the port, but selects only ${firstFew(entry.peers.map(formatPeer))}`,
      );
    }
  }
  return [...byPeer, ...byPort];
}

function portsText(entry: PolicyEntry): string {
  const ports = entry.ports?.flatMap((rule) => rule.ports.map(formatPort)) ?? [];
  return ports.length === 0 ? "no port at all" : firstFew(ports);
}

/** "TCP/80", "TCP/8000-8080", "ANY/http", "ICMP/8", "UDP". */
export function formatPort({ protocol, first, last, name }: PortMatch): string {
  if (name !== undefined) return `${protocol}/${name}`;
  if (first === 0 && last === 65_535) return protocol;
  return first === last ? `${protocol}/${first}` : `${protocol}/${first}-${last}`;
}

function firstFew(texts: readonly string[]): string {
  const shown = texts.slice(0, namedMax).join(" and ");
  return texts.length > namedMax ? `${shown} and ${texts.length - namedMax} more` : shown;
}
