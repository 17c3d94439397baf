/**
 * rate, increase, delta, irate and idelta of native histograms. Resets between neighbouring samples
 * are found once a series. The first sample of a window is taken for empty where the counter was
 * reset right after it, so that its layout does not matter.
 */

import { histogramNotCounter, histogramNotGauge, mixedSchemas } from "../annotations.ts";
import { extrapolationFactor, startInside, type WindowSpan } from "../extrapolation.ts";
import type { RangeCall } from "../functions/function-call.ts";
import type { HistogramWindows } from "../mixed-windows.ts";
import { hasStartOverlap, isStartResetAt } from "../start-timestamps.ts";
import { isHistogramReset } from "./bucket-layout.ts";
import { noteFindings, placeOf } from "./histogram-remarks.ts";
import {
  addHistograms,
  divideHistogram,
  HistogramSum,
  reduceResolution,
  scaleHistogram,
  subtractHistograms,
} from "./histogram-sum.ts";
import {
  compactHistogram,
  emptySide,
  type HistogramValue,
  hasCustomBounds,
  withHint,
} from "./histogram-value.ts";

/** How a function measures. */
export interface RateKind {
  /** Counters have resets; gauges do not. */
  readonly isCounter: boolean;
  readonly isPerSecond: boolean;
}

/** Resets between neighbouring samples of a series: 1 where a sample follows one. */
export function resetsOf(windows: HistogramWindows): Uint8Array {
  const { histograms } = windows;
  const isReset = new Uint8Array(histograms.length);
  for (let i = 1; i < histograms.length; i++) {
    const isTold = isStartResetAt(windows, i);
    if (isTold || isHistogramReset(histograms[i]!, histograms[i - 1]!)) isReset[i] = 1;
  }
  return isReset;
}

/** rate, increase or delta of one window; undefined where nothing can be told. */
export function histogramRate(
  windows: HistogramWindows,
  step: number,
  call: RangeCall,
  kind: RateKind & { readonly isReset: Uint8Array },
): HistogramValue | undefined {
  const first = windows.from[step]!;
  const last = windows.to[step]! - 1;
  const endMs = windows.endMs[step]!;
  const { timestampsMs, startTimesMs, rangeMs, histograms } = windows;
  const startMs = endMs - rangeMs;
  const span: WindowSpan = { timestampsMs, startTimesMs, first, last, startMs, endMs };
  const beganMs = kind.isCounter ? startInside(span) : undefined;
  if (last === first && beganMs === undefined) return undefined;
  const result = increaseOf(
    windows,
    { first, last, isFromZero: beganMs !== undefined },
    call,
    kind,
  );
  if (result === undefined) return undefined;
  const line = { firstValue: histograms[first]!.count, increase: result.count };
  const factor = extrapolationFactor(span, kind.isCounter ? line : undefined, beganMs);
  return scaleHistogram(result, kind.isPerSecond ? factor / (rangeMs / 1000) : factor);
}

interface SampleRange {
  readonly first: number;
  readonly last: number;
  /** The counter began with 0 inside the window: the first sample counts whole. */
  readonly isFromZero: boolean;
}

function increaseOf(
  windows: HistogramWindows,
  range: SampleRange,
  call: RangeCall,
  kind: RateKind & { readonly isReset: Uint8Array },
): HistogramValue | undefined {
  const first = windows.histograms[range.first]!;
  if (range.last === range.first) return first;
  const difference = differenceOf(windows, range, call, kind);
  if (difference === undefined || !range.isFromZero) return difference;
  const { value, findings } = addHistograms(difference, first);
  return noteFindings(findings, "addition", placeOf(windows, call)) ? value : undefined;
}

