/**
 * The *_over_time functions: an aggregate of the samples of each window. Sums are Neumaier sums in
 * sample order, as Prometheus computes them, so windows are summed one by one; only where all
 * samples of a series are integers and no sum can be rounded (the usual counter or gauge of things)
 * do prefix sums give the very same bits. Extremes slide over two stacks, quantiles over
 * a sorted copy of the window.
 */

import { invalidQuantile } from "../annotations.ts";
import { CompensatedSum } from "../compensated-sum.ts";
import { foldHistograms } from "../histogram/histograms-over-time.ts";
import { type EitherKind, evaluateEither } from "../mixed-windows.ts";
import { quantileOf, SortedWindow } from "../quantile.ts";
import { type SampleWindows, scratchOf } from "../sample-windows.ts";
import { cellKind } from "../step-vector.ts";
import type { RangeCall, RangeFunction, RowCells } from "./function-call.ts";
import { presenceRangeFunctions } from "./presence.ts";

const sumPerWindow = perWindow(sumOf);
const meanPerWindow = perWindow(meanOf);
const maxPerWindow = perWindow(maxOf);
const minPerWindow = perWindow(minOf);

export const overTimeFunctions = {
  sum_over_time: foldFunction(false),
  avg_over_time: foldFunction(true),
  count_over_time: ofEitherKind((w, step) => w.to[step]! - w.from[step]!),
  max_over_time: { kind: "range", evaluateRow: (windows, row) => extremes(windows, row, 1) },
  min_over_time: { kind: "range", evaluateRow: (windows, row) => extremes(windows, row, -1) },
  first_over_time: sampleFunction((w, step) => w.from[step]!),
  last_over_time: sampleFunction((w, step) => w.to[step]! - 1),
  ts_of_first_over_time: ofEitherKind((w, step) => w.timestampsMs[w.from[step]!]! / 1000),
  ts_of_last_over_time: ofEitherKind((w, step) => w.timestampsMs[w.to[step]! - 1]! / 1000),
  ts_of_max_over_time: {
    kind: "range",
    evaluateRow: perWindow((w, step) => w.timestampsMs[lastExtreme(w, step, 1)]! / 1000),
  },
  ts_of_min_over_time: {
    kind: "range",
    evaluateRow: perWindow((w, step) => w.timestampsMs[lastExtreme(w, step, -1)]! / 1000),
  },
  stdvar_over_time: { kind: "range", evaluateRow: perWindow(variance) },
  stddev_over_time: {
    kind: "range",
    evaluateRow: perWindow((w, step) => Math.sqrt(variance(w, step))),
  },
  quantile_over_time: { kind: "range", evaluateRow: quantiles },
  mad_over_time: { kind: "range", evaluateRow: medianDeviations },
  ...presenceRangeFunctions,
} as const satisfies Record<string, RangeFunction>;

/** Runs `apply` for each window that is not empty. */
function perWindow(
  apply: (windows: SampleWindows, step: number) => number,
): (windows: SampleWindows, row: RowCells) => void {
  return (windows, row) => {
    const { from, to } = windows;
    for (let step = 0; step < from.length; step++) {
      if (to[step]! <= from[step]!) continue;
      row.values[row.base + step] = apply(windows, step);
      row.kinds[row.base + step] = cellKind.float;
    }
  };
}

/** A function for which it does not matter whether samples are floats or histograms. */
function ofEitherKind(apply: (windows: SampleWindows, step: number) => number): RangeFunction {
  const evaluateRow = perWindow(apply);
  return { kind: "range", evaluateRow, evaluateMixedRow: evaluateRow };
}

/** One of a window's own samples, of either kind. */
function sampleFunction(pick: (windows: SampleWindows, step: number) => number): RangeFunction {
  return {
    kind: "range",
    keepsName: true,
    evaluateRow: perWindow((windows, step) => windows.values[pick(windows, step)]!),
    evaluateMixedRow(windows, row) {
      const { from, to, values, histograms } = windows;
      for (let step = 0; step < from.length; step++) {
        if (to[step]! <= from[step]!) continue;
        const index = pick(windows, step);
        const histogram = histograms?.[index];
        if (histogram !== undefined) {
          row.vector.setHistogram(row.base + step, histogram);
          continue;
        }
        row.values[row.base + step] = values[index]!;
        row.kinds[row.base + step] = cellKind.float;
      }
    },
  };
}

