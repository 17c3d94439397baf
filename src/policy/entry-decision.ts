/**
 * The decision among the entries that select a pair of endpoints: deny before allow, the most
 * specific entry names the match, L7 rules of all applicable entries are united.
 */

import { formatPeer, isWildcardPeer } from "./peer-selector.ts";
import type {
  AuthMode,
  DnsRule,
  HttpRule,
  KafkaRule,
  L7Rules,
  PolicyEntry,
  PolicyProtocol,
  PortMatch,
} from "./policy-document.ts";
import type {
  AuthVerdict,
  DirectionPolicy,
  L7Verdict,
  PolicyMatch,
  SelectedEntry,
  Verdict,
} from "./verdict.ts";

/** A packet, as port rules see it. */
export interface PacketFacts {
  readonly port: number;
  readonly protocol: PolicyProtocol;
  /** Looks a named port up; undefined = it selects nothing. */
  readonly portOf: (name: string, protocol: PolicyProtocol | "ANY") => number | undefined;
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

/** An entry that applies to the packet, with the part of it that does. */
interface Applicable {
  /** Undefined = the agent's own entry for the local host. */
  readonly selected: SelectedEntry | undefined;
  /** Undefined = every port and protocol. */
  readonly port: PortMatch | undefined;
  readonly l7: L7Rules | undefined;
  readonly serverNames: readonly string[];
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
  if (policy.error !== undefined) {
    return { ...noVerdict, decision: "error", error: policy.error };
  }
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
  serverNames: [],
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
  const whole = { port: undefined, l7: undefined, serverNames: [], portRank: 0 };
  for (const selected of entries) {
    const { entry } = selected;
    if (entry.isDeny !== isDeny) continue;
    const isPeerSpecific = entry.peers !== undefined && !entry.peers.some(isWildcardPeer);
    if (entry.ports === undefined) {
      found.push({ selected, ...whole, isPeerSpecific });
      continue;
    }
    for (const rule of entry.ports) {
      const port = rule.ports.find((candidate) => matchesPort(candidate, input));
      if (port === undefined) continue;
      const { l7, serverNames } = rule;
      found.push({ selected, port, l7, serverNames, portRank: rankOf(port), isPeerSpecific });
    }
  }
  return found;
}

/** Whether one port rule has the packet's port. */
export function matchesPort(port: PortMatch, input: PacketFacts): boolean {
  const { protocol } = input;
  const hasPorts = protocol === "TCP" || protocol === "UDP" || protocol === "SCTP";
  if (port.protocol === "ANY" ? !hasPorts : port.protocol !== protocol) return false;
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
  const auth = authOf(deciding, applicable);
  return {
    ...verdictOf(deciding),
    l7: uniteL7(applicable, policy.isDefaultDeny),
    ...(auth === undefined ? {} : { auth }),
  };
}

/** Weakest first: the strongest that any entry asks for counts. */
const authStrength: readonly AuthMode[] = ["disabled", "required", "test-always-fail"];

/** What the deciding entry says; where it says nothing, what the broader entries that apply say. */
function authOf(
  deciding: readonly Applicable[],
  applicable: readonly Applicable[],
): AuthVerdict | undefined {
  const own = strongestAuth(deciding);
  if (own !== undefined) return { mode: own, isDerived: false };
  const derived = strongestAuth(applicable);
  return derived === undefined ? undefined : { mode: derived, isDerived: true };
}

function strongestAuth(applicable: readonly Applicable[]): AuthMode | undefined {
  const asked = new Set(applicable.map(({ selected }) => selected?.entry.auth));
  return authStrength.findLast((mode) => asked.has(mode));
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
  const isSame =
    isRedirect(specific) === isRedirect(general) &&
    strongestAuth(specific) === strongestAuth(general);
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
  const rules = applicable.flatMap(({ l7 }) => l7 ?? []);
  // Server names go along with any parser; alone they are one themselves.
  const first = rules.find(({ parser }) => parser !== "tls") ?? rules[0];
  if (first === undefined) return undefined;
  const isUnrestricted = !isDefaultDeny || applicable.some(({ l7 }) => l7 === undefined);
  const isWildcarded = !isDefaultDeny || hasOpenTwin(applicable);
  const names = serverNamesOf(applicable, isWildcarded);
  const withNames = names.length === 0 ? {} : { serverNames: names };
  switch (first.parser) {
    case "http": {
      const http = rules.flatMap((one) => (one.parser === "http" ? one.http : []));
      const allowAll = isUnrestricted || http.some(isOpenHttp);
      const all = isWildcarded ? [...http, everyRequest] : http;
      return { parser: "http", allowAll, http: all, ...withNames };
    }
    case "dns":
      return uniteDns(applicable, isDefaultDeny);
    case "kafka": {
      const kafka = rules.flatMap((one) => (one.parser === "kafka" ? one.kafka : []));
      const allowAll = isUnrestricted || kafka.some(isOpenKafka);
      const all = isWildcarded ? [...kafka, everyKafkaRequest] : kafka;
      return { parser: "kafka", allowAll, kafka: all, ...withNames };
    }
    case "l7": {
      const lists = rules.flatMap((one) => (one.parser === "l7" ? [one.l7] : []));
      // A parser named without rules lets everything pass.
      const allowAll = isUnrestricted || lists.some((list) => list.length === 0);
      return { parser: "l7", l7proto: first.l7proto, allowAll, l7: lists.flat(), ...withNames };
    }
    case "tls":
      return { parser: "tls", allowAll: isUnrestricted || names.length === 0, serverNames: names };
    case "crd":
      return { parser: "crd", allowAll: isUnrestricted, listener: first.listener, ...withNames };
  }
}

function uniteDns(applicable: readonly Applicable[], isDefaultDeny: boolean): L7Verdict {
  const dns = applicable.flatMap(({ l7 }) => (l7?.parser === "dns" ? l7.dns : []));
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

/** Sorted; none where some entry for the same peers and port takes any name. */
function serverNamesOf(applicable: readonly Applicable[], isWildcarded: boolean): string[] {
  if (isWildcarded) return [];
  return [...new Set(applicable.flatMap(({ serverNames }) => serverNames))].sort();
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

const everyKafkaRequest: KafkaRule = {
  role: undefined,
  apiKey: undefined,
  apiVersion: undefined,
  clientId: undefined,
  topic: undefined,
  line: 0,
};

function isOpenKafka({ role, apiKey, apiVersion, clientId, topic }: KafkaRule): boolean {
  return !role && !apiKey && !apiVersion && !clientId && !topic;
}

function isOpenDns({ matchPattern }: DnsRule): boolean {
  return matchPattern !== undefined && /^\*+\.?$/.test(matchPattern);
}
