/**
 * Samples of finished chunks, decoded and packed, so that a dashboard's next refresh need not decode
 * them again: about 1 ns a sample instead of 12. Bounded by bytes: pages of 256 KiB, the oldest of a
 * few picked at random being emptied whole when all are full. (Random, as a query larger than the
 * cache would otherwise always evict what it needs next.) A record, in units of 8 bytes:
 *
 *   first ms | interval ms | base value | count, value code, time code | times … | values …
 *
 *   times   nothing where all lie on the line first + i * interval, else what they are off it (int16, int32)
 *   values  nothing where all are the base, else what is above it (uint8, uint16, uint32: whole numbers
 *           only), else the 64 bits of each, so that NaNs keep theirs
 *
 * Chunks of a series that follow one another on one line of time share a record where their values
 * allow it, so that a window of many chunks is read at once. Histograms and start timestamps are not
 * kept. A handle says when its page was emptied since.
 */

import type { SampleBuffer } from "../model/sample.ts";

const pageBytes = 256 * 1024;
const pageUnits = pageBytes / 8;
const pageShift = Math.log2(pageUnits);
/** Pages that a handle can name. */
const pagesMax = 1024;
const handlesPerEpoch = pageUnits * pagesMax;
const headerUnits = 4;
/** Whole numbers up to here are exact, and so are their sums. */
const wholeMax = 2 ** 52;
/** Pages looked at to find one to empty. */
const candidates = 4;
/** A record grows up to here. */
const recordSamplesMax = 8192;
/** A chunk joins a record whose numbers are wider than its own only where that costs less than this. */
const widerUnitsMax = 16;

/** Bytes each number of a code takes; a time code is 0, 2 or 3. */
const timeCode = { onLine: 0, int16: 2, int32: 3 } as const;
const valueCode = { same: 0, uint8: 1, uint16: 2, uint32: 3, bits: 4 } as const;
/** In the word of count and codes: all values are numbers, and none is less than the one before. */
const plainFlag = 1 << 30;
const risingFlag = 1 << 31;
const unitsPer16th: readonly number[] = [0, 2, 4, 8, 16];

/** One page; all views are of the same memory. */
interface Page {
  readonly doubles: Float64Array;
  readonly words: Uint32Array;
  readonly int32s: Int32Array;
  readonly int16s: Int16Array;
  readonly uint16s: Uint16Array;
  readonly uint8s: Uint8Array;
  /** Counts how often pages were begun; part of each handle, so that an old one is known. */
  epoch: number;
}

/** How the samples of one chunk are packed. */
interface Packing {
  readonly intervalMs: number;
  readonly base: number;
  readonly time: number;
  readonly value: number;
  /** No NaN; and none less than the one before. */
  readonly isPlain: boolean;
  readonly isRising: boolean;
}

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

/** Takes away the samples from index `from` on that lie outside of [startMs, endMs]. */
export function dropOutside(
  into: SampleBuffer,
  from: number,
  startMs: number,
  endMs: number,
): void {
  const { timestampsMs, valueWords } = into;
  while (into.count > from && timestampsMs[into.count - 1]! > endMs) into.count--;
  const { count } = into;
  let kept = from;
  while (kept < count && timestampsMs[kept]! < startMs) kept++;
  into.plainCount = Math.min(into.plainCount, count - (kept - from));
  into.risingCount = Math.min(into.risingCount, count - (kept - from));
  if (kept === from) return;
  timestampsMs.copyWithin(from, kept, count);
  // As words: a copy as doubles might change the bits of a NaN.
  valueWords.copyWithin(from * 2, kept * 2, count * 2);
  into.startTimestampsMs?.copyWithin(from, kept, count);
  into.histograms?.splice(from, kept - from);
  into.count = count - (kept - from);
}

function createPage(epoch: number): Page {
  const buffer = new ArrayBuffer(pageBytes);
  return {
    doubles: new Float64Array(buffer),
    words: new Uint32Array(buffer),
    int32s: new Int32Array(buffer),
    int16s: new Int16Array(buffer),
    uint16s: new Uint16Array(buffer),
    uint8s: new Uint8Array(buffer),
    epoch,
  };
}

function unitsFor(code: number, count: number): number {
  return Math.ceil((count * unitsPer16th[code]!) / 16);
}

function choosePacking(buffer: SampleBuffer, from: number): Packing | undefined {
  const { timestampsMs, count } = buffer;
  const firstMs = timestampsMs[from]!;
  const steps = count - from - 1;
  const intervalMs = steps === 0 ? 0 : Math.round((timestampsMs[count - 1]! - firstMs) / steps);
  let off = 0;
  for (let i = from; i < count; i++) {
    off = Math.max(off, Math.abs(timestampsMs[i]! - firstMs - (i - from) * intervalMs));
  }
  // Weeks without a sample.
  if (off >= 2 ** 31) return undefined;
  const time = off === 0 ? timeCode.onLine : off < 2 ** 15 ? timeCode.int16 : timeCode.int32;
  return { intervalMs, time, ...chooseValues(buffer, from), ...seeOrder(buffer, from) };
}

