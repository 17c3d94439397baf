/**
 * Joins runs of samples of one series that come from several places. Runs that follow one another
 * are appended as they are; only where times interleave are they merged, one sample a timestamp, the
 * earlier source's.
 */

import { SampleBuffer } from "../../model/sample.ts";

/** Something that gives samples in order of time, as `Series.readSamples`. */
export interface SampleSource {
  readSamples(into: SampleBuffer, startMs: number, endMs: number): void;
}

/** Appends the samples of all sources to `into` in order of time. O(samples) where sources follow one another. */
export function readMerged(
  sources: readonly SampleSource[],
  into: SampleBuffer,
  startMs: number,
  endMs: number,
): void {
  const first = into.count;
  for (const source of sources) {
    const before = into.count;
    source.readSamples(into, startMs, endMs);
    sortTail(into, first, before);
  }
}

/** Samples [first, middle) and [middle, count) are each in order: makes one ordered run of them. */
export function sortTail(into: SampleBuffer, first: number, middle: number): void {
  // Fast path: the second run begins after the first ends.
  if (middle === first || into.count === middle) return;
  if (into.timestampsMs[middle]! > into.timestampsMs[middle - 1]!) return;
  const older = new SampleBuffer(middle - first);
  older.pushRange(into, first, middle);
  const newer = new SampleBuffer(into.count - middle);
  newer.pushRange(into, middle, into.count);
  into.cutAt(first);
  mergeTwo(older, newer, into);
}

/** Appends both, run by run; of equal times `a`'s. */
function mergeTwo(a: SampleBuffer, b: SampleBuffer, into: SampleBuffer): void {
  let i = 0;
  let k = 0;
  while (i < a.count && k < b.count) {
    const untilMs = b.timestampsMs[k]!;
    let end = i;
    while (end < a.count && a.timestampsMs[end]! <= untilMs) end++;
    into.pushRange(a, i, end);
    if (end > i && a.timestampsMs[end - 1] === untilMs) k++;
    i = end;
    if (i === a.count) break;
    const nextMs = a.timestampsMs[i]!;
    end = k;
    while (end < b.count && b.timestampsMs[end]! < nextMs) end++;
    into.pushRange(b, k, end);
    k = end;
  }
  into.pushRange(a, i, a.count);
  into.pushRange(b, k, b.count);
}
