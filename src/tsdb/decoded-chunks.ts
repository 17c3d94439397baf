/**
 * Samples of finished chunks, decoded and packed, so that a dashboard's next refresh need not decode
 * them again: about 1 ns a sample instead of 12. Bounded by bytes: pages of 256 KiB, one picked at random
 * being emptied whole when all are full. (Where queries need more than the cache holds, emptying the
 * oldest would always take what is needed next: of a quarter too much, random leaves 60 %, oldest none.)
 * packed-record.ts draws a record.
 *
 * Chunks of a series that follow one another on one line of time share a record where their values
 * allow it, so that a window of many chunks is read at once. Histograms and start timestamps are not
 * kept. A record's place comes with the epoch of its page, which says whether it was emptied since.
 */

import type { SampleBuffer } from "../model/sample.ts";
import type { SampleRun } from "./chunks/sample-run.ts";
import { createPage, type Page, pageBytes, pageShift, pageUnits } from "./packed-record.ts";
import { type ReadWindow, RecordReader } from "./record-reading.ts";
import { RecordWriter } from "./record-writing.ts";

/** Pages at most: a place is a small number. */
const pagesMax = 1024;
/** Stands for no place. */
export const noPlace = -1;

/** See the head comment. One for a database. */
export class DecodedChunks {
  readonly bytesMax: number;
  hits = 0;
  misses = 0;
  /** Pages emptied. */
  evictions = 0;
  readonly #random: () => number;
  readonly #pagesMax: number;
  readonly #pages: Page[] = [];
  #page = -1;
  #usedUnits = pageUnits;
  #epoch = 0;
  readonly #reader = new RecordReader();
  /** What was kept last, and the run's chunk behind it. */
  readonly last = new RecordWriter();

  /** 0 keeps nothing. */
  constructor(bytesMax: number, random: () => number) {
    this.#random = random;
    this.#pagesMax = Math.min(pagesMax, Math.floor(bytesMax / pageBytes));
    this.bytesMax = this.#pagesMax * pageBytes;
  }

  /** Bytes of all pages: what the cache takes of memory. */
  get sizeBytes(): number {
    return this.#pages.length * pageBytes;
  }

  /**
   * Keeps chunks of the run from `chunk` on, as many as go into one record (`last.chunkEnd` is behind
   * them); returns its place, `noPlace` where they are not worth it. O(samples), no allocation but pages.
   */
  keep(run: SampleRun, chunk: number): number {
    this.misses++;
    const { last } = this;
    if (!last.plan(run, chunk) || this.#pagesMax === 0) return noPlace;
    if (this.#usedUnits + last.units > pageUnits) this.#beginPage();
    const at = this.#usedUnits;
    this.#usedUnits += last.units;
    last.write(this.#pages[this.#page] as Page, at);
    return this.#page * pageUnits + at;
  }

  /** Counts how often the page of the place was begun; what is kept there later has another number. */
  epochOf(place: number): number {
    return this.#pages[place >>> pageShift]?.epoch ?? 0;
  }

  /** Whether the record kept in this epoch is still there and begins at the time. */
  has(place: number, epoch: number, firstMs: number): boolean {
    const page = this.#pages[place >>> pageShift];
    return (
      page !== undefined &&
      page.epoch === epoch &&
      page.doubles[place & (pageUnits - 1)] === firstMs
    );
  }

  /** Appends the samples of the window to `into`, of a record that is there. */
  read(place: number, into: SampleBuffer, window: ReadWindow): void {
    this.hits++;
    const page = this.#pages[place >>> pageShift] as Page;
    this.#reader.read(page, place & (pageUnits - 1), into, window);
  }

  #beginPage(): void {
    this.#epoch++;
    this.#usedUnits = 0;
    if (this.#pages.length < this.#pagesMax) {
      this.#page = this.#pages.length;
      this.#pages.push(createPage(this.#epoch));
      return;
    }
    // Any but the one just filled.
    const others = Math.max(1, this.#pages.length - 1);
    const page = (this.#page + 1 + Math.floor(this.#random() * others)) % this.#pages.length;
    this.#page = page;
    this.#pages[page]!.epoch = this.#epoch;
    this.evictions++;
  }
}