/** sum_over_time, avg_over_time. */
function foldFunction(isMean: boolean): RangeFunction {
  const floats: RangeFunction["evaluateRow"] = (windows, row) => sums(windows, row, isMean);
  const histogram: EitherKind["histogram"] = (windows, step, call) =>
    foldHistograms(windows, step, call, isMean);
  return {
    kind: "range",
    evaluateRow: floats,
    evaluateMixedRow: (windows, row, call) =>
      evaluateEither({ floats, histogram }, windows, row, call),
  };
}

/** Sums of integers stay exact below 2^53. */
const exactSumMax = Number.MAX_SAFE_INTEGER;

function sums(windows: SampleWindows, row: RowCells, isMean: boolean): void {
  // Prefix sums pay where windows overlap.
  const prefix = windows.total > 2 * windows.count ? exactPrefixSums(windows) : undefined;
  if (prefix !== undefined) prefixSums(windows, row, prefix, isMean);
  else if (isMean) meanPerWindow(windows, row);
  else sumPerWindow(windows, row);
}

/** prefix[i] = sum of the first i samples; undefined where any rounding is possible. */
function exactPrefixSums(windows: SampleWindows): Float64Array | undefined {
  const { values, count } = windows;
  const prefix = scratchOf(windows, count + 1);
  prefix[0] = 0;
  let magnitude = 0;
  for (let i = 0; i < count; i++) {
    const value = values[i]!;
    // -0 has its own sign to lose.
    if (!Number.isInteger(value) || (value === 0 && 1 / value < 0)) return undefined;
    magnitude += Math.abs(value);
    prefix[i + 1] = prefix[i]! + value;
  }
  return magnitude <= exactSumMax ? prefix : undefined;
}

function prefixSums(
  windows: SampleWindows,
  row: RowCells,
  prefix: Float64Array,
  isMean: boolean,
): void {
  const { from, to } = windows;
  for (let step = 0; step < from.length; step++) {
    const size = to[step]! - from[step]!;
    if (size <= 0) continue;
    const sum = prefix[to[step]!]! - prefix[from[step]!]!;
    row.values[row.base + step] = isMean ? sum / size : sum;
    row.kinds[row.base + step] = cellKind.float;
  }
}

/**
 * The error of each addition is found without asking which operand is larger (Knuth's two-sum): the
 * same bits as Neumaier's, no branch. Once a sum is not finite it stays so, and the slow path decides.
 */
function sumOf(windows: SampleWindows, step: number): number {
  const { values } = windows;
  let sum = 0;
  let lost = 0;
  for (let i = windows.from[step]!, end = windows.to[step]!; i < end; i++) {
    const value = values[i]!;
    const next = sum + value;
    const shift = next - sum;
    lost += sum - (next - shift) + (value - shift);
    sum = next;
  }
  // An infinite sum has no error worth adding; NaN is NaN either way.
  return Number.isFinite(sum) ? sum + lost : sum;
}

/** A sum divided by the count; where the sum overflows, the mean is carried on instead. */
function meanOf(windows: SampleWindows, step: number): number {
  const { values } = windows;
  const first = windows.from[step]!;
  const end = windows.to[step]!;
  let sum = values[first]!;
  let lost = 0;
  for (let i = first + 1; i < end; i++) {
    const value = values[i]!;
    const next = sum + value;
    const shift = next - sum;
    lost += sum - (next - shift) + (value - shift);
    sum = next;
  }
  if (!Number.isFinite(sum)) return overflowingMean(values, first, end);
  return sum / (end - first) + lost / (end - first);
}

/** Slow path of `meanOf`: as Prometheus, from the overflow on a running mean. */
function overflowingMean(values: Float64Array, first: number, end: number): number {
  const sum = new CompensatedSum(values[first]!);
  let isRunning = false;
  for (let i = first + 1; i < end; i++) {
    const count = i - first + 1;
    if (!isRunning) {
      if (sum.addUnlessInfinite(values[i]!)) continue;
      isRunning = true;
      sum.divide(count - 1);
    }
    sum.scale((count - 1) / count);
    sum.add(values[i]! / count);
  }
  return isRunning ? sum.total() : sum.sum / (end - first) + sum.lost / (end - first);
}

