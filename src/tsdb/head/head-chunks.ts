/**
 * The chunks of the head's series. The open chunk grows in an arena slot that doubles when full;
 * sealed, it moves to a slot of its size and becomes an entry of the series' list:
 *
 *   entry (24 bytes)  first timestamp (float64) | last timestamp (float64) | address | length in bytes,
 *                     with the encoding in its top byte
 *
 * chunk-cut.ts tells when a chunk ends. append: O(1), no allocation but arena slots.
 * A series' open chunk of histograms, or of floats with start times (XOR2), is an object; while it has
 * one it has no open chunk in the arena.
 */

import { assert } from "../../base/assert.ts";
import type { FloatHistogram, Histogram } from "../../model/histogram.ts";
import type { SampleBuffer } from "../../model/sample.ts";
import { type EncodedChunk, readChunkSamples } from "../block/chunk-samples.ts";
import { appendHistogram, beginHistogramChunk } from "../chunks/histogram/histogram-append.ts";
import { HistogramChunk } from "../chunks/histogram/histogram-chunk.ts";
import {
  appendXorSample,
  resetXorState,
  xorEncoding,
  xorFirstSampleMaxBytes,
  xorSampleMaxBytes,
} from "../chunks/xor/xor-appender.ts";
import { readXorSamples } from "../chunks/xor/xor-reader.ts";
import { Xor2Chunk } from "../chunks/xor2/xor2-appender.ts";
import type { KeptChunkReader } from "../kept-chunks.ts";
import { OpenCursor, SealedCursor } from "./chunk-cursors.ts";
import {
  chunkMaxBytes,
  isHistogramChunkFull,
  predictCut,
  rangeEndOf,
  samplesPerChunk,
} from "./chunk-cut.ts";
import type { StoredChunk } from "./head-chunk-files.ts";
import { entryBytes, entryDoubles, firstEndingFrom, lengthMask } from "./sealed-list.ts";
import { type SeriesTable, seriesField } from "./series-table.ts";
import { byteIndex, doubleIndex, type SharedArena, wordIndex } from "./shared-arena.ts";

const openChunkBytes = 48;
const sealedInitialRoom = 2;

/** What a sample of an XOR2 chunk may take; the chunk is cut before it could exceed its size. */
const xor2SampleMaxBytes = 32;
/** Stands for the last value of a series whose newest sample is a histogram: no float has these bits. */
const histogramValueBits = 0xffff_fffe;

/** Told of each chunk that is finished; it may keep a copy. */
export type SealListener = (slot: number, chunk: SealedChunk) => void;

/** A finished chunk in the arena. */
export interface SealedChunk {
  readonly firstMs: number;
  readonly lastMs: number;
  readonly encoding: number;
  readonly address: number;
  readonly length: number;
}

/** An open chunk outside the arena. */
type OpenObject = HistogramChunk | Xor2Chunk;

/** Chunk memory of all series. */
export class HeadChunks {
  readonly #table: SeriesTable;
  readonly #arena: SharedArena;
  readonly #openObjects = new Map<number, OpenObject>();
  readonly #sealed: SealedCursor;
  readonly #open: OpenCursor;
  /** Chunks, open ones included. */
  chunkCount = 0;
  /** Chunks ever made and freed. */
  chunksCreated = 0;
  onSeal: SealListener | undefined;
  chunksRemoved = 0;

  constructor(table: SeriesTable) {
    this.#table = table;
    this.#arena = table.arena;
    this.#sealed = new SealedCursor(table);
    this.#open = new OpenCursor(table);
  }

