/**
 * Writes packed records (packed-record.ts): chooses the narrowest numbers and how many chunks of a run
 * go into one record. Values are looked at once to choose and once to write: about 2 ns a sample.
 */

import { highWord, SampleBuffer } from "../model/sample.ts";
import type { SampleRun } from "./chunks/sample-run.ts";
import {
  codeOfSpan,
  headerUnits,
  type Page,
  pageUnits,
  plainFlag,
  risingFlag,
  timeCode,
  unitsFor,
  valueCode,
} from "./packed-record.ts";

/** Whole numbers up to here are exact, and so are their sums. */
const wholeMax = 2 ** 52;
/** Samples of a record, beyond its first chunk. */
const recordSamplesMax = 8192;
/** What the count's bits can say. */
const countMax = 0xffff;
/** A record may be wider than two would be by a quarter and so many units: reading one is faster. */
const widerUnitsMax = 16;

/** What is known of a run of values; O(1) to add another that follows. */
class ValueFacts {
  count = 0;
  least = 0;
  most = 0;
  first = 0;
  last = 0;
  /** Whole numbers only, none of them -0. */
  isWhole = false;
  /** No NaN; and none less than the one before. */
  isPlain = false;
  isRising = false;

  /** Looks at values [from, to), at least one. O(values), no allocation. */
  look(buffer: SampleBuffer, from: number, to: number): void {
    const { values } = buffer;
    const first = values[from]!;
    let before = first;
    let isWhole = true;
    let i = from;
    // Fast path: counters rise, and then the least and the most are known.
    for (; i < to; i++) {
      const value = values[i]!;
      // False for NaN.
      if (!(value >= before)) break;
      if (Math.floor(value) !== value) isWhole = false;
      before = value;
    }
    this.count = to - from;
    this.first = first;
    this.last = values[to - 1]!;
    this.least = first;
    this.most = before;
    this.isWhole = isWhole;
    this.isPlain = true;
    this.isRising = i === to;
    if (i < to) this.#lookOn(values, i, to);
    if (this.isWhole && this.least <= 0 && this.most >= 0) {
      this.isWhole = !hasNegativeZero(buffer, from, to);
    }
  }

  /** As `look`, from the first value that does not rise. */
  #lookOn(values: Float64Array, from: number, to: number): void {
    let { least, most, isWhole, isPlain } = this;
    for (let i = from; i < to; i++) {
      const value = values[i]!;
      // True of NaN, too.
      if (Math.floor(value) !== value) {
        isWhole = false;
        if (Number.isNaN(value)) isPlain = false;
      }
      if (value < least) least = value;
      else if (value > most) most = value;
    }
    this.least = least;
    this.most = most;
    this.isWhole = isWhole;
    this.isPlain = isPlain;
  }

  /** Adds what follows. */
  add(next: ValueFacts): void {
    this.isRising &&= next.isRising && next.first >= this.last;
    this.isPlain &&= next.isPlain;
    this.isWhole &&= next.isWhole;
    this.least = Math.min(this.least, next.least);
    this.most = Math.max(this.most, next.most);
    this.count += next.count;
    this.last = next.last;
  }

  get code(): number {
    return codeOf(this.isWhole, this.least, this.most);
  }

  /** The code of these values and those that follow. */
  codeWith(next: ValueFacts): number {
    const least = Math.min(this.least, next.least);
    return codeOf(this.isWhole && next.isWhole, least, Math.max(this.most, next.most));
  }
}

/** The narrowest code for values between the two. */
function codeOf(isWhole: boolean, least: number, most: number): number {
  const span = most - least;
  if (!isWhole || !(span < 2 ** 32) || !(least >= -wholeMax && most <= wholeMax)) {
    return valueCode.bits;
  }
  return codeOfSpan(span);
}

function hasNegativeZero({ valueWords, values }: SampleBuffer, from: number, to: number): boolean {
  for (let i = from; i < to; i++) {
    if (values[i] === 0 && valueWords[i * 2 + highWord] !== 0) return true;
  }
  return false;
}

/** Plans a record, then writes it. Reused for all records of a cache. */
export class RecordWriter {
  /** Of the record planned last: how many units it takes, the chunk behind it, and what is known of its values. */
  units = 0;
  chunkEnd = 0;
  readonly facts = new ValueFacts();
  readonly #next = new ValueFacts();
  #buffer = new SampleBuffer(1);
  #from = 0;
  #firstMs = 0;
  #intervalMs = 0;
  #time: number = timeCode.onLine;
  #value: number = valueCode.bits;

