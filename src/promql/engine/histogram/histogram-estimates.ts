/**
 * What can be told of the observations in a native histogram: quantiles, the share between two
 * values, the variance. Within an exponential bucket observations are taken to lie evenly on a
 * logarithmic scale, within a custom one or the zero bucket on a linear one. The zero bucket ends at
 * 0 on the side where there are no buckets.
 */

import { CompensatedSum } from "../compensated-sum.ts";
import {
  type HistogramValue,
  hasCustomBounds,
  type ValueBucket,
  valueBuckets,
} from "./histogram-value.ts";

/** What NaN among the observations does to a quantile. */
export type NanEffect = "none" | "resultIsNan" | "skewed";

/** A quantile and what is to be said of it. */
export interface QuantileEstimate {
  readonly value: number;
  readonly nanEffect: NanEffect;
}

/** The φ-quantile. O(buckets). */
export function histogramQuantileOf(quantile: number, value: HistogramValue): QuantileEstimate {
  if (quantile < 0) return plainEstimate(-Infinity);
  if (quantile > 1) return plainEstimate(Infinity);
  if (value.count === 0 || Number.isNaN(quantile)) return plainEstimate(Number.NaN);
  const hasNanSum = Number.isNaN(value.sum);
  // From the end that is nearer; observations of NaN count for the highest, so then from below.
  const isForward = hasNanSum || quantile < 0.5;
  const wantedRank = (isForward ? quantile : 1 - quantile) * value.count;
  const buckets = valueBuckets(value);
  if (!isForward) buckets.reverse();
  const found = findBucket(buckets, wantedRank);
  const bucket = cutBucket(value, found.bucket);
  if (typeof bucket === "number") return plainEstimate(bucket);
  const reached = Math.min(found.reached, value.count);
  if (reached < wantedRank) {
    return hasNanSum
      ? { value: Number.NaN, nanEffect: "resultIsNan" }
      : plainEstimate(bucket.upper);
  }
  const rank = isForward ? wantedRank - (reached - bucket.count) : reached - wantedRank;
  const isSkewed = hasNanSum && reached + countAfter(buckets, found.index) < value.count;
  // With NaN observed Prometheus 3.14 goes on to the highest bucket and measures the rank in that one.
  const last = hasNanSum ? buckets.at(-1) : undefined;
  const measured = last !== undefined && found.index < buckets.length - 1 ? last : bucket;
  const isLinear = hasCustomBounds(value) || (measured.lower <= 0 && measured.upper >= 0);
  return {
    value: valueWithin(measured, rank / measured.count, isLinear),
    nanEffect: isSkewed ? "skewed" : "none",
  };
}

function plainEstimate(value: number): QuantileEstimate {
  return { value, nanEffect: "none" };
}

/** The first bucket with which the rank is reached, else the last one looked at. */
function findBucket(buckets: readonly ValueBucket[], rank: number) {
  let bucket: ValueBucket = { lower: 0, upper: 0, count: 0 };
  let reached = 0;
  let index = 0;
  for (; index < buckets.length; index++) {
    bucket = buckets[index]!;
    if (bucket.count === 0) continue;
    reached += bucket.count;
    if (reached >= rank) break;
  }
  return { bucket, reached, index };
}

function countAfter(buckets: readonly ValueBucket[], index: number): number {
  let count = 0;
  for (let i = index + 1; i < buckets.length; i++) count += buckets[i]!.count;
  return count;
}

/** The bucket cut at 0 where that is known to be an end; a number where that is all that can be said. */
function cutBucket(value: HistogramValue, bucket: ValueBucket): ValueBucket | number {
  if (hasCustomBounds(value)) {
    if (bucket.lower === -Infinity) {
      return bucket.upper <= 0 ? bucket.upper : { ...bucket, lower: 0 };
    }
    return bucket.upper === Infinity ? bucket.lower : bucket;
  }
  return bucket.lower < 0 && bucket.upper > 0 ? cutZeroBucket(value, bucket) : bucket;
}

