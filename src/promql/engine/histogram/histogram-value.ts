/**
 * A native histogram as the engine works with it: each side a list of bucket indexes, rising, with a
 * count for each. Values are never changed once made, so they are shared freely between vectors.
 * Empty buckets may be listed, as in storage; `compactHistogram` leaves them out.
 */

import { exponentialBound } from "../../../model/exponential-bounds.ts";
import {
  type CounterResetHint,
  customBucketsSchema,
  type FloatHistogram,
  type Histogram,
  type Span,
} from "../../../model/histogram.ts";

/** Buckets of one sign; `counts[i]` belongs to the bucket `indexes[i]`. */
export interface BucketSide {
  /** Rising. On the negative side a higher index lies further from zero. */
  readonly indexes: readonly number[];
  readonly counts: readonly number[];
}

/** See the head comment. */
export interface HistogramValue {
  readonly hint: CounterResetHint;
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly count: number;
  readonly sum: number;
  readonly positive: BucketSide;
  /** Empty where bounds are custom. */
  readonly negative: BucketSide;
  /** Custom upper bounds, rising, without +Inf; empty unless the schema is that of custom buckets. */
  readonly bounds: readonly number[];
}

/** A bucket with its bounds. */
export interface ValueBucket {
  readonly lower: number;
  readonly upper: number;
  readonly count: number;
}

/** A side without buckets. */
export const emptySide: BucketSide = { indexes: [], counts: [] };

const noBounds: readonly number[] = [];

/**
 * A histogram of storage. O(buckets). Where its buckets are those of `like`, a sample read before it,
 * it shares the lists of indexes with it, which saves memory and time when they are added.
 */
export function toHistogramValue(
  histogram: Histogram | FloatHistogram,
  like?: HistogramValue,
): HistogramValue {
  const isWhole = histogram.kind === "integer";
  return {
    hint: histogram.counterResetHint,
    schema: histogram.schema,
    // A threshold that is no number would never meet another.
    zeroThreshold: Number.isNaN(histogram.zeroThreshold) ? 0 : histogram.zeroThreshold,
    zeroCount: histogram.zeroCount,
    count: histogram.count,
    sum: histogram.sum,
    positive: sideOfSpans(
      histogram.positiveSpans,
      histogram.positiveBuckets,
      isWhole,
      like?.positive,
    ),
    negative: sideOfSpans(
      histogram.negativeSpans,
      histogram.negativeBuckets,
      isWhole,
      like?.negative,
    ),
    bounds: histogram.customValues ?? noBounds,
  };
}

/** The histogram as results and storage have it. */
export function toFloatHistogram(value: HistogramValue): FloatHistogram {
  return {
    kind: "float",
    counterResetHint: value.hint,
    schema: value.schema,
    zeroThreshold: value.zeroThreshold,
    zeroCount: value.zeroCount,
    count: value.count,
    sum: value.sum,
    positiveSpans: spansOfSide(value.positive),
    negativeSpans: spansOfSide(value.negative),
    positiveBuckets: value.positive.counts,
    negativeBuckets: value.negative.counts,
    customValues: value.bounds.length === 0 ? undefined : value.bounds,
  };
}

/** Whether buckets have bounds of their own rather than powers of two. */
export function hasCustomBounds(value: HistogramValue): boolean {
  return value.schema === customBucketsSchema;
}

/** The upper bound of a bucket: -Inf below the first custom one, +Inf for the last. */
export function upperBound(value: HistogramValue, index: number): number {
  if (value.schema !== customBucketsSchema) return exponentialBound(index, value.schema);
  if (index < 0) return -Infinity;
  return value.bounds[index] ?? Infinity;
}

/** The same histogram with another hint. */
export function withHint(value: HistogramValue, hint: CounterResetHint): HistogramValue {
  return value.hint === hint ? value : { ...value, hint };
}

/** Only count, sum, schema and hint: what histogram_count and its kin need. */
export function statisticsOf(value: HistogramValue, hint: CounterResetHint): HistogramValue {
  return {
    ...value,
    hint,
    zeroThreshold: 0,
    zeroCount: 0,
    positive: emptySide,
    negative: emptySide,
    bounds: noBounds,
  };
}

/** Without empty buckets. O(buckets), no allocation where none is empty. */
export function compactHistogram(value: HistogramValue): HistogramValue {
  const positive = compactSide(value.positive);
  const negative = compactSide(value.negative);
  if (positive === value.positive && negative === value.negative) return value;
  return { ...value, positive, negative };
}

