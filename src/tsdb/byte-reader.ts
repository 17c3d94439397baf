/**
 * Reads what ByteWriter writes, from a borrowed array. After running past the end every read gives
 * 0 and `isShort` is true: callers test it once per record or item instead of after each field.
 */

import { wordSpan } from "./chunks/bit-stream.ts";

const decoder = new TextDecoder();

/** A cursor over `bytes[at, end)`. */
export class ByteReader {
  bytes: Uint8Array = new Uint8Array(0);
  at = 0;
  end = 0;
  isShort = false;

  /** Starts over on other bytes, which are borrowed until the next reset. */
  reset(bytes: Uint8Array, from = 0, to = bytes.length): this {
    this.bytes = bytes;
    this.at = from;
    this.end = to;
    this.isShort = false;
    return this;
  }

  /** Bytes left. */
  get left(): number {
    return this.end - this.at;
  }

  /** Whether `count` bytes are there; if not, everything from here on is short. */
  has(count: number): boolean {
    if (this.at + count <= this.end) return true;
    this.isShort = true;
    this.at = this.end;
    return false;
  }

  byte(): number {
    return this.has(1) ? this.bytes[this.at++]! : 0;
  }

  word(): number {
    if (!this.has(4)) return 0;
    const { bytes, at } = this;
    this.at = at + 4;
    return (
      ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0
    );
  }

  /** A signed 64-bit integer; rounded beyond 2^53. */
  int64(): number {
    if (!this.has(8)) return 0;
    return (this.word() | 0) * wordSpan + this.word();
  }

  /** An unsigned 64-bit integer; rounded beyond 2^53. */
  uint64(): number {
    if (!this.has(8)) return 0;
    return this.word() * wordSpan + this.word();
  }

  /** LEB128; rounded beyond 2^53. */
  uvarint(): number {
    const { bytes, end } = this;
    let at = this.at;
    if (at < end && bytes[at]! < 0x80) {
      this.at = at + 1;
      return bytes[at]!;
    }
    let value = 0;
    let weight = 1;
    for (let index = 0; index < 10 && at < end; index++) {
      const byte = bytes[at++]!;
      value += (byte & 0x7f) * weight;
      if (byte < 0x80) {
        this.at = at;
        return value;
      }
      weight *= 128;
    }
    this.isShort = true;
    this.at = end;
    return 0;
  }

  /** Zigzag LEB128; rounded beyond 2^53. */
  varint(): number {
    const { bytes, at, end } = this;
    // Fast path: one byte.
    if (at < end && bytes[at]! < 0x80) {
      this.at = at + 1;
      return (bytes[at]! >>> 1) ^ -(bytes[at]! & 1);
    }
    // Fast path: up to four bytes, with shifts.
    if (at + 4 <= end) {
      const [second, third, fourth] = [bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!];
      let value = (bytes[at]! & 0x7f) | ((second & 0x7f) << 7);
      let size = 2;
      if (second >= 0x80) {
        value |= (third & 0x7f) << 14;
        size = 3;
        if (third >= 0x80) {
          value |= fourth << 21;
          size = fourth < 0x80 ? 4 : 0;
        }
      }
      if (size > 0) {
        this.at = at + size;
        return (value >>> 1) ^ -(value & 1);
      }
    }
    // The sign is the lowest bit; taken from the byte, since rounding may lose it in the number.
    const isNegative = at < end && (bytes[at]! & 1) === 1;
    const magnitude = Math.floor(this.uvarint() / 2);
    return isNegative ? -magnitude - 1 : magnitude;
  }

  /** Length as uvarint, then UTF-8. */
  string(): string {
    const length = this.uvarint();
    if (!this.has(length)) return "";
    this.at += length;
    return decoder.decode(this.bytes.subarray(this.at - length, this.at));
  }
}
