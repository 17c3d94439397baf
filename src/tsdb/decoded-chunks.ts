/**
 * Samples of finished chunks, decoded and packed, so that a dashboard's next refresh need not decode
 * them again: about 1 ns a sample instead of 12. Bounded by bytes: pages of 256 KiB, the oldest of a
 * few picked at random being emptied whole when all are full. (Random, as a query larger than the
 * cache would otherwise always evict what it needs next.) packed-record.ts draws a record.
 *
 * Chunks of a series that follow one another on one line of time share a record where their values
 * allow it, so that a window of many chunks is read at once. Histograms and start timestamps are not
 * kept. A handle says when its page was emptied since.
 */

import type { SampleBuffer } from "../model/sample.ts";
import {
  createPage,
  headerUnits,
  type Page,
  pageBytes,
  pageShift,
  pageUnits,
  plainFlag,
  risingFlag,
  timeCode,
  unitsFor,
} from "./packed-record.ts";
import { noteKnown, unpack } from "./record-reading.ts";
import {
  appendValues,
  choosePacking,
  hasNaN,
  liesOnLine,
  noFit,
  packTimes,
  packValues,
  rises,
} from "./record-writing.ts";

/** Pages that a handle can name. */
const pagesMax = 1024;
const handlesPerEpoch = pageUnits * pagesMax;
/** A record grows up to here. */
const recordSamplesMax = 8192;
/** Pages looked at to find one to empty. */
const candidates = 4;
/** Names the packed samples of a chunk; 0 is none. */
export type DecodedHandle = number;

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
  /** The record written last, which ends where the page's used part does. */
  #lastHandle: DecodedHandle = 0;
  /** The unit of its page where it begins. */
  #lastAt = 0;

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
   * Keeps samples [from, count) of `buffer`, a whole chunk's, floats without start timestamps; 0 where
   * that is not worth it. `previous` names the samples of the chunk before, 0 where they are not kept;
   * where it is returned these samples were added to those. What is seen of the values is noted in the
   * buffer (`plainCount`). O(samples), no allocation but pages.
   */
  keep(buffer: SampleBuffer, from: number, previous: DecodedHandle = 0): DecodedHandle {
    const count = buffer.count - from;
    if (this.#pagesMax === 0 || count === 0 || count > 0xffff) return 0;
    if (buffer.histograms !== undefined || buffer.startTimestampsMs !== undefined) return 0;
    const isNext = previous !== 0 && previous === this.#lastHandle;
    if (isNext && this.#extend(buffer, from)) return previous;
    const packing = choosePacking(buffer, from);
    if (packing === undefined) return 0;
    const timeUnits = unitsFor(packing.time, count);
    const units = headerUnits + timeUnits + unitsFor(packing.value, count);
    if (units > pageUnits) return 0;
    if (this.#usedUnits + units > pageUnits) this.#beginPage();
    const page = this.#pages[this.#page] as Page;
    const at = this.#usedUnits;
    this.#usedUnits += units;
    page.doubles[at] = buffer.timestampsMs[from]!;
    page.doubles[at + 1] = packing.intervalMs;
    page.doubles[at + 2] = packing.base;
    const known = (packing.isPlain ? plainFlag : 0) | (packing.isRising ? risingFlag : 0);
    page.words[at * 2 + 6] = count | (packing.value << 16) | (packing.time << 24) | known;
    packTimes(page, at + headerUnits, buffer, from, packing);
    packValues(page, at + headerUnits + timeUnits, buffer, from, packing);
    if (packing.isPlain) noteKnown(buffer, from, packing.isRising);
    this.#lastAt = at;
    this.#lastHandle = page.epoch * handlesPerEpoch + this.#page * pageUnits + at;
    return this.#lastHandle;
  }

  /** Whether the record of a handle's parts is still there and begins at the time. */
  has(place: number, epoch: number, firstMs: number): boolean {
    const page = this.#pages[place >>> pageShift];
    return (
      epoch !== 0 &&
      page !== undefined &&
      page.epoch === epoch &&
      page.doubles[place & (pageUnits - 1)] === firstMs
    );
  }

  /** As `read`, of a record that is there. */
  readAt(place: number, into: SampleBuffer, startMs: number, endMs: number): void {
    this.hits++;
    const page = this.#pages[place >>> pageShift] as Page;
    unpack(page, place & (pageUnits - 1), into, startMs, endMs);
  }

  /** Appends the samples with startMs <= t <= endMs to `into`; false where they are not kept any more. */
  read(handle: DecodedHandle, into: SampleBuffer, startMs: number, endMs: number): boolean {
    const place = placeOf(handle);
    const page = this.#pages[place >>> pageShift];
    const epoch = epochOf(handle);
    if (handle === 0 || page === undefined || page.epoch !== epoch) {
      this.misses++;
      return false;
    }
    this.hits++;
    unpack(page, place & (pageUnits - 1), into, startMs, endMs);
    return true;
  }

  /**
   * Adds samples to the record written last; false where they do not fit its line, its numbers or the
   * page. Most chunks come this way, so values are looked at once, while they are written; what was
   * written of those that do not fit lies behind the used part of the page.
   */
  #extend(buffer: SampleBuffer, from: number): boolean {
    const page = this.#pages[this.#page] as Page;
    const at = this.#lastAt;
    const facts = page.words[at * 2 + 6]!;
    const known = facts & 0xffff;
    const value = (facts >>> 16) & 7;
    const added = buffer.count - from;
    const units = headerUnits + unitsFor(value, known + added);
    if (((facts >>> 24) & 7) !== timeCode.onLine) return false;
    if (known + added > recordSamplesMax || at + units > pageUnits) return false;
    const intervalMs = page.doubles[at + 1]!;
    const nextMs = page.doubles[at]! + known * intervalMs;
    if (!liesOnLine(buffer, from, nextMs, intervalMs)) return false;
    const order = appendValues(page, at, known, value, buffer, from);
    if (order === noFit) return false;
    const isPlain = (facts & plainFlag) !== 0 && order !== hasNaN;
    const isRising = (facts & risingFlag) !== 0 && order === rises;
    const flags = (isPlain ? plainFlag : 0) | (isRising ? risingFlag : 0);
    page.words[at * 2 + 6] = (known + added) | (value << 16) | (timeCode.onLine << 24) | flags;
    this.#usedUnits = at + units;
    if (order !== hasNaN) noteKnown(buffer, from, order === rises);
    return true;
  }

  #beginPage(): void {
    this.#lastHandle = 0;
    this.#epoch++;
    this.#usedUnits = 0;
    if (this.#pages.length < this.#pagesMax) {
      this.#page = this.#pages.length;
      this.#pages.push(createPage(this.#epoch));
      return;
    }
    let oldest = this.#page;
    for (let i = 0; i < candidates; i++) {
      const other = Math.floor(this.#random() * this.#pages.length);
      if (this.#pages[other]!.epoch < this.#pages[oldest]!.epoch) oldest = other;
    }
    this.#page = oldest;
    this.#pages[oldest]!.epoch = this.#epoch;
    this.evictions++;
  }
}

/** Where the record of a handle lies: page and unit. */
export function placeOf(handle: DecodedHandle): number {
  return handle % handlesPerEpoch;
}

/** How often pages had been begun when the handle's was; 0: no handle. */
export function epochOf(handle: DecodedHandle): number {
  return Math.floor(handle / handlesPerEpoch);
}
