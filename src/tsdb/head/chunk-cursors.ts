/**
 * The chunks of one of the head's series as a reader sees them that keeps decoded ones (kept-chunks.ts).
 * One cursor serves all series, set to one after the other; it is valid until the series changes.
 */

import { assert } from "../../base/assert.ts";
import { decodeChunk } from "../block/chunk-samples.ts";
import type { SampleRun } from "../chunks/sample-run.ts";
import { xorEncoding } from "../chunks/xor/xor-appender.ts";
import { decodeXorChunk, notNext } from "../chunks/xor/xor-reader.ts";
import type { ChunkList, OpenChunk } from "../kept-chunks.ts";
import { entryDoubles, lengthMask } from "./sealed-list.ts";
import { type SeriesTable, seriesField } from "./series-table.ts";
import { byteIndex, doubleIndex } from "./shared-arena.ts";

/** The finished chunks. */
export class SealedCursor implements ChunkList {
  chunkCount = 0;
  readonly #table: SeriesTable;
  #times: Float64Array = new Float64Array(0);
  #places: Uint32Array = new Uint32Array(0);
  #first = 0;

  constructor(table: SeriesTable) {
    this.#table = table;
  }

  of(slot: number): this {
    const words = this.#table.wordsOf(slot);
    const at = this.#table.wordAt(slot);
    this.chunkCount = words[at + seriesField.sealedCount]!;
    if (this.chunkCount === 0) return this;
    const { arena } = this.#table;
    const list = words[at + seriesField.sealedAddress]!;
    this.#times = arena.doublePages[list >>> 16]!;
    this.#places = arena.wordPages[list >>> 16]!;
    this.#first = doubleIndex(list);
    return this;
  }

  firstMsOf(chunk: number): number {
    return this.#times[this.#first + chunk * entryDoubles]!;
  }

  lastMsOf(chunk: number): number {
    return this.#times[this.#first + chunk * entryDoubles + 1]!;
  }

  decode(chunk: number, run: SampleRun): boolean {
    const entry = (this.#first + chunk * entryDoubles) * 2;
    const address = this.#places[entry + 4]!;
    const packed = this.#places[entry + 5]!;
    const bytes = this.#table.arena.bytePages[address >>> 16]!;
    const encoding = packed >>> 24;
    const length = packed & lengthMask;
    const at = byteIndex(address);
    // Fast path: nearly all chunks are XOR. Prometheus' own may be longer than their samples need.
    if (encoding !== xorEncoding) return decodeChunk({ bytes, at, length, encoding }, run);
    const used = decodeXorChunk(bytes, at, run);
    assert(used <= length, "a sealed chunk does not decode to its length");
    return used !== notNext;
  }
}

/** The open chunk in the arena. */
export class OpenCursor implements OpenChunk {
  firstMs = 0;
  lastMs = 0;
  bits = 0;
  readonly #table: SeriesTable;
  #address = 0;

  constructor(table: SeriesTable) {
    this.#table = table;
  }

  /** Undefined where the series has no such chunk. */
  of(slot: number): this | undefined {
    const words = this.#table.wordsOf(slot);
    const at = this.#table.wordAt(slot);
    this.#address = words[at + seriesField.chunkAddress]!;
    if (this.#address === 0) return undefined;
    const doubles = this.#table.doublesOf(slot);
    this.firstMs = doubles[(at + seriesField.chunkStartMs) >>> 1]!;
    this.lastMs = doubles[(at + seriesField.lastTimestampMs) >>> 1]!;
    this.bits = words[at + seriesField.endBits]!;
    return this;
  }

  decode(run: SampleRun): boolean {
    const bytes = this.#table.arena.bytePages[this.#address >>> 16]!;
    return decodeXorChunk(bytes, byteIndex(this.#address), run) !== notNext;
  }
}
