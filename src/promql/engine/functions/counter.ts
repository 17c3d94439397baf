/**
 * Functions of change between samples: rate, increase, delta, irate, idelta, changes, resets. What
 * depends on neighbouring samples (resets, changes) is found once per series; a window then needs
 * only its ends and the resets inside it, added in the order in which Prometheus adds them.
 */

import { mixedFloatsHistograms } from "../annotations.ts";
import { isHistogramReset } from "../histogram/bucket-layout.ts";
import {
  histogramRate,
  lastHistogramDifference,
  type RateKind,
  resetsOf,
} from "../histogram/counter-histograms.ts";
import { isSameHistogram } from "../histogram/histogram-value.ts";
import { type EitherKind, evaluateEither, partWindows } from "../mixed-windows.ts";
import { type SampleWindows, scratchOf } from "../sample-windows.ts";
import { isStartResetAt } from "../start-timestamps.ts";
import { cellKind } from "../step-vector.ts";
import { extrapolateWithStarts } from "./counter-starts.ts";
import type { RangeCall, RangeFunction, RowCells } from "./function-call.ts";

export const counterFunctions = {
  rate: rateFunction({ isCounter: true, isPerSecond: true }),
  increase: rateFunction({ isCounter: true, isPerSecond: false }),
  delta: rateFunction({ isCounter: false, isPerSecond: false }),
  irate: lastDifferenceFunction(true),
  idelta: lastDifferenceFunction(false),
  changes: {
    kind: "range",
    evaluateRow: (windows, row) => countFloatEvents(windows, row, isChange),
    evaluateMixedRow: (windows, row) => countEvents(windows, row, changesAt(windows)),
  },
  resets: {
    kind: "range",
    evaluateRow: (windows, row) =>
      windows.startTimesMs === undefined
        ? countFloatEvents(windows, row, isReset)
        : countEvents(windows, row, resetsAt(windows)),
    evaluateMixedRow: (windows, row) => countEvents(windows, row, resetsAt(windows)),
  },
} as const satisfies Record<string, RangeFunction>;

/** rate, increase, delta. */
function rateFunction(kind: RateKind): RangeFunction {
  const { isCounter, isPerSecond } = kind;
  const evaluateRow: RangeFunction["evaluateRow"] = (windows, row, call) => {
    const perSeconds = isPerSecond ? windows.rangeMs / 1000 : 1;
    if (windows.startTimesMs === undefined) extrapolate(windows, row, isCounter, perSeconds);
    else extrapolateWithStarts(windows, row, call, perSeconds);
  };
  return {
    kind: "range",
    isForCounters: isCounter,
    readsEndsOnly: true,
    evaluateRow,
    evaluateMixedRow(windows, row, call) {
      let isResetAt: Uint8Array | undefined;
      const histogram: EitherKind["histogram"] = (histograms, step) => {
        isResetAt ??= resetsOf(histograms);
        return histogramRate(histograms, step, call, { ...kind, isReset: isResetAt });
      };
      evaluateEither({ floats: evaluateRow, histogram }, windows, row, call);
    },
  };
}

/** irate, idelta. */
function lastDifferenceFunction(isRate: boolean): RangeFunction {
  return {
    kind: "range",
    evaluateRow: (windows, row) => lastDifference(windows, row, isRate),
    evaluateMixedRow: (windows, row, call) => lastMixedDifference(windows, row, call, isRate),
  };
}

/**
 * How far each window is taken to reach beyond its samples: to an edge that is near (1.1 mean distances
 * of samples), else half a mean distance. Rows of `memo`, one number a step; behind them `stretchAt`:
 */
const reachRows = {
  /** What the difference is multiplied with; NaN where there are fewer than two samples. */
  factor: 0,
  /** Seconds between first and last sample, before the first, behind the last. */
  sampled: 1,
  toStart: 2,
  toEnd: 3,
  count: 4,
} as const;

/** Places behind the rows. */
const stretchAt = {
  /** The steps [from, to) have two samples in their windows, no others; `to` is -1 where there are gaps. */
  from: 0,
  to: 1,
  /** The longest reach before a first sample in parts of the time sampled. */
  longest: 2,
  count: 3,
} as const;

