/** sort and its kin: an order of rows, which only an instant query shows. */

import { compareLabels, compareUtf8, type Labels } from "../../../model/labels.ts";
import { sortInRangeQuery } from "../annotations.ts";
import { StepVector } from "../step-vector.ts";
import { stringArg, type ValueCall, type ValueFunction, vectorArg } from "./function-call.ts";

export const sortingFunctions = {
  sort: { kind: "value", evaluate: (call) => sortByValue(call, 1) },
  sort_desc: { kind: "value", evaluate: (call) => sortByValue(call, -1) },
  sort_by_label: { kind: "value", evaluate: (call) => sortByLabel(call, 1) },
  sort_by_label_desc: { kind: "value", evaluate: (call) => sortByLabel(call, -1) },
} as const satisfies Record<string, ValueFunction>;

/** NaN comes last in both directions. */
function sortByValue(call: ValueCall, direction: 1 | -1): StepVector {
  const vector = vectorArg(call, 0);
  vector.dropHistograms();
  const { values } = vector;
  return sortRows(call, vector, (a, b) => {
    const x = values[a]!;
    const y = values[b]!;
    if (Number.isNaN(x) || Number.isNaN(y))
      return Number(Number.isNaN(x)) - Number(Number.isNaN(y));
    return x === y ? 0 : x < y ? -direction : direction;
  });
}

function sortByLabel(call: ValueCall, direction: 1 | -1): StepVector {
  const vector = vectorArg(call, 0);
  const names = call.args.slice(1).map((_, index) => stringArg(call, index + 1));
  return sortRows(call, vector, (a, b) => {
    const left = vector.labels[a] as Labels;
    const right = vector.labels[b] as Labels;
    for (const name of names) {
      const x = left.get(name);
      const y = right.get(name);
      if (x !== y) return isNaturallyLess(x, y) ? -direction : direction;
    }
    return direction * compareLabels(left, right);
  });
}

function sortRows(
  call: ValueCall,
  vector: StepVector,
  order: (rowA: number, rowB: number) => number,
): StepVector {
  const { isInstant, stepCount } = call.grid;
  if (!isInstant) {
    if (stepCount > 0) call.run.annotations.add(sortInRangeQuery(), call.node.start);
    return vector;
  }
  const rows = Array.from({ length: vector.rowCount }, (_, row) => row).sort(order);
  const sorted = new StepVector(vector.stepCount, vector.rowCount);
  sorted.isOrdered = true;
  for (const row of rows) sorted.copyRow(vector, row);
  return sorted;
}

/** Runs of digits compare as numbers, other runs as text. Two strings are never equal here. */
function isNaturallyLess(a: string, b: string): boolean {
  const left = a.match(/\d+|\D+/g) ?? [];
  const right = b.match(/\d+|\D+/g) ?? [];
  for (const [index, x] of left.entries()) {
    const y = right[index];
    if (y === undefined) return false;
    const isNumber = /^\d/.test(x) && /^\d/.test(y);
    const order = isNumber ? Math.sign(Number(x) - Number(y)) : compareUtf8(x, y);
    if (order !== 0) return order < 0;
    if (index === left.length - 1) return true;
    if (index === right.length - 1) return false;
  }
  return false;
}
