/**
 * The head's frozen late samples between two times, as a source of a block. They do not change while
 * they are frozen, and their series stay in the head.
 */

import { SampleBuffer } from "../../model/sample.ts";
import { readChunkSamples } from "../block/chunk-samples.ts";
import { sortSymbols } from "../block/index-writer.ts";
import { remainingTime } from "../block/time-intervals.ts";
import type { TimeSlice } from "../block/time-slice.ts";
import { bitSlackBytes } from "../chunks/bit-stream.ts";
import type { Head } from "../head/head.ts";
import { encodeChunks } from "./chunk-encoder.ts";
import type { SeriesSource, SourceChunk } from "./series-source.ts";

const wholeTime = { startMs: Number.NEGATIVE_INFINITY, endMs: Number.POSITIVE_INFINITY };

/** Cursor over the series with frozen late samples in a span of time, both ends inclusive. */
export class LateSeriesSource implements SeriesSource {
  labels: readonly string[] = [];
  chunks: readonly SourceChunk[] = [];
  readonly #head: Head;
  readonly #minMs: number;
  readonly #maxMs: number;
  readonly #slice: TimeSlice;
  readonly #slots: Uint32Array;
  readonly #samples = new SampleBuffer();
  #at = 0;

  constructor(head: Head, minMs: number, maxMs: number, slice: TimeSlice) {
    this.#head = head;
    this.#minMs = minMs;
    this.#maxMs = maxMs;
    this.#slice = slice;
    this.#slots = head.order.sort(Uint32Array.from(head.late.frozenSlots()));
  }

  symbols(): Promise<readonly string[]> {
    const texts = new Set<string>();
    for (const slot of this.#slots) {
      for (const text of this.#head.series.labels(slot).pairs) texts.add(text);
    }
    return sortSymbols([...texts], this.#slice);
  }

  next(): boolean {
    const { series, late, deletions } = this.#head;
    const samples = this.#samples;
    for (; this.#at < this.#slots.length; this.#at++) {
      const slot = this.#slots[this.#at]!;
      const labels = series.labels(slot);
      samples.clear();
      const left = remainingTime(deletions.of(labels), this.#minMs, this.#maxMs);
      for (let i = 0; i < left.length; i += 2) {
        late.readFrozen(slot, samples, left[i]!, left[i + 1]!);
      }
      if (samples.count === 0) continue;
      this.labels = labels.pairs;
      this.chunks = encodeChunks(samples).map((chunk) => {
        const bytes = new Uint8Array(chunk.length + bitSlackBytes);
        bytes.set(chunk.bytes.subarray(chunk.at, chunk.at + chunk.length));
        const own = { ...chunk, bytes, at: 0 };
        return {
          minMs: chunk.minMs,
          maxMs: chunk.maxMs,
          isWhole: true,
          load: () => own,
          read: (into: SampleBuffer) => readChunkSamples(own, into, wholeTime),
        };
      });
      this.#at++;
      return true;
    }
    return false;
  }
}