/** Welford's variance with compensated sums. */
function variance(windows: SampleWindows, step: number): number {
  const { values } = windows;
  let count = 0;
  let mean = 0;
  let meanLost = 0;
  let squares = 0;
  let squaresLost = 0;
  for (let i = windows.from[step]!, end = windows.to[step]!; i < end; i++) {
    const value = values[i]!;
    count++;
    const delta = value - (mean + meanLost);
    const share = delta / count;
    const nextMean = mean + share;
    const meanShift = nextMean - mean;
    meanLost += mean - (nextMean - meanShift) + (share - meanShift);
    mean = nextMean;
    const square = delta * (value - (mean + meanLost));
    const nextSquares = squares + square;
    const shift = nextSquares - squares;
    squaresLost += squares - (nextSquares - shift) + (square - shift);
    squares = nextSquares;
  }
  const result = (squares + squaresLost) / count;
  return Number.isFinite(result) ? result : overflowingVariance(windows, step);
}

/** Slow path of `variance`: infinities lose their compensation, as in Prometheus. */
function overflowingVariance(windows: SampleWindows, step: number): number {
  const mean = new CompensatedSum(0);
  const squares = new CompensatedSum(0);
  let count = 0;
  for (let i = windows.from[step]!; i < windows.to[step]!; i++) {
    const value = windows.values[i]!;
    count++;
    const delta = value - mean.total();
    mean.add(delta / count);
    squares.add(delta * (value - mean.total()));
  }
  return squares.total() / count;
}

/** The largest (direction 1) or smallest (-1) of each window; NaN only where there is nothing else. */
function extremes(windows: SampleWindows, row: RowCells, direction: 1 | -1): void {
  if (windows.total > 2 * windows.count) slidingExtremes(windows, row, direction);
  else if (direction === 1) maxPerWindow(windows, row);
  else minPerWindow(windows, row);
}

function maxOf(windows: SampleWindows, step: number): number {
  return maxBetween(windows.values, windows.from[step]!, windows.to[step]!);
}

function minOf(windows: SampleWindows, step: number): number {
  return minBetween(windows.values, windows.from[step]!, windows.to[step]!);
}

function maxBetween(values: Float64Array, first: number, end: number): number {
  let best = values[first]!;
  for (let i = first + 1; i < end; i++) {
    const value = values[i]!;
    if (value <= best) continue;
    if (value > best || Number.isNaN(best)) best = value;
  }
  return best;
}

function minBetween(values: Float64Array, first: number, end: number): number {
  let best = values[first]!;
  for (let i = first + 1; i < end; i++) {
    const value = values[i]!;
    if (value >= best) continue;
    if (value < best || Number.isNaN(best)) best = value;
  }
  return best;
}

/**
 * Overlapping windows as a queue of two stacks, over runs of samples that no window parts: of the runs
 * before `middle` the extreme from each to `middle` is kept, of those after it one running extreme.
 * O(samples + steps). NaN is what an empty stack holds, so that it counts only where there is nothing else.
 */
function slidingExtremes(windows: SampleWindows, row: RowCells, direction: 1 | -1): void {
  windows.runs ??= cutRuns(windows);
  const { values, runs } = windows;
  const steps = windows.from.length;
  const count = runs.length - 1 - 2 * steps;
  const extremes = scratchOf(windows, 2 * count);
  extremesOfRuns(values, runs, extremes, { count, direction });
  let middle = 0;
  let next = 0;
  let running = Number.NaN;
  for (let step = 0; step < steps; step++) {
    const first = runs[count + 1 + 2 * step]!;
    const end = runs[count + 2 + 2 * step]!;
    if (end <= first) continue;
    if (first >= middle) {
      extremesToMiddle(extremes, count, first, end);
      middle = end;
      next = end;
      running = Number.NaN;
    }
    for (; next < end; next++) {
      if (extremes[next]! > running || Number.isNaN(running)) running = extremes[next]!;
    }
    const before = extremes[count + first]!;
    const best = running > before || Number.isNaN(before) ? running : before;
    row.values[row.base + step] = best * direction;
    row.kinds[row.base + step] = cellKind.float;
  }
}