/**
 * Steps that are asked together whether a counter's zero may be near: the least first value of their
 * windows against the largest difference.
 */
const stepsPerLook = 32;

/** A counter's zero is certainly not inside a reach that it misses by more than this. */
const zeroMargin = 1 + 1e-6;

/**
 * The difference between the ends of each window, resets added where `isCounter`, extrapolated to
 * the window's edges; divided by `perSeconds`. A counter is not taken to begin before it was 0.
 * O(steps + resets in windows); series with the times of the one before cost no division.
 */
function extrapolate(
  windows: SampleWindows,
  row: RowCells,
  isCounter: boolean,
  perSeconds: number,
): void {
  windows.memo ??= measureReach(windows, perSeconds);
  const { values, from, to, memo } = windows;
  const { values: results, kinds, base } = row;
  const steps = from.length;
  const sampledAt = reachRows.sampled * steps;
  const toStartAt = reachRows.toStart * steps;
  const resets = isCounter ? resetPositions(windows) : noResets;
  row.from = memo[reachRows.count * steps + stretchAt.from]!;
  row.to = memo[reachRows.count * steps + stretchAt.to]!;
  if (resets.length === 0 && row.to >= 0) {
    extrapolateSteadily(windows, memo, row, { isCounter, perSeconds });
    return;
  }
  let nextReset = 0;
  for (let step = 0; step < steps; step++) {
    const first = from[step]!;
    const last = to[step]! - 1;
    if (last <= first) continue;
    const firstValue = values[first]!;
    let difference = values[last]! - firstValue;
    while (nextReset < resets.length && resets[nextReset]! <= first) nextReset++;
    for (let r = nextReset; r < resets.length && resets[r]! <= last; r++) {
      difference += values[resets[r]! - 1]!;
    }
    let factor = memo[step]!;
    const reached = memo[toStartAt + step]! * difference * zeroMargin;
    if (isCounter && difference > 0 && firstValue * memo[sampledAt + step]! <= reached) {
      factor = factorFromZero(memo, step, steps, { firstValue, difference, perSeconds });
    }
    results[base + step] = difference * factor;
    kinds[base + step] = cellKind.float;
  }
}

/** Fast path: no resets, and no gap between the first window with two samples and the last. */
function extrapolateSteadily(
  windows: SampleWindows,
  memo: Float64Array,
  row: RowCells,
  { isCounter, perSeconds }: { readonly isCounter: boolean; readonly perSeconds: number },
): void {
  const { values, from, to } = windows;
  const { values: results, kinds, base } = row;
  const longest = memo[reachRows.count * from.length + stretchAt.longest]!;
  const isRising = windows.risingCount >= windows.count;
  kinds.fill(cellKind.float, base + row.from, base + row.to);
  for (let begin = row.from; begin < row.to; begin += stepsPerLook) {
    const end = Math.min(row.to, begin + stepsPerLook);
    const least = values[from[begin]!]!;
    const most = values[to[end - 1]! - 1]! - least;
    // Nothing rose: most counters stand still most of the time.
    if (isRising && most === 0) {
      results.fill(0, base + begin, base + end);
      continue;
    }
    // No window of these begins lower or rises more. False where anything is NaN.
    if (!isCounter || (isRising && least > longest * most)) {
      for (let step = begin; step < end; step++) {
        results[base + step] = (values[to[step]! - 1]! - values[from[step]!]!) * memo[step]!;
      }
    } else extrapolateNearZero(windows, memo, row, { begin, end, perSeconds });
  }
}

/** Steps [begin, end) of a counter that may have begun inside the reach of a window. */
function extrapolateNearZero(
  { values, from, to }: SampleWindows,
  memo: Float64Array,
  { values: results, base }: RowCells,
  at: { readonly begin: number; readonly end: number; readonly perSeconds: number },
): void {
  const { begin, end, perSeconds } = at;
  const steps = from.length;
  const sampledAt = reachRows.sampled * steps;
  const toStartAt = reachRows.toStart * steps;
  for (let step = begin; step < end; step++) {
    const firstValue = values[from[step]!]!;
    const difference = values[to[step]! - 1]! - firstValue;
    let factor = memo[step]!;
    const reached = memo[toStartAt + step]! * difference * zeroMargin;
    if (difference > 0 && firstValue * memo[sampledAt + step]! <= reached) {
      factor = factorFromZero(memo, step, steps, { firstValue, difference, perSeconds });
    }
    results[base + step] = difference * factor;
  }
}

