/**
 * The policies in force as recorded flows show them: state, hits per line, unused rules, and how well
 * the simulator tells the observed verdicts.
 */

import { AppError } from "../base/errors.ts";
import type { ClusterEndpoint } from "../cilium/cluster-view.ts";
import type { PolicyDirection, PolicySpec } from "../policy/document/policy-document.ts";
import { explainVerdict } from "../policy/engine/explanation.ts";
import { formatSelector, namespaceLabelKey } from "../policy/selector/label-selector.ts";
import {
  isDeniedSide,
  type SideVerdict,
  verdictOfSide,
} from "../policy/traffic/connection-verdict.ts";
import { type Connection, formatService } from "../policy/traffic/flow-tally.ts";
import { type LineHit, LineHitCounter, type PolicyKey } from "../policy/traffic/line-hits.ts";
import type { AppliedPolicy, PolicyCluster } from "./policy-book.ts";
import { ownConnections, type PolicyQuestion } from "./policy-question.ts";
import { eachInSlices } from "./policy-traffic.ts";
import type {
  WireAppliedPolicy,
  WireLineNote,
  WirePolicyList,
  WirePolicyRow,
  WirePolicyScore,
  WirePolicyState,
  WireScoreAnswer,
  WireScoreGroup,
  WireUnusedRules,
} from "./wire/policy.ts";

/** Groups of one kind in an answer. */
const groupsMax = 200;

/** Counts of one pass over the connections. */
interface Measured {
  readonly hits: LineHitCounter;
  readonly score: WirePolicyScore;
  /** Policies by key with audited flows that they would deny. */
  readonly audited: ReadonlySet<string>;
  /** Rules whose subject is in some flow. */
  readonly seen: ReadonlySet<string>;
}

/** GET /policy/list */
export async function listAnswer(question: PolicyQuestion): Promise<WirePolicyList> {
  const { cluster, book } = question;
  const measured = await measure(question);
  const endpoints = await book.endpoints(cluster.clusterName);
  const selected = countSelected(cluster, endpoints ?? []);
  return {
    clusterName: cluster.clusterName,
    clusters: cluster.clusters,
    revision: cluster.revision,
    window: question.window(),
    score: measured.score,
    policies: cluster.policies.map((policy) => rowOf(policy, measured, selected)),
  };
}

/** GET /policy/applied/… Throws AppError `query` where there is no such policy. */
export async function appliedAnswer(
  question: PolicyQuestion,
  { kind, namespace, name }: { kind: string; namespace: string; name: string },
): Promise<WireAppliedPolicy> {
  const { cluster, book } = question;
  const policy = cluster.policies.find(
    (one) => one.kind === kind && one.namespace === namespace && one.name === name,
  );
  if (policy === undefined) {
    const shown = namespace === "" ? name : `${namespace}/${name}`;
    throw new AppError("query", `there is no ${kind} ${shown} in ${cluster.clusterName}`);
  }
  const measured = await measure(question);
  const endpoints = await book.endpoints(cluster.clusterName);
  const row = rowOf(policy, measured, countSelected(cluster, endpoints ?? []));
  const hits = policy.documents.flatMap((document) => measured.hits.hitsOf(document));
  return {
    policy: row,
    yaml: policy.yaml,
    window: question.window(),
    hits: hits.map(({ origin: _origin, ...hit }) => hit),
    notes: notesOf(policy, row, hits),
  };
}

/** GET /policy/unused */
export async function unusedAnswer(question: PolicyQuestion): Promise<WireUnusedRules> {
  const { hits, seen } = await measure(question);
  const all = question.cluster.policies.flatMap(({ documents }) =>
    documents.flatMap((document) => hits.hitsOf(document)),
  );
  const rules = all.filter(({ part }) => part === "rule");
  // A rule whose requests were all refused was met all the same.
  const met = new Set(
    all.filter(({ allowed, denied }) => allowed + denied > 0).map(({ origin }) => origin),
  );
  return {
    window: question.window(),
    ruleCount: rules.length,
    rules: rules.flatMap(({ origin, line }) =>
      origin === undefined || met.has(origin)
        ? []
        : [
            {
              kind: origin.kind,
              namespace: origin.namespace,
              name: origin.name,
              section: origin.section,
              index: origin.index,
              line,
              isSubjectSeen: seen.has(keyOf(origin)),
            },
          ],
    ),
  };
}