function cutZeroBucket(value: HistogramValue, bucket: ValueBucket): ValueBucket {
  const hasNegative = value.negative.indexes.length > 0;
  const hasPositive = value.positive.indexes.length > 0;
  if (!hasNegative && hasPositive) return { ...bucket, lower: 0 };
  if (hasNegative && !hasPositive) return { ...bucket, upper: 0 };
  return bucket;
}

/** The value that far into the bucket. */
function valueWithin(bucket: ValueBucket, fraction: number, isLinear: boolean): number {
  const { lower, upper } = bucket;
  if (isLinear) return lower + (upper - lower) * fraction;
  const logLower = Math.log2(Math.abs(lower));
  const logUpper = Math.log2(Math.abs(upper));
  if (lower > 0) return 2 ** (logLower + (logUpper - logLower) * fraction);
  return -(2 ** (logUpper + (logLower - logUpper) * (1 - fraction)));
}

/** How much of a bucket lies below a value strictly inside it, 0 to 1. */
export function fractionBelow(
  bucket: { readonly lower: number; readonly upper: number },
  value: number,
  isLinear: boolean,
): number {
  const { lower, upper } = bucket;
  if (isLinear) return (value - lower) / (upper - lower);
  const logLower = Math.log2(Math.abs(lower));
  const logUpper = Math.log2(Math.abs(upper));
  const logValue = Math.log2(Math.abs(value));
  if (value > 0) return (logValue - logLower) / (logUpper - logLower);
  return 1 - (logValue - logUpper) / (logLower - logUpper);
}

/** A share of observations; `hasNan` where observations of NaN were left out. */
export interface FractionEstimate {
  readonly value: number;
  readonly hasNan: boolean;
}

/** The share of observations between two values. O(buckets). */
export function histogramFractionOf(
  lower: number,
  upper: number,
  value: HistogramValue,
): FractionEstimate {
  if (value.count === 0 || Number.isNaN(lower) || Number.isNaN(upper)) {
    return { value: Number.NaN, hasNan: false };
  }
  if (lower >= upper) return { value: 0, hasNan: false };
  const buckets = valueBuckets(value);
  let count = value.count;
  let hasNan = false;
  if (Number.isNaN(value.sum)) {
    count = countAfter(buckets, -1);
    hasNan = count < value.count;
  }
  const low = Math.min(rankOf(value, buckets, lower) ?? count, count);
  const high = Math.min(rankOf(value, buckets, upper) ?? count, count);
  return { value: (high - low) / value.count, hasNan };
}

/** How many observations lie below `limit`; undefined where all buckets do. */
function rankOf(
  value: HistogramValue,
  buckets: readonly ValueBucket[],
  limit: number,
): number | undefined {
  const isCustom = hasCustomBounds(value);
  let rank = 0;
  for (const whole of buckets) {
    const hasZero = whole.lower <= 0 && whole.upper >= 0;
    const bucket = hasZero ? cutZeroBucket(value, whole) : whole;
    if (bucket.lower >= limit) return rank;
    if (bucket.upper > limit) {
      const isLinear = isCustom || hasZero;
      // Nothing is known of where in an endless bucket observations lie.
      if (isLinear && bucket.lower === -Infinity) return bucket.count;
      return rank + bucket.count * fractionBelow(bucket, limit, isLinear);
    }
    rank += bucket.count;
  }
  return undefined;
}

/** The variance, each bucket's observations taken to lie at its mean. O(buckets). */
export function histogramVarianceOf(value: HistogramValue): number {
  const mean = value.sum / value.count;
  const squares = new CompensatedSum(0);
  const isCustom = hasCustomBounds(value);
  for (const { lower, upper, count } of valueBuckets(value)) {
    if (count === 0) continue;
    let middle = 0;
    if (isCustom) middle = (upper + lower) / 2;
    else if (lower > 0 || upper < 0) middle = Math.sqrt(upper * lower) * (upper < 0 ? -1 : 1);
    const delta = middle - mean;
    squares.add(count * delta * delta);
  }
  return squares.total() / value.count;
}
