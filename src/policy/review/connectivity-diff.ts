/**
 * What connectivity changes between two sets of policies: for every pair of endpoints and every port,
 * cut at the ports that any rule names. Cost: pairs x intervals x 2 verdicts.
 */

import { LimitError } from "../../base/errors.ts";
import type { PolicyProtocol, PortMatch } from "../document/policy-document.ts";
import { explainVerdict, formatPort } from "../engine/explanation.ts";
import type { PolicyEngine } from "../engine/policy-engine.ts";
import type { L7Verdict, Verdict } from "../engine/verdict.ts";
import type { SceneEndpoint } from "./scene.ts";

/** Verdicts asked for at most. */
const questionsMax = 20_000_000;
const portMax = 65_535;
const protocols: readonly PolicyProtocol[] = ["TCP", "UDP", "SCTP", "ICMP", "ICMPV6"];

/** One change. */
export interface ConnectivityChange {
  readonly source: string;
  readonly destination: string;
  /** "TCP/80", "TCP/1-79, UDP/1-65535", "everything". */
  readonly service: string;
  /** "denied", "allowed", "allowed: http GET /a". */
  readonly before: string;
  readonly after: string;
  /** The side that decides after the change, and why. */
  readonly reason: string;
}

interface Outcome {
  readonly text: string;
  readonly reason: string;
}

/** Every change, by source, destination and port. Throws LimitError where there are too many pairs. */
export function diffConnectivity(
  before: PolicyEngine,
  after: PolicyEngine,
  endpoints: readonly SceneEndpoint[],
): ConnectivityChange[] {
  const starts = new Map(
    protocols.map((one) => [one, intervalStarts([before, after], one, endpoints)]),
  );
  const intervalCount = [...starts.values()].reduce((sum, list) => sum + list.length, 0);
  const questionCount = endpoints.length ** 2 * intervalCount * 4;
  if (questionCount > questionsMax) {
    throw new LimitError(
      `cannot compare ${endpoints.length} endpoints over ${intervalCount} port ranges: too many verdicts; give fewer endpoints`,
      { limit: "questionsMax", actual: questionCount },
    );
  }
  const changes: ConnectivityChange[] = [];
  for (const source of endpoints) {
    for (const destination of endpoints) {
      if (source === destination || (!source.isLocal && !destination.isLocal)) continue;
      const found = [...starts].flatMap(([protocol, list]) =>
        diffPair([before, after], { source, destination, protocol }, list),
      );
      changes.push(...joinServices(found));
    }
  }
  return changes;
}

interface Pair {
  readonly source: SceneEndpoint;
  readonly destination: SceneEndpoint;
  readonly protocol: PolicyProtocol;
}

function diffPair(
  [before, after]: readonly [PolicyEngine, PolicyEngine],
  pair: Pair,
  starts: readonly number[],
): ConnectivityChange[] {
  const changes: (ConnectivityChange & { first: number; last: number })[] = [];
  for (const [index, first] of starts.entries()) {
    const last = (starts[index + 1] ?? portMax + 1) - 1;
    const was = outcome(before, pair, first);
    const is = outcome(after, pair, first);
    if (was.text === is.text) continue;
    const previous = changes.at(-1);
    const isSame =
      previous?.last === first - 1 &&
      previous.before === was.text &&
      previous.after === is.text &&
      previous.reason === is.reason;
    if (isSame) changes.pop();
    const from = isSame ? previous.first : first;
    changes.push({
      source: pair.source.name,
      destination: pair.destination.name,
      service: formatPort({ protocol: pair.protocol, first: from, last, name: undefined }),
      before: was.text,
      after: is.text,
      reason: is.reason,
      first: from,
      last,
    });
  }
  return changes.map(({ first: _first, last: _last, ...change }) => change);
}

