/**
 * A place in protobuf bytes that moves forward: varints, lengths, skips. No allocation; O(1) a call.
 * Whatever runs over the end or is no protobuf throws ParseError, so that a broken record costs itself
 * and nothing else.
 */

import { ParseError } from "../../base/errors.ts";

/** Wire types of protobuf. */
export const wireTypes = { varint: 0, fixed64: 1, bytes: 2, startGroup: 3, fixed32: 5 } as const;

const twoTo32 = 2 ** 32;

/** Reads from `at` up to `end`; both may be set to look at a part. */
export class ByteCursor {
  bytes: Buffer = Buffer.alloc(0);
  at = 0;
  end = 0;

  /** Looks at `bytes` from `start` up to `end`. */
  reset(bytes: Buffer, start: number, end: number): void {
    this.bytes = bytes;
    this.at = start;
    this.end = end;
  }

  /** A varint cut to 32 bits, unsigned: tags, uint32, lengths, bools. */
  uint32(): number {
    const { bytes } = this;
    let byte = bytes[this.at]!;
    if (byte < 0x80 && this.at < this.end) {
      this.at++;
      return byte;
    }
    let value = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= this.end) this.fail("a number runs over the end");
      byte = bytes[this.at++]!;
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    return this.fail("a number has more than ten bytes");
  }

  /** A varint of an enum or int32: negative numbers come as ten bytes. */
  int32(): number {
    return this.uint32() | 0;
  }

  /** A varint of 64 bits as decimal text; `isSigned`: int64. */
  int64Text(isSigned: boolean): string {
    const number = this.uint64();
    if (number !== undefined) return String(number);
    const { low, high } = this;
    const value = (BigInt(high) << 32n) | BigInt(low);
    return (isSigned ? BigInt.asIntN(64, value) : value).toString();
  }

  /** Halves of the last number that uint64() could not give. */
  low = 0;
  high = 0;

  /** A varint of 64 bits where a JS number holds it, else undefined and the halves in `low`, `high`. */
  uint64(): number | undefined {
    const { bytes } = this;
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.at >= this.end) this.fail("a number runs over the end");
      const byte = bytes[this.at++]!;
      const bits = byte & 0x7f;
      if (shift < 28) low |= bits << shift;
      else if (shift === 28) {
        low |= (bits & 0xf) << 28;
        high |= bits >>> 4;
      } else if (shift < 64) high |= bits << (shift - 32);
      if (byte >= 0x80) continue;
      this.low = low >>> 0;
      this.high = high >>> 0;
      return this.high < 0x200000 ? this.high * twoTo32 + this.low : undefined;
    }
    return this.fail("a number has more than ten bytes");
  }

  /** A double. */
  double(): number {
    if (this.at + 8 > this.end) this.fail("a double runs over the end");
    const value = this.bytes.readDoubleLE(this.at);
    this.at += 8;
    return value;
  }

  /** The length of what follows and where that ends; the cursor stands at its start. */
  lengthEnd(): number {
    const length = this.uint32();
    const end = this.at + length;
    if (end > this.end) this.fail(`a field of ${length} bytes runs over the end`);
    return end;
  }

  /** Passes over the value of a field of this wire type. */
  skip(wireType: number): void {
    switch (wireType) {
      case wireTypes.varint:
        this.uint64();
        return;
      case wireTypes.fixed64:
        this.at += 8;
        break;
      case wireTypes.bytes:
        this.at = this.lengthEnd();
        return;
      case wireTypes.fixed32:
        this.at += 4;
        break;
      default:
        this.fail(`wire type ${wireType} is none of protobuf 3`);
    }
    if (this.at > this.end) this.fail("a field runs over the end");
  }

  /** Throws ParseError with the place in bytes. */
  fail(why: string): never {
    throw new ParseError(`cannot parse protobuf: ${why} (at byte ${this.at})`, {
      input: "",
      start: this.at,
      end: this.end,
    });
  }
}
