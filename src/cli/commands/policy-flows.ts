/** `ciliascope policy replay|unused|score|propose`: policies against recorded flows. */

import { parsePolicyObjects } from "../../policy/document/policy-parse.ts";
import { formatOrigin } from "../../policy/engine/explanation.ts";
import {
  type ReplayGroup,
  replayFlows,
  scoreSimulation,
} from "../../policy/traffic/flow-replay.ts";
import type { FlowTally } from "../../policy/traffic/flow-tally.ts";
import { proposePolicies } from "../../policy/traffic/policy-proposal.ts";
import { measureUsage } from "../../policy/traffic/rule-usage.ts";
import { type CliContext, exitCodes } from "../command.ts";
import { type AgentFlags, loadPolicyObjects, makeEngine, parseOptions } from "../policy-files.ts";

interface FlowFlags extends AgentFlags {
  readonly fail?: boolean;
  readonly output: string;
}

/** Runs `policy replay`. */
export function runReplay(
  paths: readonly string[],
  tally: FlowTally,
  flags: FlowFlags,
  context: CliContext,
): number {
  const engine = makeEngine(loadPolicyObjects(paths, flags), flags);
  const report = replayFlows(engine, tally);
  const score = scoreSimulation(engine, tally);
  if (flags.output === "json") {
    context.stdout(`${JSON.stringify({ ...report, score }, null, 2)}\n`);
  } else {
    context.stdout(groupsText("would be dropped", report.wouldDrop));
    context.stdout(groupsText("would newly pass", report.wouldAllow));
    context.stdout(
      `${report.flowCount} flows: ${sum(report.wouldDrop)} would be dropped, ${sum(report.wouldAllow)} would newly pass, ${report.unchangedCount} stay as they are, ${report.skippedCount} say nothing about policies${skippedText(tally)}\n`,
    );
  }
  const isFound = report.wouldDrop.length + report.wouldAllow.length > 0;
  return flags.fail === true && isFound ? exitCodes.trouble : exitCodes.ok;
}

/** Runs `policy score`. */
export function runScore(
  paths: readonly string[],
  tally: FlowTally,
  flags: FlowFlags,
  context: CliContext,
): number {
  const engine = makeEngine(loadPolicyObjects(paths, flags), flags);
  const score = scoreSimulation(engine, tally);
  const { comparedCount, equalCount, deniedHere, allowedHere } = score;
  if (flags.output === "json") context.stdout(`${JSON.stringify(score, null, 2)}\n`);
  else {
    context.stdout(groupsText("seen to pass, simulated as denied", deniedHere));
    context.stdout(groupsText("seen denied, simulated to pass", allowedHere));
    const percent = comparedCount === 0 ? 100 : (100 * equalCount) / comparedCount;
    context.stdout(
      `${equalCount} of ${comparedCount} flows have the verdict that was observed (${percent.toFixed(2)} %)\n`,
    );
  }
  return flags.fail === true && equalCount < comparedCount ? exitCodes.trouble : exitCodes.ok;
}

/** Runs `policy unused`. */
export function runUnused(
  paths: readonly string[],
  tally: FlowTally,
  flags: FlowFlags,
  context: CliContext,
): number {
  const usage = measureUsage(makeEngine(loadPolicyObjects(paths, flags), flags), tally);
  const unused = usage.filter(({ flowCount }) => flowCount === 0);
  if (flags.output === "json") context.stdout(`${JSON.stringify(usage, null, 2)}\n`);
  else {
    for (const { origin, isSubjectSeen } of unused) {
      const why = isSubjectSeen ? "no flow" : "its subject is in no flow";
      context.stdout(`unused ${formatOrigin(origin)}: ${why}\n`);
    }
    context.stdout(
      `${unused.length} of ${usage.length} rules unused by ${tally.flowCount} flows\n`,
    );
  }
  return flags.fail === true && unused.length > 0 ? exitCodes.trouble : exitCodes.ok;
}

/** Runs `policy propose`; 1 where the replay of the same flows drops any. */
export function runPropose(
  tally: FlowTally,
  flags: AgentFlags & {
    readonly direction: string;
    readonly l7: boolean;
    readonly namespace?: string;
  },
  context: CliContext,
): number {
  const directions =
    flags.direction === "both"
      ? (["ingress", "egress"] as const)
      : [flags.direction === "ingress" ? ("ingress" as const) : ("egress" as const)];
  const { l7: hasL7, namespace } = flags;
  const proposals = proposePolicies(tally, { directions, hasL7, namespace });
  const text = proposals.map(({ yaml }) => yaml).join("---\n");
  context.stdout(text);
  const objects = parsePolicyObjects(text, parseOptions("proposal", flags));
  const report = replayFlows(makeEngine(objects, flags), tally);
  context.stderr(groupsText("would be dropped by the proposal", report.wouldDrop));
  context.stderr(
    `${proposals.length} policies proposed; replay of the same ${report.flowCount} flows: ${sum(report.wouldDrop)} would be dropped, ${sum(report.wouldAllow)} that were denied would pass\n`,
  );
  return report.wouldDrop.length > 0 ? exitCodes.trouble : exitCodes.ok;
}

function sum(groups: readonly ReplayGroup[]): number {
  return groups.reduce((total, { flowCount }) => total + flowCount, 0);
}

function groupsText(title: string, groups: readonly ReplayGroup[]): string {
  if (groups.length === 0) return "";
  const lines = groups.map(({ source, destination, service, flowCount, reason, lastTime }) => {
    const last = lastTime === "" ? "" : `, last ${lastTime}`;
    return `  ${flowCount} ${source} -> ${destination} ${service}${last}\n      ${reason}\n`;
  });
  return `${title}:\n${lines.join("")}`;
}

function skippedText({ skipped }: FlowTally): string {
  if (skipped.size === 0) return "";
  return ` (${[...skipped].map(([reason, count]) => `${reason}: ${count}`).join(", ")})`;
}