function seeOrder(buffer: SampleBuffer, from: number): { isPlain: boolean; isRising: boolean } {
  const { values, count } = buffer;
  let before = -Infinity;
  let isRising = true;
  for (let i = from; i < count; i++) {
    const value = values[i]!;
    if (Number.isNaN(value)) return { isPlain: false, isRising: false };
    if (value < before) isRising = false;
    before = value;
  }
  return { isPlain: true, isRising };
}

function chooseValues(buffer: SampleBuffer, from: number): { base: number; value: number } {
  const { values, count } = buffer;
  let least = Infinity;
  let most = -Infinity;
  for (let i = from; i < count; i++) {
    const value = values[i]!;
    // False for NaN; -0 has a sign to keep.
    if (!(Math.floor(value) === value) || (value === 0 && 1 / value < 0)) {
      return { base: 0, value: valueCode.bits };
    }
    if (value < least) least = value;
    if (value > most) most = value;
  }
  const span = most - least;
  if (span >= 2 ** 32 || !(least >= -wholeMax && most <= wholeMax)) {
    return { base: 0, value: valueCode.bits };
  }
  const value = codeOfSpan(span);
  if (value === valueCode.same) return { base: least, value };
  // Counters go on upwards; others either way, and the next chunk shall fit the same numbers.
  const goesUp = values[from] === least && values[count - 1] === most;
  const room = goesUp ? 0 : Math.floor((numberMax(value) - span) / 2);
  return { base: least - room, value };
}

/** The narrowest code for whole numbers of which the least and the largest are `span` < 2^32 apart. */
function codeOfSpan(span: number): number {
  if (span === 0) return valueCode.same;
  if (span < 2 ** 8) return valueCode.uint8;
  return span < 2 ** 16 ? valueCode.uint16 : valueCode.uint32;
}

/** The largest number of a code of whole numbers. */
function numberMax(value: number): number {
  return value === valueCode.same ? 0 : 2 ** (4 * 2 ** value) - 1;
}

function packTimes(
  page: Page,
  unit: number,
  buffer: SampleBuffer,
  from: number,
  { time, intervalMs }: Packing,
): void {
  if (time === timeCode.onLine) return;
  const { timestampsMs, count } = buffer;
  const firstMs = timestampsMs[from]!;
  const isShort = time === timeCode.int16;
  const offsets = isShort ? page.int16s : page.int32s;
  const first = unit * (isShort ? 4 : 2);
  for (let i = 0; i < count - from; i++) {
    offsets[first + i] = timestampsMs[from + i]! - firstMs - i * intervalMs;
  }
}

/** Whether the samples from `from` on are at next, next + interval … */
function liesOnLine(
  buffer: SampleBuffer,
  from: number,
  nextMs: number,
  intervalMs: number,
): boolean {
  const { timestampsMs, count } = buffer;
  let timeMs = nextMs;
  for (let i = from; i < count; i++, timeMs += intervalMs) {
    if (timestampsMs[i] !== timeMs) return false;
  }
  return true;
}

/**
 * Writes the values from `from` on behind the `known` ones of the record at unit `at`, or says that they
 * do not fit its numbers, or would be much narrower in a record of their own.
 */
function appendValues(
  page: Page,
  at: number,
  known: number,
  value: number,
  buffer: SampleBuffer,
  from: number,
): ValueOrder {
  const base = page.doubles[at + 2]!;
  const last = lastNumber(page, at, known, value);
  if (value === valueCode.bits) {
    const { value: own } = chooseValues(buffer, from);
    if (isTooWide(value, own, buffer.count - from)) return noFit;
    page.words.set(
      buffer.valueWords.subarray(from * 2, buffer.count * 2),
      (at + headerUnits + known) * 2,
    );
    const { isPlain, isRising } = seeOrder(buffer, from);
    if (!isPlain) return hasNaN;
    return isRising && buffer.values[from]! >= last ? rises : falls;
  }
  if (value === valueCode.same) return areAll(buffer, from, base) ? rises : noFit;
  const [numbers, perUnit] = wholeNumbers(page, value);
  const first = (at + headerUnits) * perUnit + known;
  return appendNumbers(numbers, first, numberMax(value), base, buffer, from);
}

/** What is known of values that were added, beside the one before them. */
type ValueOrder = typeof noFit | typeof hasNaN | typeof falls | typeof rises;
const noFit = 0;
const hasNaN = 1;
const falls = 2;
const rises = 3;

