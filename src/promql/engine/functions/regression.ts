/** Lines and curves through the samples of a window: deriv, predict_linear, double_exponential_smoothing. */

import { QueryError } from "../../../base/errors.ts";
import { evaluateFloats } from "../mixed-windows.ts";
import type { SampleWindows } from "../sample-windows.ts";
import { cellKind } from "../step-vector.ts";
import type { RangeCall, RangeFunction, RowCells } from "./function-call.ts";

export const regressionFunctions = {
  deriv: { kind: "range", evaluateRow: derivatives },
  predict_linear: { kind: "range", evaluateRow: predictions },
  double_exponential_smoothing: {
    kind: "range",
    evaluateRow: smoothed,
    evaluateMixedRow: smoothedFloats,
  },
} as const satisfies Record<string, RangeFunction>;

/** A least-squares line: value = slope * seconds + intercept. Written to by `fitLine`. */
interface Line {
  slope: number;
  intercept: number;
}

function derivatives(windows: SampleWindows, row: RowCells): void {
  const line: Line = { slope: 0, intercept: 0 };
  const { from, to } = windows;
  for (let step = 0; step < from.length; step++) {
    if (to[step]! - from[step]! < 2) continue;
    fitLine(windows, step, windows.timestampsMs[from[step]!]!, line);
    row.values[row.base + step] = line.slope;
    row.kinds[row.base + step] = cellKind.float;
  }
}

function predictions(windows: SampleWindows, row: RowCells, call: RangeCall): void {
  const line: Line = { slope: 0, intercept: 0 };
  const ahead = call.scalars[0]!;
  const { from, to } = windows;
  for (let step = 0; step < from.length; step++) {
    if (to[step]! - from[step]! < 2) continue;
    fitLine(windows, step, call.grid.startMs + step * call.grid.stepMs, line);
    row.values[row.base + step] = line.slope * ahead[step]! + line.intercept;
    row.kinds[row.base + step] = cellKind.float;
  }
}

/** Fits a line to a window; the intercept is at `zeroMs`. Compensated sums, as Prometheus'. */
function fitLine(windows: SampleWindows, step: number, zeroMs: number, line: Line): void {
  const { timestampsMs, values } = windows;
  const first = windows.from[step]!;
  const end = windows.to[step]!;
  if (isConstant(values, first, end)) {
    const value = values[first]!;
    const isInfinite = value === Infinity || value === -Infinity;
    line.slope = isInfinite ? Number.NaN : 0;
    line.intercept = isInfinite ? Number.NaN : value;
    return;
  }
  let sumX = 0;
  let lostX = 0;
  let sumY = 0;
  let lostY = 0;
  let sumXy = 0;
  let lostXy = 0;
  let sumXx = 0;
  let lostXx = 0;
  for (let i = first; i < end; i++) {
    const x = (timestampsMs[i]! - zeroMs) / 1e3;
    const y = values[i]!;
    const xy = x * y;
    const xx = x * x;
    let next = sumX + x;
    let shift = next - sumX;
    lostX += sumX - (next - shift) + (x - shift);
    sumX = next;
    next = sumY + y;
    shift = next - sumY;
    lostY += sumY - (next - shift) + (y - shift);
    sumY = next;
    next = sumXy + xy;
    shift = next - sumXy;
    lostXy += sumXy - (next - shift) + (xy - shift);
    sumXy = next;
    next = sumXx + xx;
    shift = next - sumXx;
    lostXx += sumXx - (next - shift) + (xx - shift);
    sumXx = next;
  }
  const count = end - first;
  const covariance = total(sumXy, lostXy) - (total(sumX, lostX) * total(sumY, lostY)) / count;
  const spread = total(sumXx, lostXx) - (total(sumX, lostX) * total(sumX, lostX)) / count;
  line.slope = covariance / spread;
  line.intercept = total(sumY, lostY) / count - (line.slope * total(sumX, lostX)) / count;
}

/** An infinite sum has no error worth adding. */
function total(sum: number, lost: number): number {
  return Number.isFinite(sum) ? sum + lost : sum;
}

function isConstant(values: Float64Array, first: number, end: number): boolean {
  const value = values[first]!;
  for (let i = first + 1; i < end; i++) if (values[i] !== value) return false;
  return true;
}

function smoothed(windows: SampleWindows, row: RowCells, call: RangeCall): void {
  checkFactors(windows, call);
  const smoothing = call.scalars[0]!;
  const trend = call.scalars[1]!;
  const { from, to } = windows;
  for (let step = 0; step < from.length; step++) {
    if (to[step]! - from[step]! < 2) continue;
    row.values[row.base + step] = smooth(windows, step, smoothing[step]!, trend[step]!);
    row.kinds[row.base + step] = cellKind.float;
  }
}

/** Histograms are left out, but the factors must be right where there is anything. */
function smoothedFloats(windows: SampleWindows, row: RowCells, call: RangeCall): void {
  checkFactors(windows, call);
  evaluateFloats({ kind: "range", evaluateRow: smoothed }, windows, row, call);
}

/** Both factors at each step whose window holds a sample. */
function checkFactors({ from, to }: SampleWindows, { scalars }: RangeCall): void {
  for (let step = 0; step < from.length; step++) {
    if (to[step]! <= from[step]!) continue;
    checkFactor("smoothing", "sf", scalars[0]![step]!);
    checkFactor("trend", "tf", scalars[1]![step]!);
  }
}

function checkFactor(name: string, short: string, factor: number): void {
  if (factor > 0 && factor < 1) return;
  if (Number.isNaN(factor)) return;
  const shown = Number.isFinite(factor) ? factor.toFixed(6) : factor > 0 ? "+Inf" : "-Inf";
  throw new QueryError(
    "execution",
    `invalid ${name} factor. Expected: 0 < ${short} < 1, got: ${shown}`,
  );
}

/** Holt's double exponential smoothing; the value at the window's end. */
function smooth(
  windows: SampleWindows,
  step: number,
  smoothing: number,
  trendFactor: number,
): number {
  const { values } = windows;
  const first = windows.from[step]!;
  const end = windows.to[step]!;
  let before = 0;
  let level = values[first]!;
  let trend = values[first + 1]! - values[first]!;
  for (let i = first + 1; i < end; i++) {
    const scaled = smoothing * values[i]!;
    if (i > first + 1) trend = trendFactor * (level - before) + (1 - trendFactor) * trend;
    const carried = (1 - smoothing) * (level + trend);
    before = level;
    level = scaled + carried;
  }
  return level;
}
