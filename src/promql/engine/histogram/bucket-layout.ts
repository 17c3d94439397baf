/**
 * Bringing two histograms to one layout: the coarser schema, the wider zero bucket, the bounds that
 * both have. Also whether one histogram follows another without a counter reset, which asks for the
 * same. Sides may carry what rounding lost of each count (`lost`), which then moves along.
 */

import { exponentialBound } from "../../../model/exponential-bounds.ts";
import {
  type BucketSide,
  compactSide,
  type HistogramValue,
  hasCustomBounds,
  isSameList,
  upperBound,
} from "./histogram-value.ts";

/** Buckets in the making. */
export interface OpenSide {
  indexes: number[];
  counts: number[];
  /** What rounding took from each count; undefined where nobody asks. */
  lost: number[] | undefined;
}

/** What falls into a zero bucket that is made wider. */
export interface WiderZero {
  readonly zeroCount: number;
  /** What rounding took from it. */
  readonly lost: number;
  /** Where the zero bucket ends: a populated bucket is never cut in two. */
  readonly threshold: number;
}

/** Maps bucket indexes to those of a coarser layout; must not fall. */
export type IndexMapping = (index: number) => number;

/** Schema `from` to the coarser schema `to`: each step down joins two buckets. */
export function schemaMapping(from: number, to: number): IndexMapping {
  const shift = from - to;
  return (index) => ((index - 1) >> shift) + 1;
}

/** Custom bounds to some of them; what lies above the last goes to +Inf. */
export function boundsMapping(bounds: readonly number[], kept: readonly number[]): IndexMapping {
  const targets: number[] = [];
  let target = 0;
  for (const bound of bounds) {
    while (target < kept.length && kept[target]! < bound) target++;
    targets.push(target);
  }
  return (index) => targets[index] ?? kept.length;
}

/** The bounds that both lists have. O(bounds). */
export function commonBounds(a: readonly number[], b: readonly number[]): readonly number[] {
  const common: number[] = [];
  let j = 0;
  for (const bound of a) {
    while (j < b.length && b[j]! < bound) j++;
    if (j < b.length && b[j] === bound) common.push(bound);
  }
  return common;
}

/** A side in a coarser layout. O(buckets). */
export function regroup(
  side: BucketSide & { readonly lost?: readonly number[] | undefined },
  mapping: IndexMapping,
): OpenSide {
  const indexes: number[] = [];
  const counts: number[] = [];
  const lost: number[] | undefined = side.lost === undefined ? undefined : [];
  for (let i = 0; i < side.indexes.length; i++) {
    const index = mapping(side.indexes[i]!);
    const last = indexes.length - 1;
    if (last >= 0 && indexes[last] === index) {
      addAt(counts, lost, last, side.counts[i]!);
      if (lost !== undefined) addAt(counts, lost, last, side.lost?.[i] ?? 0);
    } else {
      indexes.push(index);
      counts.push(side.counts[i]!);
      lost?.push(side.lost?.[i] ?? 0);
    }
  }
  return { indexes, counts, lost };
}

/** Adds to a bucket; the error of the addition goes to `lost` (Neumaier), none once it is infinite. */
export function addAt(
  counts: number[],
  lost: number[] | undefined,
  at: number,
  value: number,
): void {
  const sum = counts[at]!;
  const next = sum + value;
  counts[at] = next;
  if (lost === undefined) return;
  if (next === Infinity || next === -Infinity) lost[at] = 0;
  else if (Math.abs(sum) >= Math.abs(value)) lost[at]! += sum - next + value;
  else lost[at]! += value - next + sum;
}

/** Counts of one histogram; those in the making carry what was lost. */
interface ZeroSource {
  readonly schema: number;
  readonly zeroCount: number;
  readonly zeroThreshold: number;
  readonly zeroLost?: number;
  readonly positive: BucketSide & { readonly lost?: readonly number[] | undefined };
  readonly negative: BucketSide & { readonly lost?: readonly number[] | undefined };
}

/** The zero bucket widened to at least `wanted`, with the buckets that it swallows. */
export function widenZero(source: ZeroSource, wanted: number): WiderZero {
  let threshold = wanted;
  if (threshold === source.zeroThreshold) {
    return { zeroCount: source.zeroCount, lost: source.zeroLost ?? 0, threshold };
  }
  for (;;) {
    const sums = [source.zeroCount];
    const lost = [source.zeroLost ?? 0];
    const afterPositive = swallow(source.positive, source.schema, threshold, { sums, lost });
    const afterNegative = swallow(source.negative, source.schema, afterPositive, { sums, lost });
    threshold = afterNegative;
    // A wider negative side makes what was taken of the positive side too little.
    if (afterNegative === afterPositive) {
      return { zeroCount: sums[0]!, lost: lost[0]!, threshold };
    }
  }
}

