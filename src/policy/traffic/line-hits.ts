/**
 * What recorded flows say about the lines of policies: how many each selector, port and L7 rule let
 * pass or refused, and how many default deny took. Only deciding rules count. Cost: one walk over the
 * deciding rules for each distinct connection.
 */

import type {
  DnsRule,
  HttpRule,
  PolicyEntry,
  PolicySpec,
  PortRule,
  RuleOrigin,
} from "../document/policy-document.ts";
import { matchesPort } from "../engine/entry-decision.ts";
import { formatPort } from "../engine/explanation.ts";
import { compileDnsRules, compileHttpRules } from "../engine/l7-match.ts";
import type { PolicyEngine } from "../engine/policy-engine.ts";
import { dropReasons, type L7Verdict, type PolicyEndpoint } from "../engine/verdict.ts";
import { parseIdentityLabel } from "../selector/label-selector.ts";
import { formatPeer, matchesPeer, type Peer, peerAddress } from "../selector/peer-selector.ts";
import type { SideVerdict } from "./connection-verdict.ts";
import type { Connection } from "./flow-tally.ts";

/** What stands at the line. */
export type LinePart = "subject" | "rule" | "peer" | "port" | "request";

/** Counts of one part of a policy, zeros included. */
export interface LineHit {
  readonly part: LinePart;
  readonly line: number;
  /** The rule; undefined for a subject. */
  readonly origin: RuleOrigin | undefined;
  /** "ingress[0]", "org=empire", "TCP/80", "POST /v1/request-landing". */
  readonly title: string;
  readonly allowed: number;
  readonly denied: number;
}

interface EntryHits {
  readonly entry: PolicyEntry;
  readonly spec: PolicySpec;
  allowed: number;
  denied: number;
  readonly peers: Float64Array;
  readonly ports: readonly Float64Array[];
  /** Requests refused, by item of toPorts. */
  readonly refused: Float64Array;
}

interface L7Matcher {
  find(connection: Connection): HttpRule | DnsRule | undefined;
}

/** Which policy: its documents may be several. */
export type PolicyKey = Pick<RuleOrigin, "kind" | "namespace" | "name">;

/** Takes judged connections, gives counts. */
export class LineHitCounter {
  readonly #engine: PolicyEngine;
  readonly #clusterName: string;
  readonly #byOrigin = new Map<RuleOrigin, EntryHits>();
  readonly #closed = new Map<PolicySpec, number>();
  readonly #requests = new Map<HttpRule | DnsRule, number>();
  readonly #matchers = new WeakMap<L7Verdict, L7Matcher>();

  constructor(engine: PolicyEngine, clusterName: string) {
    this.#engine = engine;
    this.#clusterName = clusterName;
    for (const spec of engine.specs) {
      for (const entry of spec.entries) this.#byOrigin.set(entry.origin, newHits(entry, spec));
    }
  }

