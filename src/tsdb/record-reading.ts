/** Reads packed records (packed-record.ts): the samples of a window, or of them what the buffer's reader wants. */

import type { SampleBuffer } from "../model/sample.ts";
import {
  headerUnits,
  type Page,
  plainFlag,
  risingFlag,
  timeCode,
  unitsFor,
  valueCode,
  wholeNumbers,
} from "./packed-record.ts";

/** Appends the samples of the record at `unit` that lie in the window. O(samples of the window), no allocation. */
export function unpack(
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

/** Where all before sample `at` is known too, so is what is behind it. */
export function noteKnown(into: SampleBuffer, at: number, isRising: boolean): void {
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
