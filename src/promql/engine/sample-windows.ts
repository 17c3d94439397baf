/**
 * Range vectors: the samples of one series with, for each step, the window of samples that a range
 * function sees. Samples lie in flat arrays, stale markers removed; the window of step s is
 * [from[s], to[s]): times in (endMs[s] - range, endMs[s]]. Windows only move forward, so finding
 * them is O(steps + samples).
 */

import { Labels } from "../../model/labels.ts";
import { SampleBuffer } from "../../model/sample.ts";
import type { Series } from "../../storage/storage.ts";
import { type HistogramValue, withHint } from "./histogram/histogram-value.ts";
import { readHistograms } from "./histogram/read-histograms.ts";
import { arePlaced, type PlacedTimes } from "./placed-times.ts";
import type { SubqueryNode, TimeShift } from "./plan-node.ts";
import { lastStepMs, type StepGrid } from "./step-grid.ts";
import { cellKind, type StepVector } from "./step-vector.ts";

/** Above this share of samples it is quicker to take all. */
const sparseShareMax = 0.6;

/** One series for a range function. Reused from series to series: valid during one call. */
export interface SampleWindows extends PlacedTimes {
  /** Samples of all windows, oldest first; only the first `count` count. */
  timestampsMs: Float64Array;
  values: Float64Array;
  count: number;
  /** Where `histograms?.[i]` is set sample i is that, and its value means nothing. Undefined where all are floats. */
  histograms: readonly (HistogramValue | undefined)[] | undefined;
  /** When what each sample counts began, ms, 0 where unknown; undefined where no sample has it or nobody asks. */
  startTimesMs: Float64Array | undefined;
  /** Of the series, as it was read. */
  labels: Labels;
  /** Per step: first sample of the window, and the one after its last. */
  readonly from: Int32Array;
  readonly to: Int32Array;
  /** Per step: the right end of the window, ms, inclusive. */
  readonly endMs: Float64Array;
  readonly rangeMs: number;
  /** Samples in the fullest window, and in all windows together. */
  fullest: number;
  total: number;
  /** Samples in some window that were not in the one before: those that had to be read. */
  fresh: number;
  /** The function reads only the ends of windows where no sample is less than the one before. */
  readsEndsOnly: boolean;
  /** Those ends, for the times placed, once a second series had them; empty where they are most samples. */
  ends: Int32Array | undefined;
  /** For the times placed, where windows cut the samples (functions/over-time.ts); undefined until asked for. */
  runs: Int32Array | undefined;
  /** Samples before this one are known to be numbers, none less than the one before. */
  risingCount: number;
  /** Memory for a function's own use during one call; see `scratchOf`. */
  scratch: Float64Array;
  /**
   * What a function worked out from times and windows alone; undefined once those are others. Series of
   * one target mostly have the same times.
   */
  memo: Float64Array | undefined;
}

/** At least `size` floats to work with; what is in them is of no meaning. */
export function scratchOf(windows: SampleWindows, size: number): Float64Array {
  if (windows.scratch.length < size) windows.scratch = new Float64Array(size + (size >> 1));
  return windows.scratch;
}

/** Where the windows lie: a range selector's or subquery's node has it. */
export interface WindowPlan {
  readonly grid: StepGrid;
  readonly shift: TimeShift;
  readonly rangeMs: number;
  /** Histograms are read without their buckets. */
  readonly isStatisticsOnly?: boolean;
  /** Start timestamps are read. */
  readonly readsStarts?: boolean;
}

/** Empty windows for a node; fill them with `loadSeries` or `loadRow`. */
export function createWindows(node: WindowPlan): SampleWindows {
  const { grid, shift, rangeMs } = node;
  const endMs = new Float64Array(grid.stepCount);
  for (let step = 0; step < grid.stepCount; step++) {
    endMs[step] = (shift.atMs ?? grid.startMs + step * grid.stepMs) - shift.offsetMs;
  }
  return {
    timestampsMs: new Float64Array(0),
    values: new Float64Array(0),
    count: 0,
    histograms: undefined,
    startTimesMs: undefined,
    labels: Labels.empty,
    from: new Int32Array(grid.stepCount),
    to: new Int32Array(grid.stepCount),
    endMs,
    rangeMs,
    fullest: 0,
    total: 0,
    fresh: 0,
    readsEndsOnly: false,
    ends: undefined,
    runs: undefined,
    risingCount: 0,
    scratch: new Float64Array(0),
    memo: undefined,
    placedTimesMs: new Float64Array(0),
    placedCount: -1,
  };
}

