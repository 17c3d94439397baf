/**
 * Functions of classic and native histograms. Series that differ in `le` only make one classic
 * histogram: which rows belong together and their order by bound are found once; a step then only
 * gathers counts. Where a native histogram stands beside classic buckets of the same labels, neither
 * is evaluated.
 */

import { type Labels, LabelsBuilder } from "../../../model/labels.ts";
import { formatGoFloat } from "../../../model/value-format.ts";
import {
  badBucketLabel,
  fractionExcludesNan,
  invalidQuantile,
  mixedClassicNative,
  quantileIsNan,
  quantileIsSkewed,
} from "../annotations.ts";
import { isAlmostEqual, parseGoFloat } from "../go-math.ts";
import { histogramFractionOf, histogramQuantileOf } from "../histogram/histogram-estimates.ts";
import { cellKind, mergeEqualRows, StepVector, withoutMetadata } from "../step-vector.ts";
import {
  scalarArg,
  stringArg,
  type ValueCall,
  type ValueFunction,
  vectorArg,
} from "./function-call.ts";
import { type MonotonicityFix, MonotonicityFixes } from "./monotonicity-fixes.ts";

export const histogramFunctions = {
  histogram_quantile: { kind: "value", evaluate: histogramQuantile },
  histogram_quantiles: { kind: "value", evaluate: histogramQuantiles },
  histogram_fraction: { kind: "value", evaluate: histogramFraction },
} as const satisfies Record<string, ValueFunction>;

/** Counts that differ by less than this share are rounding errors, not observations. */
const smallDifference = 1e-12;

/**
 * A count that is more by this share is no rounding error apart: far above twice `smallDifference`, which
 * is a share of both counts together. Below `smallestClear` other rules hold.
 */
const clearDifference = 1e-11;
const smallestClear = 1e-300;

/** Rows of one histogram, by rising bound. */
interface BucketGroup {
  /** Without `le` and, unless name removal is delayed, without the name. */
  readonly labels: Labels;
  readonly metricName: string;
  readonly rows: readonly number[];
  readonly bounds: readonly number[];
  /** Per step: 1 where a native histogram is in the way; undefined where there are none. */
  readonly isBlocked: Uint8Array | undefined;
}

/** A row with native histograms. */
interface NativeRow {
  readonly labels: Labels;
  readonly metricName: string;
  readonly row: number;
}

/** The histograms of a vector. */
interface FoundHistograms {
  readonly classic: readonly BucketGroup[];
  readonly native: readonly NativeRow[];
}

/** Buckets of one step, bounds rising and distinct once merged; reused. */
interface Buckets {
  readonly bounds: Float64Array;
  readonly counts: Float64Array;
  count: number;
}

function histogramQuantile(call: ValueCall): StepVector {
  const wanted = scalarArg(call, 0);
  warnOfQuantiles(call, 0, wanted);
  const vector = vectorArg(call, 1);
  const { classic, native } = findHistograms(call, vector, 1);
  const result = new StepVector(call.grid.stepCount, classic.length + native.length);
  for (const source of native) {
    fillNativeQuantiles(call, { source, wanted, position: 1 }, result, source.labels);
  }
  const fixes = new MonotonicityFixes(call.grid);
  for (const group of classic) {
    fillQuantiles(call, { group, wanted, position: 1, fixes }, result, group.labels);
  }
  fixes.report(call.run.annotations, call.node.args[1]!.start);
  vector.release(call.run.memory);
  return mergeEqualRows(result);
}

function histogramQuantiles(call: ValueCall): StepVector {
  const label = stringArg(call, 1);
  const { classic, native } = findHistograms(call, vectorArg(call, 0), 0);
  const fixes = new MonotonicityFixes(call.grid);
  const sources = classic.length + native.length;
  const result = new StepVector(call.grid.stepCount, sources * (call.args.length - 2));
  for (let index = 2; index < call.args.length; index++) {
    const wanted = scalarArg(call, index);
    warnOfQuantiles(call, index, wanted);
    for (const only of new Set(wanted)) {
      const labelled = (labels: Labels) =>
        new LabelsBuilder(labels).set(label, openMetricsFloat(only)).labels();
      for (const source of native) {
        const what = { source, wanted, position: 0, only };
        fillNativeQuantiles(call, what, result, labelled(source.labels));
      }
      for (const group of classic) {
        const what = { group, wanted, position: 0, fixes, only };
        fillQuantiles(call, what, result, labelled(group.labels));
      }
    }
  }
  fixes.report(call.run.annotations, call.node.args[0]!.start);
  return mergeEqualRows(result);
}

