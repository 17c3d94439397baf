/** Functions about whether something is there, and those between scalars and vectors. */

import { Labels, LabelsBuilder } from "../../../model/labels.ts";
import type { Matcher } from "../../../model/matcher.ts";
import type { PlanNode } from "../plan-node.ts";
import type { SampleWindows } from "../sample-windows.ts";
import { cellKind, StepVector, vectorOfScalar } from "../step-vector.ts";
import {
  type RangeCall,
  type RangeFunction,
  type RowCells,
  scalarArg,
  type ValueCall,
  type ValueFunction,
  vectorArg,
} from "./function-call.ts";

export const presenceFunctions = {
  scalar: { kind: "value", evaluate: scalar },
  vector: { kind: "value", evaluate: (call) => vectorOfScalar(scalarArg(call, 0)) },
  absent: {
    kind: "value",
    evaluate: (call) => absentRow(vectorArg(call, 0), call),
  },
} as const satisfies Record<string, ValueFunction>;

export const presenceRangeFunctions = {
  present_over_time: { kind: "range", evaluateRow: present, evaluateMixedRow: present },
  absent_over_time: {
    kind: "range",
    // The rows become one, so that equal labels of two do not matter.
    keepsName: true,
    evaluateRow: present,
    evaluateMixedRow: present,
    finish: absentRow,
  },
} as const satisfies Record<string, RangeFunction>;

/** The one float of a step; NaN where there is none or more than one. */
function scalar(call: ValueCall): Float64Array {
  const vector = vectorArg(call, 0);
  const { stepCount, kinds, values } = vector;
  const result = new Float64Array(stepCount).fill(Number.NaN);
  const seen = new Uint8Array(stepCount);
  for (let row = 0; row < vector.rowCount; row++) {
    for (let step = 0, i = row * stepCount; step < stepCount; step++, i++) {
      if (kinds[i] !== cellKind.float) continue;
      result[step] = seen[step] === 0 ? values[i]! : Number.NaN;
      seen[step] = 1;
    }
  }
  return result;
}

function present(windows: SampleWindows, row: RowCells): void {
  const { from, to } = windows;
  const { values, kinds, base } = row;
  for (let step = 0; step < from.length; step++) {
    if (to[step]! <= from[step]!) continue;
    values[base + step] = 1;
    kinds[base + step] = cellKind.float;
  }
}

/** 1 at the steps where no row has a value, with the labels that the argument asks for. */
function absentRow(vector: StepVector, call: Pick<RangeCall, "node" | "run">): StepVector {
  const { stepCount, kinds } = vector;
  const isPresent = new Uint8Array(stepCount);
  for (let row = 0; row < vector.rowCount; row++) {
    const base = row * stepCount;
    for (let step = 0; step < stepCount; step++) isPresent[step]! |= kinds[base + step]!;
  }
  const result = new StepVector(stepCount, 1);
  const base = result.addRow(labelsOfArgument(call.node.args[0], call.run.isStorageReached));
  for (let step = 0; step < stepCount; step++) {
    if (isPresent[step] !== cellKind.absent) continue;
    result.values[base + step] = 1;
    result.kinds[base + step] = cellKind.float;
  }
  return result;
}

function labelsOfArgument(argument: PlanNode | undefined, isStorageReached: boolean): Labels {
  if (argument?.kind !== "vectorSelector" && argument?.kind !== "matrixSelector") {
    return Labels.empty;
  }
  const { matchers } = argument;
  return labelsOfMatchers(isStorageReached ? inStorageOrder(matchers) : matchers);
}

/** Storage puts what takes series away behind what finds them: `{a!="1", a="2"}` gives no label then. */
function inStorageOrder(matchers: readonly Matcher[]): readonly Matcher[] {
  const isTaking = ({ operator, matches }: Matcher) => operator.startsWith("!") && matches("");
  return [...matchers.filter((matcher) => !isTaking(matcher)), ...matchers.filter(isTaking)];
}

/** Labels that are asked for with one `=` and nothing else. */
function labelsOfMatchers(inOrder: readonly Matcher[]): Labels {
  const builder = new LabelsBuilder();
  const seen = new Set<string>();
  for (const { name, operator, value } of inOrder) {
    if (name === "__name__") continue;
    if (operator === "=" && !seen.has(name)) {
      builder.set(name, value);
      seen.add(name);
    } else {
      builder.delete(name);
    }
  }
  return builder.labels();
}
