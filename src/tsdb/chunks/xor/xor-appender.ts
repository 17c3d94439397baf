/**
 * Encoder of Prometheus' XOR chunks (encoding byte 1). Its state lies in the caller's typed arrays
 * (a series record of the head, or XorChunk below), so appending allocates nothing: about 40 ns.
 *
 *   2 bytes  number of samples, big end first
 *   sample 0 timestamp as signed varint, value as 64 bits
 *   sample 1 delta as unsigned varint (of its int64 bits), value against the one before
 *   sample n delta of deltas: 0 | 10+14 | 110+17 | 1110+20 | 1111+64 bits, then the value
 *   value    0 (same) | 10+bits in the last window | 11+5 leading zeros+6 width (0 = 64)+bits
 *
 * Timestamps are whole ms with |t| <= timestampMaxMs, so that every delta of deltas is exact.
 */

import { highWordOf, lowWordOf, writeBits, writeUvarint } from "../bit-stream.ts";
import { writeSignedVarint } from "../varbit.ts";

/** 2^51 ms (year 73,000): two subtractions of such numbers stay exact in a double. */
export const timestampMaxMs = 2 ** 51;

/** Byte that names the encoding in chunk files. */
export const xorEncoding = 1;

/** The largest sample: 4+64 bits of time, 2+5+6+64 bits of value, rounded up. */
export const xorSampleMaxBytes = 19;
/** A first sample: 2 bytes count, at most 10 bytes varint, 8 bytes value. */
export const xorFirstSampleMaxBytes = 20;

/** State of one encoder: offsets in 32-bit words from an even word. */
export const xorState = {
  /** float64 */
  lastTimestampMs: 0,
  /** float64 */
  lastDeltaMs: 2,
  valueHigh: 4,
  valueLow: 5,
  /** Leading zeros (255: no window yet) | trailing zeros << 8. */
  window: 6,
  sampleCount: 7,
  /** End of the chunk in bits from its first byte, the two count bytes included. */
  endBits: 8,
  /** Words of the state. */
  size: 9,
} as const;

/** Makes the state at word `at` that of an empty chunk; the last timestamp and value stay. */
export function resetXorState(words: Uint32Array, at: number): void {
  words[at + xorState.window] = 0xff;
  words[at + xorState.sampleCount] = 0;
  words[at + xorState.endBits] = 16;
}

/**
 * Appends a sample to the chunk that begins at byte `base` of `bytes`, which must have
 * `xorSampleMaxBytes` free (`xorFirstSampleMaxBytes` for the first). `doubles` and `words` view the
 * same memory; `at` is the state's first word. O(1), no allocation.
 */
export function appendXorSample(
  doubles: Float64Array,
  words: Uint32Array,
  at: number,
  bytes: Uint8Array,
  base: number,
  timestampMs: number,
  high: number,
  low: number,
): void {
  const count = words[at + 7]!;
  const half = at >>> 1;
  let end = base * 8 + words[at + 8]!;
  if (count > 1) {
    const deltaMs = timestampMs - doubles[half]!;
    const dod = deltaMs - doubles[half + 1]!;
    if (dod === 0 && high === words[at + 4] && low === words[at + 5]) {
      // Fast path: a steady scrape of a value that rests is two zero bits.
      end = writeTwoZeros(bytes, end);
    } else {
      end = writeDeltaOfDelta(bytes, end, dod);
      end = writeXorValue(words, at + 4, bytes, end, high, low);
    }
    doubles[half + 1] = deltaMs;
  } else if (count === 1) {
    const deltaMs = timestampMs - doubles[half]!;
    end = writeUvarint(bytes, end, highWordOf(deltaMs), lowWordOf(deltaMs));
    end = writeXorValue(words, at + 4, bytes, end, high, low);
    doubles[half + 1] = deltaMs;
  } else {
    end = writeSignedVarint(bytes, end, timestampMs);
    end = writeBits(bytes, end, high, 32);
    end = writeBits(bytes, end, low, 32);
  }
  doubles[half] = timestampMs;
  words[at + 4] = high;
  words[at + 5] = low;
  words[at + 7] = count + 1;
  words[at + 8] = end - base * 8;
  bytes[base] = (count + 1) >>> 8;
  bytes[base + 1] = count + 1;
}

function writeTwoZeros(bytes: Uint8Array, bitAt: number): number {
  const used = bitAt & 7;
  // The rest of a byte that was begun is zero already.
  if (used === 0 || used === 7) bytes[(bitAt + 1) >>> 3] = 0;
  return bitAt + 2;
}