/** As `appendValues`, of whole numbers above the base. */
function appendNumbers(
  numbers: Uint8Array | Uint16Array | Uint32Array,
  first: number,
  most: number,
  base: number,
  buffer: SampleBuffer,
  from: number,
): ValueOrder {
  const { values, count } = buffer;
  let before = numbers[first - 1]!;
  let isRising = true;
  let least = most;
  let greatest = 0;
  for (let i = from; i < count; i++) {
    const value = values[i]!;
    const above = (value - base) >>> 0;
    // False for NaN, fractions and what is too far off; -0 has a sign to keep.
    if (base + above !== value || above > most || (value === 0 && 1 / value < 0)) return noFit;
    numbers[first + i - from] = above;
    if (above < before) isRising = false;
    if (above < least) least = above;
    if (above > greatest) greatest = above;
    before = above;
  }
  const own = codeOfSpan(greatest - least);
  if (isTooWide(codeOfSpan(most), own, count - from)) return noFit;
  return isRising ? rises : falls;
}

function areAll(buffer: SampleBuffer, from: number, wanted: number): boolean {
  const { values, count } = buffer;
  for (let i = from; i < count; i++) if (!Object.is(values[i], wanted)) return false;
  return true;
}

/** Whether values of the code `own` cost too much in a record of wider numbers. */
function isTooWide(value: number, own: number, count: number): boolean {
  return unitsFor(value, count) > 2 * unitsFor(own, count) + widerUnitsMax;
}

/** The last value of a record on a line; NaN where that is not a whole number. */
function lastNumber(page: Page, at: number, count: number, value: number): number {
  const base = page.doubles[at + 2]!;
  if (value === valueCode.same) return base;
  if (value === valueCode.bits) return page.doubles[at + headerUnits + count - 1]!;
  const [numbers, perUnit] = wholeNumbers(page, value);
  return base + numbers[(at + headerUnits) * perUnit + count - 1]!;
}

/** Writes the values from `from` on at `unit`. */
function packValues(
  page: Page,
  unit: number,
  buffer: SampleBuffer,
  from: number,
  { value, base }: Packing,
): void {
  const { values, count } = buffer;
  if (value === valueCode.same) return;
  if (value === valueCode.bits) {
    // As words: a copy as doubles might change the bits of a NaN.
    page.words.set(buffer.valueWords.subarray(from * 2, count * 2), unit * 2);
    return;
  }
  const [numbers, perUnit] = wholeNumbers(page, value);
  const first = unit * perUnit;
  for (let i = 0; i < count - from; i++) numbers[first + i] = values[from + i]! - base;
}

function wholeNumbers(page: Page, value: number): [Uint8Array | Uint16Array | Uint32Array, number] {
  if (value === valueCode.uint8) return [page.uint8s, 8];
  return value === valueCode.uint16 ? [page.uint16s, 4] : [page.words, 2];
}

/** Appends the samples of the record at `unit` that lie in the window. O(samples of the window), no allocation. */
function unpack(
  page: Page,
  unit: number,
  into: SampleBuffer,
  startMs: number,
  endMs: number,
): void {
  const { doubles, words } = page;
  const firstMs = doubles[unit]!;
  const intervalMs = doubles[unit + 1]!;
  const base = doubles[unit + 2]!;
  const facts = words[unit * 2 + 6]!;
  const count = facts & 0xffff;
  const value = (facts >>> 16) & 7;
  const time = (facts >>> 24) & 7;
  const timesUnit = unit + headerUnits;
  const onLine = time === timeCode.onLine;
  if (!onLine) unpackTimes(page, timesUnit, time, unit, into);
  const low = onLine ? indexOnLine(doubles, unit, count, startMs) : 0;
  const high = onLine ? indexOnLine(doubles, unit, count, endMs + 1) : count;
  if (high <= low) return;
  const at = into.count;
  if (onLine) into.addLine(firstMs + low * intervalMs, intervalMs, high - low);
  const valuesUnit = timesUnit + unitsFor(time, count);
  // Plain numbers instead of an object: this is called once a chunk, and garbage counts.
  if (onLine && canLeaveOut(into, high - low, facts)) {
    unpackWanted(page, valuesUnit, value, base, low, high, into);
  } else unpackValues(page, valuesUnit, value, base, low, high, into);
  into.count = at + high - low;
  into.startTimestampsMs?.fill(0, at, into.count);
  if (!onLine) dropOutside(into, at, startMs, endMs);
  if ((facts & plainFlag) !== 0) noteKnown(into, at, (facts & risingFlag) !== 0);
}

/** Whether the reader can do with the values it wants; the times are written, `count` samples behind the last. */
function canLeaveOut(into: SampleBuffer, count: number, facts: number): boolean {
  const at = into.count;
  if (into.wanted === undefined || into.sameTimesCount !== at + count) return false;
  if (!into.wantsRising) return (facts & plainFlag) !== 0 && into.plainCount === at;
  return (facts & risingFlag) !== 0 && into.risingCount === at;
}