function histogramFraction(call: ValueCall): StepVector {
  const lower = scalarArg(call, 0);
  const upper = scalarArg(call, 1);
  const vector = vectorArg(call, 2);
  const { classic, native } = findHistograms(call, vector, 2);
  const result = new StepVector(call.grid.stepCount, classic.length + native.length);
  for (const source of native) fillNativeFractions(call, source, result);
  for (const group of classic) {
    const buckets = createBuckets(group);
    const base = result.addRow(group.labels, call.run.isNameRemovalDelayed);
    for (let step = 0; step < result.stepCount; step++) {
      gather(vector, group, step, buckets);
      if (buckets.count === 0) continue;
      result.values[base + step] = fractionOf(buckets, lower[step]!, upper[step]!);
      result.kinds[base + step] = cellKind.float;
    }
  }
  return mergeEqualRows(result);
}

function fillNativeFractions(call: ValueCall, source: NativeRow, result: StepVector): void {
  const vector = vectorArg(call, 2);
  const lower = scalarArg(call, 0);
  const upper = scalarArg(call, 1);
  const base = result.addRow(source.labels, call.run.isNameRemovalDelayed);
  for (let step = 0; step < result.stepCount; step++) {
    const histogram = vector.histogramAt(source.row * vector.stepCount + step);
    if (histogram === undefined) continue;
    const { value, hasNan } = histogramFractionOf(lower[step]!, upper[step]!, histogram);
    result.values[base + step] = value;
    result.kinds[base + step] = cellKind.float;
    if (!hasNan) continue;
    const { start } = call.node.args[2]!;
    call.run.annotations.add(fractionExcludesNan(source.metricName), start);
  }
}

function warnOfQuantiles(call: ValueCall, index: number, wanted: Float64Array): void {
  for (const quantile of new Set(wanted)) {
    if (quantile >= 0 && quantile <= 1) continue;
    call.run.annotations.add(invalidQuantile(quantile), call.node.args[index]!.start);
  }
}

/** As labels of OpenMetrics spell numbers: whole ones with ".0". */
function openMetricsFloat(value: number): string {
  const text = formatGoFloat(value);
  return /[.eIN]/.test(text) ? text : `${text}.0`;
}

/** The histograms of a vector. A native one beside classic buckets is taken out of the vector. */
function findHistograms(call: ValueCall, vector: StepVector, position: number): FoundHistograms {
  const classic = groupBuckets(call, vector, position);
  if (!vector.hasHistograms) return { classic: [...classic.values()], native: [] };
  const isDelayed = call.run.isNameRemovalDelayed;
  const native: NativeRow[] = [];
  for (let row = 0; row < vector.rowCount; row++) {
    if (!hasKind(vector, row, cellKind.histogram)) continue;
    const labels = vector.labels[row] as Labels;
    const metricName = isDelayed ? labels.metricName : "";
    const group = classic.get(labels.key);
    if (group !== undefined) {
      const isBlocked = blockConflicts(vector, row, group);
      if (isBlocked.includes(1)) {
        const { start } = call.node.args[position]!;
        call.run.annotations.add(mixedClassicNative(metricName), start);
        classic.set(labels.key, { ...group, isBlocked });
      }
    }
    native.push({ labels: isDelayed ? labels : withoutMetadata(labels), metricName, row });
  }
  return { classic: [...classic.values()], native };
}

/** Per step: 1 where the row has a native histogram and the group buckets; the histogram is taken out. */
function blockConflicts(vector: StepVector, row: number, group: BucketGroup): Uint8Array {
  const { stepCount, kinds } = vector;
  const isBlocked = new Uint8Array(stepCount);
  for (let step = 0; step < stepCount; step++) {
    const at = row * stepCount + step;
    if (kinds[at] !== cellKind.histogram) continue;
    if (!group.rows.some((other) => kinds[other * stepCount + step] === cellKind.float)) continue;
    isBlocked[step] = 1;
    kinds[at] = cellKind.absent;
  }
  return isBlocked;
}

/** Sorts rows of floats into classic histograms; rows without a usable `le` get a warning where they hold any. */
function groupBuckets(
  call: ValueCall,
  vector: StepVector,
  position: number,
): Map<string, BucketGroup> {
  const isDelayed = call.run.isNameRemovalDelayed;
  const members = new Map<string, { labels: Labels; found: { row: number; bound: number }[] }>();
  for (let row = 0; row < vector.rowCount; row++) {
    const labels = vector.labels[row] as Labels;
    const bound = parseGoFloat(labels.get("le"));
    if (bound === undefined) {
      const name = isDelayed ? labels.metricName : "";
      if (hasKind(vector, row, cellKind.float)) {
        const text = badBucketLabel(name, labels.get("le"));
        call.run.annotations.add(text, call.node.args[position]!.start);
      }
      continue;
    }
    const rest = labels.filter((name) => name !== "le");
    const known = members.get(rest.key);
    if (known === undefined) members.set(rest.key, { labels: rest, found: [{ row, bound }] });
    else known.found.push({ row, bound });
  }
  const groups = new Map<string, BucketGroup>();
  for (const [key, { labels, found }] of members) {
    found.sort((a, b) => (a.bound < b.bound ? -1 : a.bound > b.bound ? 1 : 0));
    groups.set(key, {
      labels: isDelayed ? labels : withoutMetadata(labels),
      metricName: isDelayed ? labels.metricName : "",
      rows: found.map(({ row }) => row),
      bounds: found.map(({ bound }) => bound),
      isBlocked: undefined,
    });
  }
  return groups;
}