/** GET /policy/score */
export async function scoreAnswer(question: PolicyQuestion): Promise<WireScoreAnswer> {
  const deniedHere = new Map<string, WireScoreGroup>();
  const allowedHere = new Map<string, WireScoreGroup>();
  const score = await eachJudged(question, ({ connection, side, differing }) => {
    const reason = `${side.direction}: ${explainVerdict(side.verdict)}`;
    addGroup(isDeniedSide(side) ? deniedHere : allowedHere, connection, differing, reason);
  });
  return {
    window: question.window(),
    ...score,
    deniedHere: topGroups(deniedHere),
    allowedHere: topGroups(allowedHere),
  };
}

function addGroup(
  groups: Map<string, WireScoreGroup>,
  connection: Connection,
  flows: number,
  reason: string,
): void {
  if (flows === 0) return;
  const service = formatService(connection);
  const [source, destination] = [connection.source.name, connection.destination.name];
  const key = [source, destination, service, reason].join("\t");
  const before = groups.get(key)?.flows ?? 0;
  groups.set(key, { source, destination, service, reason, flows: before + flows });
}

function topGroups(groups: ReadonlyMap<string, WireScoreGroup>): WireScoreGroup[] {
  return [...groups.values()].sort((a, b) => b.flows - a.flows).slice(0, groupsMax);
}

/** What policies did to the flows; audit mode lets pass what they deny. */
function observed({ forwardedCount, deniedCount, auditedCount }: Connection) {
  return { passed: forwardedCount - auditedCount, refused: deniedCount + auditedCount };
}

/** One pass: flows whose observed verdict is the simulated one count for their lines. */
async function measure(question: PolicyQuestion): Promise<Measured> {
  const { engine, clusterName } = question.cluster;
  const hits = new LineHitCounter(engine, clusterName);
  const audited = new Set<string>();
  const seen = new Set<string>();
  const score = await eachJudged(question, ({ connection, side, agreeing }) => {
    hits.add(connection, side, agreeing);
    noteSubject(engine, connection, seen);
    if (connection.auditedCount === 0) return;
    for (const origin of [...side.verdict.defaultDenyBy, ...side.verdict.matchedBy]) {
      audited.add(keyOf(origin));
    }
  });
  return { hits, score, audited, seen };
}

/** A connection with the verdict on its own side, and how many of its flows were seen to have it. */
interface JudgedConnection {
  readonly connection: Connection;
  readonly side: SideVerdict;
  readonly agreeing: number;
  readonly differing: number;
}

/** Calls `visit` for each connection that policies have something to say about; gives the score. */
async function eachJudged(
  question: PolicyQuestion,
  visit: (judged: JudgedConnection) => void,
): Promise<WirePolicyScore> {
  const { cluster, clock, signal } = question;
  let compared = 0;
  let equal = 0;
  await eachInSlices(ownConnections(question), { clock, signal }, (connection) => {
    const side = verdictOfSide(cluster.engine, connection, connection.direction);
    if (side === undefined) return;
    const { passed, refused } = observed(connection);
    const [agreeing, differing] = isDeniedSide(side) ? [refused, passed] : [passed, refused];
    compared += passed + refused;
    equal += agreeing;
    visit({ connection, side, agreeing, differing });
  });
  return { compared, equal };
}

function noteSubject(
  engine: PolicyCluster["engine"],
  connection: Connection,
  seen: Set<string>,
): void {
  const { direction } = connection;
  const subject = direction === "ingress" ? connection.destination : connection.source;
  for (const { entry } of engine.entriesFor(subject.endpoint, direction)) {
    seen.add(keyOf(entry.origin));
  }
}

function keyOf({ kind, namespace, name }: PolicyKey): string {
  return `${kind} ${namespace}/${name}`;
}

/** Endpoints by policy. Identities share their policies, so each is asked about once. */
function countSelected(
  { engine }: PolicyCluster,
  endpoints: readonly ClusterEndpoint[],
): ReadonlyMap<string, number> {
  const byLabels = new Map<string, { labels: readonly string[]; count: number }>();
  for (const { labels } of endpoints) {
    const key = labels.join(",");
    const known = byLabels.get(key);
    if (known === undefined) byLabels.set(key, { labels, count: 1 });
    else known.count++;
  }
  const counts = new Map<string, number>();
  for (const { labels, count } of byLabels.values()) {
    const keys = new Set<string>();
    for (const direction of ["ingress", "egress"] as const satisfies readonly PolicyDirection[]) {
      for (const { entry } of engine.entriesFor({ labels }, direction))
        keys.add(keyOf(entry.origin));
    }
    for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + count);
  }
  return counts;
}

