/** Functions of one float at a time, which leave histograms out: arithmetic, logarithms, trigonometry, clamps, rounding. */

import { goMax, goMin } from "../go-math.ts";
import { cellKind } from "../step-vector.ts";
import {
  type ApplyToFloats,
  type FloatFunction,
  scalarArg,
  type ValueCall,
  type ValueFunction,
} from "./function-call.ts";

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
  round: { kind: "floats", prepare: ([nearest]) => round(nearest) },
  clamp: { kind: "floats", mayEmptyCells: true, prepare: ([low, high]) => clamp(low, high) },
  clamp_min: { kind: "floats", prepare: ([low]) => clamp(low, undefined) },
  clamp_max: { kind: "floats", prepare: ([high]) => clamp(undefined, high) },
} as const satisfies Record<string, ValueFunction | FloatFunction>;

/** Absent cells are computed too: cheaper than asking, and nobody reads them. */
function pointwise(apply: (value: number) => number): FloatFunction {
  const applyToRow: ApplyToFloats = ({ values, stepCount }, base) => {
    for (let at = base; at < base + stepCount; at++) values[at] = apply(values[at]!);
  };
  return { kind: "floats", prepare: () => applyToRow };
}

function pairwise(call: ValueCall, apply: (a: number, b: number) => number): Float64Array {
  const left = scalarArg(call, 0);
  const right = scalarArg(call, 1);
  for (let step = 0; step < left.length; step++) left[step] = apply(left[step]!, right[step]!);
  return left;
}

/** Ties round up; to whole numbers unless told otherwise. The inverse is multiplied with, as it loses less. */
function round(nearest: Float64Array | undefined): ApplyToFloats {
  return ({ values, stepCount }, base) => {
    for (let step = 0, at = base; step < stepCount; step++, at++) {
      const inverse = nearest === undefined ? 1 : 1 / nearest[step]!;
      values[at] = Math.floor(values[at]! * inverse + 0.5) / inverse;
    }
  };
}

/** Nothing is left of steps whose bounds are the wrong way round; a bound may be missing. */
function clamp(low: Float64Array | undefined, high: Float64Array | undefined): ApplyToFloats {
  return ({ values, kinds, stepCount }, base) => {
    for (let step = 0, at = base; step < stepCount; step++, at++) {
      const least = low === undefined ? -Infinity : low[step]!;
      const most = high === undefined ? Infinity : high[step]!;
      if (most < least) kinds[at] = cellKind.absent;
      else values[at] = goMax(least, goMin(most, values[at]!));
    }
  };
}