  /**
   * Appends a sample that is newer than the series' last one; false where it is not. `startMs` is when
   * what it counts began, 0 where that is unknown.
   */
  append(slot: number, timestampMs: number, high: number, low: number, startMs = 0): boolean {
    const words = this.#table.wordsOf(slot);
    const doubles = this.#table.doublesOf(slot);
    const at = this.#table.wordAt(slot);
    if (timestampMs <= doubles[(at + seriesField.lastTimestampMs) >>> 1]!) return false;
    const count = words[at + seriesField.sampleCount]!;
    if (startMs !== 0) return this.#appendStarted(slot, timestampMs, high, low, startMs);
    if (words[at + seriesField.chunkAddress] === 0) {
      if (this.#openObjects.size > 0) {
        if (this.#mayGoOn(slot, timestampMs)) {
          return this.#appendStarted(slot, timestampMs, high, low, 0);
        }
        this.#sealObject(slot);
      }
      this.#beginOpen(words, doubles, at, timestampMs);
    } else {
      if (count === samplesPerChunk / 4) predictCut(doubles, at);
      const usedBytes = (words[at + seriesField.endBits]! + 7) >>> 3;
      if (
        timestampMs >= doubles[(at + seriesField.cutAtMs) >>> 1]! ||
        count >= samplesPerChunk * 2 ||
        usedBytes > chunkMaxBytes - xorSampleMaxBytes
      ) {
        this.#seal(slot);
        this.#beginOpen(words, doubles, at, timestampMs);
      } else if (usedBytes + xorFirstSampleMaxBytes > words[at + seriesField.chunkCapacity]!) {
        this.#growOpen(words, at, usedBytes);
      }
    }
    const address = words[at + seriesField.chunkAddress]!;
    const bytes = this.#arena.bytePages[address >>> 16]!;
    appendXorSample(doubles, words, at, bytes, byteIndex(address), timestampMs, high, low);
    return true;
  }

