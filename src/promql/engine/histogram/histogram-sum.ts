/**
 * Sums of native histograms. A sum takes the layout that all its members can be brought to. As in
 * Prometheus, a sum of many carries what rounding lost of every number (Neumaier); a sum or
 * difference of two does not.
 */

import type { CounterResetHint } from "../../../model/histogram.ts";
import { customBucketsSchema } from "../../../model/histogram.ts";
import { CompensatedSum } from "../compensated-sum.ts";
import {
  addAt,
  boundsMapping,
  bucketsBelow,
  commonBounds,
  type OpenSide,
  regroup,
  schemaMapping,
  widenZero,
} from "./bucket-layout.ts";
import { type BucketSide, emptySide, type HistogramValue, isSameList } from "./histogram-value.ts";

/** What an addition found, as bits. */
export const addFinding = {
  /** Exponential and custom buckets cannot be added; nothing was. */
  incompatible: 1,
  /** Custom bounds differed; only those that both have are left. */
  reconciled: 2,
  /** One side follows a counter reset, the other does not. */
  collision: 4,
} as const;

/** Something that histograms are added to one by one. */
export interface HistogramAccumulator {
  /** Returns bits of `addFinding`. */
  add(value: HistogramValue): number;
  total(): HistogramValue;
}

/** A running sum; begins with one histogram. */
export class HistogramSum implements HistogramAccumulator {
  #hint: CounterResetHint;
  #schema: number;
  #zeroThreshold: number;
  #bounds: readonly number[];
  readonly #isCompensated: boolean;
  readonly #count: CompensatedSum;
  readonly #sum: CompensatedSum;
  readonly #zeroCount: CompensatedSum;
  #positive: OpenSide;
  #negative: OpenSide;

  constructor(first: HistogramValue, isCompensated: boolean) {
    this.#hint = first.hint;
    this.#schema = first.schema;
    this.#zeroThreshold = first.zeroThreshold;
    this.#bounds = first.bounds;
    this.#isCompensated = isCompensated;
    this.#count = new CompensatedSum(first.count);
    this.#sum = new CompensatedSum(first.sum);
    this.#zeroCount = new CompensatedSum(first.zeroCount);
    this.#positive = openSide(first.positive, isCompensated);
    this.#negative = openSide(first.negative, isCompensated);
  }

  add(value: HistogramValue): number {
    return this.#combine(value, 1);
  }

  subtract(value: HistogramValue): number {
    return this.#combine(value, -1);
  }

