/**
 * Native histograms of test scripts: from what is written to a histogram, as a storage would give it
 * back, and whether a result is the one that was written.
 */

import type { CounterResetHint, FloatHistogram } from "../../model/histogram.ts";
import { customBucketsSchema } from "../../model/histogram.ts";
import { isHistogramReset } from "../engine/histogram/bucket-layout.ts";
import { addHistograms, subtractHistograms } from "../engine/histogram/histogram-sum.ts";
import {
  type BucketSide,
  compactHistogram,
  type HistogramValue,
  isSameList,
  toFloatHistogram,
  toHistogramValue,
  withHint,
} from "../engine/histogram/histogram-value.ts";
import type { HistogramLiteral, HistogramPoint } from "./series-notation.ts";

/** The histogram that a point stands for. `a+bxn` repeats one addition, so `seen` may hold the sums so far. */
export function histogramOfPoint(
  point: HistogramPoint,
  seen: Map<HistogramLiteral, HistogramValue[]> = new Map(),
): HistogramValue {
  let sums = seen.get(point.base);
  if (sums === undefined) {
    sums = [histogramOfLiteral(point.base)];
    seen.set(point.base, sums);
  }
  while (sums.length <= point.times) {
    const increment = histogramOfLiteral(point.increment ?? {});
    const combine = point.operator === "-" ? subtractHistograms : addHistograms;
    sums.push(combine(sums.at(-1) as HistogramValue, increment).value);
  }
  return sums[point.times] as HistogramValue;
}

/** Whether the hint of an expected histogram was written; else any will do. */
export function isHintWritten(point: HistogramPoint): boolean {
  return (point.increment ?? point.base).counterResetHint !== undefined;
}

function histogramOfLiteral(literal: HistogramLiteral): HistogramValue {
  const { buckets = [], negativeBuckets = [] } = literal;
  const offset = literal.offset ?? 0;
  const negativeOffset = literal.negativeOffset ?? 0;
  return {
    hint: literal.counterResetHint ?? "unknown",
    schema: literal.schema ?? 0,
    zeroThreshold: literal.zeroThreshold ?? 0,
    zeroCount: literal.zeroCount ?? 0,
    count: literal.count ?? 0,
    sum: literal.sum ?? 0,
    positive: { indexes: buckets.map((_, i) => i + offset), counts: buckets },
    negative: {
      indexes: negativeBuckets.map((_, i) => i + negativeOffset),
      counts: negativeBuckets,
    },
    bounds: literal.customValues ?? [],
  };
}

/**
 * The hint with which storage gives a histogram back: within a chunk it knows that there was no
 * reset, of a chunk's first sample it knows nothing. `previous` is the sample before, undefined where
 * that was no histogram.
 */
export function storedHint(
  current: HistogramValue,
  previous: HistogramValue | undefined,
): CounterResetHint {
  if (current.hint === "gauge") return "gauge";
  if (previous === undefined || previous.hint === "gauge" || current.hint === "reset") {
    return "unknown";
  }
  const isSameLayout =
    current.schema === previous.schema &&
    current.zeroThreshold === previous.zeroThreshold &&
    (current.schema !== customBucketsSchema || isSameList(current.bounds, previous.bounds));
  if (!isSameLayout || isHistogramReset(withHint(current, "unknown"), previous)) return "unknown";
  return "not_reset";
}

/** A histogram for storage, with the hint that it will be read with. */
export function storedHistogram(value: HistogramValue, hint: CounterResetHint): FloatHistogram {
  return toFloatHistogram(withHint(value, hint));
}

/** Whether a result is what was expected; counts may differ as `isClose` says. */
export function isExpectedHistogram(
  actual: FloatHistogram,
  expected: HistogramPoint,
  isClose: (a: number, b: number) => boolean,
): boolean {
  const a = compactHistogram(toHistogramValue(actual));
  const b = compactHistogram(histogramOfPoint(expected));
  return (
    a.schema === b.schema &&
    isClose(a.count, b.count) &&
    isClose(a.sum, b.sum) &&
    a.zeroThreshold === b.zeroThreshold &&
    isClose(a.zeroCount, b.zeroCount) &&
    isSameList(a.bounds, b.bounds) &&
    isExpectedSide(a.positive, b.positive, isClose) &&
    isExpectedSide(a.negative, b.negative, isClose) &&
    (!isHintWritten(expected) || a.hint === b.hint)
  );
}

function isExpectedSide(
  a: BucketSide,
  b: BucketSide,
  isClose: (a: number, b: number) => boolean,
): boolean {
  return (
    isSameList(a.indexes, b.indexes) &&
    a.counts.every((count, index) => isClose(count, b.counts[index] ?? Number.NaN))
  );
}