/** Reads a stored series between the ends of the windows. `extraMs` widens the left end (anchored, smoothed). */
export function loadSeries(
  windows: SampleWindows,
  series: Series,
  node: WindowPlan,
  buffer: SampleBuffer,
  widen: { readonly leftMs: number; readonly rightMs: number } = { leftMs: 0, rightMs: 0 },
): void {
  const { grid, shift, rangeMs } = node;
  const firstMs = (shift.atMs ?? grid.startMs) - shift.offsetMs;
  const lastMs = (shift.atMs ?? lastStepMs(grid)) - shift.offsetMs;
  buffer.want(windows.ends, windows.placedCount, true);
  readWanted(series, buffer, firstMs - rangeMs + 1 - widen.leftMs, lastMs + widen.rightMs);
  windows.labels = series.labels;
  windows.histograms =
    buffer.histograms === undefined
      ? undefined
      : readHistograms(buffer, node.isStatisticsOnly === true);
  windows.startTimesMs =
    node.readsStarts === true ? buffer.startTimestampsMs?.slice(0, buffer.count) : undefined;
  windows.count = removeStale(buffer, windows.startTimesMs);
  windows.timestampsMs = buffer.timestampsMs;
  windows.values = buffer.values;
  windows.risingCount = buffer.risingCount;
  placeWindows(windows, buffer.sameTimesCount, widen);
}

/** Reads into a cleared buffer; a second time, without wishes, where values were left out that count after all. */
export function readWanted(
  series: Pick<Series, "readSamples">,
  buffer: SampleBuffer,
  startMs: number,
  endMs: number,
): void {
  buffer.clear();
  series.readSamples(buffer, startMs, endMs);
  if (!buffer.isBroken) return;
  buffer.clearForAll();
  series.readSamples(buffer, startMs, endMs);
}

/** The first and last sample of each window, as `sparseIndices`. */
function endsOf({ from, to, count }: SampleWindows): Int32Array {
  const isEnd = new Uint8Array(count);
  for (let step = 0; step < from.length; step++) {
    if (to[step]! <= from[step]!) continue;
    isEnd[from[step]!] = 1;
    isEnd[to[step]! - 1] = 1;
  }
  return sparseIndices(isEnd);
}

/** Indices of what is not 0, ascending; none where these are most. */
export function sparseIndices(flags: Uint8Array): Int32Array {
  let found = 0;
  for (const flag of flags) if (flag !== 0) found++;
  if (found > flags.length * sparseShareMax) return new Int32Array(0);
  const indices = new Int32Array(found);
  let at = 0;
  for (let i = 0; i < flags.length; i++) if (flags[i] !== 0) indices[at++] = i;
  return indices;
}

/** Takes the values of a subquery's row as samples. `buffer` holds them. */
export function loadRow(
  windows: SampleWindows,
  inner: StepVector,
  row: number,
  node: SubqueryNode,
  buffer: SampleBuffer,
): void {
  const { startMs, stepMs } = node.inner.grid;
  const base = row * inner.stepCount;
  buffer.clear();
  buffer.reserve(inner.stepCount);
  const { timestampsMs, values } = buffer;
  const histograms: (HistogramValue | undefined)[] = [];
  let hasHistograms = false;
  let count = 0;
  for (let step = 0; step < inner.stepCount; step++) {
    const kind = inner.kinds[base + step]!;
    if (kind === cellKind.absent) continue;
    timestampsMs[count] = startMs + step * stepMs;
    values[count] = inner.values[base + step]!;
    if (inner.hasHistograms) histograms.push(withoutResetHint(inner.histogramAt(base + step)));
    if (kind === cellKind.histogram) hasHistograms = true;
    count++;
  }
  windows.labels = inner.labels[row] as Labels;
  windows.histograms = hasHistograms ? histograms : undefined;
  buffer.count = count;
  windows.count = count;
  windows.timestampsMs = timestampsMs;
  windows.values = values;
  windows.risingCount = 0;
  placeWindows(windows, 0, { leftMs: 0, rightMs: 0 });
}

/**
 * A subquery may skip samples or repeat them, so what a sample knows of the one before it is not true
 * of its results.
 */
function withoutResetHint(histogram: HistogramValue | undefined): HistogramValue | undefined {
  return histogram === undefined || histogram.hint === "gauge"
    ? histogram
    : withHint(histogram, "unknown");
}

