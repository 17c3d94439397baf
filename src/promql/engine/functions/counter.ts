/**
 * Functions of change between samples: rate, increase, delta, irate, idelta, changes, resets. What
 * depends on neighbouring samples (resets, changes) is found once per series; a window then needs
 * only its ends and the resets inside it, added in the order in which Prometheus adds them.
 */

import { type SampleWindows, scratchOf } from "../sample-windows.ts";
import { cellKind } from "../step-vector.ts";
import type { RangeFunction, RowCells } from "./function-call.ts";

export const counterFunctions = {
  rate: {
    kind: "range",
    isForCounters: true,
    evaluateRow: (windows, row) => extrapolate(windows, row, true, windows.rangeMs / 1000),
  },
  increase: {
    kind: "range",
    isForCounters: true,
    evaluateRow: (windows, row) => extrapolate(windows, row, true, 0),
  },
  delta: {
    kind: "range",
    evaluateRow: (windows, row) => extrapolate(windows, row, false, 0),
  },
  irate: { kind: "range", evaluateRow: (windows, row) => lastDifference(windows, row, true) },
  idelta: { kind: "range", evaluateRow: (windows, row) => lastDifference(windows, row, false) },
  changes: { kind: "range", evaluateRow: (windows, row) => countEvents(windows, row, isChange) },
  resets: { kind: "range", evaluateRow: (windows, row) => countEvents(windows, row, isReset) },
} as const satisfies Record<string, RangeFunction>;

/**
 * The difference between the ends of each window, resets added where `isCounter`, extrapolated to
 * the window's edges; divided by `perSeconds` unless that is 0.
 */
function extrapolate(
  windows: SampleWindows,
  row: RowCells,
  isCounter: boolean,
  perSeconds: number,
): void {
  const { values, from, to } = windows;
  const resets = isCounter ? resetPositions(windows) : [];
  let nextReset = 0;
  for (let step = 0; step < from.length; step++) {
    const first = from[step]!;
    const last = to[step]! - 1;
    if (last <= first) continue;
    let difference = values[last]! - values[first]!;
    while (nextReset < resets.length && resets[nextReset]! <= first) nextReset++;
    for (let r = nextReset; r < resets.length && resets[r]! <= last; r++) {
      difference += values[resets[r]! - 1]!;
    }
    const factor = extrapolationFactor(windows, step, difference, isCounter);
    row.values[row.base + step] = difference * (perSeconds === 0 ? factor : factor / perSeconds);
    row.kinds[row.base + step] = cellKind.float;
  }
}

/** Indices of the samples that are less than the one before. */
function resetPositions(windows: SampleWindows): readonly number[] {
  const { values, count } = windows;
  const positions: number[] = [];
  for (let i = 1; i < count; i++) if (values[i]! < values[i - 1]!) positions.push(i);
  return positions;
}

/**
 * How much longer the window is taken to be than its samples reach: to an edge that is near (1.1
 * mean distances of samples), else half a mean distance; for a counter not beyond where it was 0.
 */
function extrapolationFactor(
  windows: SampleWindows,
  step: number,
  difference: number,
  isCounter: boolean,
): number {
  const { timestampsMs, values } = windows;
  const first = windows.from[step]!;
  const last = windows.to[step]! - 1;
  const firstMs = timestampsMs[first]!;
  const lastMs = timestampsMs[last]!;
  const endMs = windows.endMs[step]!;
  let toStart = (firstMs - (endMs - windows.rangeMs)) / 1000;
  let toEnd = (endMs - lastMs) / 1000;
  const sampled = (lastMs - firstMs) / 1000;
  const meanDistance = sampled / (last - first);
  const near = meanDistance * 1.1;
  if (toStart >= near) toStart = meanDistance / 2;
  if (isCounter && difference > 0 && values[first]! >= 0) {
    const toZero = sampled * (values[first]! / difference);
    if (toZero < toStart) toStart = toZero;
  }
  if (toEnd >= near) toEnd = meanDistance / 2;
  return (sampled + toStart + toEnd) / sampled;
}

function lastDifference(windows: SampleWindows, row: RowCells, isRate: boolean): void {
  const { timestampsMs, values, from, to } = windows;
  for (let step = 0; step < from.length; step++) {
    const last = to[step]! - 1;
    const before = last - 1;
    if (before < from[step]!) continue;
    const intervalMs = timestampsMs[last]! - timestampsMs[before]!;
    if (intervalMs === 0) continue;
    const isAfterReset = isRate && values[last]! < values[before]!;
    const difference = isAfterReset ? values[last]! : values[last]! - values[before]!;
    row.values[row.base + step] = isRate ? difference / (intervalMs / 1000) : difference;
    row.kinds[row.base + step] = cellKind.float;
  }
}

function isChange(before: number, value: number): boolean {
  return value !== before && !(Number.isNaN(value) && Number.isNaN(before));
}

function isReset(before: number, value: number): boolean {
  return value < before;
}

/** How many samples of a window, its first apart, stand to the one before as `isEvent` says. */
function countEvents(
  windows: SampleWindows,
  row: RowCells,
  isEvent: (before: number, value: number) => boolean,
): void {
  const { values, count, from, to } = windows;
  const eventsUpTo = scratchOf(windows, count);
  eventsUpTo[0] = 0;
  for (let i = 1; i < count; i++) {
    eventsUpTo[i] = eventsUpTo[i - 1]! + (isEvent(values[i - 1]!, values[i]!) ? 1 : 0);
  }
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
