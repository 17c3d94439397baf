/**
 * anchored and smoothed on native histograms: what extended-range.ts does with floats. Between two
 * samples histograms are interpolated bucket by bucket; after a counter reset they rise from nothing.
 */

import {
  histogramNotCounter,
  histogramNotGauge,
  mixedFloatsHistograms,
  mixedSchemas,
} from "../annotations.ts";
import type { RangeCall, RowCells } from "../functions/function-call.ts";
import { type HistogramWindows, partWindows } from "../mixed-windows.ts";
import { firstAfter, type SampleWindows } from "../sample-windows.ts";
import { isHistogramReset } from "./bucket-layout.ts";
import { noteFindings, placeOf, type RemarkPlace } from "./histogram-remarks.ts";
import {
  addHistograms,
  divideHistogram,
  HistogramSum,
  scaleHistogram,
  subtractHistograms,
} from "./histogram-sum.ts";
import {
  compactHistogram,
  type HistogramValue,
  hasCustomBounds,
  withHint,
} from "./histogram-value.ts";

/** How a difference is measured. */
export interface ExtendedKind {
  readonly isCounter: boolean;
  /** What the difference is divided by. */
  readonly perSeconds: number;
  readonly isSmoothed: boolean;
}

/** The samples that matter of one window: [first, last]. */
interface Edges {
  readonly first: number;
  readonly last: number;
  readonly startMs: number;
  readonly endMs: number;
}

/** rate, increase or delta of one window that is not empty. */
export function extendedDifference(
  windows: HistogramWindows,
  step: number,
  call: RangeCall,
  kind: ExtendedKind,
): HistogramValue | undefined {
  const edges = findEdges(windows, step, kind.isSmoothed);
  const place = placeOf(windows, call);
  if (edges === undefined || !checkSamples(windows, edges, kind.isCounter, place)) return undefined;
  const left = edgeAt(windows, edges, "left", kind, place);
  const right = edgeAt(windows, edges, "right", kind, place);
  if (left === undefined || right === undefined) return undefined;
  if (!kind.isCounter && (left.hint !== "gauge" || right.hint !== "gauge")) {
    place.annotations.add(histogramNotGauge(place.metricName), place.start);
  }
  const sum = new HistogramSum(right, false);
  if (!noteFindings(sum.subtract(left), "subtraction", place)) return undefined;
  if (kind.isCounter) {
    const correction = correctionBetween(windows, edges, { left, right }, kind, place);
    if (correction === undefined) return undefined;
    for (const lost of correction) {
      if (!noteFindings(sum.add(lost), "addition", place)) return undefined;
    }
  }
  const difference = withHint(divideHistogram(sum.total(), kind.perSeconds), "gauge");
  return compactHistogram(difference);
}

function findEdges(windows: HistogramWindows, step: number, isSmoothed: boolean) {
  const { timestampsMs } = windows;
  const from = windows.from[step]!;
  let last = windows.to[step]! - 1;
  const endMs = windows.endMs[step]!;
  const startMs = endMs - windows.rangeMs;
  const first = Math.max(from, firstAfter(timestampsMs, from, last, startMs) - 1);
  if (isSmoothed) last = firstAfter(timestampsMs, from, last, endMs - 1);
  if (timestampsMs[last]! <= startMs) return undefined;
  if (isSmoothed && timestampsMs[first]! > endMs) return undefined;
  return { first, last, startMs, endMs };
}

function checkSamples(
  { histograms }: HistogramWindows,
  { first, last }: Edges,
  isCounter: boolean,
  { annotations, start, metricName }: RemarkPlace,
): boolean {
  const isCustom = hasCustomBounds(histograms[first]!);
  for (let i = first; i <= last; i++) {
    const histogram = histograms[i]!;
    if (hasCustomBounds(histogram) !== isCustom) {
      annotations.add(mixedSchemas(metricName), start);
      return false;
    }
    if (isCounter && histogram.hint === "gauge") {
      annotations.add(histogramNotCounter(metricName), start);
    }
  }
  return true;
}

/** The histogram at an edge: interpolated where smoothed and samples lie on both sides of it. */
function edgeAt(
  windows: HistogramWindows,
  { first, last, startMs, endMs }: Edges,
  side: "left" | "right",
  kind: ExtendedKind,
  place: RemarkPlace,
): HistogramValue | undefined {
  const { timestampsMs, histograms } = windows;
  const isLeft = side === "left";
  const isBetween = isLeft ? timestampsMs[first]! < startMs : timestampsMs[last]! > endMs;
  if (!kind.isSmoothed || !isBetween) return histograms[isLeft ? first : last]!;
  const index = isLeft ? first : last - 1;
  return interpolateAt(windows, index, isLeft ? startMs : endMs, kind.isCounter, place);
}