/** Adds the buckets that begin below `threshold`; returns where the last populated one ends, if further. */
function swallow(
  side: BucketSide & { readonly lost?: readonly number[] | undefined },
  schema: number,
  threshold: number,
  zero: { readonly sums: number[]; readonly lost: number[] },
): number {
  for (let i = 0; i < side.indexes.length; i++) {
    const index = side.indexes[i]!;
    if (exponentialBound(index - 1, schema) >= threshold) return threshold;
    addAt(zero.sums, zero.lost, 0, side.counts[i]!);
    if (side.lost !== undefined) addAt(zero.sums, zero.lost, 0, side.lost[i]!);
    const upper = exponentialBound(index, schema);
    if (upper > threshold) return side.counts[i] === 0 ? threshold : upper;
  }
  return threshold;
}

/** How many leading buckets end within the zero bucket. */
export function bucketsBelow(side: BucketSide, schema: number, threshold: number): number {
  let count = 0;
  if (threshold === 0) return 0;
  while (
    count < side.indexes.length &&
    exponentialBound(side.indexes[count]!, schema) <= threshold
  ) {
    count++;
  }
  return count;
}

/** Whether a counter was reset between two samples of it. O(buckets). */
export function isHistogramReset(current: HistogramValue, previous: HistogramValue): boolean {
  if (current.hint === "reset") return true;
  if (current.hint === "not_reset") return false;
  if (current.count < previous.count) return true;
  if (hasCustomBounds(current)) {
    if (!hasCustomBounds(previous)) return true;
    if (!isSameList(current.bounds, previous.bounds)) {
      const common = commonBounds(current.bounds, previous.bounds);
      return hasLostObservations(
        regroup(current.positive, boundsMapping(current.bounds, common)),
        regroup(previous.positive, boundsMapping(previous.bounds, common)),
      );
    }
  }
  if (current.schema > previous.schema) return true;
  if (current.zeroThreshold < previous.zeroThreshold) return true;
  const zero = widenZero(previous, current.zeroThreshold);
  if (zero.threshold !== current.zeroThreshold || current.zeroCount < zero.zeroCount) return true;
  return (
    hasLostObservations(current.positive, outsideZero(previous.positive, current, previous)) ||
    hasLostObservations(current.negative, outsideZero(previous.negative, current, previous))
  );
}

/** The previous histogram's buckets in the layout of the current one, those in its zero bucket left out. */
function outsideZero(
  side: BucketSide,
  current: HistogramValue,
  previous: HistogramValue,
): BucketSide {
  const { schema, zeroThreshold } = current;
  const same = previous.schema === schema;
  const grouped = same ? side : regroup(side, schemaMapping(previous.schema, schema));
  const below = hasCustomBounds(current) ? 0 : bucketsBelow(grouped, schema, zeroThreshold);
  if (below === 0) return grouped;
  return { indexes: grouped.indexes.slice(below), counts: grouped.counts.slice(below) };
}

/** Whether a bucket holds less than before, or is gone though it held something. */
function hasLostObservations(current: BucketSide, previous: BucketSide): boolean {
  let at = 0;
  for (let i = 0; i < previous.indexes.length; i++) {
    const index = previous.indexes[i]!;
    const before = previous.counts[i]!;
    while (at < current.indexes.length && current.indexes[at]! < index) at++;
    if (at < current.indexes.length && current.indexes[at] === index) {
      if (current.counts[at]! < before) return true;
    } else if (before !== 0) {
      return true;
    }
  }
  return false;
}

/** Lower and upper bound of bucket `i` of a side; a negative side is mirrored. */
export function boundsOfBucket(
  value: HistogramValue,
  index: number,
  isPositive: boolean,
): { readonly lower: number; readonly upper: number } {
  const near = upperBound(value, index - 1);
  const far = upperBound(value, index);
  return isPositive ? { lower: near, upper: far } : { lower: -far, upper: -near };
}

/** A finished side, without empty buckets. */
export function closeSide(side: OpenSide): BucketSide {
  return compactSide({ indexes: side.indexes, counts: side.counts });
}
