/**
 * Ranges that hold native histograms, perhaps floats beside them. Floats and histograms are parted
 * into windows of their own, over the same steps, so that each kind is dealt with by code that knows
 * nothing of the other.
 */

import { histogramsIgnoredInRange, mixedFloatsHistograms } from "./annotations.ts";
import type { RangeCall, RangeFunction, RowCells } from "./functions/function-call.ts";
import { type HistogramValue, sampleWeight } from "./histogram/histogram-value.ts";
import type { SampleWindows } from "./sample-windows.ts";

/** The histograms of a series with their windows; `startTimesMs` as in SampleWindows. */
export interface HistogramWindows {
  readonly timestampsMs: Float64Array;
  readonly histograms: readonly HistogramValue[];
  readonly startTimesMs: Float64Array | undefined;
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly endMs: Float64Array;
  readonly rangeMs: number;
  /** Of the series, for annotations. */
  readonly metricName: string;
}

/** Both kinds of a series. */
export interface PartedWindows {
  readonly floats: SampleWindows;
  readonly histograms: HistogramWindows;
}

/** Parts a series. O(samples + steps). */
export function partWindows(windows: SampleWindows): PartedWindows {
  const { count, values, timestampsMs, startTimesMs } = windows;
  const isFloat = new Uint8Array(count);
  const histograms: HistogramValue[] = [];
  /** Floats before each sample. */
  const floatsBefore = new Int32Array(count + 1);
  for (let i = 0; i < count; i++) {
    const histogram = windows.histograms?.[i];
    if (histogram === undefined) isFloat[i] = 1;
    else histograms.push(histogram);
    floatsBefore[i + 1] = floatsBefore[i]! + isFloat[i]!;
  }
  const shared = { endMs: windows.endMs, rangeMs: windows.rangeMs };
  const floatWindows = countedWindows(windows, (index) => floatsBefore[index]!);
  const floats: SampleWindows = {
    ...shared,
    ...floatWindows,
    timestampsMs: pick(timestampsMs, isFloat, 1),
    values: pick(values, isFloat, 1),
    count: floatsBefore[count]!,
    histograms: undefined,
    startTimesMs: startTimesMs === undefined ? undefined : pick(startTimesMs, isFloat, 1),
    labels: windows.labels,
    readsEndsOnly: false,
    ends: undefined,
    runs: undefined,
    risingCount: 0,
    scratch: new Float64Array(0),
    memo: undefined,
    placedTimesMs: new Float64Array(0),
    placedCount: -1,
  };
  return {
    floats,
    histograms: {
      ...shared,
      ...countedWindows(windows, (index) => index - floatsBefore[index]!),
      timestampsMs: pick(timestampsMs, isFloat, 0),
      histograms,
      startTimesMs: startTimesMs === undefined ? undefined : pick(startTimesMs, isFloat, 0),
      metricName: windows.labels.metricName,
    },
  };
}

/** Windows over some of the samples; `before` tells how many of those stand before a sample. */
function countedWindows(windows: SampleWindows, before: (index: number) => number) {
  const steps = windows.from.length;
  const from = new Int32Array(steps);
  const to = new Int32Array(steps);
  let fullest = 0;
  let total = 0;
  let fresh = 0;
  let seen = 0;
  for (let step = 0; step < steps; step++) {
    const first = before(windows.from[step]!);
    const end = before(windows.to[step]!);
    from[step] = first;
    to[step] = end;
    total += end - first;
    fullest = Math.max(fullest, end - first);
    fresh += Math.max(0, end - Math.max(first, seen));
    seen = end;
  }
  return { from, to, fullest, total, fresh };
}

function pick(numbers: Float64Array, kinds: Uint8Array, wanted: 0 | 1): Float64Array {
  const picked = new Float64Array(kinds.length);
  let count = 0;
  for (let i = 0; i < kinds.length; i++) if (kinds[i] === wanted) picked[count++] = numbers[i]!;
  return picked;
}

/** A function that takes floats only, on the floats; an info where a window holds both. */
export function evaluateFloats(
  implementation: RangeFunction,
  windows: SampleWindows,
  row: RowCells,
  call: RangeCall,
): void {
  const { floats, histograms } = partWindows(windows);
  implementation.evaluateRow(floats, row, call);
  for (let step = 0; step < floats.from.length; step++) {
    const hasFloats = floats.to[step]! > floats.from[step]!;
    if (!hasFloats || histograms.to[step]! <= histograms.from[step]!) continue;
    call.run.annotations.add(histogramsIgnoredInRange(histograms.metricName), call.rangeStart);
    return;
  }
}

/** What a function that takes either kind, but not both at once, does with each. */
export interface EitherKind {
  readonly floats: RangeFunction["evaluateRow"];
  /** The histogram of a window that is not empty, undefined where there is nothing to tell. */
  readonly histogram: (
    windows: HistogramWindows,
    step: number,
    call: RangeCall,
  ) => HistogramValue | undefined;
}

/** Evaluates such a function; windows with both kinds give nothing but a warning. */
export function evaluateEither(
  either: EitherKind,
  windows: SampleWindows,
  row: RowCells,
  call: RangeCall,
): void {
  const { floats, histograms } = partWindows(windows);
  for (let step = 0; step < floats.from.length; step++) {
    if (histograms.to[step]! <= histograms.from[step]!) continue;
    if (floats.to[step]! > floats.from[step]!) {
      call.run.annotations.add(mixedFloatsHistograms(histograms.metricName), call.rangeStart);
      floats.to[step] = floats.from[step]!;
      continue;
    }
    const histogram = either.histogram(histograms, step, call);
    if (histogram !== undefined) row.vector.setHistogram(row.base + step, histogram);
  }
  if (floats.count > 0) either.floats(floats, row, call);
}

/** What windows count as in limits and statistics of samples, where a histogram weighs as its size. */
export interface WindowWeights {
  /** Of all windows together, and of the fullest. */
  readonly total: number;
  readonly fullest: number;
  /** Of the samples before each one, and of all; absent where all are floats, which weigh 1. */
  readonly before?: Float64Array;
}

/** Weighs windows. O(steps), and O(samples) where there are histograms. */
export function weighWindows(windows: SampleWindows): WindowWeights {
  const { from, to } = windows;
  const before = weightsBefore(windows);
  if (before === undefined) return windows;
  let total = 0;
  let fullest = 0;
  for (let step = 0; step < from.length; step++) {
    const weight = before[to[step]!]! - before[from[step]!]!;
    total += weight;
    fullest = Math.max(fullest, weight);
  }
  return { total, fullest, before };
}

function weightsBefore({ histograms, count }: SampleWindows): Float64Array | undefined {
  if (histograms === undefined) return undefined;
  const before = new Float64Array(count + 1);
  for (let i = 0; i < count; i++) {
    const histogram = histograms[i];
    before[i + 1] = before[i]! + (histogram === undefined ? 1 : sampleWeight(histogram));
  }
  return before;
}
