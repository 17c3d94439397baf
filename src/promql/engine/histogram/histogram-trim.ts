/**
 * The trim operators: `h </ x` keeps the observations below x, `h >/ x` those above. The bucket that
 * x falls into is divided by interpolation, except buckets without end, which go whole. The sum is
 * then estimated anew from the middle of what is left of each bucket.
 */

import { boundsOfBucket } from "./bucket-layout.ts";
import { fractionBelow } from "./histogram-estimates.ts";
import {
  type BucketSide,
  compactHistogram,
  type HistogramValue,
  hasCustomBounds,
} from "./histogram-value.ts";

/** Where to cut, and which part stays. */
interface Cut {
  readonly at: number;
  /** `</`: what lies below stays. */
  readonly keepsBelow: boolean;
  readonly isCustom: boolean;
}

interface Bounds {
  readonly lower: number;
  readonly upper: number;
}

/** What is left of one bucket, and where in it the observations are taken to lie. */
interface Rest {
  readonly count: number;
  readonly middle: number;
}

/** Count and sum of what stays, in the making. */
interface Totals {
  count: number;
  sum: number;
  isTrimmed: boolean;
}

/** See the head comment. O(buckets). */
export function trimHistogram(
  value: HistogramValue,
  at: number,
  keepsBelow: boolean,
): HistogramValue {
  const cut: Cut = { at, keepsBelow, isCustom: hasCustomBounds(value) };
  const totals: Totals = { count: 0, sum: 0, isTrimmed: false };
  const positive = trimSide(value, true, cut, totals);
  const negative = trimSide(value, false, cut, totals);
  let { zeroCount } = value;
  if (zeroCount > 0) {
    const rest = restOfZero(value, cut);
    if (rest.count !== zeroCount) totals.isTrimmed = true;
    zeroCount = rest.count;
    totals.count += rest.count;
    totals.sum += rest.middle * rest.count;
  }
  if (!totals.isTrimmed) return value;
  const { count, sum } = totals;
  return compactHistogram({ ...value, positive, negative, zeroCount, count, sum });
}

function trimSide(
  value: HistogramValue,
  isPositive: boolean,
  cut: Cut,
  totals: Totals,
): BucketSide {
  const side = isPositive ? value.positive : value.negative;
  const counts: number[] = [];
  for (let i = 0; i < side.indexes.length; i++) {
    const count = side.counts[i]!;
    if (count === 0) {
      counts.push(0);
      continue;
    }
    const bounds = boundsOfBucket(value, side.indexes[i]!, isPositive);
    const rest = restOfBucket(bounds, count, isPositive, cut);
    if (rest.count !== count) totals.isTrimmed = true;
    totals.count += rest.count;
    totals.sum += rest.middle * rest.count;
    counts.push(rest.count);
  }
  return { indexes: side.indexes, counts };
}

function restOfBucket(bounds: Bounds, count: number, isPositive: boolean, cut: Cut): Rest {
  const { lower, upper } = bounds;
  const { at, keepsBelow, isCustom } = cut;
  const isWhole = keepsBelow ? upper <= at : lower >= at;
  if (isWhole) return { count, middle: middleOf(lower, upper, isPositive, isCustom) };
  const isCut = keepsBelow ? lower < at : upper > at;
  if (!isCut) return { count: 0, middle: 0 };
  if (lower === -Infinity || upper === Infinity) return restOfEndless(bounds, count, cut);
  const below = count * fractionBelow(bounds, at, isCustom);
  return keepsBelow
    ? { count: below, middle: middleOf(lower, at, isPositive, isCustom) }
    : { count: count - below, middle: middleOf(at, upper, isPositive, isCustom) };
}

/** A bucket without an end that the cut falls into. */
function restOfEndless({ lower, upper }: Bounds, count: number, cut: Cut): Rest {
  const { at, keepsBelow } = cut;
  if (lower !== -Infinity) {
    // Up to +Inf: where observations lie is not known, so cutting above drops all, below keeps all.
    return keepsBelow ? { count: 0, middle: 0 } : { count: at >= lower ? count : 0, middle: at };
  }
  // Down to -Inf, but with an upper bound above 0 taken to begin at 0.
  const beginsAtZero = upper > 0 && upper !== Infinity;
  if (keepsBelow) {
    if (at > 0 && beginsAtZero) return { count: (count * at) / upper, middle: at / 2 };
    return upper <= 0 ? { count, middle: at } : { count: 0, middle: 0 };
  }
  if (at >= 0 && beginsAtZero) return { count: count * (1 - at / upper), middle: (at + upper) / 2 };
  return { count: 0, middle: 0 };
}

/** Where the observations between two bounds are taken to lie. */
function middleOf(lower: number, upper: number, isPositive: boolean, isLinear: boolean): number {
  const isLowerEndless = !Number.isFinite(lower);
  const isUpperEndless = !Number.isFinite(upper);
  if (isLowerEndless && isUpperEndless) return 0;
  if (isLowerEndless) return upper > 0 ? upper / 2 : upper;
  if (isUpperEndless) return lower;
  if (isLinear) return (lower + upper) / 2;
  const geometric = Math.sqrt(Math.abs(lower * upper));
  return isPositive ? geometric : -geometric;
}

function restOfZero(value: HistogramValue, cut: Cut): Rest {
  const { zeroCount, zeroThreshold } = value;
  const hasPositive = value.positive.counts.some(isPopulated);
  const hasNegative = value.negative.counts.some(isPopulated);
  const upper = hasNegative && !hasPositive ? 0 : zeroThreshold;
  const lower = hasPositive && !hasNegative ? 0 : -zeroThreshold;
  const { at, keepsBelow } = cut;
  const none = { count: 0, middle: 0 };
  const whole = { count: zeroCount, middle: (lower + upper) / 2 };
  if (at <= lower) return keepsBelow ? none : whole;
  if (at >= upper) return keepsBelow ? whole : none;
  return keepsBelow
    ? { count: zeroCount * ((at - lower) / (upper - lower)), middle: (lower + at) / 2 }
    : { count: zeroCount * ((upper - at) / (upper - lower)), middle: (at + upper) / 2 };
}

function isPopulated(count: number): boolean {
  return count !== 0;
}
