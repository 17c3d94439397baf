/**
 * The head's series between two times, as a source of a block: finished chunks as they lie in memory,
 * the open one encoded anew. One series at a time, so that the head may go on taking samples between
 * slices; a series that is removed meanwhile is left out, and so are deleted samples.
 */

import { SampleBuffer } from "../../model/sample.ts";
import { type EncodedChunk, readChunkSamples } from "../block/chunk-samples.ts";
import { sortSymbols } from "../block/index-writer.ts";
import {
  isCovered,
  isTouched,
  remainingTime,
  type TimeIntervals,
} from "../block/time-intervals.ts";
import type { TimeSlice } from "../block/time-slice.ts";
import { bitSlackBytes } from "../chunks/bit-stream.ts";
import type { Head } from "../head/head.ts";
import type { SealedChunk } from "../head/head-chunks.ts";
import { byteIndex } from "../head/shared-arena.ts";
import { encodeChunks } from "./chunk-encoder.ts";
import type { SeriesSource, SourceChunk } from "./series-source.ts";

const wholeTime = { startMs: Number.NEGATIVE_INFINITY, endMs: Number.POSITIVE_INFINITY };

/** Both ends inclusive. */
export interface SourceSpan {
  readonly minMs: number;
  readonly maxMs: number;
}

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

  /** `only`: no series but these. O(series) to begin with. */
  constructor(head: Head, span: SourceSpan, slice: TimeSlice, only?: Uint32Array) {
    const { minMs, maxMs } = span;
    this.#head = head;
    this.#minMs = minMs;
    this.#maxMs = maxMs;
    this.#slice = slice;
    const { series, chunks, order } = head;
    const end = only?.length ?? series.slotEnd;
    const slots = new Uint32Array(end);
    let count = 0;
    for (let i = 0; i < end; i++) {
      const slot = only?.[i] ?? i;
      if (slot === 0 || !series.isAlive(slot)) continue;
      if (chunks.lastMs(slot) >= minMs && chunks.firstMs(slot) <= maxMs) slots[count++] = slot;
    }
    this.#slots = order.sort(slots.slice(0, count));
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
    const { series, deletions } = this.#head;
    for (; this.#at < this.#slots.length; this.#at++) {
      const slot = this.#slots[this.#at]!;
      if (series.refOf(slot) !== this.#refs[this.#at]) continue;
      const labels = series.labels(slot);
      this.labels = labels.pairs;
      this.chunks = this.#chunksOf(slot, deletions.of(labels));
      this.#at++;
      return true;
    }
    return false;
  }

  #chunksOf(slot: number, deleted: TimeIntervals): readonly SourceChunk[] {
    const [minMs, maxMs] = [this.#minMs, this.#maxMs];
    const { chunks } = this.#head;
    const found: SourceChunk[] = [];
    let doneMs = minMs - 1;
    for (const sealed of chunks.sealedBetween(slot, minMs, maxMs)) {
      const span = {
        minMs: Math.max(sealed.firstMs, minMs),
        maxMs: Math.min(sealed.lastMs, maxMs),
      };
      doneMs = sealed.lastMs;
      if (isCovered(deleted, span.minMs, span.maxMs)) continue;
      found.push(new SealedSourceChunk(this.#head, slot, sealed, { ...span, deleted }));
    }
    // What the open chunk has.
    const samples = this.#samples;
    samples.clear();
    const left = remainingTime(deleted, doneMs + 1, maxMs);
    for (let i = 0; i < left.length; i += 2) chunks.read(slot, samples, left[i]!, left[i + 1]!);
    for (const chunk of encodeChunks(samples)) {
      found.push({
        minMs: chunk.minMs,
        maxMs: chunk.maxMs,
        isWhole: true,
        load: () => chunk,
        read: (into) => readChunkSamples(withSlack(chunk), into, wholeTime),
      });
    }
    return found;
  }
}

/** A finished chunk of the head: copied as it is unless the span or a deletion cuts it. */
class SealedSourceChunk implements SourceChunk {
  readonly minMs: number;
  readonly maxMs: number;
  readonly isWhole: boolean;
  readonly #head: Head;
  readonly #slot: number;
  readonly #sealed: SealedChunk;
  readonly #deleted: TimeIntervals;

  constructor(
    head: Head,
    slot: number,
    sealed: SealedChunk,
    part: { readonly minMs: number; readonly maxMs: number; readonly deleted: TimeIntervals },
  ) {
    this.#head = head;
    this.#slot = slot;
    this.#sealed = sealed;
    this.#deleted = part.deleted;
    this.minMs = part.minMs;
    this.maxMs = part.maxMs;
    this.isWhole =
      part.minMs === sealed.firstMs &&
      part.maxMs === sealed.lastMs &&
      !isTouched(part.deleted, part.minMs, part.maxMs);
  }

  load(): EncodedChunk {
    const { encoding, address, length } = this.#sealed;
    const bytes = this.#head.arena.bytePages[address >>> 16]!;
    return { encoding, bytes, at: byteIndex(address), length };
  }

  read(into: SampleBuffer): void {
    const left = remainingTime(this.#deleted, this.minMs, this.maxMs);
    for (let i = 0; i < left.length; i += 2) {
      this.#head.chunks.read(this.#slot, into, left[i]!, left[i + 1]!);
    }
  }
}

/** A copy that bit readers may look past. */
function withSlack(chunk: EncodedChunk): EncodedChunk {
  const bytes = new Uint8Array(chunk.length + bitSlackBytes);
  bytes.set(chunk.bytes.subarray(chunk.at, chunk.at + chunk.length));
  return { ...chunk, bytes, at: 0 };
}
