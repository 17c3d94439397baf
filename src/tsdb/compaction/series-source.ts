/** What a block is made of: series in order of their labels, each with its chunks. */

import type { SampleBuffer } from "../../model/sample.ts";
import type { Block } from "../block/block.ts";
import { labelsOf } from "../block/block-querier.ts";
import { type EncodedChunk, readChunkSamples } from "../block/chunk-samples.ts";
import {
  isCovered,
  isTouched,
  noIntervals,
  remainingTime,
  type TimeIntervals,
} from "../block/time-intervals.ts";

/** One chunk of a series; times inclusive. */
export interface SourceChunk {
  readonly minMs: number;
  readonly maxMs: number;
  /** Whether its bytes can be taken as they are. */
  readonly isWhole: boolean;
  /** The bytes, borrowed until anything else is read from the source. */
  load(): EncodedChunk;
  /** Appends the samples that are wanted. */
  read(into: SampleBuffer): void;
}

/** A cursor over series. `labels` and `chunks` are valid until the next `next`. */
export interface SeriesSource {
  /** Every label name and value that may come, sorted. */
  symbols(): Promise<readonly string[]>;
  next(): boolean;
  /** [name, value, …] */
  readonly labels: readonly string[];
  /** By start time. */
  readonly chunks: readonly SourceChunk[];
}

/** The series of a block, without what is deleted. */
export class BlockSeriesSource implements SeriesSource {
  labels: readonly string[] = [];
  chunks: readonly SourceChunk[] = [];
  readonly #block: Block;
  readonly #refs: Uint32Array;
  #at = 0;

  /** The caller keeps the block open. */
  constructor(block: Block) {
    this.#block = block;
    this.#refs = block.index.postings("", "");
  }

  async symbols(): Promise<readonly string[]> {
    const { index } = this.#block;
    const symbols = new Array<string>(index.symbolCount);
    for (let i = 0; i < symbols.length; i++) symbols[i] = index.symbol(i);
    return symbols;
  }

  next(): boolean {
    if (this.#at === this.#refs.length) return false;
    const ref = this.#refs[this.#at++]!;
    const { index, tombstones } = this.#block;
    const entry = index.series(ref);
    const deleted = tombstones.get(ref) ?? noIntervals;
    this.labels = labelsOf(index, entry).pairs;
    const chunks: SourceChunk[] = [];
    for (let i = 0; i < entry.chunkRefs.length; i++) {
      const [minMs, maxMs] = [entry.chunkMinMs[i]!, entry.chunkMaxMs[i]!];
      if (isCovered(deleted, minMs, maxMs)) continue;
      chunks.push(new BlockChunk(this.#block, entry.chunkRefs[i]!, { minMs, maxMs }, deleted));
    }
    this.chunks = chunks;
    return true;
  }
}

class BlockChunk implements SourceChunk {
  readonly minMs: number;
  readonly maxMs: number;
  readonly isWhole: boolean;
  readonly #block: Block;
  readonly #ref: number;
  readonly #deleted: TimeIntervals;

  constructor(
    block: Block,
    ref: number,
    span: { readonly minMs: number; readonly maxMs: number },
    deleted: TimeIntervals,
  ) {
    this.#block = block;
    this.#ref = ref;
    this.#deleted = deleted;
    this.minMs = span.minMs;
    this.maxMs = span.maxMs;
    this.isWhole = !isTouched(deleted, span.minMs, span.maxMs);
  }

  load(): EncodedChunk {
    this.#block.chunks.read(this.#ref);
    return this.#block.chunks;
  }

  read(into: SampleBuffer): void {
    const chunk = this.load();
    const left = remainingTime(this.#deleted, this.minMs, this.maxMs);
    for (let i = 0; i < left.length; i += 2) {
      readChunkSamples(chunk, into, { startMs: left[i] as number, endMs: left[i + 1] as number });
    }
  }
}
