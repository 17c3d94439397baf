/** Functions of one float at a time, which leave histograms out: arithmetic, logarithms, trigonometry, clamps, rounding. */

import { goMax, goMin } from "../go-math.ts";
import { cellKind, dropMetricNames, type StepVector } from "../step-vector.ts";
import { scalarArg, type ValueCall, type ValueFunction, vectorArg } from "./function-call.ts";

/** Worth about a millisecond. */
const cellsBetweenPauses = 100_000;

export const mathFunctions = {
  abs: pointwise(Math.abs),
  ceil: pointwise(Math.ceil),
  floor: pointwise(Math.floor),
  exp: pointwise(Math.exp),
  sqrt: pointwise(Math.sqrt),
  ln: pointwise(Math.log),
  log2: pointwise(Math.log2),
  log10: pointwise(Math.log10),
  sgn: pointwise((value) => (value < 0 ? -1 : value > 0 ? 1 : value)),
  sin: pointwise(Math.sin),
  cos: pointwise(Math.cos),
  tan: pointwise(Math.tan),
  asin: pointwise(Math.asin),
  acos: pointwise(Math.acos),
  atan: pointwise(Math.atan),
  sinh: pointwise(Math.sinh),
  cosh: pointwise(Math.cosh),
  tanh: pointwise(Math.tanh),
  asinh: pointwise(Math.asinh),
  acosh: pointwise(Math.acosh),
  atanh: pointwise(Math.atanh),
  rad: pointwise((value) => (value * Math.PI) / 180),
  deg: pointwise((value) => (value * 180) / Math.PI),
  pi: { kind: "value", evaluate: (call) => new Float64Array(call.grid.stepCount).fill(Math.PI) },
  max_of: { kind: "value", evaluate: (call) => pairwise(call, goMax) },
  min_of: { kind: "value", evaluate: (call) => pairwise(call, goMin) },
  round: { kind: "value", evaluate: round },
  clamp: {
    kind: "value",
    evaluate: (call) => clamp(call, scalarArg(call, 1), scalarArg(call, 2)),
  },
  clamp_min: {
    kind: "value",
    evaluate: (call) => clamp(call, scalarArg(call, 1), everyStep(call, Infinity)),
  },
  clamp_max: {
    kind: "value",
    evaluate: (call) => clamp(call, everyStep(call, -Infinity), scalarArg(call, 1)),
  },
} as const satisfies Record<string, ValueFunction>;

/** Absent cells are computed too: cheaper than asking, and nobody reads them. */
function pointwise(apply: (value: number) => number): ValueFunction {
  return {
    kind: "value",
    async evaluate(call) {
      const vector = vectorArg(call, 0);
      vector.dropHistograms();
      const { values } = vector;
      const cells = vector.rowCount * vector.stepCount;
      for (let start = 0; start < cells; start += cellsBetweenPauses) {
        if (call.run.isPauseDue()) await call.run.pause();
        const end = Math.min(cells, start + cellsBetweenPauses);
        for (let i = start; i < end; i++) values[i] = apply(values[i]!);
      }
      return dropMetricNames(vector, call.run.isNameRemovalDelayed);
    },
  };
}

function pairwise(call: ValueCall, apply: (a: number, b: number) => number): Float64Array {
  const left = scalarArg(call, 0);
  const right = scalarArg(call, 1);
  for (let step = 0; step < left.length; step++) left[step] = apply(left[step]!, right[step]!);
  return left;
}

function everyStep(call: ValueCall, value: number): Float64Array {
  return new Float64Array(call.grid.stepCount).fill(value);
}

/** Ties round up. The inverse is multiplied with, as it loses less. */
function round(call: ValueCall): StepVector {
  const vector = vectorArg(call, 0);
  vector.dropHistograms();
  const nearest = call.args.length > 1 ? scalarArg(call, 1) : everyStep(call, 1);
  const { values, stepCount } = vector;
  for (let row = 0; row < vector.rowCount; row++) {
    for (let step = 0, i = row * stepCount; step < stepCount; step++, i++) {
      const inverse = 1 / nearest[step]!;
      values[i] = Math.floor(values[i]! * inverse + 0.5) / inverse;
    }
  }
  return dropMetricNames(vector, call.run.isNameRemovalDelayed);
}

/** Nothing is left of steps whose bounds are the wrong way round. */
function clamp(call: ValueCall, low: Float64Array, high: Float64Array): StepVector {
  const vector = vectorArg(call, 0);
  vector.dropHistograms();
  const { values, kinds, stepCount } = vector;
  for (let row = 0; row < vector.rowCount; row++) {
    for (let step = 0, i = row * stepCount; step < stepCount; step++, i++) {
      if (high[step]! < low[step]!) kinds[i] = cellKind.absent;
      else values[i] = goMax(low[step]!, goMin(high[step]!, values[i]!));
    }
  }
  return dropMetricNames(vector, call.run.isNameRemovalDelayed);
}
