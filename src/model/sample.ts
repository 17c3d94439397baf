/**
 * Samples in parallel typed arrays. A stale marker is the NaN with bits 0x7ff0000000000002; those
 * bits do not reliably survive as a JavaScript number, so they are written and tested through the
 * 32-bit view of the same memory, and code outside asks `isStale`. Browser-safe.
 */

import type { FloatHistogram, Histogram } from "./histogram.ts";
import type { Labels } from "./labels.ts";

/** High and low word of the stale marker's bits. */
export const staleBitsHigh = 0x7ff00000;
export const staleBitsLow = 0x00000002;
/** High and low word of the ordinary NaN that Prometheus writes. */
export const normalNanBitsHigh = 0x7ff80000;
export const normalNanBitsLow = 0x00000001;

/** Index of a double's high word in its two Uint32 words on this machine. */
export const highWord = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;
/** Index of the low word. */
export const lowWord = 1 - highWord;

/** Series that a buffer reads twice, since they do not keep to what was hoped, before it hopes no more. */
const readAgainMax = 4;

/** An exemplar: a trace's labels with the value seen; `timestampMs` absent where the source gave none. */
export interface Exemplar {
  readonly labels: Labels;
  readonly value: number;
  readonly timestampMs?: number;
}

/** Metric types as Prometheus' metadata API names them. */
export type MetricType =
  | "counter"
  | "gauge"
  | "histogram"
  | "gaugehistogram"
  | "summary"
  | "info"
  | "stateset"
  | "unknown";

/** What a target says of a metric family. */
export interface MetricMetadata {
  readonly type: MetricType;
  readonly help: string;
  readonly unit: string;
}

/**
 * A growable run of (timestampMs, value); 16 bytes a sample. Reuse one per loop: `clear` keeps the memory.
 *
 * Native histograms stand beside the values: where `histograms?.[i]` is set, sample i is that
 * histogram and `values[i]` is an ordinary NaN without meaning. A stale marker of a histogram series
 * has its bits in `values` like any other (`isStale`) and may have a histogram too, which then only
 * tells its kind. Float-only series never make the list.
 */
export class SampleBuffer {
  timestampsMs: Float64Array;
  values: Float64Array;
  /** The values' memory as 32-bit words, two a sample. */
  valueWords: Uint32Array;
  count = 0;
  /** Undefined while no sample is a histogram; may be shorter than `count`. The objects are shared: never changed. */
  histograms: (Histogram | FloatHistogram | undefined)[] | undefined;
  /**
   * When what each sample counts began, ms since 1970; 0 where that is unknown. Undefined while no
   * sample has one; may be shorter than `count`.
   */
  startTimestampsMs: Float64Array | undefined;
  /** Samples before this one are known to be numbers: no NaN, stale marker or histogram. A hint for speed. */
  plainCount = 0;
  /** Samples before this one are known to be plain, and none less than the one before. */
  risingCount = 0;
  /** See `want`. */
  wanted: Int32Array | undefined;
  wantsRising = false;
  /** Values that nobody wants were left out. */
  isSparse = false;
  /** The first of `wanted` that is not behind the samples yet: kept by whoever leaves values out. */
  wantedAt = 0;
  #wantedCount = 0;
  /** How often what a reader hoped for did not hold. */
  #readAgain = 0;
  /** Times before this index were not written since the last `clear`: they stood there before. */
  sameTimesCount = 0;
  /** Lines that the times lie on, as `addLine` wrote them: index, first, interval, count of each. */
  #lines = new Float64Array(4 * 16);
  #lineCount = 0;
  /** The line that the next sample lies in or behind; lines stay after `clear`, to be met again. */
  #lineAt = 0;

  constructor(capacity = 128) {
    this.timestampsMs = new Float64Array(capacity);
    this.values = new Float64Array(capacity);
    this.valueWords = new Uint32Array(this.values.buffer);
  }

  clear(): void {
    this.count = 0;
    this.plainCount = 0;
    this.risingCount = 0;
    this.sameTimesCount = 0;
    this.isSparse = false;
    this.wantedAt = 0;
    this.#lineAt = 0;
    this.histograms = undefined;
    this.startTimestampsMs = undefined;
  }

  /** Makes room for `more` samples beyond `count`. Arrays may be replaced: read them again afterwards. */
  reserve(more: number): void {
    // Whoever asks for room writes times of its own there.
    this.#dropLines(this.count);
    this.grow(more);
  }