function hasKind(vector: StepVector, row: number, kind: number): boolean {
  const base = row * vector.stepCount;
  return vector.kinds.subarray(base, base + vector.stepCount).includes(kind);
}

/** Room for the buckets of a group, its bounds in place. */
function createBuckets({ bounds }: BucketGroup): Buckets {
  const counts = new Float64Array(bounds.length);
  return { bounds: Float64Array.from(bounds), counts, count: 0 };
}

/** The buckets present at a step; equal bounds are added up. */
function gather(vector: StepVector, group: BucketGroup, step: number, into: Buckets): void {
  const { rows, bounds, isBlocked } = group;
  const { stepCount, kinds, values } = vector;
  let count = 0;
  into.count = 0;
  if (isBlocked !== undefined && isBlocked[step] === 1) return;
  for (let i = 0; i < rows.length; i++) {
    const at = rows[i]! * stepCount + step;
    if (kinds[at] !== cellKind.float) continue;
    const bound = bounds[i]!;
    if (count > 0 && into.bounds[count - 1] === bound) {
      into.counts[count - 1]! += values[at]!;
      continue;
    }
    into.bounds[count] = bound;
    into.counts[count] = values[at]!;
    count++;
  }
  into.count = count;
}

/** Adds a row of quantiles of one native histogram. */
function fillNativeQuantiles(
  call: ValueCall,
  what: {
    readonly source: NativeRow;
    readonly wanted: Float64Array;
    readonly position: number;
    /** Only the steps where this quantile is wanted. */
    readonly only?: number;
  },
  result: StepVector,
  labels: Labels,
): void {
  const { source, wanted, position, only } = what;
  const vector = vectorArg(call, position);
  const base = result.addRow(labels, call.run.isNameRemovalDelayed);
  for (let step = 0; step < result.stepCount; step++) {
    const quantile = wanted[step]!;
    if (only !== undefined && !Object.is(quantile, only)) continue;
    const histogram = vector.histogramAt(source.row * vector.stepCount + step);
    if (histogram === undefined) continue;
    const { value, nanEffect } = histogramQuantileOf(quantile, histogram);
    result.values[base + step] = value;
    result.kinds[base + step] = cellKind.float;
    if (nanEffect === "none") continue;
    const text = nanEffect === "skewed" ? quantileIsSkewed : quantileIsNan;
    call.run.annotations.add(text(source.metricName), call.node.args[position]!.start);
  }
}

/** Adds a row of quantiles of one classic histogram. */
function fillQuantiles(
  call: ValueCall,
  what: {
    readonly group: BucketGroup;
    readonly wanted: Float64Array;
    readonly position: number;
    readonly fixes: MonotonicityFixes;
    /** Only the steps where this quantile is wanted. */
    readonly only?: number;
  },
  result: StepVector,
  labels: Labels,
): void {
  const { group, wanted, position, fixes } = what;
  const vector = vectorArg(call, position);
  const buckets = createBuckets(group);
  const rowBases = wholeRows(vector, group);
  const base = result.addRow(labels, call.run.isNameRemovalDelayed);
  for (let step = 0; step < result.stepCount; step++) {
    const quantile = wanted[step]!;
    if (what.only !== undefined && !Object.is(quantile, what.only)) continue;
    if (rowBases === undefined || !gatherRising(vector.values, rowBases, step, buckets)) {
      gather(vector, group, step, buckets);
      if (buckets.count === 0) continue;
      if (isUsable(buckets, quantile)) {
        const fix = makeMonotonic(buckets);
        if (fix !== undefined) fixes.add(group, step, fix);
      }
    }
    result.values[base + step] = bucketQuantile(buckets, quantile);
    result.kinds[base + step] = cellKind.float;
  }
}

/**
 * Where the rows of a group begin if each has a float at every step and no two bounds are equal, so that
 * `gather` would take every count of every step as it is; else undefined.
 */
