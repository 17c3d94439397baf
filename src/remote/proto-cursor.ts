/**
 * Reads protobuf's wire format from bytes: tags, varints, lengths. Errors are those of Prometheus'
 * generated code (gogo), word for word, since senders log them. A 64-bit integer comes as the nearest double.
 * Nothing is allocated.
 */

import { AppError } from "../base/errors.ts";

/** Wire types that occur. */
export const wireType = { varint: 0, fixed64: 1, bytes: 2, fixed32: 5 } as const;

/** A varint has at most so many bytes. */
const varintBytesMax = 10;

/** A place in a message; `at` moves on with every read. */
export class ProtoCursor {
  bytes: Uint8Array = new Uint8Array(0);
  view = new DataView(this.bytes.buffer);
  at = 0;

  /** Begins anew with other bytes. */
  reset(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = 0;
  }

  /** An unsigned integer that ends before `end`. */
  uvarint(end: number): number {
    const { bytes } = this;
    const first = this.at;
    let value = 0;
    let weight = 1;
    for (;;) {
      if (this.at >= end) throw unexpectedEnd();
      const byte = bytes[this.at++]!;
      value += (byte & 0x7f) * weight;
      if (byte < 0x80) return value;
      if (this.at - first >= varintBytesMax) throw protoError("proto: integer overflow");
      weight *= 128;
    }
  }

  /** A two's complement int64: negative ones take ten bytes. */
  int64(end: number): number {
    const value = this.uvarint(end);
    return value >= 2 ** 63 ? negativeOf(this.bytes, this.at - varintBytesMax) : value;
  }

  /** An int32 or uint32 field: the low 32 bits. */
  uint32(end: number): number {
    return lowWordOf(this, end);
  }

  /** A zigzag integer. */
  sint64(end: number): number {
    const value = this.uvarint(end);
    // Exact while the number fits a double; `value` may be beyond it only for counts that no histogram has.
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** A zigzag integer of 32 bits. */
  sint32(end: number): number {
    const word = lowWordOf(this, end);
    return (word >>> 1) ^ -(word & 1);
  }

  /** A float64 by its bits (ordinary NaNs may lose theirs). */
  double(end: number): number {
    const { at } = this;
    if (at + 8 > end) throw unexpectedEnd();
    this.at = at + 8;
    return this.view.getFloat64(at, true);
  }

  /** The end of a field that is as long as the varint here says. */
  lengthEnd(end: number): number {
    const length = this.uvarint(end);
    if (length >= 2 ** 63) throw protoError("proto: negative length found during unmarshaling");
    if (this.at + length > end) throw unexpectedEnd();
    return this.at + length;
  }

  /** Field number times 8 plus wire type. `message` names the message in errors. */
  tag(message: string, end: number): number {
    const tag = this.uvarint(end);
    const type = tag % 8;
    // The generated code takes the low 32 bits of the field number.
    const field = (Math.floor(tag / 8) % 2 ** 32) | 0;
    if (type === 4) throw protoError(`proto: ${message}: wiretype end group for non-group`);
    if (field <= 0) throw protoError(`proto: ${message}: illegal tag ${field} (wire type ${tag})`);
    return field * 8 + type;
  }

  /** Skips the value of a field that nobody wants. */
  skip(type: number, end: number): void {
    if (type === 3) {
      this.#skipGroup(end);
      return;
    }
    this.#skipValue(type, end);
    if (this.at > end) throw unexpectedEnd();
  }

  #skipValue(type: number, end: number): void {
    if (type === wireType.varint) this.uvarint(end);
    else if (type === wireType.fixed64) this.at += 8;
    else if (type === wireType.fixed32) this.at += 4;
    else if (type === wireType.bytes) this.at = this.lengthEnd(end);
    else throw protoError(`proto: illegal wireType ${type}`);
  }

  #skipGroup(end: number): void {
    for (let depth = 1; depth > 0; ) {
      const type = this.uvarint(end) % 8;
      if (type === 3) depth++;
      else if (type === 4) depth--;
      else this.#skipValue(type, end);
      if (this.at > end) throw unexpectedEnd();
    }
  }
}

/** The error of bytes that end too early. */
export function unexpectedEnd(): AppError {
  return protoError("unexpected EOF");
}

/** The error of a field that has another type on the wire. */
export function wrongWireType(type: number, field: string): AppError {
  return protoError(`proto: wrong wireType = ${type} for field ${field}`);
}

function protoError(message: string): AppError {
  return new AppError("parse", message);
}

/** The low 32 bits of a varint. */
function lowWordOf(cursor: ProtoCursor, end: number): number {
  const first = cursor.at;
  cursor.uvarint(end);
  let word = 0;
  for (let i = 0; i < 5 && first + i < cursor.at; i++) {
    word |= (cursor.bytes[first + i]! & 0x7f) << (7 * i);
  }
  return word >>> 0;
}

/** The value of ten varint bytes with the highest bit set. */
function negativeOf(bytes: Uint8Array, from: number): number {
  // -(~bits + 1), digit by digit, so that small negative numbers are exact.
  let inverted = 0;
  let weight = 1;
  for (let i = 0; i < 9; i++, weight *= 128) inverted += (~bytes[from + i]! & 0x7f) * weight;
  return -(inverted + 1);
}
