/**
 * Native histograms as plain data, named as in Prometheus: an integer form (bucket counts as deltas)
 * and a float form (absolute counts). Schemas -4..8 are exponential, -53 has custom bounds. Bucket i
 * of a side is found by walking its spans: each skips `offset` buckets, then covers `length`.
 * Browser-safe.
 */

import { exponentialBound } from "./exponential-bounds.ts";
import { formatGoFloat } from "./value-format.ts";

/** The schema of histograms whose bounds are listed in `customValues`. */
export const customBucketsSchema = -53;

/** A run of consecutive buckets, `offset` buckets after the previous run (the first: from index 0, may be negative). */
export interface Span {
  readonly offset: number;
  readonly length: number;
}

/** Whether the histogram is known to follow a counter reset. */
export type CounterResetHint = "unknown" | "reset" | "not_reset" | "gauge";

interface HistogramShape {
  readonly counterResetHint: CounterResetHint;
  readonly schema: number;
  readonly zeroThreshold: number;
  readonly zeroCount: number;
  readonly count: number;
  readonly sum: number;
  readonly positiveSpans: readonly Span[];
  readonly negativeSpans: readonly Span[];
  /** Inclusive upper bounds, ascending, without +Inf; undefined unless the schema is -53 and bounds exist. */
  readonly customValues: readonly number[] | undefined;
}

/** Counts are whole; the first of `positiveBuckets` is absolute, each later one relative to the one before. */
export interface Histogram extends HistogramShape {
  readonly kind: "integer";
  readonly positiveBuckets: readonly number[];
  readonly negativeBuckets: readonly number[];
}

/** Counts are any numbers, all absolute. */
export interface FloatHistogram extends HistogramShape {
  readonly kind: "float";
  readonly positiveBuckets: readonly number[];
  readonly negativeBuckets: readonly number[];
}

/** One bucket with its bounds. */
export interface Bucket {
  readonly lower: number;
  readonly upper: number;
  readonly isLowerInclusive: boolean;
  readonly isUpperInclusive: boolean;
  readonly count: number;
}

/** The buckets of a histogram from the lowest to the highest, empty ones included. O(buckets). */
export function histogramBuckets(histogram: Histogram | FloatHistogram): Bucket[] {
  const { zeroThreshold, zeroCount, schema } = histogram;
  const negative = sideBuckets(histogram, histogram.negativeSpans, histogram.negativeBuckets, -1);
  const positive = sideBuckets(histogram, histogram.positiveSpans, histogram.positiveBuckets, 1);
  const zero: Bucket[] = [];
  if (schema !== customBucketsSchema && zeroCount !== 0) {
    zero.push({
      lower: -zeroThreshold,
      upper: zeroThreshold,
      isLowerInclusive: true,
      isUpperInclusive: true,
      count: zeroCount,
    });
  }
  return [...negative.reverse(), ...zero, ...positive];
}

/** As Prometheus prints it: `{count:5, sum:4.5, [-Inf,1]:3, (1,+Inf]:2}`; empty buckets are left out. */
export function histogramToString(histogram: Histogram | FloatHistogram): string {
  const parts = [`count:${formatCount(histogram, histogram.count)}`];
  parts.push(`sum:${formatGoFloat(histogram.sum)}`);
  for (const bucket of histogramBuckets(histogram)) {
    if (bucket.count === 0) continue;
    const open = bucket.isLowerInclusive ? "[" : "(";
    const close = bucket.isUpperInclusive ? "]" : ")";
    const bounds = `${formatGoFloat(bucket.lower)},${formatGoFloat(bucket.upper)}`;
    parts.push(`${open}${bounds}${close}:${formatCount(histogram, bucket.count)}`);
  }
  return `{${parts.join(", ")}}`;
}

/** Whether two histograms are the same sample: kind, hint, layout and every count; undefined equals nothing. */
export function isEqualHistogram(
  a: Histogram | FloatHistogram | undefined,
  b: Histogram | FloatHistogram | undefined,
): boolean {
  if (a === undefined || b === undefined) return false;
  return (
    a.kind === b.kind &&
    a.counterResetHint === b.counterResetHint &&
    a.schema === b.schema &&
    Object.is(a.zeroThreshold, b.zeroThreshold) &&
    Object.is(a.zeroCount, b.zeroCount) &&
    Object.is(a.count, b.count) &&
    Object.is(a.sum, b.sum) &&
    isEqualSpans(a.positiveSpans, b.positiveSpans) &&
    isEqualSpans(a.negativeSpans, b.negativeSpans) &&
    isEqualNumbers(a.positiveBuckets, b.positiveBuckets) &&
    isEqualNumbers(a.negativeBuckets, b.negativeBuckets) &&
    isEqualNumbers(a.customValues ?? [], b.customValues ?? [])
  );
}

/** Whether two lists of spans are the same, span by span. */
export function isEqualSpans(a: readonly Span[], b: readonly Span[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ offset, length }, i) => offset === b[i]?.offset && length === b[i]?.length)
  );
}

function isEqualNumbers(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((number, i) => Object.is(number, b[i]));
}

/** The upper bound of bucket `index` of an exponential or custom schema. */
export function bucketUpperBound(histogram: Histogram | FloatHistogram, index: number): number {
  if (histogram.schema === customBucketsSchema) {
    const bounds = histogram.customValues ?? [];
    if (index < 0) return Number.NEGATIVE_INFINITY;
    return bounds[index] ?? Number.POSITIVE_INFINITY;
  }
  return exponentialBound(index, histogram.schema);
}

function sideBuckets(
  histogram: Histogram | FloatHistogram,
  spans: readonly Span[],
  counts: readonly number[],
  sign: 1 | -1,
): Bucket[] {
  const isCustom = histogram.schema === customBucketsSchema;
  const buckets: Bucket[] = [];
  let index = 0;
  let position = 0;
  let running = 0;
  for (const span of spans) {
    index += span.offset;
    for (let i = 0; i < span.length; i++) {
      const stored = counts[position++] ?? 0;
      running = histogram.kind === "integer" ? running + stored : stored;
      const far = bucketUpperBound(histogram, index);
      const near = bucketUpperBound(histogram, index - 1);
      buckets.push({
        lower: sign === 1 ? near : -far,
        upper: sign === 1 ? far : -near,
        isLowerInclusive: sign === -1 || (isCustom && index === 0),
        isUpperInclusive: sign === 1,
        count: running,
      });
      index++;
    }
  }
  return buckets;
}

/** Go prints whole counts with %d, floats with %g. */
function formatCount(histogram: Histogram | FloatHistogram, count: number): string {
  return histogram.kind === "integer" ? count.toFixed(0) : formatGoFloat(count);
}
