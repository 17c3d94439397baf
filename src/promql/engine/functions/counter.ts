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
 * How far a window is taken to reach beyond its samples: to an edge that is near (1.1 mean distances
 * of samples), else half a mean distance. Scrapes are regular, so it is mostly that of the step before.
 */
interface Reach {
  /** What it was worked out for: ms from edge to sample, between first and last sample, samples less one. */
  beforeMs: number;
  afterMs: number;
  sampledMs: number;
  intervals: number;
  /** Seconds. */
  sampled: number;
  toStart: number;
  toEnd: number;
  /** What the difference is multiplied with. */
  factor: number;
}

/** A counter's zero is certainly not inside a reach that it misses by more than this. */
const zeroMargin = 1 + 1e-6;

/**
 * The difference between the ends of each window, resets added where `isCounter`, extrapolated to
 * the window's edges; divided by `perSeconds`. A counter is not taken to begin before it was 0.
 * O(steps + resets in windows); windows like the one before cost no division.
 */
function extrapolate(
  windows: SampleWindows,
  row: RowCells,
  isCounter: boolean,
  perSeconds: number,
): void {
  const { timestampsMs, values, from, to, endMs, rangeMs } = windows;
  const resets = isCounter ? resetPositions(windows) : [];
  const reach = createReach();
  let nextReset = 0;
  for (let step = 0; step < from.length; step++) {
    const first = from[step]!;
    const last = to[step]! - 1;
    if (last <= first) continue;
    const firstValue = values[first]!;
    let difference = values[last]! - firstValue;
    while (nextReset < resets.length && resets[nextReset]! <= first) nextReset++;
    for (let r = nextReset; r < resets.length && resets[r]! <= last; r++) {
      difference += values[resets[r]! - 1]!;
    }
    const sampledMs = timestampsMs[last]! - timestampsMs[first]!;
    const afterMs = endMs[step]! - timestampsMs[last]!;
    const beforeMs = rangeMs - afterMs - sampledMs;
    if (
      sampledMs !== reach.sampledMs ||
      beforeMs !== reach.beforeMs ||
      last - first !== reach.intervals
    ) {
      reach.beforeMs = beforeMs;
      reach.afterMs = afterMs;
      reach.sampledMs = sampledMs;
      reach.intervals = last - first;
      measure(reach, perSeconds);
    }
    let { factor } = reach;
    if (isCounter && firstValue * reach.sampled <= reach.toStart * difference * zeroMargin) {
      factor = factorFromZero(reach, firstValue, difference, perSeconds);
    }
    row.values[row.base + step] = difference * factor;
    row.kinds[row.base + step] = cellKind.float;
  }
}

function createReach(): Reach {
  return {
    beforeMs: -1,
    afterMs: -1,
    sampledMs: -1,
    intervals: 0,
    sampled: 0,
    toStart: 0,
    toEnd: 0,
    factor: 0,
  };
}

function measure(reach: Reach, perSeconds: number): void {
  reach.sampled = reach.sampledMs / 1000;
  const meanDistance = reach.sampled / reach.intervals;
  const near = meanDistance * 1.1;
  const toStart = reach.beforeMs / 1000;
  const toEnd = reach.afterMs / 1000;
  reach.toStart = toStart >= near ? meanDistance / 2 : toStart;
  reach.toEnd = toEnd >= near ? meanDistance / 2 : toEnd;
  reach.factor = (reach.sampled + reach.toStart + reach.toEnd) / reach.sampled / perSeconds;
}

/** The factor where the line through the window's ends may meet 0 before the reach begins. */
function factorFromZero(
  reach: Reach,
  firstValue: number,
  increase: number,
  perSeconds: number,
): number {
  if (!(increase > 0 && firstValue >= 0)) return reach.factor;
  const toZero = reach.sampled * (firstValue / increase);
  if (!(toZero < reach.toStart)) return reach.factor;
  return (reach.sampled + toZero + reach.toEnd) / reach.sampled / perSeconds;
}

/** Indices of the samples that are less than the one before. */
function resetPositions(windows: SampleWindows): readonly number[] {
  const { values, count } = windows;
  const positions: number[] = [];
  for (let i = 1; i < count; i++) if (values[i]! < values[i - 1]!) positions.push(i);
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