function rowOf(
  policy: AppliedPolicy,
  { hits, audited }: Measured,
  selected: ReadonlyMap<string, number>,
): WirePolicyRow {
  const { kind, namespace, name, documents, error } = policy;
  const totals = { allowed: 0, denied: 0, ruleCount: 0, unused: 0 };
  let endpoints = 0;
  for (const document of documents) {
    const own = hits.totalsOf(document);
    totals.allowed += own.allowed;
    totals.denied += own.denied;
    totals.ruleCount += own.ruleCount;
    totals.unused += own.unused;
    endpoints += selected.get(keyOf(document)) ?? 0;
  }
  const specs = documents.flatMap((document) => document.specs);
  const facts = {
    isAudited: documents.some((document) => audited.has(keyOf(document))),
    endpoints,
    ...totals,
  };
  return {
    kind,
    namespace,
    name,
    state: error === null ? stateOf(facts) : "not-imported",
    error,
    directions: directionsOf(specs),
    endpoints,
    rules: totals.ruleCount,
    unusedRules: totals.unused,
    allowed: totals.allowed,
    denied: totals.denied,
    subject: specs.map(subjectText).join("; "),
  };
}

function stateOf(facts: {
  readonly isAudited: boolean;
  readonly endpoints: number;
  readonly ruleCount: number;
  readonly unused: number;
  readonly denied: number;
}): WirePolicyState {
  if (facts.isAudited) return "audit";
  if (facts.endpoints === 0) return "selects-none";
  // A policy that only closes is used when it refuses.
  if (facts.unused === facts.ruleCount) return facts.denied > 0 ? "enforced" : "unused";
  return facts.unused > 0 ? "partly-unused" : "enforced";
}

function directionsOf(specs: readonly PolicySpec[]): PolicyDirection[] {
  return (["ingress", "egress"] as const).filter((direction) =>
    specs.some(({ entries }) => entries.some((entry) => entry.direction === direction)),
  );
}

function subjectText({ subject }: PolicySpec): string {
  const conditions = subject.conditions.filter(({ key }) => key !== namespaceLabelKey);
  return formatSelector({ conditions });
}

function notesOf(
  policy: AppliedPolicy,
  row: WirePolicyRow,
  hits: readonly LineHit[],
): WireLineNote[] {
  if (policy.error !== null) {
    const { line, message, mend } = policy.error;
    return [{ line, kind: "crit", text: mend === "" ? message : `${message}; ${mend}` }];
  }
  const notes: WireLineNote[] = [];
  const specs = policy.documents.flatMap(({ specs: own }) => own);
  for (const { part, line, denied } of hits) {
    const spec = specs.find(({ subjectLine }) => subjectLine === line);
    if (part !== "subject" || spec === undefined) continue;
    const closed = (["ingress", "egress"] as const).filter((one) => spec.defaultDeny[one]);
    if (row.endpoints === 0) {
      notes.push({ line, kind: "warn", text: "Selects no endpoint now." });
    } else if (closed.length > 0) {
      const took =
        denied === 0 ? "no flow was refused by it" : `${grouped(denied)} flows matched no rule`;
      notes.push({
        line,
        kind: "info",
        text: `Turns default deny on for ${closed.join(" and ")}: ${took}`,
      });
    }
  }
  const rules = hits.filter(({ part }) => part === "rule");
  return [...notes, ...rules.flatMap((rule) => ruleNotes(rule, row, hits))];
}

/** A rule that nothing needed, and requests that none of its rules named. */
function ruleNotes(rule: LineHit, row: WirePolicyRow, hits: readonly LineHit[]): WireLineNote[] {
  const own = hits.filter(({ origin }) => origin === rule.origin);
  if (row.endpoints > 0 && !own.some(({ allowed, denied }) => allowed + denied > 0)) {
    return [{ line: rule.line, kind: "warn", text: "No flow of this window needed this rule." }];
  }
  const requests = own.filter(({ part }) => part === "request");
  const refused = requests.reduce((sum, { denied }) => sum + denied, 0);
  const [first] = requests;
  if (refused === 0 || first === undefined) return [];
  const text = `${grouped(refused)} requests were none of those named and were refused`;
  return [{ line: first.line, kind: "info", text }];
}

/** 14231 → "14 231", with thin spaces. */
export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+(?!\d))/g, "\u2009");
}