const noResets: readonly number[] = [];

/** Works out `reachRows`. Scrapes are regular: a window is mostly like the one before. */
function measureReach(windows: SampleWindows, perSeconds: number): Float64Array {
  const { timestampsMs, from, to, endMs, rangeMs } = windows;
  const steps = from.length;
  const reach = new Float64Array(steps * reachRows.count + stretchAt.count);
  let begin = -1;
  let after = 0;
  let measured = 0;
  let longest = 0;
  for (let step = 0; step < steps; step++) {
    const first = from[step]!;
    const last = to[step]! - 1;
    if (last <= first) {
      reach[step] = Number.NaN;
      continue;
    }
    if (begin < 0) begin = step;
    after = step + 1;
    measured++;
    const sampledMs = timestampsMs[last]! - timestampsMs[first]!;
    const afterMs = endMs[step]! - timestampsMs[last]!;
    const beforeMs = rangeMs - afterMs - sampledMs;
    const sampled = sampledMs / 1000;
    const meanDistance = sampled / (last - first);
    const near = meanDistance * 1.1;
    const toStart = beforeMs / 1000 >= near ? meanDistance / 2 : beforeMs / 1000;
    const toEnd = afterMs / 1000 >= near ? meanDistance / 2 : afterMs / 1000;
    reach[reachRows.factor * steps + step] = (sampled + toStart + toEnd) / sampled / perSeconds;
    reach[reachRows.sampled * steps + step] = sampled;
    reach[reachRows.toStart * steps + step] = toStart;
    reach[reachRows.toEnd * steps + step] = toEnd;
    longest = Math.max(longest, toStart / sampled);
  }
  const behind = reachRows.count * steps;
  reach[behind + stretchAt.from] = Math.max(0, begin);
  reach[behind + stretchAt.to] = measured === 0 || after - begin === measured ? after : -1;
  reach[behind + stretchAt.longest] = longest * zeroMargin * zeroMargin;
  return reach;
}

/** The factor where the line through the window's ends may meet 0 before the reach begins. */
function factorFromZero(
  memo: Float64Array,
  step: number,
  steps: number,
  line: { readonly firstValue: number; readonly difference: number; readonly perSeconds: number },
): number {
  const { firstValue, difference, perSeconds } = line;
  const factor = memo[step]!;
  if (!(difference > 0 && firstValue >= 0)) return factor;
  const sampled = memo[reachRows.sampled * steps + step]!;
  const toZero = sampled * (firstValue / difference);
  if (!(toZero < memo[reachRows.toStart * steps + step]!)) return factor;
  return (sampled + toZero + memo[reachRows.toEnd * steps + step]!) / sampled / perSeconds;
}

/** Indices of the samples that are less than the one before. */
function resetPositions(windows: SampleWindows): readonly number[] {
  const { values, count, risingCount } = windows;
  if (risingCount >= count) return noResets;
  const positions: number[] = [];
  for (let i = Math.max(1, risingCount); i < count; i++) {
    if (values[i]! < values[i - 1]!) positions.push(i);
  }
  return positions;
}

function lastDifference(windows: SampleWindows, row: RowCells, isRate: boolean): void {
  const { timestampsMs, values, from, to } = windows;
  for (let step = 0; step < from.length; step++) {
    const last = to[step]! - 1;
    const before = last - 1;
    if (before < from[step]!) continue;
    const intervalMs = timestampsMs[last]! - timestampsMs[before]!;
    if (intervalMs === 0) continue;
    const isAfterReset =
      isRate && (values[last]! < values[before]! || isStartResetAt(windows, last));
    const difference = isAfterReset ? values[last]! : values[last]! - values[before]!;
    row.values[row.base + step] = isRate ? difference / (intervalMs / 1000) : difference;
    row.kinds[row.base + step] = cellKind.float;
  }
}