  /**
   * Makes room for `count` samples and writes their times: first, first + interval … `count` is not
   * changed. Series of one target have the same times, which then are there already: O(1). Pieces that
   * go on with the line before are one line with it, so that it does not matter how they are cut.
   */
  addLine(firstMs: number, intervalMs: number, count: number): void {
    const at = this.count;
    this.grow(count);
    if (this.#hasLine(at, firstMs, intervalMs, count)) {
      if (this.sameTimesCount === at) this.sameTimesCount = at + count;
      return;
    }
    const { timestampsMs } = this;
    for (let i = 0; i < count; i++) timestampsMs[at + i] = firstMs + i * intervalMs;
    this.#noteLine(at, firstMs, intervalMs, count);
  }

  /** Whether these times stand at `at`: inside the line there, or the one behind it. */
  #hasLine(at: number, firstMs: number, intervalMs: number, count: number): boolean {
    const lines = this.#lines;
    while (this.#lineAt < this.#lineCount && this.#lineEnd(this.#lineAt) <= at) this.#lineAt++;
    if (this.#lineAt >= this.#lineCount) return false;
    const line = this.#lineAt * 4;
    const start = lines[line]!;
    return (
      start <= at &&
      at + count <= this.#lineEnd(this.#lineAt) &&
      lines[line + 2] === intervalMs &&
      lines[line + 1]! + (at - start) * intervalMs === firstMs
    );
  }

  /** Notes a line that was written at `at`; what lay there and behind it is not there any more. */
  #noteLine(at: number, firstMs: number, intervalMs: number, count: number): void {
    this.#dropLines(at);
    const last = (this.#lineCount - 1) * 4;
    const lines = this.#lines;
    if (
      last >= 0 &&
      lines[last]! + lines[last + 3]! === at &&
      lines[last + 2] === intervalMs &&
      lines[last + 1]! + lines[last + 3]! * intervalMs === firstMs
    ) {
      lines[last + 3] = lines[last + 3]! + count;
      return;
    }
    const line = this.#lineCount * 4;
    if (line === lines.length) {
      const longer = new Float64Array(line * 2);
      longer.set(lines);
      this.#lines = longer;
    }
    this.#lines[line] = at;
    this.#lines[line + 1] = firstMs;
    this.#lines[line + 2] = intervalMs;
    this.#lines[line + 3] = count;
    this.#lineCount++;
  }

  /** Forgets lines from sample `from` on; one that begins before ends there. */
  #dropLines(from: number): void {
    const lines = this.#lines;
    while (this.#lineCount > 0 && lines[(this.#lineCount - 1) * 4]! >= from) this.#lineCount--;
    const last = (this.#lineCount - 1) * 4;
    if (last >= 0) lines[last + 3] = Math.min(lines[last + 3]!, from - lines[last]!);
    this.#lineAt = Math.min(this.#lineAt, Math.max(0, this.#lineCount - 1));
  }

  /** As `reserve`, for one who writes values only: times that stand there are still known. */
  grow(more: number): void {
    const wanted = this.count + more;
    if (wanted <= this.values.length) return;
    this.#dropLines(this.count);
    const capacity = Math.max(wanted, this.values.length * 2);
    const timestampsMs = new Float64Array(capacity);
    const values = new Float64Array(capacity);
    const words = new Uint32Array(values.buffer);
    timestampsMs.set(this.timestampsMs.subarray(0, this.count));
    words.set(this.valueWords.subarray(0, this.count * 2));
    this.timestampsMs = timestampsMs;
    this.values = values;
    this.valueWords = words;
    if (this.startTimestampsMs !== undefined) {
      const starts = new Float64Array(capacity);
      starts.set(this.startTimestampsMs);
      this.startTimestampsMs = starts;
    }
  }

  /**
   * Says that the next reading needs the values of these samples only (ascending indices; undefined or
   * none: all) if there are `count` samples at the times that stand here, none a NaN or, where
   * `isRising`, less than the one before. Storage may then leave out the other values (`isSparse`), and
   * the reader must ask `isBroken` and read again without wishes where that is so.
   */
  want(indices: Int32Array | undefined, count = 0, isRising = false): void {
    const isVain = this.#readAgain >= readAgainMax;
    this.wanted = indices?.length === 0 || isVain ? undefined : indices;
    this.#wantedCount = count;
    this.wantsRising = isRising;
  }

  /** Empties the buffer for a second reading, of all values. Where that is often so, wishes are ignored from then on. */
  clearForAll(): void {
    this.#readAgain++;
    this.wanted = undefined;
    this.clear();
  }

  /** Whether values were left out and what the reader hoped for does not hold. */
  get isBroken(): boolean {
    if (!this.isSparse) return false;
    const known = this.wantsRising ? this.risingCount : this.plainCount;
    const { count } = this;
    return known < count || this.sameTimesCount < count || this.#wantedCount !== count;
  }

  push(timestampMs: number, value: number): void {
    this.reserve(1);
    this.timestampsMs[this.count] = timestampMs;
    this.values[this.count] = value;
    this.count++;
  }

  /** Appends a sample whose value is given by its bits: the way to carry a stale marker. */
  pushBits(timestampMs: number, high: number, low: number): void {
    this.reserve(1);
    this.timestampsMs[this.count] = timestampMs;
    this.valueWords[this.count * 2 + highWord] = high;
    this.valueWords[this.count * 2 + lowWord] = low;
    this.count++;
  }

  pushStale(timestampMs: number): void {
    this.pushBits(timestampMs, staleBitsHigh, staleBitsLow);
  }

  pushHistogram(timestampMs: number, histogram: Histogram | FloatHistogram): void {
    this.#noteHistogram(histogram);
    this.pushBits(timestampMs, normalNanBitsHigh, normalNanBitsLow);
  }

  /** Appends a stale marker that ends a run of histograms of the kind given. */
  pushStaleHistogram(timestampMs: number, histogram: Histogram | FloatHistogram): void {
    this.#noteHistogram(histogram);
    this.pushStale(timestampMs);
  }

  /** Says when what the newest sample counts began. */
  setStart(startTimestampMs: number): void {
    this.startTimestampsMs ??= new Float64Array(this.values.length);
    this.startTimestampsMs[this.count - 1] = startTimestampMs;
  }

  /** Appends samples [from, to) of another buffer, whatever they are. */
  pushRange(source: SampleBuffer, from: number, to: number): void {
    if (to <= from) return;
    this.reserve(to - from);
    this.timestampsMs.set(source.timestampsMs.subarray(from, to), this.count);
    // As words: a copy as doubles might change the bits of a NaN.
    this.valueWords.set(source.valueWords.subarray(from * 2, to * 2), this.count * 2);
    if (source.histograms !== undefined) {
      const taken = source.histograms.slice(from, to);
      for (const [index, histogram] of taken.entries()) {
        if (histogram !== undefined) this.#noteHistogram(histogram, this.count + index);
      }
    }
    if (source.startTimestampsMs !== undefined || this.startTimestampsMs !== undefined) {
      this.#copyStarts(source, from, to);
    }
    this.count += to - from;
  }

  /**
   * Takes back the samples from `from` on and what is known of them. To be called before samples are
   * changed in place, too.
   */
  cutAt(from: number): void {
    this.count = Math.min(this.count, from);
    this.sameTimesCount = Math.min(this.sameTimesCount, from);
    this.#dropLines(from);
    this.plainCount = Math.min(this.plainCount, from);
    this.risingCount = Math.min(this.risingCount, from);
  }

  #lineEnd(line: number): number {
    return this.#lines[line * 4]! + this.#lines[line * 4 + 3]!;
  }

  isStale(index: number): boolean {
    return (
      this.valueWords[index * 2 + highWord] === staleBitsHigh &&
      this.valueWords[index * 2 + lowWord] === staleBitsLow
    );
  }

  #copyStarts(source: SampleBuffer, from: number, to: number): void {
    this.startTimestampsMs ??= new Float64Array(this.values.length);
    const starts = this.startTimestampsMs;
    // A sample that was taken back may have left its start.
    starts.fill(0, this.count, this.count + to - from);
    const taken = source.startTimestampsMs?.subarray(from, to);
    if (taken !== undefined) starts.set(taken, this.count);
  }

  #noteHistogram(histogram: Histogram | FloatHistogram, index = this.count): void {
    this.histograms ??= [];
    const { histograms } = this;
    // A sample that was taken back may have left its histogram.
    if (histograms.length > index) histograms.length = index;
    // No holes: an array with holes is slower to read.
    while (histograms.length < index) histograms.push(undefined);
    histograms.push(histogram);
  }
}
