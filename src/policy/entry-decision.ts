/**
 * The decision among the entries that select a pair of endpoints: deny before allow, the most
 * specific entry names the match, L7 rules of all applicable entries are united.
 */

import { formatPeer, isWildcardPeer } from "./peer-selector.ts";
import type { DnsRule, HttpRule, L7Rules, PolicyProtocol, PortMatch } from "./policy-document.ts";
import type { DirectionPolicy, L7Verdict, PolicyMatch, SelectedEntry, Verdict } from "./verdict.ts";

/** The packet, and what the subject's surroundings say. */
export interface DecisionInput {
  readonly port: number;
  readonly protocol: PolicyProtocol;
  /** The peer is the local host, which may always reach its pods. */
  readonly isLocalhost: boolean;
  /** Looks a named port up; undefined = it selects nothing. */
  readonly portOf: (name: string, protocol: PolicyProtocol | "ANY") => number | undefined;
}

/** An entry that applies to the packet, with the part of it that does. */
interface Applicable {
  /** Undefined = the agent's own entry for the local host. */
  readonly selected: SelectedEntry | undefined;
  /** Undefined = every port and protocol. */
  readonly port: PortMatch | undefined;
  readonly l7: L7Rules | undefined;
  /** Larger is more specific: 0 no ports, 1 whole protocol, 2.. ranges, 18 one port. */
  readonly portRank: number;
  /** Selects some peers only, not all. */
  readonly isPeerSpecific: boolean;
}

const onePortRank = 18;
const portsInAll = 65_536;

/** Decides. `entries` are those of `policy` that select the peer. */
export function decide(
  policy: DirectionPolicy,
  entries: readonly SelectedEntry[],
  input: DecisionInput,
): Verdict {
  const denies = applicableOf(entries, input, true);
  if (denies.length > 0) return denied(denies);
  const allows = applicableOf(entries, input, false);
  if (input.isLocalhost) allows.push(localhostEntry);
  if (allows.length > 0) return allowed(policy, allows);
  if (!policy.isDefaultDeny) return noVerdict;
  return { ...noVerdict, decision: "denied", dropReason: 133, defaultDenyBy: policy.defaultDenyBy };
}

/** The agent's own entry: the local host reaches its pods on every port, past L7 rules. */
const localhostEntry: Applicable = {
  selected: undefined,
  port: undefined,
  l7: undefined,
  portRank: 0,
  isPeerSpecific: true,
};

const noVerdict: Verdict = {
  decision: "default-allow",
  match: "none",
  matchedBy: [],
  isAllowLocalhost: false,
  dropReason: undefined,
  defaultDenyBy: [],
  l7: undefined,
  policyLog: [],
};

function applicableOf(
  entries: readonly SelectedEntry[],
  input: DecisionInput,
  isDeny: boolean,
): Applicable[] {
  const found: Applicable[] = [];
  for (const selected of entries) {
    const { entry } = selected;
    if (entry.isDeny !== isDeny) continue;
    const isPeerSpecific = entry.peers !== undefined && !entry.peers.some(isWildcardPeer);
    if (entry.ports === undefined) {
      found.push({ selected, port: undefined, l7: undefined, portRank: 0, isPeerSpecific });
      continue;
    }
    for (const rule of entry.ports) {
      const port = rule.ports.find((candidate) => matchesPort(candidate, input));
      if (port === undefined) continue;
      found.push({ selected, port, l7: rule.l7, portRank: rankOf(port), isPeerSpecific });
    }
  }
  return found;
}

function matchesPort(port: PortMatch, input: DecisionInput): boolean {
  const { protocol } = input;
  const isIcmp = protocol === "ICMP" || protocol === "ICMPV6";
  if (port.protocol === "ANY" ? isIcmp : port.protocol !== protocol) return false;
  if (port.name !== undefined) return input.portOf(port.name, port.protocol) === input.port;
  return input.port >= port.first && input.port <= port.last;
}

function rankOf(port: PortMatch): number {
  if (port.name !== undefined || port.first === port.last) return onePortRank;
  const size = port.last - port.first + 1;
  return size >= portsInAll ? 1 : onePortRank - Math.ceil(Math.log2(size));
}

function denied(applicable: readonly Applicable[]): Verdict {
  const deciding = mostSpecific(applicable);
  return { ...verdictOf(deciding), decision: "denied", dropReason: 181 };
}

