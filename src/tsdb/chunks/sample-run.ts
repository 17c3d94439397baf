/**
 * Samples of chunks that follow one another, decoded behind what a buffer holds. As long as they lie on
 * one line of time (first, first + interval …), as those of scrapes do, only values are written; the
 * times come at the end, and mostly stand there already from the series before (`SampleBuffer.addLine`).
 * Where a chunk leaves the line, times are written from the run's first sample on. Reused: no allocation.
 */

import { highWord, lowWord, type SampleBuffer } from "../../model/sample.ts";

/** See the head comment. */
export class SampleRun {
  /** `into.count` is the place behind the last sample. */
  into: SampleBuffer;
  /** Where the run begins. */
  from: number;
  chunkCount = 0;
  /** By chunk: the place behind its last sample; only `chunkCount` of them. */
  readonly ends: number[] = [];
  firstMs = 0;
  /** 0 for a single sample. */
  intervalMs = 0;
  /** Whether times are still to be written. */
  isOnLine = true;

  /** An empty run behind the buffer's samples. */
  constructor(into: SampleBuffer) {
    this.into = into;
    this.from = into.count;
  }

  /** Begins another, as the constructor. */
  begin(into: SampleBuffer): this {
    this.into = into;
    this.from = into.count;
    this.chunkCount = 0;
    this.isOnLine = true;
    return this;
  }

  /**
   * Makes room for a chunk and writes its first value; false where the chunk does not go on with the
   * run: then nothing is changed. `deltaMs` lies between its first two times; 0: it has one sample.
   */
  beginChunk(count: number, firstMs: number, deltaMs: number): boolean {
    const { into } = this;
    const known = into.count - this.from;
    if (known > 0) {
      if (!this.isOnLine || this.intervalMs <= 0) return false;
      if (firstMs !== this.firstMs + known * this.intervalMs) return false;
      if (count > 1 && deltaMs !== this.intervalMs) return false;
    } else {
      this.firstMs = firstMs;
      this.intervalMs = count > 1 ? deltaMs : 0;
    }
    into.grow(count);
    return true;
  }

  /** Adds the chunk's first sample, whose time was told. */
  addFirst(high: number, low: number): void {
    const { into } = this;
    into.valueWords[into.count * 2 + highWord] = high;
    into.valueWords[into.count * 2 + lowWord] = low;
    into.count++;
    // Times that do not rise are no line.
    if (this.intervalMs < 0) this.leaveLine();
  }

  endChunk(): void {
    this.ends[this.chunkCount++] = this.into.count;
  }

  /** Writes the times of the samples so far; those of later ones are then the decoder's to write. */
  leaveLine(): void {
    if (!this.isOnLine) return;
    this.isOnLine = false;
    const { into, from, firstMs, intervalMs } = this;
    const { count, timestampsMs } = into;
    into.cutAt(from);
    into.count = count;
    for (let i = from; i < count; i++) timestampsMs[i] = firstMs + (i - from) * intervalMs;
  }

  /** Takes away what lies outside of the window and writes the times. Ends the run. */
  cut(startMs: number, endMs: number): void {
    const { into, from, firstMs, intervalMs } = this;
    if (!this.isOnLine) {
      dropOutside(into, from, startMs, endMs);
      return;
    }
    const count = into.count - from;
    const low = indexOnLine(firstMs, intervalMs, count, startMs);
    const high = indexOnLine(firstMs, intervalMs, count, endMs + 1);
    into.count = from;
    if (high <= low) return;
    // As words: a copy as doubles might change the bits of a NaN.
    if (low > 0) into.valueWords.copyWithin(from * 2, (from + low) * 2, (from + high) * 2);
    into.addLine(firstMs + low * intervalMs, intervalMs, high - low);
    into.count = from + high - low;
    into.startTimestampsMs?.fill(0, from, into.count);
  }
}

/** How many of `count` samples on a line are before `timeMs`, a whole number or infinite. O(1). */
export function indexOnLine(
  firstMs: number,
  intervalMs: number,
  count: number,
  timeMs: number,
): number {
  if (timeMs <= firstMs) return 0;
  if (timeMs > firstMs + (count - 1) * intervalMs) return count;
  return Math.ceil((timeMs - firstMs) / intervalMs);
}

/** Takes away the samples from index `from` on that lie outside of [startMs, endMs]. */
export function dropOutside(
  into: SampleBuffer,
  from: number,
  startMs: number,
  endMs: number,
): void {
  const { timestampsMs, valueWords } = into;
  while (into.count > from && timestampsMs[into.count - 1]! > endMs) into.count--;
  const { count } = into;
  let kept = from;
  while (kept < count && timestampsMs[kept]! < startMs) kept++;
  into.plainCount = Math.min(into.plainCount, count - (kept - from));
  into.risingCount = Math.min(into.risingCount, count - (kept - from));
  if (kept === from) return;
  timestampsMs.copyWithin(from, kept, count);
  // As words: a copy as doubles might change the bits of a NaN.
  valueWords.copyWithin(from * 2, kept * 2, count * 2);
  into.startTimestampsMs?.copyWithin(from, kept, count);
  into.histograms?.splice(from, kept - from);
  into.count = count - (kept - from);
}