function writeDeltaOfDelta(bytes: Uint8Array, bitAt: number, dod: number): number {
  if (dod === 0) return writeBits(bytes, bitAt, 0, 1);
  // The ranges are lopsided by one, as Prometheus tests them: -(2^(n-1) - 1) .. 2^(n-1).
  if (dod >= -8191 && dod <= 8192) return writeBits(bytes, bitAt, 0x8000 | (dod & 0x3fff), 16);
  if (dod >= -65535 && dod <= 65536) return writeBits(bytes, bitAt, 0xc0000 | (dod & 0x1ffff), 20);
  if (dod >= -524287 && dod <= 524288) {
    return writeBits(bytes, bitAt, 0xe00000 | (dod & 0xfffff), 24);
  }
  const end = writeBits(bytes, bitAt, 0xf, 4);
  return writeBits(bytes, writeBits(bytes, end, highWordOf(dod), 32), lowWordOf(dod), 32);
}

/**
 * Writes a value against the one before: `words[at]` and `words[at + 1]` are its bits (high, low),
 * `words[at + 2]` the window (255: none yet), which is updated; the caller then stores the new bits.
 */
export function writeXorValue(
  words: Uint32Array,
  at: number,
  bytes: Uint8Array,
  bitAt: number,
  high: number,
  low: number,
): number {
  const xorHigh = (high ^ words[at]!) >>> 0;
  const xorLow = (low ^ words[at + 1]!) >>> 0;
  if (xorHigh === 0 && xorLow === 0) return writeBits(bytes, bitAt, 0, 1);
  const end = writeBits(bytes, bitAt, 1, 1);
  return writeXorWindow(words, at + 2, bytes, end, xorHigh, xorLow, 1);
}

/**
 * Writes a non-zero xor as `0` and its bits in the last window, or as a prefix, a new window and its
 * bits; the prefix is `1` or, with `newPrefixBits` 2 (XOR2), `10`.
 */
export function writeXorWindow(
  words: Uint32Array,
  windowAt: number,
  bytes: Uint8Array,
  bitAt: number,
  xorHigh: number,
  xorLow: number,
  newPrefixBits: 1 | 2,
): number {
  const zeros = xorHigh !== 0 ? Math.clz32(xorHigh) : 32 + Math.clz32(xorLow);
  // Five bits hold the leading zeros.
  const leading = Math.min(zeros, 31);
  const trailing = xorLow !== 0 ? trailingZeros(xorLow) : 32 + trailingZeros(xorHigh);
  const window = words[windowAt]!;
  const oldLeading = window & 0xff;
  const oldTrailing = window >>> 8;
  if (oldLeading !== 0xff && leading >= oldLeading && trailing >= oldTrailing) {
    const end = writeBits(bytes, bitAt, 0, 1);
    return writeMiddle(bytes, end, xorHigh, xorLow, oldTrailing, 64 - oldLeading - oldTrailing);
  }
  words[windowAt] = leading | (trailing << 8);
  const width = 64 - leading - trailing;
  const prefix = newPrefixBits << 11;
  const end = writeBits(bytes, bitAt, prefix | (leading << 6) | (width & 0x3f), newPrefixBits + 11);
  return writeMiddle(bytes, end, xorHigh, xorLow, trailing, width);
}

function trailingZeros(word: number): number {
  return 31 - Math.clz32(word & -word);
}

/** Writes `width` bits of (high, low) that begin `trailing` bits above the lowest. */
function writeMiddle(
  bytes: Uint8Array,
  bitAt: number,
  high: number,
  low: number,
  trailing: number,
  width: number,
): number {
  let bottom = low;
  if (trailing >= 32) bottom = high >>> (trailing - 32);
  else if (trailing > 0) bottom = (high << (32 - trailing)) | (low >>> trailing);
  if (width <= 32) return writeBits(bytes, bitAt, bottom, width);
  return writeBits(bytes, writeBits(bytes, bitAt, high >>> trailing, width - 32), bottom, 32);
}

/** One XOR chunk with memory of its own, for compaction, tools and tests; the head uses its arena. */
export class XorChunk {
  #words = new Uint32Array(xorState.size + 1);
  #doubles = new Float64Array(this.#words.buffer);
  #bytes = new Uint8Array(128);

  constructor() {
    resetXorState(this.#words, 0);
  }

  /** Samples so far. */
  get sampleCount(): number {
    return this.#words[xorState.sampleCount]!;
  }

  /** Appends a sample given by its value's bits. At most 65,535 samples fit. */
  append(timestampMs: number, high: number, low: number): void {
    const needed = ((this.#words[xorState.endBits]! + 7) >>> 3) + xorFirstSampleMaxBytes;
    if (needed > this.#bytes.length) {
      const grown = new Uint8Array(needed * 2);
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    appendXorSample(this.#doubles, this.#words, 0, this.#bytes, 0, timestampMs, high, low);
  }

  /** A copy of the encoded bytes. */
  toBytes(): Uint8Array {
    return this.#bytes.slice(0, (this.#words[xorState.endBits]! + 7) >>> 3);
  }
}
