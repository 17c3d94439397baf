/**
 * What makes a native histogram storable, with Prometheus' reasons word for word: senders and targets
 * get to read them. O(buckets). Browser-safe.
 */

import {
  customBucketsSchema,
  type FloatHistogram,
  type Histogram,
  type Span,
} from "./histogram.ts";
import { formatGoFloat } from "./value-format.ts";

/** Exponential schemas that are stored. */
const schemaMin = -4;
const schemaMax = 8;

/** Prometheus' reasons, each by itself. */
export const histogramReasons = {
  countTooSmall:
    "histogram's observation count should be at least the number of observations found in the buckets",
  countMismatch:
    "histogram's observation count should equal the number of observations found in the buckets (in absence of NaN)",
  negativeCount: "histogram's observation count is negative",
  negativeBucket: "histogram has a bucket whose observation count is negative",
  negativeOffset: "histogram has a span whose offset is negative",
  spansMismatch: "histogram spans specify different number of buckets than provided",
  tooFewBounds: "histogram custom bounds are too few",
  boundsNotIncreasing: "histogram custom bounds must be in strictly increasing order",
  boundsInfinite: "histogram custom bounds must be finite",
  boundsNaN: "histogram custom bounds must not be NaN",
  customZeroCount: "custom buckets: must have zero count of 0",
  customZeroThreshold: "custom buckets: must have zero threshold of 0",
  customNegativeSpans: "custom buckets: must not have negative spans",
  customNegativeBuckets: "custom buckets: must not have negative buckets",
  exponentialBounds: "histogram with exponential schema must not have custom bounds",
  invalidSchema: `histogram has an invalid schema, which must be between ${schemaMin} and ${schemaMax} for exponential buckets, or ${customBucketsSchema} for custom buckets`,
} as const;

/** Why storage must refuse the histogram, in Prometheus' words; undefined where it is sound. */
export function histogramProblem(histogram: Histogram | FloatHistogram): string | undefined {
  const { schema } = histogram;
  let problem: string | undefined;
  if (schema === customBucketsSchema) problem = customProblem(histogram);
  else if (schema >= schemaMin && schema <= schemaMax) problem = exponentialProblem(histogram);
  else problem = `${histogramReasons.invalidSchema}, got schema ${schema}`;
  if (problem !== undefined) return problem;
  if (histogram.kind === "float" && histogram.count < 0) {
    return `observation count is  ${formatGoFloat(histogram.count)}: ${histogramReasons.negativeCount}`;
  }
  problem = bucketsProblem(histogram, histogram.positiveBuckets);
  if (problem !== undefined) return `positive side: ${problem}`;
  return histogram.kind === "integer" ? countProblem(histogram) : undefined;
}

function customProblem(histogram: Histogram | FloatHistogram): string | undefined {
  const bounds = boundsProblem(histogram);
  if (bounds !== undefined) return `custom buckets: ${bounds}`;
  if (histogram.zeroCount !== 0) return histogramReasons.customZeroCount;
  if (histogram.zeroThreshold !== 0) return histogramReasons.customZeroThreshold;
  if (histogram.negativeSpans.length > 0) return histogramReasons.customNegativeSpans;
  return histogram.negativeBuckets.length > 0 ? histogramReasons.customNegativeBuckets : undefined;
}

function exponentialProblem(histogram: Histogram | FloatHistogram): string | undefined {
  const { positiveSpans, positiveBuckets, negativeSpans, negativeBuckets } = histogram;
  const positive = spansProblem(positiveSpans, positiveBuckets.length);
  if (positive !== undefined) return `positive side: ${positive}`;
  const negative =
    spansProblem(negativeSpans, negativeBuckets.length) ??
    bucketsProblem(histogram, negativeBuckets);
  if (negative !== undefined) return `negative side: ${negative}`;
  if (histogram.kind === "float" && histogram.zeroCount < 0) {
    const count = formatGoFloat(histogram.zeroCount);
    return `zero bucket has observation count of ${count}: ${histogramReasons.negativeBucket}`;
  }
  return histogram.customValues === undefined ? undefined : histogramReasons.exponentialBounds;
}

