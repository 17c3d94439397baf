/**
 * Writes protobuf's wire format into one growing buffer: tags, varints, doubles by their bits, messages
 * inside messages. Reuse one: `clear` keeps the memory. As Go writes it, a field with its default is left
 * out, but for a negative zero, whose bits are some.
 *
 * A message's length is written when its end is known; its bytes move up where that takes more than one.
 */

import { assert } from "../base/assert.ts";
import { normalNanBitsHigh, normalNanBitsLow } from "../model/sample.ts";
import { wireType } from "./proto-cursor.ts";

const firstBytes = 4096;
const twoTo32 = 2 ** 32;

/** Bytes under construction; `bytes[0, length)` is valid until the next write. */
export class ProtoWriter {
  bytes: Buffer = Buffer.alloc(firstBytes);
  length = 0;

  clear(): void {
    this.length = 0;
  }

  /** A copy of what was written. */
  toBytes(): Uint8Array {
    return new Uint8Array(this.bytes.subarray(0, this.length));
  }

  /** Makes room for `more` bytes; `bytes` may be replaced. */
  reserve(more: number): void {
    if (this.length + more <= this.bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.bytes.length * 2, this.length + more));
    this.bytes.copy(grown, 0, 0, this.length);
    this.bytes = grown;
  }

  /** An unsigned whole number without a tag. */
  uvarint(value: number): void {
    this.reserve(10);
    const { bytes } = this;
    let at = this.length;
    let rest = value;
    // Slow path: above 31 bits shifts do not reach.
    while (rest > 0x7fff_ffff) {
      bytes[at++] = (rest % 128) | 0x80;
      rest = Math.floor(rest / 128);
    }
    while (rest > 0x7f) {
      bytes[at++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    bytes[at++] = rest;
    this.length = at;
  }

  /** A zigzag integer without a tag; exact for |value| < 2^52. */
  zigzag(value: number): void {
    this.uvarint(value >= 0 ? value * 2 : -value * 2 - 1);
  }

  /** A float64 without a tag; NaN as Prometheus' ordinary one. */
  double(value: number): void {
    this.reserve(8);
    if (Number.isNaN(value)) this.words(normalNanBitsHigh, normalNanBitsLow);
    else this.length = this.bytes.writeDoubleLE(value, this.length);
  }

  /** A float64 by its bits, without a tag. */
  words(high: number, low: number): void {
    this.reserve(8);
    const { bytes } = this;
    let at = this.length;
    for (let word = low, shift = 0; shift < 32; shift += 8) bytes[at++] = word >>> shift;
    for (let word = high, shift = 0; shift < 32; shift += 8) bytes[at++] = word >>> shift;
    this.length = at;
  }

  /** Bytes as they are. */
  raw(source: Uint8Array, from = 0, to = source.length): void {
    this.reserve(to - from);
    this.bytes.set(
      from === 0 && to === source.length ? source : source.subarray(from, to),
      this.length,
    );
    this.length += to - from;
  }

  /** A field that is no negative number. */
  uvarintField(field: number, value: number): void {
    if (value === 0) return;
    this.tag(field, wireType.varint);
    this.uvarint(value);
  }

  /** An int64 field: a negative number takes ten bytes. */
  int64Field(field: number, value: number): void {
    if (value >= 0) {
      this.uvarintField(field, value);
      return;
    }
    this.tag(field, wireType.varint);
    this.#negative(value);
  }

  zigzagField(field: number, value: number): void {
    if (value === 0) return;
    this.tag(field, wireType.varint);
    this.zigzag(value);
  }

  doubleField(field: number, value: number): void {
    if (Object.is(value, 0)) return;
    this.tag(field, wireType.fixed64);
    this.double(value);
  }

  textField(field: number, text: string): void {
    if (text === "") return;
    const start = this.open(field);
    // At most three bytes a UTF-16 unit.
    this.reserve(text.length * 3);
    this.length += this.bytes.write(text, this.length, "utf8");
    this.close(start);
  }

  /** Begins a message, a text or a packed list; give the result to `close`. */
  open(field: number): number {
    this.tag(field, wireType.bytes);
    this.reserve(1);
    return ++this.length;
  }

  /** Ends what `open` began; returns how many bytes it has. */
  close(start: number): number {
    const size = this.length - start;
    if (size < 0x80) {
      this.bytes[start - 1] = size;
      return size;
    }
    const more = size < 0x4000 ? 1 : size < 0x20_0000 ? 2 : size < 0x1000_0000 ? 3 : 4;
    this.reserve(more);
    this.bytes.copyWithin(start + more, start, start + size);
    this.length = start - 1;
    this.uvarint(size);
    assert(this.length === start + more, "a length took other bytes than were kept for it");
    this.length += size;
    return size;
  }

  tag(field: number, type: number): void {
    this.uvarint(field * 8 + type);
  }

  /** The ten bytes of a negative int64, |value| < 2^63. */
  #negative(value: number): void {
    this.reserve(10);
    const high = Math.floor(value / twoTo32);
    let low = value - high * twoTo32;
    let rest = high >>> 0;
    for (let i = 0; i < 9; i++) {
      this.bytes[this.length++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (rest << 25)) >>> 0;
      rest >>>= 7;
    }
    this.bytes[this.length++] = low;
  }
}