/** How many samples of the record's line are before `timeMs`, a whole number or infinite. */
function indexOnLine(doubles: Float64Array, unit: number, count: number, timeMs: number): number {
  const firstMs = doubles[unit]!;
  const intervalMs = doubles[unit + 1]!;
  if (timeMs <= firstMs) return 0;
  if (timeMs > firstMs + (count - 1) * intervalMs) return count;
  return Math.ceil((timeMs - firstMs) / intervalMs);
}

/** Writes all times of a record that does not lie on its line behind the buffer's last sample. */
function unpackTimes(
  page: Page,
  timesUnit: number,
  time: number,
  unit: number,
  into: SampleBuffer,
): void {
  const firstMs = page.doubles[unit]!;
  const intervalMs = page.doubles[unit + 1]!;
  const count = page.words[unit * 2 + 6]! & 0xffff;
  into.reserve(count);
  const { timestampsMs, count: at } = into;
  const isShort = time === timeCode.int16;
  const offsets = isShort ? page.int16s : page.int32s;
  const first = timesUnit * (isShort ? 4 : 2);
  for (let i = 0; i < count; i++) {
    timestampsMs[at + i] = firstMs + i * intervalMs + offsets[first + i]!;
  }
}

/** Where all before sample `at` is known too, so is what is behind it. */
function noteKnown(into: SampleBuffer, at: number, isRising: boolean): void {
  if (into.plainCount !== at) return;
  into.plainCount = into.count;
  if (!isRising || into.risingCount !== at) return;
  const { values } = into;
  if (at === 0 || values[at]! >= values[at - 1]!) into.risingCount = into.count;
}

/** As `unpackValues`, the values that the buffer's reader wants, the first and the last. */
function unpackWanted(
  page: Page,
  unit: number,
  value: number,
  base: number,
  low: number,
  high: number,
  into: SampleBuffer,
): void {
  const { values, wanted = noIndices } = into;
  const begin = into.count;
  const end = begin + high - low;
  let k = into.wantedAt;
  while (k < wanted.length && wanted[k]! < begin) k++;
  into.isSparse = true;
  if (value === valueCode.same) {
    values[begin] = base;
    values[end - 1] = base;
    for (; k < wanted.length && wanted[k]! < end; k++) values[wanted[k]!] = base;
  } else if (value === valueCode.bits) {
    const { doubles } = page;
    const first = unit + low - begin;
    values[begin] = doubles[first + begin]!;
    values[end - 1] = doubles[first + end - 1]!;
    for (; k < wanted.length && wanted[k]! < end; k++) {
      values[wanted[k]!] = doubles[first + wanted[k]!]!;
    }
  } else {
    const [numbers, perUnit] = wholeNumbers(page, value);
    const first = unit * perUnit + low - begin;
    values[begin] = base + numbers[first + begin]!;
    values[end - 1] = base + numbers[first + end - 1]!;
    into.wantedAt = pickNumbers(numbers, first, base, into, k, end);
    return;
  }
  into.wantedAt = k;
}

const noIndices = new Int32Array(0);

/** Writes the wanted values before index `end`; returns the place behind the last of them in `wanted`. */
function pickNumbers(
  numbers: Uint8Array | Uint16Array | Uint32Array,
  first: number,
  base: number,
  into: SampleBuffer,
  from: number,
  end: number,
): number {
  const { values, wanted = noIndices } = into;
  let k = from;
  for (; k < wanted.length; k++) {
    const index = wanted[k]!;
    if (index >= end) break;
    values[index] = base + numbers[first + index]!;
  }
  return k;
}

/** Writes values [low, high) behind the buffer's last sample. A loop for each width, as V8 wants it. */
function unpackValues(
  page: Page,
  unit: number,
  value: number,
  base: number,
  low: number,
  high: number,
  into: SampleBuffer,
): void {
  const { values } = into;
  const at = into.count - low;
  if (value === valueCode.same) {
    for (let i = low; i < high; i++) values[at + i] = base;
  } else if (value === valueCode.uint8) {
    const { uint8s } = page;
    const first = unit * 8;
    for (let i = low; i < high; i++) values[at + i] = base + uint8s[first + i]!;
  } else if (value === valueCode.uint16) {
    const { uint16s } = page;
    const first = unit * 4;
    for (let i = low; i < high; i++) values[at + i] = base + uint16s[first + i]!;
  } else if (value === valueCode.uint32) {
    const { words } = page;
    const first = unit * 2;
    for (let i = low; i < high; i++) values[at + i] = base + words[first + i]!;
  } else {
    const { words } = page;
    const { valueWords } = into;
    const first = unit * 2;
    for (let i = low * 2; i < high * 2; i++) valueWords[at * 2 + i] = words[first + i]!;
  }
}
