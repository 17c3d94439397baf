/** What the time rail draws: bars of flows with their dropped part (or of samples scraped), holes, alerts, windows and scales. Pure. */

import type { FlowTimelineAnswer } from "../../src/api/wire/flows.ts";
import type { TimeRange, TimeRangeText } from "../../src/dashboard/time-range.ts";
import { formatDuration } from "../../src/model/duration.ts";
import type { QuerySeries } from "../api/query-series.ts";

/** One bar; `height` and `down` (dropped, or targets down) from 0 to 1, undefined where nothing was recorded. */
export interface RailBar {
  readonly fromMs: number;
  readonly height: number | undefined;
  readonly down: number;
}

/** The rail's own window with the width of a bar. */
export interface RailWindow extends TimeRange {
  readonly stepMs: number;
}

/** Where an alert began to fire. */
export interface RailAlert {
  readonly atMs: number;
  readonly name: string;
  readonly isCritical: boolean;
}

const minute = 60_000;
/** Scales to scroll through, as the address has them. */
export const railScales: readonly { readonly name: string; readonly spanMs: number }[] = [
  { name: "15m", spanMs: 15 * minute },
  { name: "1h", spanMs: 60 * minute },
  { name: "3h", spanMs: 180 * minute },
  { name: "24h", spanMs: 1440 * minute },
  { name: "7d", spanMs: 7 * 1440 * minute },
];
/** Windows a rail can span where no scale was chosen, ms. */
const spansMs: readonly number[] = [...railScales.map(({ spanMs }) => spanMs), 30 * 1440 * minute];
/** Bars in a rail. */
export const railBarsWanted = 180;
/** Alerts closer than this share of the rail lie on each other: the first is drawn. */
const alertGapShare = 0.008;

/** The rail's own window: of the chosen scale, or the smallest that gives the page's window room; ends now where the page is recent. */
export function railWindow(page: TimeRange, nowMs: number, scale?: string | null): RailWindow {
  const pageSpanMs = page.toMs - page.fromMs;
  const chosen = railScales.find(({ name }) => name === scale)?.spanMs;
  const wanted = pageSpanMs * 2;
  const spanMs =
    chosen !== undefined && chosen >= pageSpanMs
      ? chosen
      : (spansMs.find((span) => span >= wanted) ?? wanted);
  const stepMs = Math.max(2000, Math.round(spanMs / railBarsWanted / 1000) * 1000);
  // A window far in the past stands in the middle of its rail.
  const isRecent = page.fromMs > nowMs - spanMs;
  const end = isRecent ? nowMs : Math.min(nowMs, page.toMs + (spanMs - pageSpanMs) / 2);
  const toMs = Math.floor(end / stepMs) * stepMs;
  return { fromMs: toMs - Math.floor(spanMs / stepMs) * stepMs, toMs, stepMs };
}

/** The scale `steps` wider (above 0) or narrower than the one that shows `spanMs`. */
export function nextScale(spanMs: number, steps: number): string {
  const at = railScales.findIndex((scale) => scale.spanMs >= spanMs * 0.9);
  const index = at === -1 ? railScales.length - 1 : at;
  const next = Math.min(railScales.length - 1, Math.max(0, index + steps));
  return railScales[next]?.name ?? "3h";
}

/** "3 h" for a rail of three hours. */
export function scaleLabel(spanMs: number): string {
  const hours = spanMs / 3_600_000;
  if (hours < 0.99) return `${Math.round(hours * 60)} min`;
  return hours < 47 ? `${Math.round(hours)} h` : `${Math.round(hours / 24)} d`;
}

/** Bars of flows: height by all verdicts, foot by what was dropped. Buckets without a flow within `off` are holes; the one still filling is left out. */
export function flowBars(answer: FlowTimelineAnswer, nowMs: number): readonly RailBar[] {
  const { startMs, stepMs, count } = answer.buckets;
  const totals = new Array<number>(count).fill(0);
  for (const counts of Object.values(answer.byVerdict)) {
    for (let index = 0; index < count; index++)
      totals[index] = at(totals, index) + at(counts, index);
  }
  const dropped = answer.byVerdict["DROPPED"] ?? [];
  const top = Math.max(1, ...totals);
  return totals.map((total, index) => {
    const fromMs = startMs + index * stepMs;
    const untilMs = fromMs + stepMs;
    const isUnfinished = untilMs > nowMs;
    const isBefore = answer.oldestMs === null || untilMs <= answer.oldestMs;
    return {
      fromMs,
      height: isUnfinished || (total === 0 && isBefore) ? undefined : total / top,
      down: total === 0 ? 0 : at(dropped, index) / total,
    };
  });
}

function at(values: readonly number[], index: number): number {
  return values[index] ?? 0;
}

/** Bars from the two answers: samples scraped, and the mean of `up`. */
export function railBars(
  volume: QuerySeries | undefined,
  up: QuerySeries | undefined,
  window: RailWindow,
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
  window: RailWindow,
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

/** Stretches without a bar between the first and the last bar: the server was off. */
export function holesOf(bars: readonly RailBar[], stepMs: number): readonly TimeRange[] {
  const holes: TimeRange[] = [];
  let lastMs: number | undefined;
  for (const { fromMs, height } of bars) {
    if (height === undefined) continue;
    if (lastMs !== undefined && fromMs > lastMs) holes.push({ fromMs: lastMs, toMs: fromMs });
    lastMs = fromMs + stepMs;
  }
  return holes;
}

/** Beginnings of firing alerts, from series of ALERTS at the rail's step; those on top of another are left out. */
export function railAlerts(
  series: readonly QuerySeries[],
  window: RailWindow,
): readonly RailAlert[] {
  const starts: RailAlert[] = [];
  for (const { labels, timesMs } of series) {
    let lastMs = Number.NEGATIVE_INFINITY;
    for (const atMs of timesMs) {
      if (atMs - lastMs > window.stepMs * 1.5) {
        const isCritical = /^(?:critical|page|error)$/.test(labels["severity"] ?? "");
        starts.push({ atMs, name: labels["alertname"] ?? "alert", isCritical });
      }
      lastMs = atMs;
    }
  }
  starts.sort((a, b) => a.atMs - b.atMs || Number(b.isCritical) - Number(a.isCritical));
  const gapMs = (window.toMs - window.fromMs) * alertGapShare;
  let keptMs = Number.NEGATIVE_INFINITY;
  return starts.filter(({ atMs }) => {
    if (atMs - keptMs < gapMs) return false;
    keptMs = atMs;
    return true;
  });
}

/** A window of the rail as the address has it: relative to now where it ends now, so that it stays live. */
export function windowText(
  fromMs: number,
  toMs: number,
  rail: TimeRange,
  nowMs: number,
): TimeRangeText {
  const nearMs = (rail.toMs - rail.fromMs) * 0.008;
  if (toMs >= nowMs - Math.max(nearMs, 2000)) {
    const seconds = Math.max(1, Math.round((nowMs - fromMs) / 1000));
    return { from: `now-${formatDuration(seconds * 1000)}`, to: "now" };
  }
  return { from: String(Math.round(fromMs)), to: String(Math.round(toMs)) };
}
