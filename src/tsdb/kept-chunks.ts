/**
 * Reads the chunks of a series through the cache of decoded ones: records that are there are taken, what
 * is between them is decoded as a run and kept. What a series remembers is small, as there are many.
 */

import { SampleBuffer } from "../model/sample.ts";
import { sortTail } from "./block/merge-samples.ts";
import { SampleRun } from "./chunks/sample-run.ts";
import { type DecodedChunks, noPlace } from "./decoded-chunks.ts";
import { noteKnown, type ReadWindow } from "./record-reading.ts";

/** The finished chunks of a series, in order of their first times; they may overlap. */
export interface ChunkList {
  readonly chunkCount: number;
  firstMsOf(chunk: number): number;
  lastMsOf(chunk: number): number;
  /** Adds all samples of the chunk to the run; false where it does not go on with it. */
  decode(chunk: number, run: SampleRun): boolean;
}

/** The open chunk of a series: it changes with every sample. */
export interface OpenChunk {
  readonly firstMs: number;
  /** How long it is: tells it from what it was and will be. */
  readonly bits: number;
  decode(run: SampleRun): boolean;
}

/** Where a series' decoded chunks are. */
export class KeptSeries {
  /** The record kept last: its first and last chunk's number, its place and epoch. */
  #from = 0;
  #to = -1;
  #place = noPlace;
  #epoch = 0;
  /** Records kept before, by chunk: the same four of each. */
  #others: number[] | undefined;
  /** The last chunk of the record that `find` found last. */
  lastFound = -1;
  /** The open chunk as it was read last; its samples where they are kept. */
  openFirstMs = Number.NaN;
  openBits = 0;
  openPlace = noPlace;
  openEpoch = 0;

