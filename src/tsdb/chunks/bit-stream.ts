/**
 * Bits in a byte array, most significant first, as every Prometheus chunk stores them. Positions are
 * bit numbers counted from the start of the array. Free functions on plain numbers: no allocation.
 *
 * A byte is assigned when its first bit is written, so memory need not be zeroed beforehand.
 * Readers may touch up to `bitSlackBytes` bytes behind the last one: arrays carry that slack.
 */

/** Bytes that must exist behind the last byte read, whatever they hold. */
export const bitSlackBytes = 8;

/** Writes the low `count` bits (0..32) of `value` at `bitAt`; returns the new end. */
export function writeBits(bytes: Uint8Array, bitAt: number, value: number, count: number): number {
  let at = bitAt >>> 3;
  const used = bitAt & 7;
  let left = count;
  if (used !== 0) {
    const free = 8 - used;
    if (left <= free) {
      bytes[at] = bytes[at]! | ((value & ((1 << left) - 1)) << (free - left));
      return bitAt + count;
    }
    left -= free;
    bytes[at] = bytes[at]! | ((value >>> left) & ((1 << free) - 1));
    at++;
  }
  while (left >= 8) {
    left -= 8;
    bytes[at++] = value >>> left;
  }
  if (left > 0) bytes[at] = value << (8 - left);
  return bitAt + count;
}

/** Reads `count` bits (1..32) at `bitAt` as an unsigned number. */
export function readBits(bytes: Uint8Array, bitAt: number, count: number): number {
  const at = bitAt >>> 3;
  const used = bitAt & 7;
  const word = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  if (used === 0) return word >>> (32 - count);
  const shifted = (word << used) | (bytes[at + 4]! >>> (8 - used));
  return shifted >>> (32 - count);
}

/** Writes the unsigned 64-bit number (high, low) as a LEB128 varint (1..10 bytes) at `bitAt`. */
export function writeUvarint(bytes: Uint8Array, bitAt: number, high: number, low: number): number {
  let end = bitAt;
  let restHigh = high >>> 0;
  let restLow = low >>> 0;
  while (restHigh !== 0 || restLow >= 0x80) {
    end = writeBits(bytes, end, (restLow & 0x7f) | 0x80, 8);
    restLow = ((restLow >>> 7) | (restHigh << 25)) >>> 0;
    restHigh >>>= 7;
  }
  return writeBits(bytes, end, restLow, 8);
}

/** 2^32, the weight of a high word. */
export const wordSpan = 4294967296;

/** The high word of the int64 that equals the integer `value` (|value| < 2^63). */
export function highWordOf(value: number): number {
  return Math.floor(value / wordSpan) | 0;
}

/** The low word of the int64 that equals the integer `value`. */
export function lowWordOf(value: number): number {
  return (value - Math.floor(value / wordSpan) * wordSpan) >>> 0;
}