  /** Whether the series has an open chunk of floats with start times that takes a sample at this time. */
  #mayGoOn(slot: number, timestampMs: number): boolean {
    const open = this.#openObjects.get(slot);
    if (!(open instanceof Xor2Chunk)) return false;
    const at = this.#table.wordAt(slot);
    const cutAtMs = this.#table.doublesOf(slot)[(at + seriesField.cutAtMs) >>> 1]!;
    return (
      timestampMs < cutAtMs &&
      open.sampleCount < samplesPerChunk * 2 &&
      open.sizeBytes <= chunkMaxBytes - xor2SampleMaxBytes
    );
  }

  #appendStarted(
    slot: number,
    timestampMs: number,
    high: number,
    low: number,
    startMs: number,
  ): boolean {
    const words = this.#table.wordsOf(slot);
    const doubles = this.#table.doublesOf(slot);
    const at = this.#table.wordAt(slot);
    this.#sealFloats(slot, words, at);
    let chunk = this.#openObjects.get(slot);
    if (chunk instanceof Xor2Chunk && chunk.sampleCount === samplesPerChunk / 4) {
      predictCut(doubles, at);
    }
    if (!(chunk instanceof Xor2Chunk) || !this.#mayGoOn(slot, timestampMs)) {
      this.#sealObject(slot);
      chunk = new Xor2Chunk();
      this.#keepObject(slot, chunk, true);
      doubles[(at + seriesField.chunkStartMs) >>> 1] = timestampMs;
      doubles[(at + seriesField.cutAtMs) >>> 1] = rangeEndOf(timestampMs);
    }
    chunk.append(timestampMs, high, low, startMs);
    doubles[(at + seriesField.lastTimestampMs) >>> 1] = timestampMs;
    words[at + seriesField.valueHigh] = high;
    words[at + seriesField.valueLow] = low;
    return true;
  }

  /** Seals the open chunk of the arena, if there is one. */
  #sealFloats(slot: number, words: Uint32Array, at: number): void {
    if (words[at + seriesField.chunkAddress] === 0) return;
    this.#seal(slot);
    words[at + seriesField.chunkAddress] = 0;
    resetXorState(words, at);
  }

  /** As `append`, for a native histogram; a stale marker's histogram tells only its kind. */
  appendHistogram(
    slot: number,
    timestampMs: number,
    histogram: Histogram | FloatHistogram,
    isStale: boolean,
    startMs = 0,
  ): boolean {
    const words = this.#table.wordsOf(slot);
    const doubles = this.#table.doublesOf(slot);
    const at = this.#table.wordAt(slot);
    if (timestampMs <= doubles[(at + seriesField.lastTimestampMs) >>> 1]!) return false;
    this.#sealFloats(slot, words, at);
    const sample = { timestampMs, startMs, histogram, isStale };
    const hasStarts = startMs !== 0;
    const object = this.#openObjects.get(slot);
    const open = object instanceof HistogramChunk ? object : undefined;
    if (open === undefined || isHistogramChunkFull(open, timestampMs)) {
      if (object !== undefined) this.#sealObject(slot);
      this.#keepObject(slot, beginHistogramChunk(sample, hasStarts, open), true);
    } else if (open.isFloat !== (histogram.kind === "float") || (hasStarts && !open.hasStarts)) {
      this.#sealObject(slot);
      const before = open.isFloat === (histogram.kind === "float") ? open : undefined;
      this.#keepObject(slot, beginHistogramChunk(sample, hasStarts, before), true);
    } else {
      const { chunk, outcome } = appendHistogram(open, sample);
      if (outcome === "new") this.#sealObject(slot);
      this.#keepObject(slot, chunk, outcome === "new");
    }
    doubles[(at + seriesField.lastTimestampMs) >>> 1] = timestampMs;
    words[at + seriesField.valueHigh] = histogramValueBits;
    words[at + seriesField.valueLow] = histogramValueBits;
    return true;
  }

  /**
   * For a restart: adds a chunk that was finished before; false where the series has later samples
   * already. The series' last value is then not known, only its time.
   */
  restore(slot: number, chunk: StoredChunk): boolean {
    const words = this.#table.wordsOf(slot);
    const doubles = this.#table.doublesOf(slot);
    const at = this.#table.wordAt(slot);
    const lastAt = (at + seriesField.lastTimestampMs) >>> 1;
    if (chunk.firstMs <= doubles[lastAt]! || this.#hasOpen(slot)) return false;
    const { firstMs, lastMs, encoding, bytes, from, length } = chunk;
    const address = this.#arena.allocate(length);
    const page = this.#arena.bytePages[address >>> 16]!;
    page.set(bytes.subarray(from, from + length), byteIndex(address));
    this.#addSealed(slot, { firstMs, lastMs, encoding, address, length });
    doubles[lastAt] = lastMs;
    words[at + seriesField.valueHigh] = histogramValueBits;
    words[at + seriesField.valueLow] = histogramValueBits;
    this.chunkCount++;
    this.chunksCreated++;
    return true;
  }

  #hasOpen(slot: number): boolean {
    const at = this.#table.wordAt(slot);
    const hasFloats = this.#table.wordsOf(slot)[at + seriesField.chunkAddress] !== 0;
    return hasFloats || this.#openObject(slot) !== undefined;
  }

  /** The newest sample where it is a histogram of the open chunk. */
  openHistogram(slot: number): HistogramChunk | undefined {
    const open = this.#openObject(slot);
    return open instanceof HistogramChunk ? open : undefined;
  }

  /** The bytes of the open chunk, valid until the next append; undefined where there is none. */
  openChunk(slot: number): (EncodedChunk & { firstMs: number; lastMs: number }) | undefined {
    const words = this.#table.wordsOf(slot);
    const at = this.#table.wordAt(slot);
    const address = words[at + seriesField.chunkAddress]!;
    if (address === 0) {
      const open = this.#openObject(slot);
      if (open === undefined) return undefined;
      const { firstMs, lastMs, encoding, bytes, sizeBytes: length } = open;
      return { firstMs, lastMs, encoding, bytes, at: 0, length };
    }
    return {
      firstMs: this.#table.doublesOf(slot)[(at + seriesField.chunkStartMs) >>> 1]!,
      lastMs: this.lastMs(slot),
      encoding: xorEncoding,
      bytes: this.#arena.bytePages[address >>> 16]!,
      at: byteIndex(address),
      length: (words[at + seriesField.endBits]! + 7) >>> 3,
    };
  }

  #openObject(slot: number): OpenObject | undefined {
    return this.#openObjects.size === 0 ? undefined : this.#openObjects.get(slot);
  }

  /** First timestamp of a series, +Infinity where it has no samples. */
  firstMs(slot: number): number {
    const words = this.#table.wordsOf(slot);
    const at = this.#table.wordAt(slot);
    if (words[at + seriesField.sealedCount]! > 0) {
      const address = words[at + seriesField.sealedAddress]!;
      return this.#arena.doublePages[address >>> 16]![doubleIndex(address)]!;
    }
    if (words[at + seriesField.chunkAddress] === 0) {
      return this.#openObject(slot)?.firstMs ?? Number.POSITIVE_INFINITY;
    }
    return this.#table.doublesOf(slot)[(at + seriesField.chunkStartMs) >>> 1]!;
  }

  /** Last timestamp of a series, -Infinity where it has none. */
  lastMs(slot: number): number {
    const at = this.#table.wordAt(slot);
    return this.#table.doublesOf(slot)[(at + seriesField.lastTimestampMs) >>> 1]!;
  }

  /** Chunks of a series. */
  countOf(slot: number): number {
    const words = this.#table.wordsOf(slot);
    const at = this.#table.wordAt(slot);
    const open = this.#hasOpen(slot) ? 1 : 0;
    return words[at + seriesField.sealedCount]! + open;
  }

  /** Open chunks that are objects outside the arena. */
  get openObjectCount(): number {
    return this.#openObjects.size;
  }

  /** Finished chunks of a series. */
  sealedCountOf(slot: number): number {
    return this.#table.wordsOf(slot)[this.#table.wordAt(slot) + seriesField.sealedCount]!;
  }

  /** Appends the samples between the two times to `into`. O(samples of the chunks that overlap). */
  read(slot: number, into: SampleBuffer, startMs: number, endMs: number): void {
    const words = this.#table.wordsOf(slot);
    const doubles = this.#table.doublesOf(slot);
    const at = this.#table.wordAt(slot);
    const sealed = words[at + seriesField.sealedCount]!;
    if (sealed > 0) {
      const list = words[at + seriesField.sealedAddress]!;
      const times = this.#arena.doublePages[list >>> 16]!;
      const places = this.#arena.wordPages[list >>> 16]!;
      const first = doubleIndex(list);
      for (let i = firstEndingFrom(times, first, sealed, startMs); i < sealed; i++) {
        const entry = first + i * entryDoubles;
        if (times[entry]! > endMs) return;
        this.#readSealed(places[entry * 2 + 4]!, places[entry * 2 + 5]!, into, startMs, endMs);
      }
    }
    const address = words[at + seriesField.chunkAddress]!;
    if (address === 0) {
      const object = this.#openObject(slot);
      if (object !== undefined) readOpenObject(object, into, startMs, endMs);
      return;
    }
    if (doubles[(at + seriesField.lastTimestampMs) >>> 1]! < startMs) return;
    if (doubles[(at + seriesField.chunkStartMs) >>> 1]! > endMs) return;
    const bytes = this.#arena.bytePages[address >>> 16]!;
    readXorSamples(bytes, byteIndex(address), into, { startMs, endMs });
  }

  /** As `read`, through a reader that keeps what it decodes and knows buffer and window. */
  readKept(slot: number, into: SampleBuffer, reader: KeptChunkReader): void {
    reader.read(this.#sealed.of(slot));
    const { startMs, endMs } = reader;
    const open = this.#open.of(slot);
    if (open !== undefined) {
      if (open.firstMs <= endMs && open.lastMs >= startMs) reader.readOpen(open);
      return;
    }
    const object = this.#openObject(slot);
    if (object !== undefined) readOpenObject(object, into, startMs, endMs);
  }

  /** The finished chunks that touch the span, oldest first; their bytes stay until the head is truncated. */
  sealedBetween(slot: number, startMs: number, endMs: number): SealedChunk[] {
    const words = this.#table.wordsOf(slot);
    const at = this.#table.wordAt(slot);
    const count = words[at + seriesField.sealedCount]!;
    const found: SealedChunk[] = [];
    if (count === 0) return found;
    const list = words[at + seriesField.sealedAddress]!;
    const times = this.#arena.doublePages[list >>> 16]!;
    const places = this.#arena.wordPages[list >>> 16]!;
    const first = doubleIndex(list);
    for (let i = firstEndingFrom(times, first, count, startMs); i < count; i++) {
      const entry = first + i * entryDoubles;
      const firstMs = times[entry]!;
      if (firstMs > endMs) break;
      const packed = places[entry * 2 + 5]!;
      found.push({
        firstMs,
        lastMs: times[entry + 1]!,
        encoding: packed >>> 24,
        address: places[entry * 2 + 4]!,
        length: packed & lengthMask,
      });
    }
    return found;
  }

  /** Frees the chunks that end before `cutoffMs`; true where none is left. */
  dropBefore(slot: number, cutoffMs: number): boolean {
    const words = this.#table.wordsOf(slot);
    const at = this.#table.wordAt(slot);
    this.#dropSealed(words, at, cutoffMs);
    const address = words[at + seriesField.chunkAddress]!;
    if (address !== 0 && this.lastMs(slot) < cutoffMs) {
      this.#arena.free(address, words[at + seriesField.chunkCapacity]!);
      words[at + seriesField.chunkAddress] = 0;
      resetXorState(words, at);
      this.#countRemoved(1);
    }
    const object = this.#openObject(slot);
    if (object !== undefined && object.lastMs < cutoffMs) {
      this.#openObjects.delete(slot);
      this.#countRemoved(1);
    }
    return this.countOf(slot) === 0;
  }

  #beginOpen(words: Uint32Array, doubles: Float64Array, at: number, timestampMs: number): void {
    const address = this.#arena.allocate(openChunkBytes);
    words[at + seriesField.chunkAddress] = address;
    words[at + seriesField.chunkCapacity] = this.#arena.slotSize(openChunkBytes);
    resetXorState(words, at);
    doubles[(at + seriesField.chunkStartMs) >>> 1] = timestampMs;
    doubles[(at + seriesField.cutAtMs) >>> 1] = rangeEndOf(timestampMs);
    this.chunkCount++;
    this.chunksCreated++;
  }

  #growOpen(words: Uint32Array, at: number, usedBytes: number): void {
    const capacity = words[at + seriesField.chunkCapacity]!;
    const old = words[at + seriesField.chunkAddress]!;
    const grown = this.#arena.slotSize(capacity * 2);
    const address = this.#arena.allocate(grown);
    this.#arena.copy(old, address, usedBytes);
    this.#arena.free(old, capacity);
    words[at + seriesField.chunkAddress] = address;
    words[at + seriesField.chunkCapacity] = grown;
  }

  #readSealed(
    address: number,
    packed: number,
    into: SampleBuffer,
    startMs: number,
    endMs: number,
  ): void {
    const bytes = this.#arena.bytePages[address >>> 16]!;
    const base = byteIndex(address);
    const encoding = packed >>> 24;
    const length = packed & lengthMask;
    // Fast path: nearly all chunks are XOR. Prometheus' own may be longer than their samples need.
    if (encoding === xorEncoding) {
      const used = readXorSamples(bytes, base, into, { startMs, endMs });
      assert(used <= length, "a sealed chunk does not decode to its length");
    } else {
      readChunkSamples({ bytes, at: base, length, encoding }, into, { startMs, endMs });
    }
  }

  #keepObject(slot: number, chunk: OpenObject, isNew: boolean): void {
    this.#openObjects.set(slot, chunk);
    if (!isNew) return;
    this.chunkCount++;
    this.chunksCreated++;
  }

  #sealObject(slot: number): void {
    const chunk = this.#openObjects.get(slot);
    if (chunk === undefined) return;
    this.#openObjects.delete(slot);
    const address = this.#arena.allocate(chunk.sizeBytes);
    const bytes = this.#arena.bytePages[address >>> 16]!;
    bytes.set(chunk.bytes.subarray(0, chunk.sizeBytes), byteIndex(address));
    const { firstMs, lastMs, encoding, sizeBytes } = chunk;
    const sealed = { firstMs, lastMs, encoding, address, length: sizeBytes };
    this.#addSealed(slot, sealed);
    this.onSeal?.(slot, sealed);
  }

  /** Moves the open float chunk to the sealed ones; its slot in the series record is then stale. */
  #seal(slot: number): void {
    const words = this.#table.wordsOf(slot);
    const doubles = this.#table.doublesOf(slot);
    const at = this.#table.wordAt(slot);
    const length = (words[at + seriesField.endBits]! + 7) >>> 3;
    const capacity = words[at + seriesField.chunkCapacity]!;
    let address = words[at + seriesField.chunkAddress]!;
    if (this.#arena.slotSize(length) < capacity) {
      const exact = this.#arena.allocate(length);
      this.#arena.copy(address, exact, length);
      this.#arena.free(address, capacity);
      address = exact;
    }
    const firstMs = doubles[(at + seriesField.chunkStartMs) >>> 1]!;
    const lastMs = doubles[(at + seriesField.lastTimestampMs) >>> 1]!;
    const sealed = { firstMs, lastMs, encoding: xorEncoding, address, length };
    this.#addSealed(slot, sealed);
    this.onSeal?.(slot, sealed);
  }

  #addSealed(slot: number, chunk: SealedChunk): void {
    assert(chunk.length <= lengthMask, "a chunk is too long");
    const words = this.#table.wordsOf(slot);
    const at = this.#table.wordAt(slot);
    const count = words[at + seriesField.sealedCount]!;
    if (count === words[at + seriesField.sealedCapacity]) this.#growSealed(words, at, count);
    const list = words[at + seriesField.sealedAddress]!;
    const entry = doubleIndex(list) + count * entryDoubles;
    const times = this.#arena.doublePages[list >>> 16]!;
    const places = this.#arena.wordPages[list >>> 16]!;
    times[entry] = chunk.firstMs;
    times[entry + 1] = chunk.lastMs;
    places[entry * 2 + 4] = chunk.address;
    places[entry * 2 + 5] = chunk.length | (chunk.encoding << 24);
    words[at + seriesField.sealedCount] = count + 1;
  }

  #growSealed(words: Uint32Array, at: number, count: number): void {
    const old = words[at + seriesField.sealedAddress]!;
    const oldRoom = words[at + seriesField.sealedCapacity]!;
    const wanted = oldRoom === 0 ? sealedInitialRoom : oldRoom * 2;
    const bytes = this.#arena.slotSize(wanted * entryBytes);
    const address = this.#arena.allocate(bytes);
    if (oldRoom > 0) {
      this.#arena.copy(old, address, count * entryBytes);
      this.#arena.free(old, oldRoom * entryBytes);
    }
    words[at + seriesField.sealedAddress] = address;
    // The list may use what rounding to a slot gave; its own size must lead to the same slot.
    words[at + seriesField.sealedCapacity] = wanted;
  }

  #dropSealed(words: Uint32Array, at: number, cutoffMs: number): void {
    const count = words[at + seriesField.sealedCount]!;
    if (count === 0) return;
    const list = words[at + seriesField.sealedAddress]!;
    const times = this.#arena.doublePages[list >>> 16]!;
    const places = this.#arena.wordPages[list >>> 16]!;
    const first = doubleIndex(list);
    const dropped = firstEndingFrom(times, first, count, cutoffMs);
    for (let i = 0; i < dropped; i++) {
      const place = (first + i * entryDoubles) * 2;
      this.#arena.free(places[place + 4]!, places[place + 5]! & lengthMask);
    }
    this.#countRemoved(dropped);
    words[at + seriesField.sealedCount] = count - dropped;
    if (dropped === count) {
      this.#arena.free(list, words[at + seriesField.sealedCapacity]! * entryBytes);
      words[at + seriesField.sealedAddress] = 0;
      words[at + seriesField.sealedCapacity] = 0;
      return;
    }
    if (dropped === 0) return;
    const start = wordIndex(list);
    places.copyWithin(start, start + (dropped * entryBytes) / 4, start + (count * entryBytes) / 4);
  }

  #countRemoved(count: number): void {
    this.chunkCount -= count;
    this.chunksRemoved += count;
  }
}

function readOpenObject(
  chunk: OpenObject,
  into: SampleBuffer,
  startMs: number,
  endMs: number,
): void {
  if (chunk.lastMs < startMs || chunk.firstMs > endMs) return;
  const { bytes, sizeBytes: length, encoding } = chunk;
  readChunkSamples({ bytes, at: 0, length, encoding }, into, { startMs, endMs });
}