/** The histogram at a time between sample `index` and the next. */
function interpolateAt(
  { timestampsMs, histograms }: HistogramWindows,
  index: number,
  timeMs: number,
  isCounter: boolean,
  place: RemarkPlace,
): HistogramValue | undefined {
  const before = histograms[index]!;
  const after = histograms[index + 1]!;
  const beforeMs = timestampsMs[index]!;
  const afterMs = timestampsMs[index + 1]!;
  if (timeMs === beforeMs) return before;
  if (timeMs === afterMs) return after;
  const share = (timeMs - beforeMs) / (afterMs - beforeMs);
  if (isCounter && isHistogramReset(after, before)) return scaleHistogram(after, share);
  const difference = subtractHistograms(after, before);
  if (!noteFindings(difference.findings, "subtraction", place)) return undefined;
  const sum = addHistograms(scaleHistogram(difference.value, share), before);
  return noteFindings(sum.findings, "addition", place) ? sum.value : undefined;
}

/** What was lost in counter resets between the edges, as one histogram or none. */
function correctionBetween(
  { timestampsMs, histograms }: HistogramWindows,
  { first, last, startMs }: Edges,
  { left, right }: { readonly left: HistogramValue; readonly right: HistogramValue },
  kind: ExtendedKind,
  place: RemarkPlace,
): readonly HistogramValue[] | undefined {
  let index = first + 1;
  let previous = left;
  const isLeftBetween = kind.isSmoothed && timestampsMs[first]! < startMs;
  if (isLeftBetween && isHistogramReset(histograms[index]!, histograms[first]!)) {
    // The interpolation of the left edge has been through this reset.
    previous = histograms[index]!;
    index++;
  }
  if (index > last) return [];
  let correction: HistogramSum | undefined;
  for (; index <= last; index++) {
    // The last sample counts as it stands at the right edge.
    const current = index === last ? right : histograms[index]!;
    if (isHistogramReset(current, previous)) {
      if (correction === undefined) correction = new HistogramSum(previous, false);
      else if (!noteFindings(correction.add(previous), "addition", place)) return undefined;
    }
    previous = current;
  }
  return correction === undefined ? [] : [correction.total()];
}

/**
 * An instant selector with `smoothed` over a series that holds histograms; `smoothFloats` does the
 * steps whose windows hold floats only. Whether anything was found.
 */
export function smoothMixedRow(
  windows: SampleWindows,
  row: RowCells,
  place: RemarkPlace,
  smoothFloats: (windows: SampleWindows, row: RowCells) => boolean,
): boolean {
  const { floats, histograms } = partWindows(windows);
  let isAny = false;
  for (let step = 0; step < floats.from.length; step++) {
    if (histograms.to[step]! <= histograms.from[step]!) continue;
    if (floats.to[step]! > floats.from[step]!) {
      place.annotations.add(mixedFloatsHistograms(place.metricName), place.start);
      floats.to[step] = floats.from[step]!;
      continue;
    }
    const value = smoothedAt(histograms, step, place);
    if (value === undefined) continue;
    row.vector.setHistogram(row.base + step, value);
    isAny = true;
  }
  return smoothFloats(floats, row) || isAny;
}

function smoothedAt(
  windows: HistogramWindows,
  step: number,
  place: RemarkPlace,
): HistogramValue | undefined {
  const { timestampsMs, histograms } = windows;
  const from = windows.from[step]!;
  const end = windows.to[step]!;
  const atMs = windows.endMs[step]!;
  const next = firstAfter(timestampsMs, from, end, atMs - 1);
  if (next < end && timestampsMs[next] === atMs) return histograms[next];
  if (next === from) return undefined;
  const before = histograms[next - 1]!;
  // Nothing follows yet: the value goes on, but not what its hint says of the sample before.
  if (next === end) return withHint(before, "unknown");
  const after = histograms[next]!;
  if (hasCustomBounds(before) !== hasCustomBounds(after)) {
    place.annotations.add(mixedSchemas(place.metricName), place.start);
    return undefined;
  }
  const isCounter = before.hint !== "gauge" || after.hint !== "gauge";
  return interpolateAt(windows, next - 1, atMs, isCounter, place);
}
