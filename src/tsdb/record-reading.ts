/** Reads packed records (packed-record.ts): the samples of a window, or of them what the buffer's reader wants. */

import { SampleBuffer } from "../model/sample.ts";
import { dropOutside, indexOnLine } from "./chunks/sample-run.ts";
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

/** Reads one record after the other. What it knows of one are fields, since an object for each would be garbage. */
export class RecordReader {
  #into = new SampleBuffer(1);
  /** Where the values lie, their code and base, and which of them are read: [low, high). */
  #unit = 0;
  #value = 0;
  #base = 0;
  #low = 0;
  #high = 0;

  /** Appends the samples of the record at `unit` that lie in the window. O(samples of the window), no allocation. */
  read(page: Page, unit: number, into: SampleBuffer, window: ReadWindow): void {
    const { startMs, endMs } = window;
    const { doubles, words } = page;
    const firstMs = doubles[unit]!;
    const intervalMs = doubles[unit + 1]!;
    const facts = words[unit * 2 + 6]!;
    const count = facts & 0xffff;
    const time = (facts >>> 24) & 7;
    this.#into = into;
    this.#value = (facts >>> 16) & 7;
    this.#base = doubles[unit + 2]!;
    this.#unit = unit + headerUnits + unitsFor(time, count);
    const at = into.count;
    if (time !== timeCode.onLine) {
      readTimes(page, unit, into);
      this.#low = 0;
      this.#high = count;
      this.#readValues(page);
      into.count = at + count;
      into.startTimestampsMs?.fill(0, at, into.count);
      dropOutside(into, at, startMs, endMs);
    } else {
      const low = indexOnLine(firstMs, intervalMs, count, startMs);
      const high = indexOnLine(firstMs, intervalMs, count, endMs + 1);
      if (high <= low) return;
      this.#low = low;
      this.#high = high;
      into.addLine(firstMs + low * intervalMs, intervalMs, high - low);
      if (canLeaveOut(into, high - low, facts)) this.#readWanted(page);
      else this.#readValues(page);
      into.count = at + high - low;
      into.startTimestampsMs?.fill(0, at, into.count);
    }
    if ((facts & plainFlag) !== 0) noteKnown(into, at, (facts & risingFlag) !== 0);
  }

  /** As `#readValues`, the values that the buffer's reader wants, the first and the last. */
  #readWanted(page: Page): void {
    const into = this.#into;
    const { values, wanted = noIndices } = into;
    const base = this.#base;
    const begin = into.count;
    const end = begin + this.#high - this.#low;
    into.isSparse = true;
    let k = into.wantedAt;
    while (k < wanted.length && wanted[k]! < begin) k++;
    into.wantedAt = k;
    if (this.#value === valueCode.same) {
      values[begin] = base;
      values[end - 1] = base;
      for (; k < wanted.length && wanted[k]! < end; k++) values[wanted[k]!] = base;
    } else if (this.#value === valueCode.bits) {
      const { doubles } = page;
      const first = this.#unit + this.#low - begin;
      values[begin] = doubles[first + begin]!;
      values[end - 1] = doubles[first + end - 1]!;
      for (; k < wanted.length && wanted[k]! < end; k++) {
        values[wanted[k]!] = doubles[first + wanted[k]!]!;
      }
    } else {
      this.#pickNumbers(page, end);
      return;
    }
    into.wantedAt = k;
  }

  /** The wanted ones of whole numbers, before index `end`. */
  #pickNumbers(page: Page, end: number): void {
    const into = this.#into;
    const { values, wanted = noIndices, count: begin } = into;
    const base = this.#base;
    const [numbers, perUnit] = wholeNumbers(page, this.#value);
    const first = this.#unit * perUnit + this.#low - begin;
    values[begin] = base + numbers[first + begin]!;
    values[end - 1] = base + numbers[first + end - 1]!;
    let k = into.wantedAt;
    for (; k < wanted.length; k++) {
      const index = wanted[k]!;
      if (index >= end) break;
      values[index] = base + numbers[first + index]!;
    }
    into.wantedAt = k;
  }

  /** Writes the values behind the buffer's last sample. A loop for each width, as V8 wants it. */
  #readValues(page: Page): void {
    const { values, valueWords, count } = this.#into;
    const base = this.#base;
    const low = this.#low;
    const high = this.#high;
    const unit = this.#unit;
    const code = this.#value;
    const at = count - low;
    if (code === valueCode.same) {
      for (let i = low; i < high; i++) values[at + i] = base;
    } else if (code === valueCode.uint8) {
      const { uint8s } = page;
      for (let i = low; i < high; i++) values[at + i] = base + uint8s[unit * 8 + i]!;
    } else if (code === valueCode.uint16) {
      const { uint16s } = page;
      for (let i = low; i < high; i++) values[at + i] = base + uint16s[unit * 4 + i]!;
    } else if (code === valueCode.uint32) {
      const { words } = page;
      for (let i = low; i < high; i++) values[at + i] = base + words[unit * 2 + i]!;
    } else {
      const { words } = page;
      for (let i = low * 2; i < high * 2; i++) valueWords[at * 2 + i] = words[unit * 2 + i]!;
    }
  }
}

/** Times of samples that are read, both inclusive, ms. */
export interface ReadWindow {
  readonly startMs: number;
  readonly endMs: number;
}

const noIndices = new Int32Array(0);

/** Whether the reader can do with the values it wants; the times are written, `count` samples behind the last. */
function canLeaveOut(into: SampleBuffer, count: number, facts: number): boolean {
  const at = into.count;
  if (into.wanted === undefined || into.sameTimesCount !== at + count) return false;
  if (!into.wantsRising) return (facts & plainFlag) !== 0 && into.plainCount === at;
  return (facts & risingFlag) !== 0 && into.risingCount === at;
}

/** Writes all times of the record at `unit`, which does not lie on its line, behind the buffer's last sample. */
function readTimes(page: Page, unit: number, into: SampleBuffer): void {
  const firstMs = page.doubles[unit]!;
  const intervalMs = page.doubles[unit + 1]!;
  const facts = page.words[unit * 2 + 6]!;
  const count = facts & 0xffff;
  into.reserve(count);
  const { timestampsMs, count: at } = into;
  const isShort = ((facts >>> 24) & 7) === timeCode.int16;
  const offsets = isShort ? page.int16s : page.int32s;
  const first = (unit + headerUnits) * (isShort ? 4 : 2);
  for (let i = 0; i < count; i++) {
    timestampsMs[at + i] = firstMs + i * intervalMs + offsets[first + i]!;
  }
}

/** Where all before sample `at` is known too, so is what is behind it. */
export function noteKnown(into: SampleBuffer, at: number, isRising: boolean): void {
  if (into.plainCount !== at) return;
  into.plainCount = into.count;
  if (!isRising || into.risingCount !== at) return;
  const { values } = into;
  if (at === 0 || values[at]! >= values[at - 1]!) into.risingCount = into.count;
}
