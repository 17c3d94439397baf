/** Shapes laid over the drops' chart: the usual band and marks of policy revisions. Pure. */

import type { TimeRange } from "../../src/dashboard/time-range.ts";
import type { QuerySeries } from "../api/query-series.ts";
import type { PlotFrame } from "../charts/uplot-chart.ts";

/** A new revision, px from the plot's left edge. */
export interface RevisionMark {
  readonly xPx: number;
  readonly text: string;
  /** There is room for the text before the next mark. */
  readonly hasText: boolean;
}

/** Marks closer than this are one: the last revision of them is told. */
const gapPx = 14;
const textPx = 78;

/** Where the highest revision grew. */
export function revisionMarks(
  revisions: QuerySeries | undefined,
  widthPx: number,
  { fromMs, toMs }: TimeRange,
): readonly RevisionMark[] {
  if (revisions === undefined || widthPx <= 0) return [];
  const marks: { xPx: number; text: string }[] = [];
  let before = revisions.values[0] ?? 0;
  for (let index = 1; index < revisions.values.length; index++) {
    const value = revisions.values[index] ?? Number.NaN;
    if (!(value > before)) continue;
    before = value;
    const xPx = (((revisions.timesMs[index] ?? 0) - fromMs) / (toMs - fromMs)) * widthPx;
    const mark = { xPx, text: `revision ${value}` };
    const last = marks.at(-1);
    if (last !== undefined && xPx - last.xPx < gapPx)
      marks[marks.length - 1] = { ...mark, xPx: last.xPx };
    else marks.push(mark);
  }
  return marks.map((mark, index) => ({
    ...mark,
    hasText: (marks[index + 1]?.xPx ?? widthPx) - mark.xPx > textPx,
  }));
}

/**
 * The band between the two series in the plot's own pixels; "" where there is none. It is asked for less
 * often than the chart moves on, so what lies outside of the plot is left out.
 */
export function bandPath(
  low: QuerySeries | undefined,
  high: QuerySeries | undefined,
  frame: PlotFrame,
): string {
  if (low === undefined || high === undefined || high.timesMs.length < 2) return "";
  const spanMs = Math.max(1, frame.toMs - frame.fromMs);
  const valueSpan = frame.valueMax - frame.valueMin || 1;
  const point = (series: QuerySeries, index: number) => {
    const along = ((series.timesMs[index] ?? 0) - frame.fromMs) / spanMs;
    const x = Math.min(1, Math.max(0, along)) * frame.widthPx;
    const share = ((series.values[index] ?? 0) - frame.valueMin) / valueSpan;
    const y = (1 - Math.min(1, Math.max(0, share))) * frame.heightPx;
    return `${x.toFixed(1)} ${y.toFixed(1)}`;
  };
  const over = Array.from(high.timesMs, (_, index) => point(high, index));
  const under = Array.from(low.timesMs, (_, index) => point(low, index)).reverse();
  return `M${[...over, ...under].join("L")}Z`;
}
