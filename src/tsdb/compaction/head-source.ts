/**
 * The head's series between two times, as a source of a block. Samples are read a series at a time, so
 * that the head may go on taking newer ones between slices; a series that is removed meanwhile is left
 * out. Deleted samples are left out too.
 */

import { SampleBuffer } from "../../model/sample.ts";
import { type EncodedChunk, readChunkSamples } from "../block/chunk-samples.ts";
import { sortSymbols } from "../block/index-writer.ts";
import { remainingTime } from "../block/time-intervals.ts";
import type { TimeSlice } from "../block/time-slice.ts";
import { bitSlackBytes } from "../chunks/bit-stream.ts";
import type { Head } from "../head/head.ts";
import { encodeChunks } from "./chunk-encoder.ts";
import type { SeriesSource, SourceChunk } from "./series-source.ts";

const wholeTime = { startMs: Number.NEGATIVE_INFINITY, endMs: Number.POSITIVE_INFINITY };

/** Cursor over the series of a head that have samples in a span of time, both ends inclusive. */
export class HeadSeriesSource implements SeriesSource {
  labels: readonly string[] = [];
  chunks: readonly SourceChunk[] = [];
  readonly #head: Head;
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #slice: TimeSlice;
  /** Slots in order of labels, and the refs that they had. */
  readonly #slots: Uint32Array;
  readonly #refs: Float64Array;
  readonly #samples = new SampleBuffer();
  #at = 0;

  /** O(series) to begin with. */
  constructor(head: Head, minMs: number, maxMs: number, slice: TimeSlice) {
    this.#head = head;
    this.#minMs = minMs;
    this.#maxMs = maxMs;
    this.#slice = slice;
    const { series, chunks, order } = head;
    const slots = new Uint32Array(series.count);
    let count = 0;
    for (let slot = 1; slot < series.slotEnd; slot++) {
      if (!series.isAlive(slot)) continue;
      if (chunks.lastMs(slot) >= minMs && chunks.firstMs(slot) <= maxMs) slots[count++] = slot;
    }
    this.#slots = order.sort(slots.subarray(0, count));
    this.#refs = Float64Array.from(this.#slots, (slot) => series.refOf(slot));
  }

  async symbols(): Promise<readonly string[]> {
    const { series, symbols } = this.#head;
    const texts = new Set<string>();
    for (let i = 0; i < this.#slots.length; i++) {
      if (this.#slice.isOver) await this.#slice.pause();
      const slot = this.#slots[i]!;
      if (series.refOf(slot) !== this.#refs[i]) continue;
      const count = series.labelCount(slot) * 2;
      for (let k = 0; k < count; k++) texts.add(symbols.text(series.labelId(slot, k)));
    }
    return await sortSymbols([...texts], this.#slice);
  }

  next(): boolean {
    const { series, chunks, deletions } = this.#head;
    for (; this.#at < this.#slots.length; this.#at++) {
      const slot = this.#slots[this.#at]!;
      if (series.refOf(slot) !== this.#refs[this.#at]) continue;
      const labels = series.labels(slot);
      const samples = this.#samples;
      samples.clear();
      const left = remainingTime(deletions.of(labels), this.#minMs, this.#maxMs);
      for (let i = 0; i < left.length; i += 2) chunks.read(slot, samples, left[i]!, left[i + 1]!);
      this.labels = labels.pairs;
      this.chunks = encodeChunks(samples).map((chunk) => ({
        minMs: chunk.minMs,
        maxMs: chunk.maxMs,
        isWhole: true,
        load: () => chunk,
        read: (into) => readChunkSamples(withSlack(chunk), into, wholeTime),
      }));
      this.#at++;
      return true;
    }
    return false;
  }
}

/** A copy that bit readers may look past. */
function withSlack(chunk: EncodedChunk): EncodedChunk {
  const bytes = new Uint8Array(chunk.length + bitSlackBytes);
  bytes.set(chunk.bytes.subarray(chunk.at, chunk.at + chunk.length));
  return { ...chunk, bytes, at: 0 };
}
