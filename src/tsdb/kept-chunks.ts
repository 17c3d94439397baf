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
  /** Records kept before: the same four of each. */
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
    const others = this.#others ?? noRecords;
    for (let i = 0; i < others.length; i += 4) {
      if (others[i]! > chunk || chunk > others[i + 1]!) continue;
      this.lastFound = others[i + 1]!;
      const place = others[i + 2]!;
      return chunks.has(place, others[i + 3]!, list.firstMsOf(others[i]!)) ? place : noPlace;
    }
    return noPlace;
  }

  /** Notes a record of chunks [from, to]; it takes the place of those that held any of them. */
  add(from: number, to: number, place: number, epoch: number): void {
    if (this.#to >= this.#from && (this.#to < from || this.#from > to)) {
      this.#others = (this.#others ?? []).concat(this.#from, this.#to, this.#place, this.#epoch);
    }
    if (this.#others !== undefined) this.#others = without(this.#others, from, to);
    this.#from = from;
    this.#to = to;
    this.#place = place;
    this.#epoch = epoch;
  }
}

const noRecords: readonly number[] = [];

/** The records that hold none of the chunks [from, to]. */
function without(records: number[], from: number, to: number): number[] {
  let kept = 0;
  for (let i = 0; i < records.length; i += 4) {
    if (records[i]! <= to && records[i + 1]! >= from) continue;
    records.copyWithin(kept, i, i + 4);
    kept += 4;
  }
  records.length = kept;
  return records;
}

/** Reads one series after the other: `begin`, then its finished chunks, then the open one. */
export class KeptChunkReader implements ReadWindow {
  /** Of what is read now. */
  startMs = 0;
  endMs = 0;
  readonly #chunks: DecodedChunks;
  readonly #run = new SampleRun();
  #series = new KeptSeries();
  #into = new SampleBuffer(1);

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
