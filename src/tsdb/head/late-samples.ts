/**
 * Samples that came out of order, within the window that the configuration allows: per series a small
 * ordered run in memory and finished chunks. They are few, so they live as objects beside the head's
 * arena, cost it nothing, and are merged in when read.
 *
 * Compaction freezes what is there, writes it to blocks and drops it; what comes meanwhile goes into a
 * new generation. add: O(samples of the open run); read: O(samples of the series).
 */

import type { FloatHistogram, Histogram } from "../../model/histogram.ts";
import { SampleBuffer } from "../../model/sample.ts";
import type { WrittenChunk } from "../block/block-writer.ts";
import { readChunkSamples } from "../block/chunk-samples.ts";
import { sortTail } from "../block/merge-samples.ts";
import { bitSlackBytes } from "../chunks/bit-stream.ts";
import { keepStart } from "../chunks/xor2/start-times.ts";
import { encodeChunks } from "../compaction/chunk-encoder.ts";

/** Samples of the open run; then it becomes a chunk. */
const openSamplesMax = 120;
const openSamplesInitial = 8;

/** A late sample: a float by its bits, or a histogram. */
export interface LateSample {
  readonly ref: number;
  readonly timestampMs: number;
  readonly high: number;
  readonly low: number;
  readonly histogram: Histogram | FloatHistogram | undefined;
  readonly isStale: boolean;
  /** When what it counts began; 0 = unknown. */
  startMs: number;
}

/** Late samples of all series, by slot. */
export class LateSamples {
  #current = new Map<number, LateSeries>();
  #frozen = new Map<number, LateSeries>();
  /** Samples ever taken. */
  appendedTotal = 0;

  get isEmpty(): boolean {
    return this.#current.size === 0 && this.#frozen.size === 0;
  }