function spansProblem(spans: readonly Span[], bucketCount: number): string | undefined {
  let covered = 0;
  for (const [index, { offset, length }] of spans.entries()) {
    if (index > 0 && offset < 0) return negativeOffset(index, offset);
    covered += length;
  }
  return covered === bucketCount ? undefined : spansMismatch(covered, bucketCount);
}

function bucketsProblem(
  histogram: Histogram | FloatHistogram,
  buckets: readonly number[],
): string | undefined {
  let count = 0;
  for (const [index, stored] of buckets.entries()) {
    count = histogram.kind === "integer" ? count + stored : stored;
    if (count < 0) {
      return `bucket number ${index + 1} has observation count of ${formatCount(histogram, count)}: ${histogramReasons.negativeBucket}`;
    }
  }
  return undefined;
}

function boundsProblem(histogram: Histogram | FloatHistogram): string | undefined {
  const bounds = histogram.customValues ?? [];
  let previous = Number.NEGATIVE_INFINITY;
  for (const [index, bound] of bounds.entries()) {
    if (Number.isNaN(bound)) return histogramReasons.boundsNaN;
    if (index > 0 && bound <= previous) {
      return `previous bound is ${formatFixed(previous)} and current is ${formatFixed(bound)}: ${histogramReasons.boundsNotIncreasing}`;
    }
    previous = bound;
  }
  if (previous === Number.POSITIVE_INFINITY) {
    return `last +Inf bound must not be explicitly defined: ${histogramReasons.boundsInfinite}`;
  }
  let covered = 0;
  let reach = 0;
  for (const [index, { offset, length }] of histogram.positiveSpans.entries()) {
    if (offset < 0) return negativeOffset(index, offset);
    covered += length;
    reach += length + offset;
  }
  const bucketCount = histogram.positiveBuckets.length;
  if (covered !== bucketCount) return spansMismatch(covered, bucketCount);
  return bounds.length + 1 < reach
    ? `only ${bounds.length} custom bounds defined which is insufficient to cover total span length of ${reach}: ${histogramReasons.tooFewBounds}`
    : undefined;
}

/** Buckets and count of an integer histogram must agree; a NaN was observed but lies in no bucket. */
function countProblem(histogram: Histogram): string | undefined {
  const { count, sum, zeroCount, positiveBuckets, negativeBuckets } = histogram;
  const found = observations(negativeBuckets) + observations(positiveBuckets) + zeroCount;
  const isWrong = Number.isNaN(sum) ? found > count : found !== count;
  if (!isWrong) return undefined;
  const reason = Number.isNaN(sum)
    ? histogramReasons.countTooSmall
    : histogramReasons.countMismatch;
  return `${found} observations found in buckets, but the Count field is ${count}: ${reason}`;
}

function observations(deltas: readonly number[]): number {
  let total = 0;
  let count = 0;
  for (const delta of deltas) {
    count += delta;
    total += count;
  }
  return total;
}

function negativeOffset(index: number, offset: number): string {
  return `span number ${index + 1} with offset ${offset}: ${histogramReasons.negativeOffset}`;
}

function spansMismatch(covered: number, bucketCount: number): string {
  return `spans need ${covered} buckets, have ${bucketCount} buckets: ${histogramReasons.spansMismatch}`;
}

/** Go's %v of an int64 and of a float64. */
function formatCount(histogram: Histogram | FloatHistogram, count: number): string {
  return histogram.kind === "integer" ? count.toFixed(0) : formatGoFloat(count);
}

/** Go's %f. */
function formatFixed(value: number): string {
  return Number.isFinite(value) ? value.toFixed(6) : formatGoFloat(value);
}
