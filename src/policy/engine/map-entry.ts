/**
 * The entry of an endpoint's policy map that decides about a packet, as the agent's map and the
 * datapath's look-up find it. Only entries that hold the packet are looked at: their keys differ in
 * whether they name the peer's identity and in how many bits of protocol and port they name. Entries
 * that a stronger one covers are not in the map; of the rest the datapath meets the narrowest that
 * names the peer and the narrowest that does not, and takes the stronger.
 */

import type { AuthMode } from "../document/policy-document.ts";
import type { SelectedEntry } from "./verdict.ts";

/** A rule's part that holds the packet, for one of its selectors. */
export interface RulePart {
  /** Undefined = the agent's own: what is open by default. */
  readonly selected: SelectedEntry | undefined;
  /** "" = every peer. */
  readonly selector: string;
  /** Parts of one filter have the same port rule: "" = every port and protocol. */
  readonly filter: string;
  /** Bits of protocol and port that the key names: 0 none, 1 the protocol, 2 to 17 of the port. */
  readonly rank: number;
  /** What the proxy is asked for: a parser; "" = no proxy. */
  readonly parser: string;
  /** Which listener of the proxy. */
  readonly listener: string;
  /** The listener's own priority, lowest first; undefined = that of the parser. */
  readonly priority: number | undefined;
}

/** An entry of the map. */
export interface MapEntry {
  readonly isPeerSpecific: boolean;
  readonly rank: number;
  /** Larger wins: 1 plain, above it proxies, 255 deny. */
  strength: number;
  /** Which proxy, "" = none. */
  proxy: string;
  auth: AuthMode;
  isAuthExplicit: boolean;
  /** Rules that made it. */
  readonly sources: SelectedEntry[];
  /** The agent's own entry for the local host has a part in it. */
  isLocalhost: boolean;
}

const plainStrength = 1;
const denyStrength = 255;
/** After the agent's priorities of parsers; the rest are parsers of users' own. */
const proxyStrengths: ReadonlyMap<string, number> = new Map([
  ["http", 154],
  ["kafka", 149],
  ["tls", 139],
  ["dns", 134],
  ["crd", 129],
]);
const ownParserStrength = 144;

/** Weakest first. */
const authModes: readonly AuthMode[] = ["disabled", "required", "test-always-fail"];

/** What the map depends on beside the parts. */
export interface MapContext {
  /** Some rule of the direction says something about authentication: then the agent prunes otherwise. */
  readonly hasAuth: boolean;
  /** The peer is the local host, which may always reach its pods. */
  readonly isLocalhost: boolean;
}

/** The deciding entry; undefined = no entry holds the packet. */
export function findMapEntry(
  parts: readonly RulePart[],
  { hasAuth, isLocalhost }: MapContext,
): MapEntry | undefined {
  const made = withoutEchoes(parts);
  const kept = hasAuth ? pruneWithAuth(made) : prune(made);
  if (isLocalhost) addLocalhost(kept);
  return lookUp(kept);
}

/** Whether the entry refuses. */
export function isDenyEntry({ strength }: MapEntry): boolean {
  return strength === denyStrength;
}

/** One entry per filter and selector; those that do what the filter does for every peer are left out. */
function withoutEchoes(parts: readonly RulePart[]): MapEntry[] {
  const filters = new Map<string, Map<string, MapEntry>>();
  for (const part of parts) {
    let filter = filters.get(part.filter);
    if (filter === undefined) {
      filter = new Map();
      filters.set(part.filter, filter);
    }
    const made = entryOf(part);
    const known = filter.get(part.selector);
    if (known === undefined) filter.set(part.selector, made);
    else mergeRules(known, made);
  }
  const entries: MapEntry[] = [];
  for (const filter of filters.values()) {
    const general = filter.get("");
    for (const entry of filter.values()) {
      const isEcho = general !== undefined && entry !== general && entry.rank > 1;
      if (!isEcho || !doesTheSame(entry, general)) entries.push(entry);
    }
  }
  return entries;
}

function entryOf(part: RulePart): MapEntry {
  const { selected, selector, rank, parser, listener } = part;
  const entry = selected?.entry;
  return {
    isPeerSpecific: selector !== "",
    rank,
    strength: strengthOf(part),
    proxy: parser === "" ? "" : `proxy ${listener}`,
    auth: entry?.auth ?? "disabled",
    isAuthExplicit: entry?.auth !== undefined,
    sources: selected === undefined ? [] : [selected],
    isLocalhost: false,
  };
}

function strengthOf({ selected, parser, priority }: RulePart): number {
  if (selected?.entry.isDeny === true) return denyStrength;
  if (parser === "") return plainStrength;
  if (priority !== undefined) return denyStrength - priority;
  return proxyStrengths.get(parser) ?? ownParserStrength;
}

/** Rules for the same selector and port become one: deny replaces, else all that they ask for holds. */
function mergeRules(into: MapEntry, other: MapEntry): void {
  into.sources.push(...other.sources);
  if (isDenyEntry(into)) return;
  if (isDenyEntry(other)) {
    into.strength = denyStrength;
    into.proxy = "";
    into.auth = "disabled";
    into.isAuthExplicit = false;
    return;
  }
  takeStrongerProxy(into, other);
  if (other.isAuthExplicit) {
    into.auth = other.auth;
    into.isAuthExplicit = true;
  }
}