  /** Slots that have late samples, each once. */
  slots(): Set<number> {
    return new Set([...this.#current.keys(), ...this.#frozen.keys()]);
  }

  hasSeries(slot: number): boolean {
    return this.#current.has(slot) || this.#frozen.has(slot);
  }

  /** Adds a sample; false where the open run has one at that time. */
  add(slot: number, sample: Omit<LateSample, "ref">): boolean {
    let series = this.#current.get(slot);
    if (series === undefined) {
      series = new LateSeries();
      this.#current.set(slot, series);
    }
    if (!series.add(sample)) return false;
    this.appendedTotal++;
    return true;
  }

  /** Oldest time of a series, +Infinity without late samples. */
  firstMs(slot: number): number {
    const current = this.#current.get(slot)?.minMs ?? Number.POSITIVE_INFINITY;
    return Math.min(current, this.#frozen.get(slot)?.minMs ?? Number.POSITIVE_INFINITY);
  }

  /** Newest time of a series, -Infinity without late samples. */
  lastMs(slot: number): number {
    const current = this.#current.get(slot)?.maxMs ?? Number.NEGATIVE_INFINITY;
    return Math.max(current, this.#frozen.get(slot)?.maxMs ?? Number.NEGATIVE_INFINITY);
  }

  /** Appends a series' samples between the two times to `into`, in order, one a timestamp. */
  read(slot: number, into: SampleBuffer, startMs: number, endMs: number): void {
    const first = into.count;
    this.#frozen.get(slot)?.read(into, startMs, endMs);
    const middle = into.count;
    this.#current.get(slot)?.read(into, startMs, endMs);
    sortTail(into, first, middle);
  }

  /** Puts what is there aside for compaction; false where there is nothing. */
  freeze(): boolean {
    // What an earlier compaction could not write is still frozen, and stays so.
    for (const [slot, series] of this.#current) {
      const frozen = this.#frozen.get(slot);
      if (frozen === undefined) this.#frozen.set(slot, series);
      else frozen.take(series);
    }
    this.#current = new Map();
    return this.#frozen.size > 0;
  }

  /** What is frozen. */
  frozenSlots(): IterableIterator<number> {
    return this.#frozen.keys();
  }

  /** Appends a series' frozen samples between the two times to `into`. */
  readFrozen(slot: number, into: SampleBuffer, startMs: number, endMs: number): void {
    this.#frozen.get(slot)?.read(into, startMs, endMs);
  }

  /** Time span of the frozen samples. */
  frozenSpan(): { readonly minMs: number; readonly maxMs: number } {
    let minMs = Number.POSITIVE_INFINITY;
    let maxMs = Number.NEGATIVE_INFINITY;
    for (const series of this.#frozen.values()) {
      minMs = Math.min(minMs, series.minMs);
      maxMs = Math.max(maxMs, series.maxMs);
    }
    return { minMs, maxMs };
  }

  /** Forgets what was frozen: it is in blocks. */
  dropFrozen(): void {
    this.#frozen = new Map();
  }
}

/** Late samples of one series. */
class LateSeries {
  minMs = Number.POSITIVE_INFINITY;
  maxMs = Number.NEGATIVE_INFINITY;
  #open = new SampleBuffer(openSamplesInitial);
  #chunks: WrittenChunk[] = [];

  add(sample: Omit<LateSample, "ref">): boolean {
    const open = this.#open;
    const { timestampMs } = sample;
    const at = lowerBound(open, timestampMs);
    if (at < open.count && open.timestampsMs[at] === timestampMs) return false;
    if (at === open.count) push(open, sample);
    else this.#insert(at, sample);
    this.minMs = Math.min(this.minMs, timestampMs);
    this.maxMs = Math.max(this.maxMs, timestampMs);
    if (this.#open.count >= openSamplesMax) this.#seal();
    return true;
  }

  read(into: SampleBuffer, startMs: number, endMs: number): void {
    const first = into.count;
    for (const chunk of this.#chunks) {
      if (chunk.maxMs < startMs || chunk.minMs > endMs) continue;
      const before = into.count;
      readChunkSamples(chunk, into, { startMs, endMs });
      sortTail(into, first, before);
    }
    const before = into.count;
    const from = lowerBound(this.#open, startMs);
    let to = from;
    while (to < this.#open.count && this.#open.timestampsMs[to]! <= endMs) to++;
    into.pushRange(this.#open, from, to);
    sortTail(into, first, before);
  }

  /** Takes over another's samples. */
  take(other: LateSeries): void {
    this.#seal();
    other.#seal();
    this.#chunks.push(...other.#chunks);
    this.minMs = Math.min(this.minMs, other.minMs);
    this.maxMs = Math.max(this.maxMs, other.maxMs);
  }

  #insert(at: number, sample: Omit<LateSample, "ref">): void {
    const old = this.#open;
    const grown = new SampleBuffer(Math.max(openSamplesInitial, old.count * 2));
    grown.pushRange(old, 0, at);
    push(grown, sample);
    grown.pushRange(old, at, old.count);
    this.#open = grown;
  }

  #seal(): void {
    for (const chunk of encodeChunks(this.#open)) {
      // Bit readers may look past the end.
      const bytes = new Uint8Array(chunk.length + bitSlackBytes);
      bytes.set(chunk.bytes.subarray(chunk.at, chunk.at + chunk.length));
      this.#chunks.push({ ...chunk, bytes, at: 0 });
    }
    this.#open = new SampleBuffer(openSamplesInitial);
  }
}

function push(into: SampleBuffer, sample: Omit<LateSample, "ref">): void {
  const { timestampMs, histogram, isStale, high, low, startMs } = sample;
  if (histogram === undefined) into.pushBits(timestampMs, high, low);
  else if (isStale) into.pushStaleHistogram(timestampMs, histogram);
  else into.pushHistogram(timestampMs, histogram);
  keepStart(into, startMs);
}

/** Index of the first sample at or after the time. */
function lowerBound({ timestampsMs, count }: SampleBuffer, timestampMs: number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (timestampsMs[middle]! < timestampMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