/** The last two samples may be histograms, or one of each kind, which gives a warning only. */
function lastMixedDifference(
  windows: SampleWindows,
  row: RowCells,
  call: RangeCall,
  isRate: boolean,
): void {
  const { histograms = [], from, to } = windows;
  const parted = partWindows(windows);
  const { metricName } = parted.histograms;
  /** Histograms before each sample. */
  const before = [0];
  for (let i = 0; i < windows.count; i++) {
    before.push(before[i]! + (histograms[i] === undefined ? 0 : 1));
  }
  const { floats } = parted;
  for (let step = 0; step < from.length; step++) {
    const last = to[step]! - 1;
    if (last - 1 < from[step]!) continue;
    const found = before[last + 1]! - before[last - 1]!;
    if (found > 0) floats.to[step] = floats.from[step]!;
    if (found === 1) {
      call.run.annotations.add(mixedFloatsHistograms(metricName), call.rangeStart);
    } else if (found === 2) {
      const range = { before: before[last - 1]!, last: before[last]! };
      const value = lastHistogramDifference(parted.histograms, range, call, isRate);
      if (value !== undefined) row.vector.setHistogram(row.base + step, value);
    }
  }
  lastDifference(floats, row, isRate);
}

/** Per sample: 1 where it differs from the one before. A float and a histogram differ. */
function changesAt(windows: SampleWindows): Uint8Array {
  const { histograms = [], values } = windows;
  return eventsOf(windows, (index) => {
    const before = histograms[index - 1];
    const current = histograms[index];
    if (before === undefined && current === undefined) {
      return isChange(values[index - 1]!, values[index]!);
    }
    return before === undefined || current === undefined || !isSameHistogram(before, current);
  });
}

/** Per sample: 1 where the counter was reset before it. From a float to a histogram is a reset. */
function resetsAt(windows: SampleWindows): Uint8Array {
  const { histograms = [], values } = windows;
  return eventsOf(windows, (index) => {
    const before = histograms[index - 1];
    const current = histograms[index];
    if ((before === undefined) !== (current === undefined)) return true;
    if (isStartResetAt(windows, index)) return true;
    return before === undefined || current === undefined
      ? isReset(values[index - 1]!, values[index]!)
      : isHistogramReset(current, before);
  });
}

function eventsOf(windows: SampleWindows, isEvent: (index: number) => boolean): Uint8Array {
  const events = new Uint8Array(windows.count);
  for (let i = 1; i < windows.count; i++) if (isEvent(i)) events[i] = 1;
  return events;
}

function isChange(before: number, value: number): boolean {
  return value !== before && !(Number.isNaN(value) && Number.isNaN(before));
}

function isReset(before: number, value: number): boolean {
  return value < before;
}

/** How many samples of a window, its first apart, stand to the one before as `isEvent` says. */
function countFloatEvents(
  windows: SampleWindows,
  row: RowCells,
  isEvent: (before: number, value: number) => boolean,
): void {
  const { values, count } = windows;
  const eventsUpTo = scratchOf(windows, count);
  eventsUpTo[0] = 0;
  for (let i = 1; i < count; i++) {
    eventsUpTo[i] = eventsUpTo[i - 1]! + (isEvent(values[i - 1]!, values[i]!) ? 1 : 0);
  }
  countBetween(windows, row, eventsUpTo);
}

/** The same with events already found. */
function countEvents(windows: SampleWindows, row: RowCells, events: Uint8Array): void {
  const eventsUpTo = scratchOf(windows, windows.count);
  let seen = 0;
  for (let i = 0; i < windows.count; i++) {
    seen += events[i]!;
    eventsUpTo[i] = seen;
  }
  countBetween(windows, row, eventsUpTo);
}

function countBetween(windows: SampleWindows, row: RowCells, eventsUpTo: Float64Array): void {
  const { from, to } = windows;
  for (let step = 0; step < from.length; step++) {
    const first = from[step]!;
    const last = to[step]! - 1;
    if (last < first) continue;
    row.values[row.base + step] = eventsUpTo[last]! - eventsUpTo[first]!;
    row.kinds[row.base + step] = cellKind.float;
  }
}

/** Name suffixes of counters. */
const counterSuffixes: readonly string[] = ["_total", "_sum", "_count", "_bucket"];

/** Whether a metric's name does not look like a counter's. */
export function isNotCounterName(metricName: string): boolean {
  return metricName !== "" && !counterSuffixes.some((suffix) => metricName.endsWith(suffix));
}