function takeStrongerProxy(into: MapEntry, other: MapEntry): void {
  if (other.strength <= into.strength) return;
  into.strength = other.strength;
  into.proxy = other.proxy;
}

function doesTheSame(a: MapEntry, b: MapEntry): boolean {
  return (
    a.strength === b.strength &&
    a.proxy === b.proxy &&
    a.auth === b.auth &&
    a.isAuthExplicit === b.isAuthExplicit
  );
}

function hasSameKey(a: MapEntry, b: MapEntry): boolean {
  return a.rank === b.rank && a.isPeerSpecific === b.isPeerSpecific;
}

function covers(outer: MapEntry, inner: MapEntry): boolean {
  return outer.rank <= inner.rank && (inner.isPeerSpecific || !outer.isPeerSpecific);
}

/** Leaves out what a stronger entry covers, and denials inside a denial; brings equal keys together. */
function prune(entries: readonly MapEntry[]): MapEntry[] {
  const kept: MapEntry[] = [];
  for (const entry of entries) {
    const isCovered = entries.some(
      (other) =>
        covers(other, entry) && (other.strength > entry.strength || isInsideDenial(entry, other)),
    );
    if (!isCovered) insert(kept, entry);
  }
  return kept;
}

function isInsideDenial(entry: MapEntry, other: MapEntry): boolean {
  return isDenyEntry(entry) && isDenyEntry(other) && !hasSameKey(entry, other);
}

function insert(kept: MapEntry[], entry: MapEntry): void {
  const same = kept.find((other) => hasSameKey(other, entry));
  if (same === undefined) kept.push(entry);
  else mergeEntries(same, entry);
}

function mergeEntries(into: MapEntry, other: MapEntry): void {
  into.sources.push(...other.sources);
  into.isLocalhost ||= other.isLocalhost;
  takeStrongerProxy(into, other);
  const isStronger =
    into.isAuthExplicit === other.isAuthExplicit
      ? authModes.indexOf(other.auth) > authModes.indexOf(into.auth)
      : other.isAuthExplicit;
  if (!isStronger) return;
  into.auth = other.auth;
  into.isAuthExplicit = other.isAuthExplicit;
}

/**
 * With authentication only entries of the same peer (or both of every peer) are compared; those that
 * say something about authentication stay and take the stronger one's proxy, and what is said holds
 * for narrower entries that say nothing.
 */
function pruneWithAuth(entries: readonly MapEntry[]): MapEntry[] {
  const denials = entries.filter(isDenyEntry);
  const kept = prune(denials);
  const allowed = entries
    .filter((entry) => !isDenyEntry(entry) && !denials.some((denial) => covers(denial, entry)))
    .sort((a, b) => a.rank - b.rank);
  for (const entry of allowed) {
    const above = allowed.filter(
      (other) => other.isPeerSpecific === entry.isPeerSpecific && other.rank <= entry.rank,
    );
    const stronger = above.findLast(({ strength }) => strength > entry.strength);
    if (stronger !== undefined && !entry.isAuthExplicit) continue;
    if (stronger !== undefined) takeStrongerProxy(entry, stronger);
    insert(kept, entry);
  }
  deriveAuth(kept);
  return kept;
}

function deriveAuth(kept: readonly MapEntry[]): void {
  for (const entry of kept) {
    if (entry.isAuthExplicit || isDenyEntry(entry)) continue;
    let from: MapEntry | undefined;
    for (const other of kept) {
      const isAbove = other.isPeerSpecific === entry.isPeerSpecific && other.rank < entry.rank;
      if (!isAbove || !other.isAuthExplicit || isDenyEntry(other)) continue;
      if (from === undefined || other.rank > from.rank) from = other;
    }
    if (from !== undefined) entry.auth = from.auth;
  }
}

/** The local host reaches its pods unless a rule denies just that; narrower proxies stay. */
function addLocalhost(kept: MapEntry[]): void {
  const entry: MapEntry = {
    isPeerSpecific: true,
    rank: 0,
    strength: plainStrength,
    proxy: "",
    auth: "disabled",
    isAuthExplicit: false,
    sources: [],
    isLocalhost: true,
  };
  const same = kept.find((other) => hasSameKey(other, entry));
  if (same === undefined) kept.push(entry);
  else if (!isDenyEntry(same)) mergeEntries(same, entry);
}

function lookUp(kept: readonly MapEntry[]): MapEntry | undefined {
  const own = narrowest(kept, true);
  const general = narrowest(kept, false);
  if (own === undefined || general === undefined) return own ?? general;
  if (own.strength !== general.strength) return own.strength > general.strength ? own : general;
  if (isDenyEntry(own)) return own;
  return general.rank > own.rank ? withAuthOf(general, own) : withAuthOf(own, general);
}

function narrowest(kept: readonly MapEntry[], isPeerSpecific: boolean): MapEntry | undefined {
  let found: MapEntry | undefined;
  for (const entry of kept) {
    if (entry.isPeerSpecific !== isPeerSpecific) continue;
    if (found === undefined || entry.rank > found.rank) found = entry;
  }
  return found;
}

/** An entry that says nothing about authentication takes what the other one asks for, if that is more. */
function withAuthOf(entry: MapEntry, other: MapEntry): MapEntry {
  const isMore = authModes.indexOf(other.auth) > authModes.indexOf(entry.auth);
  return entry.isAuthExplicit || !isMore ? entry : { ...entry, auth: other.auth };
}
