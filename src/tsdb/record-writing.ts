/** Writes packed records (packed-record.ts): chooses the narrowest numbers, adds a chunk to a record where its values allow it. */

import type { SampleBuffer } from "../model/sample.ts";
import {
  codeOfSpan,
  headerUnits,
  numberMax,
  type Page,
  timeCode,
  unitsFor,
  valueCode,
  wholeNumbers,
} from "./packed-record.ts";

/** Whole numbers up to here are exact, and so are their sums. */
const wholeMax = 2 ** 52;

/** A chunk joins a record whose numbers are wider than its own only where that costs less than this. */
const widerUnitsMax = 16;

/** How the samples of one chunk are packed. */
export interface Packing {
  readonly intervalMs: number;
  readonly base: number;
  readonly time: number;
  readonly value: number;
  /** No NaN; and none less than the one before. */
  readonly isPlain: boolean;
  readonly isRising: boolean;
}

/** The narrowest packing of the samples from `from` on; undefined where their times are too far apart. */
export function choosePacking(buffer: SampleBuffer, from: number): Packing | undefined {
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

/** Writes the times from `from` on at `unit`. */
export function packTimes(
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
export function liesOnLine(
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
export function appendValues(
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
/** The outcomes: nothing is added; a NaN is; one less than the one before is; neither is. */
export const noFit = 0;
export const hasNaN = 1;
const falls = 2;
export const rises = 3;

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
export function packValues(
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