/** Writes the extreme from each of the runs [first, middle) to the middle, `count` places behind the runs' own. */
function extremesToMiddle(
  extremes: Float64Array,
  count: number,
  first: number,
  middle: number,
): void {
  let best = Number.NaN;
  for (let i = middle - 1; i >= first; i--) {
    // Of equals the older one, as a walk through the window would find it.
    if (!(extremes[i]! < best || Number.isNaN(extremes[i]!))) best = extremes[i]!;
    extremes[count + i] = best;
  }
}

/**
 * Cuts the samples where any window begins or ends: the first index of each run and the end of the last,
 * then for each step its first run and the one behind its last. Depends on the times alone.
 */
function cutRuns({ from, to, count }: SampleWindows): Int32Array {
  const steps = from.length;
  const isCut = new Uint8Array(count + 1);
  for (let step = 0; step < steps; step++) {
    isCut[from[step]!] = 1;
    isCut[to[step]!] = 1;
  }
  isCut[0] = 1;
  isCut[count] = 1;
  const runOf = new Int32Array(count + 1);
  let found = 0;
  for (let i = 0; i <= count; i++) if (isCut[i] === 1) runOf[i] = found++;
  const runs = new Int32Array(found + 2 * steps);
  for (let i = 0; i <= count; i++) if (isCut[i] === 1) runs[runOf[i]!] = i;
  for (let step = 0; step < steps; step++) {
    runs[found + 2 * step] = runOf[from[step]!]!;
    runs[found + 2 * step + 1] = runOf[to[step]!]!;
  }
  return runs;
}

/** The extreme of each run, times `direction`; NaN where the run holds nothing else. */
function extremesOfRuns(
  values: Float64Array,
  runs: Int32Array,
  extremes: Float64Array,
  { count, direction }: { readonly count: number; readonly direction: 1 | -1 },
): void {
  let at = 0;
  for (let run = 0; run < count; run++) {
    const end = runs[run + 1]!;
    let best = values[at++]! * direction;
    for (; at < end; at++) {
      const value = values[at]! * direction;
      if (value > best || Number.isNaN(best)) best = value;
    }
    extremes[run] = best;
  }
}

/** Index of the newest largest or smallest sample. */
function lastExtreme(windows: SampleWindows, step: number, direction: 1 | -1): number {
  const { values } = windows;
  let best = windows.from[step]!;
  for (let i = best; i < windows.to[step]!; i++) {
    const value = values[i]! * direction;
    const held = values[best]! * direction;
    if (value >= held || Number.isNaN(held)) best = i;
  }
  return best;
}

function quantiles(windows: SampleWindows, row: RowCells, call: RangeCall): void {
  const wanted = call.scalars[0]!;
  const { from, to } = windows;
  const isSliding = windows.total > 2 * windows.count;
  const sorted = new SortedWindow(windows.fullest);
  for (let step = 0; step < from.length; step++) {
    if (to[step]! <= from[step]!) continue;
    const quantile = wanted[step]!;
    if (!(quantile >= 0 && quantile <= 1)) {
      call.run.annotations.add(invalidQuantile(quantile), call.node.args[0]!.start);
    }
    row.values[row.base + step] = isSliding
      ? sorted.slideTo(windows, step).quantile(quantile)
      : sorted.quantileOf(windows, step, quantile);
    row.kinds[row.base + step] = cellKind.float;
  }
}

/** Median absolute deviation from the median. */
function medianDeviations(windows: SampleWindows, row: RowCells): void {
  const scratch = new Float64Array(windows.fullest);
  const { from, to, values } = windows;
  for (let step = 0; step < from.length; step++) {
    const count = to[step]! - from[step]!;
    if (count <= 0) continue;
    scratch.set(values.subarray(from[step]!, to[step]!));
    row.values[row.base + step] = medianDeviation(scratch, count);
    row.kinds[row.base + step] = cellKind.float;
  }
}

function medianDeviation(scratch: Float64Array, count: number): number {
  for (let i = 0; i < count; i++) if (Number.isNaN(scratch[i]!)) return Number.NaN;
  const median = quantileOf(0.5, scratch, count);
  for (let i = 0; i < count; i++) scratch[i] = Math.abs(scratch[i]! - median);
  return quantileOf(0.5, scratch, count);
}