  /** Multiplies every number, what was lost included. */
  scale(factor: number): void {
    for (const number of [this.#count, this.#sum, this.#zeroCount]) number.scale(factor);
    for (const side of [this.#positive, this.#negative]) {
      scaleList(side.counts, factor);
      if (side.lost !== undefined) scaleList(side.lost, factor);
    }
  }

  /** Divides every number, what was lost included. The divisor is not 0. */
  divide(divisor: number): void {
    for (const number of [this.#count, this.#sum, this.#zeroCount]) number.divide(divisor);
    for (const side of [this.#positive, this.#negative]) {
      divideList(side.counts, divisor);
      if (side.lost !== undefined) divideList(side.lost, divisor);
    }
  }

  /** Whether any number is infinite. O(buckets). */
  hasOverflow(): boolean {
    return (
      isInfinite(this.#count.sum) ||
      isInfinite(this.#sum.sum) ||
      isInfinite(this.#zeroCount.sum) ||
      this.#positive.counts.some(isInfinite) ||
      this.#negative.counts.some(isInfinite)
    );
  }

  /** A copy that shares nothing that changes. */
  clone(): HistogramSum {
    const copy = new HistogramSum(this.#running(), this.#isCompensated);
    copy.#count.lost = this.#count.lost;
    copy.#sum.lost = this.#sum.lost;
    copy.#zeroCount.lost = this.#zeroCount.lost;
    copy.#positive.lost = this.#positive.lost?.slice();
    copy.#negative.lost = this.#negative.lost?.slice();
    return copy;
  }

  total(): HistogramValue {
    if (!this.#isCompensated) return this.#running();
    return {
      ...this.#running(),
      count: this.#count.total(),
      sum: this.#sum.total(),
      zeroCount: this.#zeroCount.total(),
      positive: totalSide(this.#positive),
      negative: totalSide(this.#negative),
    };
  }

  /** The sum without what was lost. */
  #running(): HistogramValue {
    return {
      hint: this.#hint,
      schema: this.#schema,
      zeroThreshold: this.#zeroThreshold,
      zeroCount: this.#zeroCount.sum,
      count: this.#count.sum,
      sum: this.#sum.sum,
      positive: { indexes: this.#positive.indexes, counts: this.#positive.counts },
      negative: { indexes: this.#negative.indexes, counts: this.#negative.counts },
      bounds: this.#bounds,
    };
  }

  #combine(other: HistogramValue, sign: 1 | -1): number {
    const isCustom = this.#schema === customBucketsSchema;
    if (isCustom !== (other.schema === customBucketsSchema)) return addFinding.incompatible;
    let findings = this.#mergeHint(other.hint) ? addFinding.collision : 0;
    let { positive, negative } = other;
    if (isCustom) {
      if (!isSameList(this.#bounds, other.bounds)) {
        findings |= addFinding.reconciled;
        positive = this.#reconcileBounds(other);
      }
    } else {
      this.#zeroCount.add(sign * this.#reconcileZero(other));
      if (other.schema < this.#schema) {
        this.#coarsen(other.schema);
      } else if (other.schema > this.#schema) {
        const mapping = schemaMapping(other.schema, this.#schema);
        positive = regroup(positive, mapping);
        negative = regroup(negative, mapping);
      }
    }
    this.#count.add(sign * other.count);
    this.#sum.add(sign * other.sum);
    const threshold = isCustom ? 0 : this.#zeroThreshold;
    addSide(this.#positive, positive, sign, bucketsBelow(positive, this.#schema, threshold));
    addSide(this.#negative, negative, sign, bucketsBelow(negative, this.#schema, threshold));
    return findings;
  }

  /** A gauge makes all a gauge; whether one side was reset and the other not. */
  #mergeHint(other: CounterResetHint): boolean {
    const own = this.#hint;
    if (other === own || own === "gauge") return false;
    if (other === "gauge") {
      this.#hint = "gauge";
      return false;
    }
    this.#hint = "unknown";
    return own !== "unknown" && other !== "unknown";
  }

  #coarsen(schema: number): void {
    const mapping = schemaMapping(this.#schema, schema);
    this.#positive = regroup(this.#positive, mapping);
    this.#negative = regroup(this.#negative, mapping);
    this.#schema = schema;
  }

  /** Keeps the bounds that both have; returns the other's buckets in them. */
  #reconcileBounds(other: HistogramValue): BucketSide {
    const common = commonBounds(this.#bounds, other.bounds);
    this.#positive = regroup(this.#positive, boundsMapping(this.#bounds, common));
    this.#bounds = common;
    return regroup(other.positive, boundsMapping(other.bounds, common));
  }

  /** Makes both zero buckets equally wide; returns the other's count. */
  #reconcileZero(other: HistogramValue): number {
    let { zeroCount, zeroThreshold } = other;
    while (zeroThreshold !== this.#zeroThreshold) {
      if (this.#zeroThreshold > zeroThreshold) {
        const wider = widenZero(other, this.#zeroThreshold);
        zeroCount = wider.zeroCount;
        zeroThreshold = wider.threshold;
      }
      if (zeroThreshold > this.#zeroThreshold) this.#widenOwnZero(zeroThreshold);
    }
    return zeroCount;
  }

  #widenOwnZero(threshold: number): void {
    const wider = widenZero(
      {
        schema: this.#schema,
        zeroCount: this.#zeroCount.sum,
        zeroThreshold: this.#zeroThreshold,
        zeroLost: this.#zeroCount.lost,
        positive: this.#positive,
        negative: this.#negative,
      },
      threshold,
    );
    this.#zeroCount.sum = wider.zeroCount;
    this.#zeroCount.lost = wider.lost;
    this.#zeroThreshold = wider.threshold;
    for (const side of [this.#positive, this.#negative]) {
      // The threshold is a bound now, or lies in an empty bucket, which may stay.
      const below = bucketsBelow(side, this.#schema, wider.threshold);
      side.indexes = side.indexes.slice(below);
      side.counts = side.counts.slice(below);
      side.lost = side.lost?.slice(below);
    }
  }
}

/** a + b, not compensated. */
export function addHistograms(
  a: HistogramValue,
  b: HistogramValue,
): { readonly value: HistogramValue; readonly findings: number } {
  const sum = new HistogramSum(a, false);
  const findings = sum.add(b);
  return { value: sum.total(), findings };
}

/** a - b, not compensated. */
export function subtractHistograms(
  a: HistogramValue,
  b: HistogramValue,
): { readonly value: HistogramValue; readonly findings: number } {
  const sum = new HistogramSum(a, false);
  const findings = sum.subtract(b);
  return { value: sum.total(), findings };
}

/** Every number times `factor`; a negative one makes a gauge of a counter. */
export function scaleHistogram(value: HistogramValue, factor: number): HistogramValue {
  return mapCounts(value, factor < 0, (number) => number * factor);
}

/** Every number divided by `divisor`. Division by 0 leaves no buckets. */
export function divideHistogram(value: HistogramValue, divisor: number): HistogramValue {
  const divided = mapCounts(value, divisor < 0, (number) => number / divisor);
  return divisor === 0 ? { ...divided, positive: emptySide, negative: emptySide } : divided;
}

function mapCounts(
  value: HistogramValue,
  isTurned: boolean,
  apply: (number: number) => number,
): HistogramValue {
  const { positive, negative } = value;
  return {
    ...value,
    hint: isTurned ? "gauge" : value.hint,
    zeroCount: apply(value.zeroCount),
    count: apply(value.count),
    sum: apply(value.sum),
    positive: { indexes: positive.indexes, counts: positive.counts.map(apply) },
    negative: { indexes: negative.indexes, counts: negative.counts.map(apply) },
  };
}

/** The same buckets in a coarser schema. */
export function reduceResolution(value: HistogramValue, schema: number): HistogramValue {
  if (schema === value.schema) return value;
  const mapping = schemaMapping(value.schema, schema);
  return {
    ...value,
    schema,
    positive: regroup(value.positive, mapping),
    negative: regroup(value.negative, mapping),
  };
}

function openSide(side: BucketSide, isCompensated: boolean): OpenSide {
  return {
    // Index lists are replaced, never changed: see addSide.
    indexes: side.indexes as number[],
    counts: side.counts.slice(),
    lost: isCompensated ? new Array<number>(side.counts.length).fill(0) : undefined,
  };
}

/** Adds a side's buckets but the first `skipped`. O(buckets); in place where the indexes are the same. */
function addSide(target: OpenSide, side: BucketSide, sign: 1 | -1, skipped: number): void {
  const { indexes, counts } = side;
  if (indexes.length === skipped) return;
  if (skipped === 0 && isSameIndexes(target.indexes, indexes)) {
    for (let i = 0; i < counts.length; i++) {
      addAt(target.counts, target.lost, i, sign * counts[i]!);
    }
    return;
  }
  mergeSide(target, side, sign, skipped);
}

/** Slow path of `addSide`: other indexes, so new lists. */
function mergeSide(target: OpenSide, side: BucketSide, sign: 1 | -1, skipped: number): void {
  const { indexes, counts } = side;
  const merged: number[] = [];
  const sums: number[] = [];
  const lost: number[] | undefined = target.lost === undefined ? undefined : [];
  let own = 0;
  let other = skipped;
  while (own < target.indexes.length || other < indexes.length) {
    const ownIndex = own < target.indexes.length ? target.indexes[own]! : Infinity;
    const otherIndex = other < indexes.length ? indexes[other]! : Infinity;
    const at = merged.length;
    merged.push(Math.min(ownIndex, otherIndex));
    const isOwn = ownIndex <= otherIndex;
    sums.push(isOwn ? target.counts[own]! : sign * counts[other]!);
    lost?.push(isOwn ? target.lost![own]! : 0);
    if (isOwn && otherIndex === ownIndex) addAt(sums, lost, at, sign * counts[other]!);
    if (isOwn) own++;
    if (otherIndex <= ownIndex) other++;
  }
  target.indexes = merged;
  target.counts = sums;
  target.lost = lost;
}

function isSameIndexes(a: readonly number[], b: readonly number[]): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function totalSide(side: OpenSide): BucketSide {
  const { indexes, counts, lost } = side;
  if (lost === undefined) return { indexes, counts };
  const totals: number[] = [];
  for (let i = 0; i < counts.length; i++) totals.push(counts[i]! + lost[i]!);
  return { indexes, counts: totals };
}

function scaleList(list: number[], factor: number): void {
  for (let i = 0; i < list.length; i++) list[i]! *= factor;
}

function divideList(list: number[], divisor: number): void {
  for (let i = 0; i < list.length; i++) list[i]! /= divisor;
}

function isInfinite(number: number): boolean {
  return number === Infinity || number === -Infinity;
}
