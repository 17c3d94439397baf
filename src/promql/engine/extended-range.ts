/**
 * The experimental modifiers `anchored` and `smoothed`: a range function then measures from edge to
 * edge of its window instead of extrapolating. Anchored takes for each edge the last sample before
 * it; smoothed interpolates between the samples on both sides. Windows are wider by the lookback on
 * the left, for smoothed also on the right.
 */

import { QueryError } from "../../base/errors.ts";
import { type RangeFunction, type RowCells, rowCells } from "./functions/function-call.ts";
import {
  type ExtendedKind,
  extendedDifference,
  smoothMixedRow,
} from "./histogram/extended-histograms.ts";
import { type EitherKind, evaluateEither, weighWindows } from "./mixed-windows.ts";
import type { VectorSelectorNode } from "./plan-node.ts";
import type { QueryRun } from "./query-run.ts";
import {
  createReadBuffer,
  createWindows,
  firstAfter,
  loadSeries,
  type RangeSeries,
  type SampleWindows,
} from "./sample-windows.ts";
import { cellKind, StepVector } from "./step-vector.ts";

/** The two modifiers. */
export type RangeExtension = "anchored" | "smoothed";

/** Functions that make sense with them, in the order in which Prometheus lists them. */
const allowedFunctions: Readonly<Record<RangeExtension, readonly string[]>> = {
  anchored: ["changes", "delta", "increase", "rate", "resets"],
  smoothed: ["delta", "increase", "rate"],
};

/** How far windows reach beyond the range, ms. */
export function extensionWidth(extension: RangeExtension | undefined, lookbackMs: number) {
  return {
    leftMs: extension === undefined ? 0 : lookbackMs,
    rightMs: extension === "smoothed" ? lookbackMs : 0,
  };
}

/** The function as it works on an extended range; throws for functions that do not. */
export function extendRangeFunction(
  functionName: string,
  plain: RangeFunction,
  extension: RangeExtension,
): RangeFunction {
  const allowed = allowedFunctions[extension];
  if (!allowed.includes(functionName)) {
    throw new QueryError(
      "execution",
      `${extension} modifier can only be used with: ${allowed.join(", ")} - not with ${functionName}`,
    );
  }
  if (functionName === "changes" || functionName === "resets") {
    return {
      ...plain,
      evaluateRow(windows, row, call) {
        anchorWindows(windows);
        plain.evaluateRow(windows, row, call);
      },
      evaluateMixedRow(windows, row, call) {
        anchorWindows(windows);
        plain.evaluateMixedRow?.(windows, row, call);
      },
    };
  }
  const kindOf = (rangeMs: number): ExtendedKind => ({
    isCounter: functionName !== "delta",
    perSeconds: functionName === "rate" ? rangeMs / 1000 : 1,
    isSmoothed: extension === "smoothed",
  });
  const floats: RangeFunction["evaluateRow"] = (windows, row) =>
    differences(windows, row, kindOf(windows.rangeMs));
  const histogram: EitherKind["histogram"] = (windows, step, call) =>
    extendedDifference(windows, step, call, kindOf(windows.rangeMs));
  return {
    ...plain,
    evaluateRow: floats,
    evaluateMixedRow: (windows, row, call) =>
      evaluateEither({ floats, histogram }, windows, row, call),
  };
}

/** Narrows each window to the last sample at or before its left edge and what follows. */
function anchorWindows(windows: SampleWindows): void {
  const { from, to, endMs, rangeMs, timestampsMs } = windows;
  for (let step = 0; step < from.length; step++) {
    const startMs = endMs[step]! - rangeMs;
    const after = firstAfter(timestampsMs, from[step]!, to[step]!, startMs);
    if (after >= to[step]!) from[step] = to[step]!;
    else if (after > from[step]!) from[step] = after - 1;
  }
}

function differences(windows: SampleWindows, row: RowCells, options: ExtendedKind): void {
  const { from, endMs, timestampsMs } = windows;
  for (let step = 0; step < from.length; step++) {
    if (options.isSmoothed && timestampsMs[from[step]!]! > endMs[step]!) continue;
    const edges = findEdges(windows, step, options.isSmoothed, options.isCounter);
    if (edges === undefined) continue;
    let difference = edges.right - edges.left;
    if (options.isCounter) difference += resetsBetween(windows, edges);
    row.values[row.base + step] = difference / options.perSeconds;
    row.kinds[row.base + step] = cellKind.float;
  }
}

/** Values at the edges of a range, and the samples strictly between. */
interface Edges {
  readonly left: number;
  readonly right: number;
  readonly first: number;
  readonly end: number;
}