  /** A record of the run's chunks from `chunk` on; false where the first of them cannot be packed. O(samples). */
  plan(run: SampleRun, chunk: number): boolean {
    const { into: buffer, ends, isOnLine } = run;
    this.chunkEnd = chunk + 1;
    const from = chunk === 0 ? run.from : ends[chunk - 1]!;
    const to = ends[chunk]!;
    if (to === from || to - from > countMax) return false;
    if (buffer.histograms !== undefined || buffer.startTimestampsMs !== undefined) return false;
    this.#buffer = buffer;
    this.#from = from;
    this.facts.look(buffer, from, to);
    if (isOnLine) {
      this.#firstMs = run.firstMs + (from - run.from) * run.intervalMs;
      this.#intervalMs = run.intervalMs;
      this.#time = timeCode.onLine;
      this.#addChunks(run);
    } else if (!this.#fitTimes(to)) return false;
    const { count, code } = this.facts;
    this.#value = code;
    this.units = headerUnits + unitsFor(this.#time, count) + unitsFor(code, count);
    return this.units <= pageUnits;
  }

  /** Writes what was planned. O(samples), no allocation. */
  write(page: Page, unit: number): void {
    const { count, least, isPlain, isRising } = this.facts;
    page.doubles[unit] = this.#firstMs;
    page.doubles[unit + 1] = this.#intervalMs;
    page.doubles[unit + 2] = this.#value === valueCode.bits ? 0 : least;
    const known = (isPlain ? plainFlag : 0) | (isRising ? risingFlag : 0);
    page.words[unit * 2 + 6] = count | (this.#value << 16) | (this.#time << 24) | known;
    const timesUnit = unit + headerUnits;
    if (this.#time !== timeCode.onLine) this.#writeTimes(page, timesUnit);
    this.#writeValues(page, timesUnit + unitsFor(this.#time, count));
  }

  /** Takes chunks behind the first as long as they do not make the record much wider. */
  #addChunks({ into: buffer, ends, chunkCount }: SampleRun): void {
    const { facts } = this;
    const next = this.#next;
    while (this.chunkEnd < chunkCount) {
      const from = ends[this.chunkEnd - 1]!;
      const to = ends[this.chunkEnd]!;
      const count = facts.count + to - from;
      if (to === from || count > recordSamplesMax) return;
      next.look(buffer, from, to);
      const units = unitsFor(facts.codeWith(next), count);
      const apart = unitsFor(facts.code, facts.count) + unitsFor(next.code, to - from);
      if (headerUnits + units > pageUnits || units > apart * 1.25 + widerUnitsMax) return;
      facts.add(next);
      this.chunkEnd++;
    }
  }

  /** Finds the line that the times up to `to` are closest to; false where they are weeks off. */
  #fitTimes(to: number): boolean {
    const { timestampsMs } = this.#buffer;
    const from = this.#from;
    const firstMs = timestampsMs[from]!;
    const steps = to - from - 1;
    const intervalMs = steps === 0 ? 0 : Math.round((timestampsMs[to - 1]! - firstMs) / steps);
    let off = 0;
    for (let i = from; i < to; i++) {
      off = Math.max(off, Math.abs(timestampsMs[i]! - firstMs - (i - from) * intervalMs));
    }
    this.#firstMs = firstMs;
    this.#intervalMs = intervalMs;
    this.#time = off === 0 ? timeCode.onLine : off < 2 ** 15 ? timeCode.int16 : timeCode.int32;
    return off < 2 ** 31;
  }

  #writeTimes(page: Page, unit: number): void {
    const { timestampsMs } = this.#buffer;
    const { count } = this.facts;
    const from = this.#from;
    const firstMs = this.#firstMs;
    const intervalMs = this.#intervalMs;
    const isShort = this.#time === timeCode.int16;
    const offsets = isShort ? page.int16s : page.int32s;
    const at = unit * (isShort ? 4 : 2);
    for (let i = 0; i < count; i++) {
      offsets[at + i] = timestampsMs[from + i]! - firstMs - i * intervalMs;
    }
  }

  /** A loop for each width, as V8 wants it. */
  #writeValues(page: Page, unit: number): void {
    const { values, valueWords } = this.#buffer;
    const { count, least } = this.facts;
    const from = this.#from;
    const code = this.#value;
    if (code === valueCode.uint8) {
      const { uint8s } = page;
      for (let i = 0; i < count; i++) uint8s[unit * 8 + i] = values[from + i]! - least;
    } else if (code === valueCode.uint16) {
      const { uint16s } = page;
      for (let i = 0; i < count; i++) uint16s[unit * 4 + i] = values[from + i]! - least;
    } else if (code === valueCode.uint32) {
      const { words } = page;
      for (let i = 0; i < count; i++) words[unit * 2 + i] = values[from + i]! - least;
    } else if (code === valueCode.bits) {
      // As words: a copy as doubles might change the bits of a NaN.
      const { words } = page;
      for (let i = 0; i < count * 2; i++) words[unit * 2 + i] = valueWords[from * 2 + i]!;
    }
  }
}
