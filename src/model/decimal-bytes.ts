/**
 * Floats as the shortest decimal that reads back the same, written as bytes: what `String` gives, in a third
 * of its time, for the numbers that answers are full of (sizes from 1e-5 to 1e15). Multiplied by an exact
 * power of ten to 17 whole digits, such a float is known exactly as the sum of two floats (Dekker's
 * product), and so is half its distance to the next float. Of the decimals nearer than that the shortest is
 * taken, of several the nearest: Steele and White, How to Print Floating-Point Numbers Accurately, 1990.
 * Ties, and floats whose neighbours lie at two distances, are left to the caller. Browser-safe.
 */

import { highWord, lowWord } from "./sample.ts";

const leastSize = 1e-5;
const sizeEnd = 1e15;
/** Whole digits that tell any two floats apart. */
const digitCount = 17;
/** The last 8 of them are kept apart from the first 9, so that both fit 32 bits. */
const lowEnd = 100_000_000;
const highEnd = 1_000_000_000;
/** Times this, a float splits into halves of 26 bits. */
const splitter = 2 ** 27 + 1;
/** Exponents of the least size: the binary one, and the decimal one that is first guessed from it. */
const leastExponent = -17;
const leastMagnitude = -6;
const minus = 0x2d;
const point = 0x2e;
const zero = 0x30;

/** By decimal exponent: where the next one begins. */
const magnitudeEnds = Float64Array.from({ length: 21 }, (_, i) =>
  Number(`1e${i + leastMagnitude + 1}`),
);
/** Powers of ten, exact, and the halves of each. */
const powers = Float64Array.from({ length: 23 }, (_, i) => Number(`1e${i}`));
const powerTops = powers.map(topHalf);
const powerRests = powers.map((power) => power - topHalf(power));
/** By binary exponent: half the distance to the next float. */
const halfGaps = Float64Array.from({ length: 67 }, (_, i) => 2 ** (i + leastExponent - 53));
/** The digits of 0 to 9999: four ASCII bytes in each, the first one lowest. */
const fourDigits = Int32Array.from({ length: 10_000 }, (_, number) => {
  const [tens, hundreds, thousands] = [number / 10, number / 100, number / 1000];
  const upper = (((tens | 0) % 10) << 16) | (((hundreds | 0) % 10) << 8) | (thousands | 0);
  return ((number % 10) << 24) + upper + 0x30303030;
});

/** Writes floats into bytes that the caller has made room in. Keeps scratch memory: one writer at a time. */
export class DecimalBytes {
  readonly #float = new Float64Array(1);
  readonly #words = new Uint32Array(this.#float.buffer);
  /** The digits of the number at hand: the first nine, the other eight, and how many more than one stand before the point. */
  #high = 0;
  #low = 0;
  #magnitude = 0;

  /** Bytes that `write` may touch from its place on. */
  static readonly room = 32;

