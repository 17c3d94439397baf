/** Drafts against recorded flows: replay, proposals from traffic, and test cases. */

import { AppError } from "../base/errors.ts";
import { PolicyEngine } from "../policy/engine/policy-engine.ts";
import { writeTestCase } from "../policy/review/test-case.ts";
import { isDeniedSide, verdictsOf } from "../policy/traffic/connection-verdict.ts";
import { type DraftChange, DraftReplay } from "../policy/traffic/draft-replay.ts";
import { proposePolicies } from "../policy/traffic/policy-proposal.ts";
import { draftFile, readDraftObjects } from "./policy-book.ts";
import { ownConnections, type PolicyQuestion } from "./policy-question.ts";
import { grouped } from "./policy-state.ts";
import { eachInSlices } from "./policy-traffic.ts";
import type { WireProposals, WireReplay, WireReplayChange } from "./wire/policy.ts";

/** Groups of each kind in an answer. */
const groupsMax = 200;

/** POST /policy/replay: the draft among the policies in force. `only=draft`: the draft alone. */
export async function replayAnswer(question: PolicyQuestion, yaml: string): Promise<WireReplay> {
  const { cluster, book, clock, signal, query } = question;
  const draft = readDraftObjects(yaml, cluster.clusterName);
  if (draft.policies.length === 0) {
    throw new AppError("parse", "there is no policy in this text to replay");
  }
  const isAlone = query["only"] === "draft";
  const after = await book.withDraft(isAlone ? { ...cluster, policies: [] } : cluster, draft);
  const connections = [...ownConnections(question)];
  const texts = new Map([[draftFile, yaml]]);
  const replay = new DraftReplay(
    {
      before: cluster.engine,
      after,
      draft: draft.policies,
      texts,
      clusterName: cluster.clusterName,
    },
    connections,
  );
  await eachInSlices(connections, { clock, signal }, (connection) => replay.add(connection));
  const { lost, gained, lostCount, gainedCount, losers, winners, ...rest } = replay.report();
  return {
    sentence: sentenceOf({ losers, lostCount, winners, gainedCount }),
    window: question.window(),
    same: rest.sameCount,
    lost: lostCount,
    gained: gainedCount,
    unexplained: rest.unexplainedCount,
    lostGroups: lost.slice(0, groupsMax).map(changeOf),
    gainedGroups: gained.slice(0, groupsMax).map(changeOf),
    rules: rest.rules.map(({ title, line, flowCount, before }) => ({
      title,
      line,
      flows: flowCount,
      before: before ?? null,
    })),
    moreGroups: Math.max(0, lost.length - groupsMax) + Math.max(0, gained.length - groupsMax),
  };
}

function changeOf({ file, line, flowCount, ...change }: DraftChange): WireReplayChange {
  return { ...change, line: file === draftFile ? (line ?? null) : null, flows: flowCount };
}

/** "3 workloads would lose 41 flows. 1 would gain 4 812." */
export function sentenceOf(counts: {
  readonly losers: number;
  readonly lostCount: number;
  readonly winners: number;
  readonly gainedCount: number;
}): string {
  const { losers, lostCount, winners, gainedCount } = counts;
  if (lostCount === 0 && gainedCount === 0) {
    return "Nothing would change: every flow keeps its verdict.";
  }
  const workloads = (count: number) => `${grouped(count)} workload${count === 1 ? "" : "s"}`;
  const flows = (count: number) => `${grouped(count)} flow${count === 1 ? "" : "s"}`;
  if (lostCount === 0) {
    return `Nothing would be lost. ${workloads(winners)} would gain ${flows(gainedCount)}.`;
  }
  const lose = `${workloads(losers)} would lose ${flows(lostCount)}.`;
  return gainedCount === 0
    ? `${lose} Nothing would be gained.`
    : `${lose} ${grouped(winners)} would gain ${grouped(gainedCount)}.`;
}

/** GET /policy/propose: `direction`, `l7=false`, `namespace`, `workload`. */
export async function proposeAnswer(question: PolicyQuestion): Promise<WireProposals> {
  const { tally, query, cluster, clock, signal } = question;
  const { direction = "both", namespace, workload } = query;
  if (!["both", "ingress", "egress"].includes(direction)) {
    throw new AppError("parse", "direction is ingress, egress or both");
  }
  const directions =
    direction === "both" ? (["ingress", "egress"] as const) : ([direction] as ["ingress"]);
  const found = proposePolicies(tally, { directions, hasL7: query["l7"] !== "false" });
  const proposals = found.filter(
    (one) =>
      (namespace === undefined || one.namespace === namespace) &&
      (workload === undefined || one.name === `${workload}-observed`),
  );
  const text = proposals.map(({ yaml }) => yaml).join("---\n");
  const draft = readDraftObjects(text, cluster.clusterName);
  const engine = new PolicyEngine(draft.policies, { clusterName: cluster.clusterName });
  let wouldDrop = 0;
  await eachInSlices(ownConnections(question), { clock, signal }, (connection) => {
    if (connection.forwardedCount === 0) return;
    if (verdictsOf(engine, connection).some(isDeniedSide)) wouldDrop += connection.forwardedCount;
  });
  return {
    window: question.window(),
    proposals: proposals.map(({ namespace: place, name, yaml, flowCount }) => ({
      namespace: place,
      name,
      yaml,
      flows: flowCount,
    })),
    wouldDrop,
  };
}

/** POST /policy/test-case: a test file about the connections that the draft's policies decide. */
export async function testCaseText(question: PolicyQuestion, yaml: string): Promise<string> {
  const { cluster, clock, signal } = question;
  const draft = readDraftObjects(yaml, cluster.clusterName);
  const [first] = draft.policies;
  if (first === undefined) throw new AppError("parse", "there is no policy in this text to test");
  const engine = new PolicyEngine(draft.policies, {
    clusterName: cluster.clusterName,
    services: draft.services,
    cidrGroups: draft.cidrGroups,
  });
  const decided: Parameters<typeof writeTestCase>[1] extends Iterable<infer One> ? One[] : never =
    [];
  await eachInSlices(ownConnections(question), { clock, signal }, (connection) => {
    const isDecided = verdictsOf(engine, connection).some(
      ({ verdict }) => verdict.matchedBy.length + verdict.defaultDenyBy.length > 0,
    );
    if (isDecided) decided.push(connection);
  });
  const { clusterName } = cluster;
  const { name } = first;
  return writeTestCase(engine, decided, { name, policyFile: `${name}.yaml`, clusterName });
}