  /** The place of the record that holds the list's chunk, `noPlace` where there is none. */
  find(chunk: number, list: ChunkList, chunks: DecodedChunks): number {
    if (this.#from <= chunk && chunk <= this.#to) {
      // A list that lost its oldest chunks has others at their numbers.
      const isThere = chunks.has(this.#place, this.#epoch, list.firstMsOf(this.#from));
      this.lastFound = this.#to;
      return isThere ? this.#place : noPlace;
    }
    const others = this.#others;
    if (others === undefined) return noPlace;
    const at = behind(others, chunk) - recordLength;
    if (at < 0 || others[at + 1]! < chunk) return noPlace;
    this.lastFound = others[at + 1]!;
    const isThere = chunks.has(others[at + 2]!, others[at + 3]!, list.firstMsOf(others[at]!));
    return isThere ? others[at + 2]! : noPlace;
  }

  /** Notes a record of chunks [from, to]; it takes the place of those that held any of them. O(1) for one behind all others. */
  add(from: number, to: number, place: number, epoch: number): void {
    if (this.#to < from || this.#from > to) this.#keepOther();
    const others = this.#others;
    if (others !== undefined) {
      const last = behind(others, to);
      let first = last;
      while (first > 0 && others[first - recordLength + 1]! >= from) first -= recordLength;
      if (first < last) others.splice(first, last - first);
    }
    this.#from = from;
    this.#to = to;
    this.#place = place;
    this.#epoch = epoch;
  }

  /** Puts the record kept last among the others. */
  #keepOther(): void {
    if (this.#to < this.#from) return;
    this.#others ??= [];
    const others = this.#others;
    const at = behind(others, this.#from);
    if (at < others.length) {
      others.splice(at, 0, this.#from, this.#to, this.#place, this.#epoch);
    } else others.push(this.#from, this.#to, this.#place, this.#epoch);
  }
}

/** Numbers that tell of a record. */
const recordLength = 4;

/** Index behind the last record that begins at the chunk or before. O(log records). */
function behind(records: readonly number[], chunk: number): number {
  let low = 0;
  let high = records.length / recordLength;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (records[middle * recordLength]! <= chunk) low = middle + 1;
    else high = middle;
  }
  return low * recordLength;
}

/** Reads one series after the other: `begin`, then its finished chunks, then the open one. */
export class KeptChunkReader implements ReadWindow {
  /** Of what is read now. */
  startMs = 0;
  endMs = 0;
  readonly #chunks: DecodedChunks;
  #series = new KeptSeries();
  #into = new SampleBuffer(1);
  readonly #run = new SampleRun(this.#into);

  constructor(chunks: DecodedChunks) {
    this.#chunks = chunks;
  }

  begin(series: KeptSeries, into: SampleBuffer, startMs: number, endMs: number): this {
    this.#series = series;
    this.#into = into;
    this.startMs = startMs;
    this.endMs = endMs;
    return this;
  }

  /** Appends the samples of the list's chunks that lie in the window, in order. */
  read(list: ChunkList): void {
    const into = this.#into;
    const { startMs, endMs } = this;
    const { chunkCount } = list;
    const first = into.count;
    let chunk = 0;
    while (chunk < chunkCount && list.firstMsOf(chunk) <= endMs) {
      const before = into.count;
      const place = this.#series.find(chunk, list, this.#chunks);
      if (place !== noPlace) {
        this.#chunks.read(place, into, this);
        chunk = this.#series.lastFound + 1;
      } else if (list.lastMsOf(chunk) >= startMs) chunk = this.#decode(list, chunk);
      else chunk++;
      sortTail(into, first, before);
    }
  }

  /** As `read`, the open chunk. It is worth keeping only where it is read twice as it is. */
  readOpen(open: OpenChunk): void {
    const series = this.#series;
    const { firstMs, bits } = open;
    const isSame = series.openFirstMs === firstMs && series.openBits === bits;
    const { openPlace } = series;
    if (isSame && openPlace !== noPlace && this.#chunks.has(openPlace, series.openEpoch, firstMs)) {
      this.#chunks.read(openPlace, this.#into, this);
      return;
    }
    series.openFirstMs = firstMs;
    series.openBits = bits;
    series.openPlace = noPlace;
    const run = this.#run.begin(this.#into);
    open.decode(run);
    if (isSame) {
      series.openPlace = this.#chunks.keep(run, 0);
      series.openEpoch = this.#chunks.epochOf(series.openPlace);
    }
    const isPlain = series.openPlace !== noPlace && this.#chunks.last.facts.isPlain;
    this.#endRun(isPlain, isPlain && this.#chunks.last.facts.isRising);
  }

  /** Decodes and keeps chunk `from` and what goes on with it in the window; returns the chunk behind. */
  #decode(list: ChunkList, from: number): number {
    const { endMs } = this;
    const run = this.#run.begin(this.#into);
    list.decode(from, run);
    let chunk = from + 1;
    while (
      chunk < list.chunkCount &&
      run.isOnLine &&
      list.firstMsOf(chunk) <= endMs &&
      this.#series.find(chunk, list, this.#chunks) === noPlace &&
      list.decode(chunk, run)
    ) {
      chunk++;
    }
    this.#keep(from);
    return chunk;
  }

  /** Keeps the run, whose first chunk is number `from`, in as few records as may be. */
  #keep(from: number): void {
    const chunks = this.#chunks;
    const run = this.#run;
    const { facts } = chunks.last;
    let isPlain = true;
    let isRising = true;
    let before = -Infinity;
    for (let chunk = 0; chunk < run.chunkCount; chunk = chunks.last.chunkEnd) {
      const place = chunks.keep(run, chunk);
      if (place === noPlace) {
        isPlain = false;
        continue;
      }
      const to = from + chunks.last.chunkEnd - 1;
      this.#series.add(from + chunk, to, place, chunks.epochOf(place));
      isPlain &&= facts.isPlain;
      isRising &&= facts.isRising && facts.first >= before;
      before = facts.last;
    }
    this.#endRun(isPlain, isRising);
  }

  #endRun(isPlain: boolean, isRising: boolean): void {
    const { from } = this.#run;
    this.#run.cut(this.startMs, this.endMs);
    if (isPlain) noteKnown(this.#into, from, isRising);
  }
}