  /** Counts `count` flows of the connection by the verdict of one side. */
  add(connection: Connection, side: SideVerdict, count: number): void {
    if (count === 0) return;
    const { verdict } = side;
    if (verdict.decision === "denied" && verdict.dropReason !== dropReasons.denyRule) {
      const specs = new Set(
        verdict.defaultDenyBy.flatMap((one) => this.#byOrigin.get(one)?.spec ?? []),
      );
      for (const spec of specs) this.#closed.set(spec, (this.#closed.get(spec) ?? 0) + count);
      return;
    }
    const isDenied = verdict.decision === "denied";
    for (const origin of verdict.matchedBy) {
      const hits = this.#byOrigin.get(origin);
      if (hits === undefined) continue;
      if (side.isRequestDenied) this.#refuse(hits, connection, count);
      else this.#take(hits, connection, isDenied ? "denied" : "allowed", count);
    }
    if (!isDenied && !side.isRequestDenied && verdict.l7 !== undefined) {
      const rule = this.#matcherOf(verdict.l7).find(connection);
      if (rule !== undefined) this.#requests.set(rule, (this.#requests.get(rule) ?? 0) + count);
    }
  }

  /** Flows that a rule of the policy decided, by entry. */
  totalsOf(policy: PolicyKey): {
    allowed: number;
    denied: number;
    ruleCount: number;
    unused: number;
  } {
    let allowed = 0;
    let denied = 0;
    let ruleCount = 0;
    let unused = 0;
    for (const spec of this.#specsOf(policy)) {
      denied += this.#closed.get(spec) ?? 0;
      for (const { origin } of spec.entries) {
        const hits = this.#byOrigin.get(origin);
        const refused = sumOf(hits?.refused ?? []);
        allowed += hits?.allowed ?? 0;
        denied += (hits?.denied ?? 0) + refused;
        ruleCount++;
        if ((hits?.allowed ?? 0) + (hits?.denied ?? 0) + refused === 0) unused++;
      }
    }
    return { allowed, denied, ruleCount, unused };
  }

  /** Every part of the policy, in the order of its specs. */
  hitsOf(policy: PolicyKey): LineHit[] {
    return this.#specsOf(policy).flatMap((spec) => {
      const closed = this.#closed.get(spec) ?? 0;
      const subject: LineHit = {
        part: "subject",
        line: spec.subjectLine,
        origin: undefined,
        title: "default deny",
        allowed: 0,
        denied: closed,
      };
      return [subject, ...spec.entries.flatMap((entry) => this.#entryLines(entry))];
    });
  }

  #specsOf({ kind, namespace, name }: PolicyKey): PolicySpec[] {
    return this.#engine.specs.filter((spec) => {
      const origin = spec.entries[0]?.origin;
      return origin?.kind === kind && origin.namespace === namespace && origin.name === name;
    });
  }

  #entryLines(entry: PolicyEntry): LineHit[] {
    const hits = this.#byOrigin.get(entry.origin);
    if (hits === undefined) return [];
    const { origin, isDeny } = entry;
    const counted = (part: LinePart, line: number, title: string, count: number): LineHit => ({
      part,
      line,
      origin,
      title,
      allowed: isDeny ? 0 : count,
      denied: isDeny ? count : 0,
    });
    const total = isDeny ? hits.denied : hits.allowed;
    const lines = [
      counted("rule", origin.line, `${origin.section}[${origin.index}]`, total),
      ...(entry.peers ?? []).map((peer, index) =>
        counted(
          "peer",
          entry.peerLines?.[index] ?? origin.line,
          formatPeer(peer),
          hits.peers[index] ?? 0,
        ),
      ),
    ];
    for (const [place, rule] of (entry.ports ?? []).entries()) {
      for (const [index, port] of rule.ports.entries()) {
        const line = rule.portLines?.[index] ?? rule.line;
        lines.push(counted("port", line, formatPort(port), hits.ports[place]?.[index] ?? 0));
      }
      lines.push(...this.#requestLines(origin, rule, hits.refused[place] ?? 0));
    }
    return lines;
  }

  #requestLines(origin: RuleOrigin, { l7 }: PortRule, refused: number): LineHit[] {
    const rules = l7?.parser === "http" ? l7.http : l7?.parser === "dns" ? l7.dns : [];
    return rules.map((rule, index) => ({
      part: "request",
      line: rule.line,
      origin,
      title: requestTitle(rule),
      allowed: this.#requests.get(rule) ?? 0,
      // None of the rules took them: told at the first.
      denied: index === 0 ? refused : 0,
    }));
  }

  #refuse(hits: EntryHits, connection: Connection, count: number): void {
    const place = (hits.entry.ports ?? []).findIndex(
      (rule) => rule.l7 !== undefined && rule.ports.some((port) => hasPort(port, connection)),
    );
    if (place >= 0) hits.refused[place] = (hits.refused[place] as number) + count;
    else hits.denied += count;
  }

  #take(
    hits: EntryHits,
    connection: Connection,
    outcome: "allowed" | "denied",
    count: number,
  ): void {
    hits[outcome] += count;
    const { entry } = hits;
    const end = entry.direction === "ingress" ? connection.source : connection.destination;
    const peer = peerOf(end.endpoint);
    for (const [index, selector] of (entry.peers ?? []).entries()) {
      if (!matchesPeer(selector, peer, this.#clusterName)) continue;
      hits.peers[index] = (hits.peers[index] as number) + count;
    }
    for (const [place, rule] of (entry.ports ?? []).entries()) {
      const counts = hits.ports[place] as Float64Array;
      for (const [index, port] of rule.ports.entries()) {
        if (hasPort(port, connection)) counts[index] = (counts[index] as number) + count;
      }
    }
  }

  #matcherOf(l7: L7Verdict): L7Matcher {
    let matcher = this.#matchers.get(l7);
    if (matcher === undefined) {
      matcher = compileMatcher(l7);
      this.#matchers.set(l7, matcher);
    }
    return matcher;
  }
}

function newHits(entry: PolicyEntry, spec: PolicySpec): EntryHits {
  const ports = entry.ports ?? [];
  return {
    entry,
    spec,
    allowed: 0,
    denied: 0,
    peers: new Float64Array(entry.peers?.length ?? 0),
    ports: ports.map((rule) => new Float64Array(rule.ports.length)),
    refused: new Float64Array(ports.length),
  };
}

/** A named port of a rule that decided is taken as meant. */
function hasPort(port: PortRule["ports"][number], connection: Connection): boolean {
  const { port: number, protocol } = connection;
  return port.name === undefined
    ? matchesPort(port, { port: number, protocol, portOf: () => undefined })
    : matchesPort(port, { port: number, protocol, portOf: () => number });
}

function peerOf({ labels, address, names }: PolicyEndpoint): Peer {
  return {
    labels: labels.map(parseIdentityLabel),
    address: peerAddress(address),
    names: names ?? [],
  };
}

function compileMatcher(l7: L7Verdict): L7Matcher {
  if (l7.parser === "http") {
    const matcher = compileHttpRules(l7.http);
    return {
      find: ({ request }) =>
        request?.parser === "http" ? l7.http[matcher.match(request.http)] : undefined,
    };
  }
  if (l7.parser === "dns") {
    const tests = l7.dns.map((rule) => compileDnsRules([rule]));
    return {
      find: ({ request }) =>
        request?.parser === "dns"
          ? l7.dns[tests.findIndex((matches) => matches(request.name))]
          : undefined,
    };
  }
  return { find: () => undefined };
}

/** "POST /v1/request-landing", "*.cilium.io". */
export function requestTitle(rule: HttpRule | DnsRule): string {
  if ("matchName" in rule) return rule.matchName ?? rule.matchPattern ?? "";
  const { method, path, host, headers } = rule;
  const parts = [method, path, host && `host ${host}`, ...headers.map(({ text }) => text)];
  return parts.filter((part) => part).join(" ") || "every request";
}

function sumOf(numbers: Iterable<number>): number {
  let sum = 0;
  for (const one of numbers) sum += one;
  return sum;
}