/** Last minus first of at least two samples, resets added. */
function differenceOf(
  windows: HistogramWindows,
  { first, last }: SampleRange,
  call: RangeCall,
  kind: RateKind & { readonly isReset: Uint8Array },
): HistogramValue | undefined {
  const { histograms } = windows;
  const { isCounter, isReset } = kind;
  const newest = histograms[last]!;
  const isFirstVoid = isCounter && isReset[first + 1] === 1;
  const oldest = isFirstVoid ? emptyLike(histograms[first + 1]!) : histograms[first]!;
  const schema = commonSchema(windows, { first, last }, oldest, isCounter);
  if (schema === undefined) {
    if (isCounter && hasCustomBounds(newest) !== hasCustomBounds(oldest)) {
      noteGauges([histograms[first]!, newest], windows.metricName, call);
    }
    call.run.annotations.add(mixedSchemas(windows.metricName), call.rangeStart);
    return undefined;
  }
  noteKind(windows, { first, last }, call, isCounter);
  const sum = new HistogramSum(reduceResolution(newest, schema), false);
  if (!noteFindings(sum.subtract(oldest), "subtraction", placeOf(windows, call))) return undefined;
  if (isCounter) {
    if (hasStartOverlap(windows, first, last)) {
      call.run.annotations.addStartOverlap(call.rangeStart, windows.metricName);
    }
    // A reset after the first sample makes that void: nothing to add.
    for (let i = first + 2; i <= last; i++) {
      if (isReset[i] !== 1) continue;
      if (!noteFindings(sum.add(histograms[i - 1]!), "addition", placeOf(windows, call)))
        return undefined;
    }
  }
  return compactHistogram(withHint(sum.total(), "gauge"));
}

function emptyLike(value: HistogramValue): HistogramValue {
  return {
    ...value,
    hint: "unknown",
    zeroThreshold: 0,
    zeroCount: 0,
    count: 0,
    sum: 0,
    positive: emptySide,
    negative: emptySide,
  };
}

/** The coarsest schema that matters; undefined where exponential and custom buckets are mixed. */
function commonSchema(
  windows: HistogramWindows,
  { first, last }: { readonly first: number; readonly last: number },
  oldest: HistogramValue,
  isCounter: boolean,
): number | undefined {
  const { histograms } = windows;
  const newest = histograms[last]!;
  const isCustom = hasCustomBounds(oldest);
  if (hasCustomBounds(newest) !== isCustom) return undefined;
  let schema = Math.min(newest.schema, oldest.schema);
  for (let i = first + 1; isCounter && i < last; i++) {
    const own = histograms[i]!;
    if (hasCustomBounds(own) !== isCustom) return undefined;
    schema = Math.min(schema, own.schema);
  }
  return schema;
}

/** Gauges where counters are asked for, and the other way round. */
function noteKind(
  windows: HistogramWindows,
  { first, last }: { readonly first: number; readonly last: number },
  call: RangeCall,
  isCounter: boolean,
): void {
  const { histograms, metricName } = windows;
  const { annotations } = call.run;
  if (!isCounter) {
    if (histograms[first]!.hint === "gauge" && histograms[last]!.hint === "gauge") return;
    annotations.add(histogramNotGauge(metricName), call.rangeStart);
    return;
  }
  noteGauges(histograms.slice(first, last + 1), metricName, call);
}

function noteGauges(
  histograms: readonly HistogramValue[],
  metricName: string,
  call: RangeCall,
): void {
  if (!histograms.some(({ hint }) => hint === "gauge")) return;
  call.run.annotations.add(histogramNotCounter(metricName), call.rangeStart);
}

/** irate or idelta of the samples `before` and `last`. */
export function lastHistogramDifference(
  windows: HistogramWindows,
  { before, last }: { readonly before: number; readonly last: number },
  call: RangeCall,
  isRate: boolean,
): HistogramValue | undefined {
  const { histograms, timestampsMs } = windows;
  const intervalMs = timestampsMs[last]! - timestampsMs[before]!;
  if (intervalMs === 0) return undefined;
  const older = histograms[before]!;
  let result = histograms[last]!;
  noteKind(windows, { first: before, last }, call, isRate);
  const isReset = isRate && (isStartResetAt(windows, last) || isHistogramReset(result, older));
  if (!isReset) {
    const { value, findings } = subtractHistograms(result, older);
    if (!noteFindings(findings, "subtraction", placeOf(windows, call))) return undefined;
    result = value;
  }
  const gauge = compactHistogram(withHint(result, "gauge"));
  return isRate ? divideHistogram(gauge, intervalMs / 1000) : gauge;
}
