/**
 * A growable byte buffer for records: varints, big-end-first words, strings. Reused from record to
 * record (`clear` keeps the memory), so a steady load allocates nothing. 64-bit integers come as
 * safe-integer doubles; value bits as two words.
 */

import { wordSpan } from "./chunks/bit-stream.ts";

const encoder = new TextEncoder();

/** Bytes under construction; `bytes[0, length)` is valid until the next write. */
export class ByteWriter {
  bytes: Uint8Array;
  length = 0;

  constructor(capacity = 4096) {
    this.bytes = new Uint8Array(capacity);
  }

  clear(): void {
    this.length = 0;
  }

  /** Makes room for `more` bytes; `bytes` may be replaced. */
  reserve(more: number): void {
    const wanted = this.length + more;
    if (wanted <= this.bytes.length) return;
    const grown = new Uint8Array(Math.max(wanted, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }

  byte(value: number): void {
    this.reserve(1);
    this.bytes[this.length++] = value;
  }

  word(value: number): void {
    this.reserve(4);
    const { bytes } = this;
    bytes[this.length++] = value >>> 24;
    bytes[this.length++] = value >>> 16;
    bytes[this.length++] = value >>> 8;
    bytes[this.length++] = value;
  }

  /** A signed integer as 8 bytes. */
  int64(value: number): void {
    const high = Math.floor(value / wordSpan);
    this.word(high);
    this.word(value - high * wordSpan);
  }

  /** A non-negative integer as LEB128. */
  uvarint(value: number): void {
    this.reserve(10);
    const { bytes } = this;
    let rest = value;
    // Slow path: above 31 bits shifts do not reach.
    while (rest > 0x7fffffff) {
      bytes[this.length++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest > 0x7f) {
      bytes[this.length++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[this.length++] = rest;
  }

  /** The unsigned 64-bit number (high, low) as LEB128. */
  uvarint64(high: number, low: number): void {
    this.reserve(10);
    let restHigh = high >>> 0;
    let restLow = low >>> 0;
    while (restHigh !== 0 || restLow >= 0x80) {
      this.bytes[this.length++] = (restLow & 0x7f) | 0x80;
      restLow = ((restLow >>> 7) | (restHigh << 25)) >>> 0;
      restHigh >>>= 7;
    }
    this.bytes[this.length++] = restLow;
  }

  /** A signed integer, zigzag; exact for |value| < 2^52. */
  varint(value: number): void {
    this.uvarint(value >= 0 ? value * 2 : -value * 2 - 1);
  }

  raw(source: Uint8Array, from: number, to: number): void {
    this.reserve(to - from);
    const { bytes } = this;
    let at = this.length;
    // Labels are short: a loop beats making a view.
    for (let i = from; i < to; i++) bytes[at++] = source[i]!;
    this.length = at;
  }

  /** Length as uvarint, then UTF-8. */
  string(text: string): void {
    const encoded = encoder.encode(text);
    this.uvarint(encoded.length);
    this.raw(encoded, 0, encoded.length);
  }
}
