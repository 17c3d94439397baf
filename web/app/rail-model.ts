/** What the time rail draws: bars of samples scraped, the share of targets that were down, holes. Pure. */

import type { TimeRange } from "../../src/dashboard/time-range.ts";
import type { QuerySeries } from "../api/query-series.ts";

/** One bar; `height` and `down` from 0 to 1, undefined where nothing was recorded. */
export interface RailBar {
  readonly fromMs: number;
  readonly height: number | undefined;
  readonly down: number;
}

const minute = 60_000;
/** Windows a rail can span, ms, and bars in it. */
const spansMs: readonly number[] = [15, 60, 180, 720, 1440, 7 * 1440, 30 * 1440].map(
  (m) => m * minute,
);
const barsWanted = 180;

/** The rail's own window: the smallest span that gives the page's window room, ending now or shortly after it. */
export function railWindow(
  page: TimeRange,
  nowMs: number,
): TimeRange & { readonly stepMs: number } {
  const wanted = (page.toMs - page.fromMs) * 2;
  const spanMs = spansMs.find((span) => span >= wanted) ?? wanted;
  const stepMs = Math.max(2000, Math.round(spanMs / barsWanted / 1000) * 1000);
  // A window far in the past stands in the middle of its rail.
  const isRecent = page.fromMs > nowMs - spanMs;
  const end = isRecent
    ? nowMs
    : Math.min(nowMs, page.toMs + (spanMs - (page.toMs - page.fromMs)) / 2);
  const toMs = Math.floor(end / stepMs) * stepMs;
  return { fromMs: toMs - Math.floor(spanMs / stepMs) * stepMs, toMs, stepMs };
}

/** Bars from the two answers: samples scraped, and the mean of `up`. */
export function railBars(
  volume: QuerySeries | undefined,
  up: QuerySeries | undefined,
  window: TimeRange & { readonly stepMs: number },
): readonly RailBar[] {
  const count = Math.floor((window.toMs - window.fromMs) / window.stepMs);
  const volumes = onGrid(volume, window, count);
  const shares = onGrid(up, window, count);
  const top = Math.max(0, ...volumes.filter((value) => value !== undefined));
  return Array.from({ length: count }, (_, index) => {
    const value = volumes[index];
    const share = shares[index];
    return {
      fromMs: window.fromMs + index * window.stepMs,
      height: value === undefined ? undefined : top === 0 ? 0 : value / top,
      down: share === undefined ? 0 : Math.max(0, 1 - share),
    };
  });
}

function onGrid(
  series: QuerySeries | undefined,
  window: TimeRange & { readonly stepMs: number },
  count: number,
): (number | undefined)[] {
  const values = new Array<number | undefined>(count).fill(undefined);
  if (series === undefined) return values;
  for (let index = 0; index < series.timesMs.length; index++) {
    // A sample at the end of a bar's span speaks for the bar.
    const slot = Math.ceil(((series.timesMs[index] ?? 0) - window.fromMs) / window.stepMs) - 1;
    if (slot >= 0 && slot < count) values[slot] = series.values[index];
  }
  return values;
}