/** Changes of a pair that differ in the service only become one. */
function joinServices(changes: readonly ConnectivityChange[]): ConnectivityChange[] {
  const groups = new Map<string, ConnectivityChange & { services: string[] }>();
  for (const change of changes) {
    const key = `${change.before}\t${change.after}\t${change.reason}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { ...change, services: [change.service] });
    else group.services.push(change.service);
  }
  return [...groups.values()].map(({ services, ...change }) => {
    const isEverything = protocols.every((one) => services.includes(wholeOf(one)));
    return { ...change, service: isEverything ? "everything" : services.join(", ") };
  });
}

function wholeOf(protocol: PolicyProtocol): string {
  return protocol.startsWith("ICMP") ? protocol : `${protocol}/1-${portMax}`;
}

function outcome(
  engine: PolicyEngine,
  { source, destination, protocol }: Pair,
  port: number,
): Outcome {
  const sides: [string, Verdict][] = [];
  const query = { source: source.endpoint, destination: destination.endpoint, protocol, port };
  if (source.isLocal)
    sides.push(["egress", engine.resolveVerdict({ ...query, direction: "egress" })]);
  if (destination.isLocal) {
    sides.push(["ingress", engine.resolveVerdict({ ...query, direction: "ingress" })]);
  }
  const denying = sides.find(([, { decision }]) => decision === "denied" || decision === "error");
  if (denying !== undefined) {
    const [direction, verdict] = denying;
    return { text: verdict.decision, reason: `${direction}: ${explainVerdict(verdict)}` };
  }
  const rules = sides.flatMap(([, { l7 }]) =>
    l7 === undefined || l7.allowAll ? [] : [l7Text(l7)],
  );
  const auth = sides.some(([, verdict]) => (verdict.auth?.mode ?? "disabled") !== "disabled");
  const text = ["allowed", ...rules.map((one) => `: ${one}`), auth ? ", authenticated" : ""].join(
    "",
  );
  const told = sides.filter(([, { decision }]) => decision === "allowed");
  const shown = told.length === 0 ? sides.slice(0, 1) : told;
  const reason = shown.map(([side, verdict]) => `${side}: ${explainVerdict(verdict)}`).join("; ");
  return { text, reason };
}

/** The rules that a request must meet, in one line. */
export function l7Text(l7: L7Verdict): string {
  const names = l7.serverNames === undefined ? "" : ` for ${l7.serverNames.join(", ")}`;
  switch (l7.parser) {
    case "http":
      return `http ${l7.http
        .map(({ method, path, host, headers }) =>
          [method, path, host && `host ${host}`, ...headers.map(({ text }) => text)]
            .filter((part) => part)
            .join(" "),
        )
        .join(" or ")}${names}`;
    case "dns":
      return `dns ${l7.dns.map(({ matchName, matchPattern }) => matchName ?? matchPattern).join(" or ")}`;
    case "kafka":
      return `kafka ${l7.kafka.map((rule) => [rule.role, rule.apiKey, rule.topic].filter((part) => part).join(" ")).join(" or ")}`;
    case "l7":
      return `${l7.l7proto} ${JSON.stringify(l7.l7)}`;
    case "tls":
      return `tls${names}`;
    case "crd":
      return `listener ${l7.listener}${names}`;
  }
}

/** First ports of the intervals in which no rule of the engines makes a difference. */
function intervalStarts(
  engines: readonly PolicyEngine[],
  protocol: PolicyProtocol,
  endpoints: readonly SceneEndpoint[],
): number[] {
  const isIcmp = protocol.startsWith("ICMP");
  // Port 0 and port 1 differ in no rule, but nobody means port 0.
  const starts = new Set([isIcmp ? 0 : 1]);
  const rules = engines.flatMap(({ specs }) =>
    specs.flatMap(({ entries }) => entries.flatMap(({ ports }) => ports ?? [])),
  );
  for (const port of rules.flatMap(({ ports }) => ports)) {
    if (port.protocol !== protocol && (port.protocol !== "ANY" || isIcmp)) continue;
    for (const [first, last] of rangesOf(port, endpoints)) {
      if (first > 0) starts.add(first);
      if (last < portMax) starts.add(last + 1);
    }
  }
  return [...starts].sort((a, b) => a - b);
}

function rangesOf(
  { name, first, last }: PortMatch,
  endpoints: readonly SceneEndpoint[],
): [number, number][] {
  if (name === undefined) return [[first, last]];
  return endpoints.flatMap(({ endpoint }): [number, number][] => {
    const port = endpoint.namedPorts?.get(name)?.port;
    return port === undefined ? [] : [[port, port]];
  });
}