function allowed(policy: DirectionPolicy, applicable: readonly Applicable[]): Verdict {
  const deciding = mostSpecific(applicable);
  return { ...verdictOf(deciding), l7: uniteL7(applicable, policy.isDefaultDeny) };
}

function verdictOf(deciding: readonly Applicable[]): Verdict {
  const selected = deciding.flatMap((one) => one.selected ?? []);
  return {
    ...noVerdict,
    decision: "allowed",
    match: matchOf(deciding[0]),
    matchedBy: [...new Set(selected.map(({ entry }) => entry.origin))],
    isAllowLocalhost: selected.length < deciding.length,
    policyLog: [...new Set(selected.flatMap(({ spec }) => spec.logValue ?? []))].sort(),
  };
}

/**
 * All that share the highest port rank. Among these the peer-specific ones, unless an entry for every
 * peer does the same with the traffic: then the map holds only that one.
 */
function mostSpecific(applicable: readonly Applicable[]): readonly Applicable[] {
  const rank = Math.max(...applicable.map(({ portRank }) => portRank));
  const ranked = applicable.filter(({ portRank }) => portRank === rank);
  const specific = ranked.filter(({ isPeerSpecific }) => isPeerSpecific);
  const general = ranked.filter(({ isPeerSpecific }) => !isPeerSpecific);
  if (specific.length === 0 || general.length === 0) return ranked;
  if (specific.includes(localhostEntry)) return specific;
  const isSame = isRedirect(specific) === isRedirect(general);
  return isSame ? general : specific;
}

function isRedirect(applicable: readonly Applicable[]): boolean {
  return applicable.some(({ l7 }) => l7 !== undefined);
}

function matchOf(deciding: Applicable | undefined): PolicyMatch {
  if (deciding === undefined) return "none";
  const { portRank, isPeerSpecific } = deciding;
  if (portRank === 0) return isPeerSpecific ? "l3-only" : "all";
  if (portRank === 1) return isPeerSpecific ? "l3-proto" : "proto-only";
  return isPeerSpecific ? "l3-l4" : "l4-only";
}

/**
 * The rules of all applicable entries together. One entry without L7 rules opens every request; for
 * DNS only one of the same exact port does, since the DNS proxy sees nothing else. Without default
 * deny L7 rules restrict nothing, but the traffic still passes the proxy.
 */
function uniteL7(applicable: readonly Applicable[], isDefaultDeny: boolean): L7Verdict | undefined {
  const http = applicable.flatMap(({ l7 }) => (l7?.parser === "http" ? l7.http : []));
  if (http.length > 0) {
    const allowAll =
      !isDefaultDeny || applicable.some(({ l7 }) => l7 === undefined) || http.some(isOpenHttp);
    const isWildcarded = !isDefaultDeny || hasOpenTwin(applicable);
    return { parser: "http", allowAll, http: isWildcarded ? [...http, everyRequest] : http };
  }
  const dns = applicable.flatMap(({ l7 }) => (l7?.parser === "dns" ? l7.dns : []));
  if (dns.length === 0) return undefined;
  const hasOpenPort = applicable.some(
    ({ l7, portRank }) => l7 === undefined && portRank === onePortRank,
  );
  const isOpen = !isDefaultDeny || hasOpenPort;
  return {
    parser: "dns",
    allowAll: isOpen || dns.some(isOpenDns),
    dns: isOpen ? [...dns, everyName] : dns,
  };
}

/** An entry for the same peers and port as one with L7 rules, but without: their filters merge into one. */
function hasOpenTwin(applicable: readonly Applicable[]): boolean {
  const keyOf = ({ selected, port }: Applicable) =>
    JSON.stringify([selected?.entry.peers?.map(formatPeer), port]);
  const restricted = new Set(applicable.filter(({ l7 }) => l7 !== undefined).map(keyOf));
  return applicable.some((one) => one.l7 === undefined && restricted.has(keyOf(one)));
}

const everyRequest: HttpRule = {
  method: undefined,
  path: undefined,
  host: undefined,
  headers: [],
  line: 0,
};
const everyName: DnsRule = { matchName: undefined, matchPattern: "*", line: 0 };

function isOpenHttp({ method, path, host, headers }: HttpRule): boolean {
  return !method && !path && !host && headers.length === 0;
}

function isOpenDns({ matchPattern }: DnsRule): boolean {
  return matchPattern !== undefined && /^\*+\.?$/.test(matchPattern);
}