function wholeRows(vector: StepVector, group: BucketGroup): Int32Array | undefined {
  const { stepCount, kinds } = vector;
  const { rows, bounds } = group;
  if (group.isBlocked !== undefined) return undefined;
  for (let i = 1; i < bounds.length; i++) if (!(bounds[i]! > bounds[i - 1]!)) return undefined;
  const rowBases = Int32Array.from(rows, (row) => row * stepCount);
  for (const base of rowBases) {
    for (let at = base; at < base + stepCount; at++) {
      if (kinds[at] !== cellKind.float) return undefined;
    }
  }
  return rowBases;
}

/**
 * Fast path of `gather` and `makeMonotonic`: takes the counts of a step if each is the one before or
 * clearly more, so that there is nothing to correct. False where that is not so; NaN and infinities
 * are not. O(buckets), no allocation.
 */
function gatherRising(
  values: Float64Array,
  rowBases: Int32Array,
  step: number,
  into: Buckets,
): boolean {
  const { counts } = into;
  let before = values[rowBases[0]! + step]!;
  if (!(before >= 0)) return false;
  into.count = rowBases.length;
  counts[0] = before;
  for (let i = 1; i < rowBases.length; i++) {
    const count = values[rowBases[i]! + step]!;
    counts[i] = count;
    if (count === before) continue;
    if (!(count - before > count * clearDifference && count > smallestClear)) return false;
    before = count;
  }
  return true;
}

/** Whether the counts matter at all. */
function isUsable(buckets: Buckets, quantile: number): boolean {
  return quantile >= 0 && quantile <= 1 && buckets.bounds[buckets.count - 1] === Infinity;
}

/** Lifts counts below the one before; undefined where only rounding errors were found. */
function makeMonotonic(buckets: Buckets): MonotonicityFix | undefined {
  const { bounds, counts } = buckets;
  let minBucket = Infinity;
  let maxBucket = -Infinity;
  let maxDifference = 0;
  let isForced = false;
  let before = counts[0]!;
  for (let i = 1; i < buckets.count; i++) {
    const count = counts[i]!;
    if (count === before) continue;
    if (isAlmostEqual(before, count, smallDifference)) {
      counts[i] = before;
    } else if (count < before) {
      counts[i] = before;
      isForced = true;
      minBucket = Math.min(minBucket, bounds[i]!);
      maxBucket = Math.max(maxBucket, bounds[i]!);
      maxDifference = Math.max(maxDifference, before - count);
    } else {
      before = count;
    }
  }
  return isForced ? { minBucket, maxBucket, maxDifference } : undefined;
}

/** Interpolates linearly in the bucket of the rank; counts are monotonic. */
function bucketQuantile(buckets: Buckets, quantile: number): number {
  const { bounds, counts, count } = buckets;
  if (Number.isNaN(quantile)) return Number.NaN;
  if (quantile < 0) return -Infinity;
  if (quantile > 1) return Infinity;
  if (bounds[count - 1] !== Infinity || count < 2) return Number.NaN;
  const observations = counts[count - 1]!;
  if (observations === 0) return Number.NaN;
  let rank = quantile * observations;
  const bucket = firstReaching(counts, count - 1, rank);
  if (bucket === count - 1) return bounds[count - 2]!;
  if (bucket === 0 && bounds[0]! <= 0) return bounds[0]!;
  const end = bounds[bucket]!;
  if (bucket === 0) return end * (rank / counts[0]!);
  const start = bounds[bucket - 1]!;
  rank -= counts[bucket - 1]!;
  return start + (end - start) * (rank / (counts[bucket]! - counts[bucket - 1]!));
}

/** The first of `size` counts that is at least `rank`, by bisection; `size` where none is. */
function firstReaching(counts: Float64Array, size: number, rank: number): number {
  let low = 0;
  let high = size;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (counts[middle]! >= rank) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The share of observations between two values. */
function fractionOf(buckets: Buckets, lower: number, upper: number): number {
  const { bounds, counts, count } = buckets;
  if (bounds[count - 1] !== Infinity) return Number.NaN;
  const observations = counts[count - 1]!;
  if (observations === 0 || Number.isNaN(lower) || Number.isNaN(upper)) return Number.NaN;
  if (lower >= upper) return 0;
  const low = Math.min(rankOf(buckets, lower), observations);
  const high = Math.min(rankOf(buckets, upper), observations);
  return (high - low) / observations;
}

/** How many observations are below a value, interpolated linearly where the bucket has both ends. */
function rankOf(buckets: Buckets, value: number): number {
  const { bounds, counts, count } = buckets;
  let rank = 0;
  let start = bounds[0]! <= 0 ? -Infinity : 0;
  for (let i = 0; i < count; i++) {
    if (i > 0) start = bounds[i - 1]!;
    if (start >= value) return rank;
    const end = bounds[i]!;
    if (end > value) {
      if (start === -Infinity) return counts[i]!;
      return rank + ((counts[i]! - rank) * (value - start)) / (end - start);
    }
    rank = counts[i]!;
  }
  return counts[count - 1]!;
}
