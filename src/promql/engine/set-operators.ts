/** and, or, unless: whole rows are kept or masked by where the other side has a match. */

import type { VectorMatching } from "../ast.ts";
import { groupBySignature, type MatchGroup } from "./match-signatures.ts";
import type { BinaryNode } from "./plan-node.ts";
import type { QueryRun } from "./query-run.ts";
import { cellKind, mergeEqualRows, StepVector } from "./step-vector.ts";

/** Evaluates a set operator; changes `left` in place. */
export async function combineSets(
  node: BinaryNode,
  left: StepVector,
  right: StepVector,
  run: QueryRun,
): Promise<StepVector> {
  const matching = node.matching as VectorMatching;
  const groups = await groupBySignature(left, right, matching, run);
  if (node.operator === "or") return unite(left, right, groups);
  const keepsMatched = node.operator === "and";
  const isPresent = new Uint8Array(left.stepCount);
  for (const group of groups) {
    if (run.isPauseDue()) await run.pause();
    if (group.left.length === 0) continue;
    markPresent(right, group.right, isPresent);
    for (const row of group.left) mask(left, row, isPresent, keepsMatched);
  }
  return left;
}

/** All of the left side, and what of the right side has no match there at the step. */
function unite(left: StepVector, right: StepVector, groups: readonly MatchGroup[]): StepVector {
  const isPresent = new Uint8Array(left.stepCount);
  for (const group of groups) {
    if (group.right.length === 0 || group.left.length === 0) continue;
    markPresent(left, group.left, isPresent);
    for (const row of group.right) mask(right, row, isPresent, false);
  }
  const result = new StepVector(left.stepCount, left.rowCount + right.rowCount);
  for (let row = 0; row < left.rowCount; row++) result.copyRow(left, row);
  for (let row = 0; row < right.rowCount; row++) {
    if (right.presentInRow(row) > 0) result.copyRow(right, row);
  }
  return mergeEqualRows(result);
}

function markPresent(vector: StepVector, rows: readonly number[], isPresent: Uint8Array): void {
  const { kinds, stepCount } = vector;
  isPresent.fill(0);
  for (const row of rows) {
    const base = row * stepCount;
    for (let step = 0; step < stepCount; step++) {
      if (kinds[base + step] !== cellKind.absent) isPresent[step] = 1;
    }
  }
}

/** Takes away the cells where `isPresent` is not what is kept. */
function mask(vector: StepVector, row: number, isPresent: Uint8Array, keepsPresent: boolean): void {
  const { kinds, stepCount } = vector;
  const base = row * stepCount;
  const kept = keepsPresent ? 1 : 0;
  for (let step = 0; step < stepCount; step++) {
    if (isPresent[step] !== kept) kinds[base + step] = cellKind.absent;
  }
}
