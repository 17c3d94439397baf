/**
 * The decision among the entries that select a pair of endpoints: the policy map's deciding entry
 * (map-entry.ts) says allowed or denied and by whom; the L7 rules of all entries that apply are united.
 */

import type {
  L7Rules,
  PolicyEntry,
  PolicyProtocol,
  PortMatch,
  PortRule,
} from "../document/policy-document.ts";
import { type AllowPart, uniteL7 } from "./l7-union.ts";
import { findMapEntry, isDenyEntry, type MapEntry, type RulePart } from "./map-entry.ts";
import { blockSize } from "./port-blocks.ts";
import {
  type AuthVerdict,
  type DirectionPolicy,
  dropReasons,
  openVerdict,
  type PeerEntry,
  type PolicyMatch,
  type Verdict,
} from "./verdict.ts";

/** A packet, as port rules see it. */
export interface PacketFacts {
  readonly port: number;
  readonly protocol: PolicyProtocol;
  /** Looks a named port up; undefined = it selects nothing. */
  readonly portOf: (name: string, protocol: PolicyProtocol) => number | undefined;
}

/** The packet, and what the subject's surroundings say. */
export interface DecisionInput extends PacketFacts {
  /** The peer is the local host, which may always reach its pods. */
  readonly isLocalhost: boolean;
}

/** Whether the entry's ports have the packet's. */
export function decidesOn(entry: PolicyEntry, packet: PacketFacts): boolean {
  return (
    entry.ports === undefined ||
    entry.ports.some(({ ports }) => ports.some((port) => matchesPort(port, packet)))
  );
}

/** A part of an entry that holds the packet. */
type Part = RulePart & AllowPart;

/** A rule without ports has rank 0, the whole protocol 1; the fewer ports, the higher, up to one port. */
const onePortRank = 17;

/** Decides. `entries` are those of `policy` that select the peer. */
export function decide(
  policy: DirectionPolicy,
  entries: readonly PeerEntry[],
  input: DecisionInput,
): Verdict {
  if (policy.error !== undefined) {
    return { ...openVerdict, decision: "error", error: policy.error };
  }
  const { isLocalhost } = input;
  const parts = entries.flatMap((one) => partsOf(one, input));
  const all = policy.isDefaultDeny ? parts : [...parts, openPart];
  const found = findMapEntry(all, { hasAuth: policy.hasAuth, isLocalhost });
  if (found === undefined) {
    const { defaultDenyBy } = policy;
    return {
      ...openVerdict,
      decision: "denied",
      dropReason: dropReasons.defaultDeny,
      defaultDenyBy,
    };
  }
  if (isDenyEntry(found))
    return { ...verdictOf(found), decision: "denied", dropReason: dropReasons.denyRule };
  if (found.sources.length === 0 && !found.isLocalhost) return openVerdict;
  const auth = authOf(found);
  return {
    ...verdictOf(found),
    l7: found.proxy === "" ? undefined : l7Of(parts, policy, isLocalhost),
    ...(auth === undefined ? {} : { auth }),
  };
}

const noProxy = { parser: "", listener: "", priority: undefined };
const whole = { l7: undefined, serverNames: [], hasPort: false, ...noProxy };

/** Where nothing turns default deny on, everything is open. */
const openPart: Part = { ...whole, selected: undefined, selector: "", filter: "", rank: 0 };

function partsOf(selected: PeerEntry, input: PacketFacts): Part[] {
  const { ports } = selected.entry;
  const places =
    ports === undefined
      ? [{ ...whole, filter: "", rank: 0 }]
      : ports.flatMap((rule) => portPlaces(rule, input));
  const selectors = selected.selectors ?? [""];
  return places.flatMap((place) => selectors.map((selector) => ({ ...place, selected, selector })));
}

function portPlaces({ ports, l7, serverNames }: PortRule, input: PacketFacts) {
  return ports
    .filter((port) => matchesPort(port, input))
    .map((port) => ({
      l7,
      serverNames,
      hasPort: port.name !== undefined || !isWholeProtocol(port),
      filter: `${port.name ?? port.first}-${port.last}`,
      rank: rankOf(port, input.port),
      ...proxyOf(l7),
    }));
}

function proxyOf(l7: L7Rules | undefined): Pick<RulePart, keyof typeof noProxy> {
  if (l7 === undefined) return noProxy;
  if (l7.parser === "crd") return l7;
  return { ...noProxy, parser: l7.parser === "l7" ? l7.l7proto : l7.parser };
}

/** Whether one port rule has the packet's port. */
export function matchesPort(port: PortMatch, input: PacketFacts): boolean {
  const { protocol } = input;
  const hasPorts = protocol === "TCP" || protocol === "UDP" || protocol === "SCTP";
  if (port.protocol === "ANY" ? !hasPorts : port.protocol !== protocol) return false;
  // A rule for any protocol is one rule for each: the name must be of the packet's own.
  if (port.name !== undefined) return input.portOf(port.name, protocol) === input.port;
  return input.port >= port.first && input.port <= port.last;
}

function isWholeProtocol({ first, last }: PortMatch): boolean {
  return first === 0 && last === 65_535;
}

function rankOf(port: PortMatch, packetPort: number): number {
  if (port.name !== undefined) return onePortRank;
  return onePortRank - Math.log2(blockSize(port.first, port.last, packetPort));
}

function l7Of(parts: readonly Part[], policy: DirectionPolicy, isLocalhost: boolean) {
  const allows: AllowPart[] = parts.filter(({ selected }) => selected?.entry.isDeny === false);
  if (isLocalhost) allows.push({ ...whole, filter: "", selector: "the local host" });
  return uniteL7(allows, policy.isDefaultDeny);
}

function authOf({ auth, isAuthExplicit }: MapEntry): AuthVerdict | undefined {
  if (isAuthExplicit) return { mode: auth, isDerived: false };
  return auth === "disabled" ? undefined : { mode: auth, isDerived: true };
}

function verdictOf(found: MapEntry): Verdict {
  const { sources, isLocalhost } = found;
  return {
    ...openVerdict,
    decision: "allowed",
    match: matchOf(found),
    matchedBy: [...new Set(sources.map(({ entry }) => entry.origin))],
    isAllowLocalhost: isLocalhost,
    policyLog: [...new Set(sources.flatMap(({ spec }) => spec.logValue ?? []))].sort(),
  };
}

function matchOf({ rank, isPeerSpecific }: MapEntry): PolicyMatch {
  if (rank === 0) return isPeerSpecific ? "l3-only" : "all";
  if (rank === 1) return isPeerSpecific ? "l3-proto" : "proto-only";
  return isPeerSpecific ? "l3-l4" : "l4-only";
}