function findEdges(
  windows: SampleWindows,
  step: number,
  isSmoothed: boolean,
  isCounter: boolean,
): Edges | undefined {
  const { timestampsMs, values } = windows;
  const from = windows.from[step]!;
  let last = windows.to[step]! - 1;
  if (last < from) return undefined;
  const endMs = windows.endMs[step]!;
  const startMs = endMs - windows.rangeMs;
  let first = Math.max(from, firstAfter(timestampsMs, from, last, startMs) - 1);
  if (isSmoothed) last = firstAfter(timestampsMs, from, last, endMs - 1);
  if (timestampsMs[last]! <= startMs) return undefined;
  const isLeftBetween = isSmoothed && timestampsMs[first]! < startMs;
  const isRightBetween = isSmoothed && last > from && timestampsMs[last]! > endMs;
  const left = isLeftBetween ? interpolate(windows, first, startMs, isCounter) : values[first]!;
  const right = isRightBetween ? interpolate(windows, last - 1, endMs, isCounter) : values[last]!;
  if (timestampsMs[first]! <= startMs) first++;
  if (timestampsMs[last]! >= endMs) last--;
  return { left, right, first, end: last + 1 };
}

/** The value at a time between sample `index` and the next; a counter that was reset began at 0. */
function interpolate(
  windows: SampleWindows,
  index: number,
  timeMs: number,
  isCounter: boolean,
): number {
  const { timestampsMs, values } = windows;
  const after = values[index + 1]!;
  const before = isCounter && after < values[index]! ? 0 : values[index]!;
  const share = timeMs - timestampsMs[index]!;
  return before + ((after - before) * share) / (timestampsMs[index + 1]! - timestampsMs[index]!);
}

function resetsBetween(windows: SampleWindows, edges: Edges): number {
  let correction = 0;
  let before = edges.left;
  for (let i = edges.first; i < edges.end; i++) {
    const value = windows.values[i]!;
    if (value < before) correction += before;
    before = value;
  }
  return edges.right < before ? correction + before : correction;
}

/** A range selector's own samples, with a sample at either edge. Undefined where nothing is inside. */
export function extendWindow(
  windows: SampleWindows,
  extension: RangeExtension,
  labels: RangeSeries["labels"],
): RangeSeries | undefined {
  if (windows.histograms !== undefined) {
    throw new QueryError("execution", `${extension} modifier is not supported with histograms`);
  }
  const edges = findEdges(windows, 0, extension === "smoothed", false);
  if (edges === undefined) return undefined;
  const endMs = windows.endMs[0] ?? 0;
  const count = Math.max(0, edges.end - edges.first);
  const timestampsMs = new Float64Array(count + 2);
  const values = new Float64Array(count + 2);
  timestampsMs[0] = endMs - windows.rangeMs;
  values[0] = edges.left;
  timestampsMs.set(windows.timestampsMs.subarray(edges.first, edges.first + count), 1);
  values.set(windows.values.subarray(edges.first, edges.first + count), 1);
  timestampsMs[count + 1] = endMs;
  values[count + 1] = edges.right;
  return { labels, timestampsMs, values };
}

/** An instant selector with `smoothed`: interpolated where samples lie on both sides, else the last one. */
export async function evaluateSmoothedSelector(
  node: VectorSelectorNode,
  run: QueryRun,
): Promise<StepVector> {
  const { grid, shift, source } = node;
  const { isStatisticsOnly, start } = node;
  const range = { grid, shift, rangeMs: run.lookbackDeltaMs, isStatisticsOnly };
  const windows = createWindows(range);
  const buffer = createReadBuffer();
  const result = new StepVector(grid.stepCount, source.series.length);
  for (const series of source.series) {
    if (run.isPauseDue()) await run.pause();
    loadSeries(windows, series, range, buffer, { leftMs: 0, rightMs: run.lookbackDeltaMs });
    if (windows.total === 0) continue;
    run.tally.addWindows(windows, weighWindows(windows), true);
    const base = result.reserveRow();
    const row = rowCells(result, base);
    const { metricName } = series.labels;
    const isAny =
      windows.histograms === undefined
        ? smoothRow(windows, row)
        : smoothMixedRow(
            windows,
            row,
            { annotations: run.annotations, start, metricName },
            smoothRow,
          );
    if (isAny) result.addRow(series.labels);
  }
  return result;
}

function smoothRow(windows: SampleWindows, row: RowCells): boolean {
  const { from, to, endMs, timestampsMs, values } = windows;
  let isAny = false;
  for (let step = 0; step < from.length; step++) {
    const atMs = endMs[step]!;
    const next = firstAfter(timestampsMs, from[step]!, to[step]!, atMs - 1);
    const isExact = next < to[step]! && timestampsMs[next] === atMs;
    if (!isExact && next === from[step]!) continue;
    let value = values[next - 1]!;
    if (isExact) value = values[next]!;
    else if (next < to[step]!) value = interpolate(windows, next - 1, atMs, false);
    row.values[row.base + step] = value;
    row.kinds[row.base + step] = cellKind.float;
    isAny = true;
  }
  return isAny;
}
