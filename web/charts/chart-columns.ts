/**
 * Series as the columns a chart draws: one shared, ascending time column and a value column a series,
 * null where a series has no sample, so that its line breaks there. Pure, O(samples + columns).
 */

import type { QuerySeries } from "../api/query-series.ts";

/** Values of one series at the shared times; null is a hole. */
export type Column = (number | null)[];

/** What a chart draws. `times` in seconds, as uPlot wants them. */
export interface ChartColumns {
  readonly times: number[];
  readonly columns: readonly Column[];
}

/** Series a chart draws; the rest is counted in a note (UI.md 5). */
const seriesDrawnMax = 300;
const seriesKeptMax = 50;

/** Lays `series` on their common times. With one step the grid is regular; with several it is the union. */
export function alignSeries(
  series: readonly QuerySeries[],
  window: { readonly fromMs: number; readonly toMs: number; readonly stepMs: number },
): ChartColumns {
  const grid = regularGrid(series, window);
  const timesMs = grid ?? unionOfTimes(series);
  const indexOf = new Map<number, number>();
  if (grid === undefined) timesMs.forEach((time, index) => void indexOf.set(time, index));
  const first = timesMs[0] ?? 0;
  const columns = series.map((one) => {
    const column: Column = new Array<number | null>(timesMs.length).fill(null);
    for (let index = 0; index < one.timesMs.length; index++) {
      const time = one.timesMs[index]!;
      const value = one.values[index]!;
      const row =
        grid === undefined ? indexOf.get(time) : Math.round((time - first) / window.stepMs);
      // NaN and infinities have no place on an axis: a hole, the table shows them.
      if (row !== undefined && Number.isFinite(value)) column[row] = value;
    }
    return column;
  });
  return { times: timesMs.map((time) => time / 1000), columns };
}

/** The series to draw where there are too many: those with the largest peaks, in their old order. */
export function limitSeries<Series extends QuerySeries>(
  series: readonly Series[],
): { readonly drawn: readonly Series[]; readonly leftOut: number } {
  if (series.length <= seriesDrawnMax) return { drawn: series, leftOut: 0 };
  const peaks = series.map((one, index) => ({ index, peak: peakOf(one.values) }));
  peaks.sort((a, b) => b.peak - a.peak);
  const kept = new Set(peaks.slice(0, seriesKeptMax).map((entry) => entry.index));
  return {
    drawn: series.filter((_, index) => kept.has(index)),
    leftOut: series.length - kept.size,
  };
}

function peakOf(values: Float64Array): number {
  let peak = Number.NEGATIVE_INFINITY;
  for (let index = 0; index < values.length; index++) {
    const size = Math.abs(values[index]!);
    if (size > peak) peak = size;
  }
  return peak;
}

/** Every time of the window by step, or undefined where a sample is off the grid. Empty ends belong to it: the crosshair finds no value there. */
function regularGrid(
  series: readonly QuerySeries[],
  { fromMs, toMs, stepMs }: { fromMs: number; toMs: number; stepMs: number },
): number[] | undefined {
  const anchor = series.find((one) => one.timesMs.length > 0)?.timesMs[0];
  if (anchor === undefined) return [];
  if (stepMs <= 0) return undefined;
  let first = anchor + Math.ceil((fromMs - anchor) / stepMs) * stepMs;
  let last = anchor + Math.floor((toMs - anchor) / stepMs) * stepMs;
  for (const { timesMs } of series) {
    for (let index = 0; index < timesMs.length; index++) {
      if ((timesMs[index]! - anchor) % stepMs !== 0) return undefined;
    }
    if (timesMs.length === 0) continue;
    first = Math.min(first, timesMs[0]!);
    last = Math.max(last, timesMs[timesMs.length - 1]!);
  }
  const count = Math.round((last - first) / stepMs) + 1;
  return Array.from({ length: count }, (_, index) => first + index * stepMs);
}

function unionOfTimes(series: readonly QuerySeries[]): number[] {
  const times = new Set<number>();
  for (const { timesMs } of series) for (const time of timesMs) times.add(time);
  return [...times].sort((a, b) => a - b);
}
