/**
 * Histograms as they come from storage. histogram_count and its kin need no buckets, so theirs are
 * read without; then whether a counter was reset is found here, while the buckets are still known,
 * and told in the hint (as Prometheus does, which some of its warnings depend on).
 */

import type { SampleBuffer } from "../../../model/sample.ts";
import { isHistogramReset } from "./bucket-layout.ts";
import { type HistogramValue, statisticsOf, toHistogramValue } from "./histogram-value.ts";

/**
 * The histograms of a buffer, one place a sample, stale markers left out so that the list goes with
 * the samples once those are removed.
 */
export function readHistograms(
  buffer: SampleBuffer,
  isStatisticsOnly: boolean,
): (HistogramValue | undefined)[] {
  const { histograms = [], values, count } = buffer;
  const read: (HistogramValue | undefined)[] = [];
  let previous: HistogramValue | undefined;
  for (let i = 0; i < count; i++) {
    if (Number.isNaN(values[i]!) && buffer.isStale(i)) continue;
    const stored = histograms[i];
    if (stored === undefined) {
      read.push(undefined);
      continue;
    }
    const value: HistogramValue = toHistogramValue(stored, previous);
    read.push(isStatisticsOnly ? statisticsOf(value, findHint(value, previous)) : value);
    previous = value;
  }
  return read;
}

function findHint(current: HistogramValue, previous: HistogramValue | undefined) {
  if (current.hint !== "unknown" || previous === undefined) return current.hint;
  return isHistogramReset(current, previous) ? "reset" : "not_reset";
}
