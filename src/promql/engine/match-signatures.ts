/** How rows of two vectors find each other: by the labels that `on` or `ignoring` leaves. Once per series. */

import type { Labels } from "../../model/labels.ts";
import type { VectorMatching } from "../ast.ts";
import type { QueryRun } from "./query-run.ts";
import type { StepVector } from "./step-vector.ts";

/** Rows of either side that share a signature, in order. */
export interface MatchGroup {
  readonly left: number[];
  readonly right: number[];
}

/** Groups the rows of both sides, in order of first appearance, left side first. */
export async function groupBySignature(
  left: StepVector,
  right: StepVector,
  matching: VectorMatching,
  run: QueryRun,
): Promise<readonly MatchGroup[]> {
  const groups = new Map<string, MatchGroup>();
  const signature = signatureProjection(matching);
  const groupOf = (labels: Labels): MatchGroup => {
    const { key } = signature(labels);
    let group = groups.get(key);
    if (group === undefined) {
      group = { left: [], right: [] };
      groups.set(key, group);
    }
    return group;
  };
  for (const [row, labels] of left.labels.entries()) {
    if ((row & 255) === 0 && run.isPauseDue()) await run.pause();
    groupOf(labels).left.push(row);
  }
  for (const [row, labels] of right.labels.entries()) {
    if ((row & 255) === 0 && run.isPauseDue()) await run.pause();
    groupOf(labels).right.push(row);
  }
  return [...groups.values()];
}

/** The labels that must be equal for two series to match. */
export function signatureProjection(matching: VectorMatching): (labels: Labels) => Labels {
  const names = new Set(matching.labels);
  if (matching.isOn) return (labels) => labels.only(names);
  names.add("__name__");
  return (labels) => labels.without(names);
}
