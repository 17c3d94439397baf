/**
 * Prometheus' "varbit" integers, used by histogram chunks and start timestamps: a run of ones ended by
 * a zero says how many bits follow.
 *
 *   0        the number 0          10       3 bits      110       6 bits     1110      9 bits
 *   11110   12 bits                111110  18 bits      1111110  25 bits     11111110 56 bits
 *   11111111  64 bits
 *
 * Signed ones hold -(2^(n-1) - 1) .. 2^(n-1) in n bits: lopsided by one, as in XOR chunks. Numbers are
 * doubles, exact to 2^53. O(1), no allocation.
 */

import {
  highWordOf,
  lowWordOf,
  readBits,
  wordSpan,
  writeBits,
  writeUvarint,
} from "./bit-stream.ts";

/** Bits that follow the prefix of 1, 2, … 8 ones. */
const widths = [3, 6, 9, 12, 18, 25, 56, 64] as const;
/** The most a prefix and its number take. */
export const varbitMaxBits = 72;

/** Writes a signed integer; returns the new end. */
export function writeVarbitInt(bytes: Uint8Array, bitAt: number, value: number): number {
  if (value === 0) return writeBits(bytes, bitAt, 0, 1);
  let index = 0;
  while (index < 7) {
    const half = 2 ** (widths[index]! - 1);
    if (value > -half && value <= half) break;
    index++;
  }
  return writeWide(bytes, bitAt, index, value);
}

/** Writes an unsigned integer; returns the new end. */
export function writeVarbitUint(bytes: Uint8Array, bitAt: number, value: number): number {
  if (value === 0) return writeBits(bytes, bitAt, 0, 1);
  let index = 0;
  while (index < 7 && value >= 2 ** widths[index]!) index++;
  return writeWide(bytes, bitAt, index, value);
}

function writeWide(bytes: Uint8Array, bitAt: number, index: number, value: number): number {
  const width = widths[index]!;
  // `index + 1` ones and a zero; the longest prefix is eight ones without a zero.
  let end =
    index === 7
      ? writeBits(bytes, bitAt, 0xff, 8)
      : writeBits(bytes, bitAt, (1 << (index + 2)) - 2, index + 2);
  if (width > 32) end = writeBits(bytes, end, highWordOf(value), width - 32);
  return writeBits(bytes, end, lowWordOf(value), Math.min(width, 32));
}

/** Writes a zigzag varint that need not begin at a byte; returns the new end. */
export function writeSignedVarint(bytes: Uint8Array, bitAt: number, value: number): number {
  const high = highWordOf(value);
  const low = lowWordOf(value);
  const sign = high >> 31;
  return writeUvarint(bytes, bitAt, ((high << 1) | (low >>> 31)) ^ sign, (low << 1) ^ sign);
}

/** A cursor over bits; `bytes` must carry `bitSlackBytes`. Reading past `endBits` sets `isShort` and gives zeros. */
export class BitCursor {
  readonly bytes: Uint8Array;
  bitAt: number;
  readonly endBits: number;
  isShort = false;

  /** Over the bytes from `base`, `length` of them. */
  constructor(bytes: Uint8Array, base: number, length: number) {
    this.bytes = bytes;
    this.bitAt = base * 8;
    this.endBits = (base + length) * 8;
  }

  /** 1..32 bits as an unsigned number. */
  bits(count: number): number {
    const at = this.bitAt;
    this.bitAt = at + count;
    if (at + count > this.endBits) {
      this.isShort = true;
      this.bitAt = this.endBits;
      return 0;
    }
    return readBits(this.bytes, at, count);
  }

  /** Goes on at a bit that a free function has read up to. */
  moveTo(bitAt: number): void {
    this.bitAt = bitAt;
    if (bitAt > this.endBits) this.isShort = true;
  }

  varbitInt(): number {
    const index = this.#prefix();
    if (index < 0) return 0;
    const width = widths[index]!;
    if (width <= 32) {
      const value = this.bits(width);
      return value > 2 ** (width - 1) ? value - 2 ** width : value;
    }
    const high = this.bits(width - 32);
    const low = this.bits(32);
    if (width === 64) return (high | 0) * wordSpan + low;
    const isNegative = high > 0x800000 || (high === 0x800000 && low > 0);
    return (isNegative ? high - 0x1000000 : high) * wordSpan + low;
  }

  varbitUint(): number {
    const index = this.#prefix();
    if (index < 0) return 0;
    const width = widths[index]!;
    const high = width > 32 ? this.bits(width - 32) : 0;
    return high * wordSpan + this.bits(Math.min(width, 32));
  }

  /** An unsigned LEB128 varint as the number of its 64 bits, taken as signed. */
  uvarint(): number {
    return this.#varintWords(false);
  }

  signedVarint(): number {
    return this.#varintWords(true);
  }

  #prefix(): number {
    let ones = 0;
    while (ones < 8 && this.bits(1) === 1) ones++;
    return ones - 1;
  }

  #varintWords(isZigzag: boolean): number {
    let high = 0;
    let low = 0;
    for (let index = 0; index < 10; index++) {
      const byte = this.bits(8);
      const shift = index * 7;
      if (shift < 32) low |= (byte & 0x7f) << shift;
      if (shift >= 32) high |= (byte & 0x7f) << (shift - 32);
      else if (shift > 25) high |= (byte & 0x7f) >>> (32 - shift);
      if (byte < 0x80) break;
    }
    if (!isZigzag) return (high | 0) * wordSpan + (low >>> 0);
    const sign = -(low & 1);
    const plainLow = ((low >>> 1) | (high << 31)) ^ sign;
    return ((high >>> 1) ^ sign) * wordSpan + (plainLow >>> 0);
  }
}