/** Closes the gaps that stale markers leave; returns the samples left. Histograms have none. */
function removeStale(buffer: SampleBuffer, startTimesMs: Float64Array | undefined): number {
  const { timestampsMs, values, count, plainCount } = buffer;
  let kept = plainCount;
  for (let i = plainCount; i < count; i++) {
    const value = values[i]!;
    if (Number.isNaN(value) && buffer.isStale(i)) {
      if (kept === i) {
        // From here on times are changed in place.
        buffer.cutAt(i);
        buffer.count = count;
      }
      continue;
    }
    if (kept !== i) {
      timestampsMs[kept] = timestampsMs[i]!;
      values[kept] = value;
      if (startTimesMs !== undefined) startTimesMs[kept] = startTimesMs[i]!;
    }
    kept++;
  }
  return kept;
}

/**
 * Both ends move forward. Scrapes are regular, so each end is first tried as far on as it moved last
 * time, which spares most of the looking. Nothing to do where the times are those of the series before; those of samples before `sameCount` are.
 */
function placeWindows(
  windows: SampleWindows,
  sameCount: number,
  { leftMs, rightMs }: { readonly leftMs: number; readonly rightMs: number },
): void {
  if (arePlaced(windows, windows.timestampsMs, windows.count, sameCount)) {
    if (windows.readsEndsOnly) windows.ends ??= endsOf(windows);
    return;
  }
  windows.ends = undefined;
  windows.runs = undefined;
  windows.memo = undefined;
  const { timestampsMs, count, from, to, endMs, rangeMs } = windows;
  let first = 0;
  let after = 0;
  let firstMove = 0;
  let afterMove = 0;
  let fullest = 0;
  let total = 0;
  let fresh = 0;
  for (let step = 0; step < endMs.length; step++) {
    const seen = after;
    const end = advance(timestampsMs, count, after, afterMove, endMs[step]! + rightMs);
    afterMove = end - after;
    after = end;
    const begin = advance(timestampsMs, count, first, firstMove, endMs[step]! - rangeMs - leftMs);
    firstMove = begin - first;
    first = begin;
    from[step] = first;
    to[step] = after;
    const size = after - first;
    total += size;
    fresh += Math.max(0, after - Math.max(first, seen));
    if (size > fullest) fullest = size;
  }
  windows.fullest = fullest;
  windows.total = total;
  windows.fresh = fresh;
}

/** Index of the first sample after `timeMs`, looked for from `index`, first at `index + guess`. */
function advance(
  timestampsMs: Float64Array,
  count: number,
  index: number,
  guess: number,
  timeMs: number,
): number {
  let at = index + guess;
  if (guess > 0 && at <= count && timestampsMs[at - 1]! <= timeMs) {
    if (at === count || timestampsMs[at]! > timeMs) return at;
  } else {
    at = index;
  }
  while (at < count && timestampsMs[at]! <= timeMs) at++;
  return at;
}

/** Index of the first of [from, end) after `timeMs`, `end` where there is none. By bisection. */
export function firstAfter(
  timestampsMs: Float64Array,
  from: number,
  end: number,
  timeMs: number,
): number {
  let low = from;
  let high = end;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (timestampsMs[middle]! > timeMs) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** One series of a range vector result. */
export interface RangeSeries {
  readonly labels: Labels;
  /** Floats. */
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
  readonly histograms?: readonly TimedHistogram[];
}

/** A histogram sample of a range vector. */
export interface TimedHistogram {
  readonly timestampMs: number;
  readonly histogram: HistogramValue;
}

/** The window of the first step as arrays of its own. */
export function copyFirstWindow(windows: SampleWindows, labels: Labels): RangeSeries {
  const from = windows.from[0] ?? 0;
  const to = windows.to[0] ?? 0;
  const timestampsMs = windows.timestampsMs.slice(from, to);
  const values = windows.values.slice(from, to);
  if (windows.histograms === undefined) return { labels, timestampsMs, values };
  const histograms: TimedHistogram[] = [];
  let floats = 0;
  for (let i = 0; i < values.length; i++) {
    const histogram = windows.histograms[from + i];
    if (histogram !== undefined) {
      histograms.push({ timestampMs: timestampsMs[i]!, histogram });
      continue;
    }
    timestampsMs[floats] = timestampsMs[i]!;
    values[floats++] = values[i]!;
  }
  const own = {
    labels,
    timestampsMs: timestampsMs.slice(0, floats),
    values: values.slice(0, floats),
  };
  return histograms.length === 0 ? own : { ...own, histograms };
}

/** A buffer to read series into. */
export function createReadBuffer(): SampleBuffer {
  return new SampleBuffer(4096);
}
