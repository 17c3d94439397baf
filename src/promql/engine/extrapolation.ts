/**
 * How the difference between the first and last sample of a window becomes one for the whole window:
 * Prometheus' rules, for floats with start timestamps and for histograms. (Plain floats have a
 * quicker form in functions/counter.ts.)
 */

import type { StartedSamples } from "./start-timestamps.ts";

/** One window of samples. */
export interface WindowSpan extends StartedSamples {
  readonly first: number;
  readonly last: number;
  readonly startMs: number;
  readonly endMs: number;
}

/** Where a counter's line through the window begins. */
export interface CounterLine {
  /** Of the first sample; a histogram's count. */
  readonly firstValue: number;
  readonly increase: number;
}

/**
 * Where the first sample's start timestamp lies inside the window the counter began with 0 there,
 * and nothing is extrapolated to the left: its time, else undefined.
 */
export function startInside(span: WindowSpan): number | undefined {
  const startMs = span.startTimesMs?.[span.first] ?? 0;
  const isInside = startMs !== 0 && startMs > span.startMs;
  return isInside && startMs < span.timestampsMs[span.first]! ? startMs : undefined;
}

/**
 * The factor for a difference measured from the first sample (or from `beganMs`) to the last.
 * `line` is of a counter, which is not taken to begin before it was 0.
 */
export function extrapolationFactor(
  span: WindowSpan,
  line: CounterLine | undefined,
  beganMs: number | undefined,
): number {
  const firstMs = span.timestampsMs[span.first]!;
  const lastMs = span.timestampsMs[span.last]!;
  const intervals = span.last - span.first;
  const meanDistance = intervals > 0 ? (lastMs - firstMs) / 1000 / intervals : 0;
  const near = meanDistance * 1.1;
  const sampled = (lastMs - (beganMs ?? firstMs)) / 1000;
  let toStart = 0;
  if (beganMs === undefined) {
    toStart = (firstMs - span.startMs) / 1000;
    if (toStart >= near) toStart = meanDistance / 2;
    if (line !== undefined && line.increase > 0 && line.firstValue >= 0) {
      const toZero = sampled * (line.firstValue / line.increase);
      if (toZero < toStart) toStart = toZero;
    }
  }
  let toEnd = (span.endMs - lastMs) / 1000;
  if (toEnd >= near) toEnd = meanDistance / 2;
  return sampled === 0 ? 1 : (sampled + toStart + toEnd) / sampled;
}