  /**
   * Writes the value at `at`; returns the place behind it, or -1 where the caller has to find another way
   * (nothing is written then). `view` is of the same memory as `bytes`.
   */
  write(bytes: Uint8Array, view: DataView, at: number, value: number): number {
    const size = Math.abs(value);
    if (!(size >= leastSize && size < sizeEnd) || !this.#findDigits(size)) return -1;
    if (value >= 0) return this.#place(bytes, view, at);
    bytes[at] = minus;
    return this.#place(bytes, view, at + 1);
  }

  /** Works out the digits; false where there is a tie, or the float is a power of two. */
  #findDigits(size: number): boolean {
    this.#float[0] = size;
    const highBits = this.#words[highWord]!;
    const lowBits = this.#words[lowWord]!;
    // The float below a power of two is half as far away as the one above.
    if (lowBits === 0 && (highBits & 0xfffff) === 0) return false;
    const exponent = (highBits >>> 20) - 1023;
    // The decimal exponent of 2^exponent; the size's may be one more.
    let magnitude = (exponent * 78913) >> 18;
    if (size >= magnitudeEnds[magnitude - leastMagnitude]!) magnitude++;
    const scale = digitCount - 1 - magnitude;
    const scaled = size * powers[scale]!;
    let high = (scaled / lowEnd) | 0;
    let low = (scaled - high * lowEnd) | 0;
    if (low < 0) {
      high--;
      low += lowEnd;
    }
    const halfGap = halfGaps[exponent - leastExponent]! * powers[scale]!;
    const change = nearestChange(low % 100, this.#errorOf(size, scale, scaled), halfGap);
    if (Number.isNaN(change)) return false;
    low += change;
    if (low < 0) {
      high--;
      low += lowEnd;
    } else if (low >= lowEnd) {
      high++;
      low -= lowEnd;
    }
    this.#high = high;
    this.#low = low;
    this.#magnitude = magnitude;
    return high < highEnd && high >= highEnd / 10;
  }

  /** What the product `scaled` of the size and the power of ten lacks, exactly. */
  #errorOf(size: number, scale: number, scaled: number): number {
    const top = topHalf(size);
    const rest = size - top;
    const powerTop = powerTops[scale]!;
    const powerRest = powerRests[scale]!;
    return top * powerTop - scaled + top * powerRest + rest * powerTop + rest * powerRest;
  }

  /** Puts down the digits with their point, without zeros at the end; the place behind them. */
  #place(bytes: Uint8Array, view: DataView, at: number): number {
    const magnitude = this.#magnitude;
    // One place is left for the point; the digits before it move there afterwards.
    let from = at + 1;
    if (magnitude < 0) {
      from -= magnitude;
      for (let i = at; i < from; i++) bytes[i] = zero;
      bytes[at + 1] = point;
    }
    let end = this.#placeDigits(bytes, view, from);
    while (bytes[end - 1] === zero) end--;
    if (magnitude < 0) return end;
    const pointAt = at + magnitude + 1;
    for (let i = at; i < pointAt; i++) bytes[i] = bytes[i + 1]!;
    if (end > pointAt + 1) {
      bytes[pointAt] = point;
      return end;
    }
    for (let i = end - 1; i < pointAt; i++) bytes[i] = zero;
    return pointAt;
  }

  /** Puts down all digits; those at the end that are 0 may be left out. */
  #placeDigits(bytes: Uint8Array, view: DataView, from: number): number {
    const first = (this.#high / lowEnd) | 0;
    bytes[from] = zero + first;
    this.#placeEight(view, from + 1, this.#high - first * lowEnd);
    if (this.#low === 0) return from + 9;
    this.#placeEight(view, from + 9, this.#low);
    return from + digitCount;
  }

  #placeEight(view: DataView, at: number, number: number): void {
    const upper = (number / 10_000) | 0;
    view.setInt32(at, fourDigits[upper]!, true);
    view.setInt32(at + 4, fourDigits[number - upper * 10_000]!, true);
  }
}

/** The upper 26 bits of a float. */
function topHalf(float: number): number {
  const split = splitter * float;
  return split - (split - float);
}

/**
 * By how much the whole number that ends in `lastTwo` is to change to be that decimal of fewest digits which is
 * nearer than `halfGap` to it plus `error`; NaN where two are as near, or one lies on the edge.
 */
function nearestChange(lastTwo: number, error: number, halfGap: number): number {
  // No more than one of the hundreds is so near, as half a gap is 11.1 at most, and 1.1 at least.
  const hundred = lastTwo + error > 50 ? 100 : 0;
  const toHundred = Math.abs(hundred - lastTwo - error);
  if (toHundred < halfGap) return hundred - lastTwo;
  const ten = Math.floor((lastTwo + error) / 10 + 0.5) * 10;
  const toTen = Math.abs(ten - lastTwo - error);
  if (toHundred === halfGap || toTen === halfGap || toTen === 5) return Number.NaN;
  if (toTen < halfGap) return ten - lastTwo;
  const one = Math.floor(error + 0.5);
  return Math.abs(one - error) === 0.5 ? Number.NaN : one;
}