/** Whether two histograms hold the same, hints and empty buckets aside. */
export function isSameHistogram(a: HistogramValue, b: HistogramValue): boolean {
  if (a === b) return true;
  return (
    a.schema === b.schema &&
    isSameNumber(a.count, b.count) &&
    isSameNumber(a.sum, b.sum) &&
    a.zeroThreshold === b.zeroThreshold &&
    isSameNumber(a.zeroCount, b.zeroCount) &&
    isSameList(a.bounds, b.bounds) &&
    isSameSide(compactSide(a.positive), compactSide(b.positive)) &&
    isSameSide(compactSide(a.negative), compactSide(b.negative))
  );
}

/** Whether two lists of bounds are the same; O(1) where they are one list. */
export function isSameList(a: readonly number[], b: readonly number[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!isSameNumber(a[i]!, b[i]!)) return false;
  return true;
}

/**
 * All buckets from the lowest to the highest, the zero bucket among them where it holds anything.
 * A bucket that reaches into the zero bucket is cut there.
 */
export function valueBuckets(value: HistogramValue): ValueBucket[] {
  const buckets: ValueBucket[] = [];
  const { positive, negative, zeroThreshold, zeroCount } = value;
  for (let i = negative.indexes.length - 1; i >= 0; i--) {
    const index = negative.indexes[i]!;
    buckets.push({
      lower: -upperBound(value, index),
      upper: -Math.max(upperBound(value, index - 1), zeroThreshold),
      count: negative.counts[i]!,
    });
  }
  if (zeroCount > 0) {
    buckets.push({ lower: -zeroThreshold, upper: zeroThreshold, count: zeroCount });
  }
  for (let i = 0; i < positive.indexes.length; i++) {
    const index = positive.indexes[i]!;
    const lower = upperBound(value, index - 1);
    buckets.push({
      lower: lower > 0 && lower < zeroThreshold ? zeroThreshold : lower,
      upper: upperBound(value, index),
      count: positive.counts[i]!,
    });
  }
  return buckets;
}

/** How many samples a histogram counts as for limits and statistics: Prometheus' bytes by 16. */
export function sampleWeight(value: HistogramValue): number {
  const { positive, negative, bounds } = value;
  const spans = countRuns(positive.indexes) + countRuns(negative.indexes);
  const numbers = spans + positive.counts.length + negative.counts.length + bounds.length;
  return Math.floor((168 + 8 * numbers + 8) / 16);
}

function isSameNumber(a: number, b: number): boolean {
  return Object.is(a, b);
}

function isSameSide(a: BucketSide, b: BucketSide): boolean {
  return isSameList(a.indexes, b.indexes) && isSameList(a.counts, b.counts);
}

/** A side without its empty buckets; the side itself where there are none. */
export function compactSide(side: BucketSide): BucketSide {
  if (!side.counts.includes(0)) return side;
  const indexes: number[] = [];
  const counts: number[] = [];
  for (let i = 0; i < side.counts.length; i++) {
    if (side.counts[i] === 0) continue;
    indexes.push(side.indexes[i]!);
    counts.push(side.counts[i]!);
  }
  return { indexes, counts };
}

function sideOfSpans(
  spans: readonly Span[],
  buckets: readonly number[],
  isWhole: boolean,
  like: BucketSide | undefined,
): BucketSide {
  if (buckets.length === 0) return emptySide;
  const isLike = like !== undefined && coversSpans(like.indexes, spans);
  const indexes = isLike ? like.indexes : indexesOfSpans(spans);
  if (!isWhole) return { indexes, counts: buckets };
  const counts: number[] = [];
  let running = 0;
  for (let i = 0; i < buckets.length; i++) {
    running += buckets[i]!;
    counts.push(running);
  }
  return { indexes, counts };
}

function indexesOfSpans(spans: readonly Span[]): number[] {
  const indexes: number[] = [];
  let index = 0;
  for (const span of spans) {
    index += span.offset;
    for (let i = 0; i < span.length; i++) indexes.push(index++);
  }
  return indexes;
}

/** Whether the spans are those of the indexes: only where runs begin and end must be looked at. */
function coversSpans(indexes: readonly number[], spans: readonly Span[]): boolean {
  let index = 0;
  let at = 0;
  for (const span of spans) {
    index += span.offset;
    const last = at + span.length - 1;
    if (span.length === 0) continue;
    if (indexes[at] !== index || indexes[last] !== index + span.length - 1) return false;
    index += span.length;
    at += span.length;
  }
  return at === indexes.length;
}

function spansOfSide(side: BucketSide): Span[] {
  const spans: { offset: number; length: number }[] = [];
  let end = 0;
  for (const index of side.indexes) {
    const newest = spans.at(-1);
    if (newest !== undefined && index === end) newest.length++;
    else spans.push({ offset: index - end, length: 1 });
    end = index + 1;
  }
  return spans;
}

function countRuns(indexes: readonly number[]): number {
  let runs = 0;
  for (let i = 0; i < indexes.length; i++) {
    if (i === 0 || indexes[i] !== indexes[i - 1]! + 1) runs++;
  }
  return runs;
}
