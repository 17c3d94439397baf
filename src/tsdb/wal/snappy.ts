/**
 * Snappy block compression for WAL records, into the caller's buffer. Our own encoder, since the
 * library allocates a table and two buffers a call, which at forty records a second cost more than
 * the log itself; decoding (only at replay) is here too, with bounds checked at every step.
 *
 *   uvarint  length of the plain bytes
 *   element  literal: (length - 1) << 2 | 0, from 60 on 1..4 length bytes follow, then the bytes
 *            copy: 01 = 4..11 bytes within 2 KiB, 10 = 1..64 bytes within 64 KiB, 11 = 4-byte offset
 */

import { CorruptionError } from "../../base/errors.ts";
import type { ByteWriter } from "../byte-writer.ts";

/** Copies reach back at most this far: blocks are compressed one by one. */
const blockSize = 65536;
/** A table of 16 KiB stays in the cache beside what is compressed; a larger one gains 0.2 % of bytes. */
const hashBits = 13;
/** Below this a block is stored as one literal. */
const compressibleMin = 16;

/** The longest output for `length` plain bytes. */
function compressedMax(length: number): number {
  return 32 + length + Math.ceil(length / 6);
}

/** A compressor with its hash table; one per writer. */
export class SnappyEncoder {
  #table = new Uint16Array(1 << hashBits);

  /** Appends the compressed form of `source[0, length)` to `into`. O(length), no allocation but growth. */
  compress(source: Uint8Array, length: number, into: ByteWriter): void {
    into.reserve(compressedMax(length));
    into.uvarint(length);
    for (let from = 0; from < length; from += blockSize) {
      into.length = this.#compressBlock(
        source,
        from,
        Math.min(length, from + blockSize),
        into.bytes,
        into.length,
      );
    }
  }

  #compressBlock(
    source: Uint8Array,
    from: number,
    to: number,
    out: Uint8Array,
    at: number,
  ): number {
    let end = at;
    let literalFrom = from;
    if (to - from >= compressibleMin) {
      // One load a word instead of four.
      const words = new DataView(source.buffer, source.byteOffset, source.byteLength);
      const table = this.#table.fill(0);
      const last = to - compressibleMin;
      let cursor = from + 1;
      let misses = 32;
      while (cursor <= last) {
        const word = words.getInt32(cursor, true);
        const hash = Math.imul(word, 0x1e35a7bd) >>> (32 - hashBits);
        const candidate = from + table[hash]!;
        table[hash] = cursor - from;
        if (candidate >= cursor || words.getInt32(candidate, true) !== word) {
          // The longer nothing matches, the larger the steps.
          cursor += misses++ >>> 5;
          continue;
        }
        misses = 32;
        let length = 4;
        while (cursor + length < to && source[cursor + length] === source[candidate + length]) {
          length++;
        }
        end = writeLiteral(source, literalFrom, cursor, out, end);
        end = writeCopy(out, end, cursor - candidate, length);
        cursor += length;
        literalFrom = cursor;
      }
    }
    return writeLiteral(source, literalFrom, to, out, end);
  }
}

function writeLiteral(
  source: Uint8Array,
  from: number,
  to: number,
  out: Uint8Array,
  at: number,
): number {
  const length = to - from;
  if (length === 0) return at;
  let end = at;
  if (length <= 60) out[end++] = (length - 1) << 2;
  else if (length <= 256) {
    out[end++] = 60 << 2;
    out[end++] = length - 1;
  } else {
    out[end++] = 61 << 2;
    out[end++] = length - 1;
    out[end++] = (length - 1) >>> 8;
  }
  for (let i = from; i < to; i++) out[end++] = source[i]!;
  return end;
}

function writeCopy(out: Uint8Array, at: number, offset: number, length: number): number {
  let end = at;
  let left = length;
  while (left >= 68) {
    end = writeLongCopy(out, end, offset, 64);
    left -= 64;
  }
  if (left > 64) {
    end = writeLongCopy(out, end, offset, 60);
    left -= 60;
  }
  if (left >= 12 || offset >= 2048) return writeLongCopy(out, end, offset, left);
  out[end++] = ((offset >>> 8) << 5) | ((left - 4) << 2) | 1;
  out[end++] = offset;
  return end;
}

function writeLongCopy(out: Uint8Array, at: number, offset: number, length: number): number {
  out[at] = ((length - 1) << 2) | 2;
  out[at + 1] = offset;
  out[at + 2] = offset >>> 8;
  return at + 3;
}

/**
 * Appends the plain form of `source[from, to)` to `into`; throws CorruptionError (offset within the
 * record, no file: the caller adds it) where the bytes are no snappy block or say more than `plainMax`.
 */
export function decompressSnappy(
  source: Uint8Array,
  from: number,
  to: number,
  into: ByteWriter,
  plainMax: number,
): void {
  let plainLength = 0;
  let cursor = from;
  for (let weight = 1; ; weight *= 128) {
    if (cursor >= to || weight > 2 ** 35) throw damaged(cursor - from);
    const byte = source[cursor++]!;
    plainLength += (byte & 0x7f) * weight;
    if (byte < 0x80) break;
  }
  if (plainLength > plainMax) throw damaged(0);
  into.reserve(plainLength);
  const start = into.length;
  const end = start + plainLength;
  const written = decompressElements(source, cursor, to, into.bytes, start, end);
  if (written !== end) throw damaged(to - from);
  into.length = end;
}

/** Literals from this length on are copied by the runtime, shorter ones byte by byte. */
const bulkCopyMin = 64;

/** Fills out[start, end) from the elements of source[from, to); returns where it ended, -1 at damage. */
function decompressElements(
  source: Uint8Array,
  from: number,
  to: number,
  out: Uint8Array,
  start: number,
  end: number,
): number {
  let cursor = from;
  let at = start;
  while (cursor < to) {
    const tag = source[cursor]!;
    cursor += 1 + extraBytesOf(tag);
    if (cursor > to) return -1;
    const length = lengthOf(source, cursor, tag);
    if (at + length > end) return -1;
    if ((tag & 3) === 0) {
      if (cursor + length > to) return -1;
      copyLiteral(source, cursor, out, at, length);
      cursor += length;
    } else {
      const offset = offsetOf(source, cursor, tag);
      if (offset === 0 || offset > at - start) return -1;
      repeat(out, at, offset, length);
    }
    at += length;
  }
  return at;
}

/** Bytes of an element between its tag and its content. */
function extraBytesOf(tag: number): number {
  const kind = tag & 3;
  if (kind !== 0) return kind === 3 ? 4 : kind;
  return tag >= 60 << 2 ? (tag >>> 2) - 59 : 0;
}

/** Bytes that an element makes; `behind` is the end of its extra bytes. */
function lengthOf(source: Uint8Array, behind: number, tag: number): number {
  if ((tag & 3) === 1) return ((tag >>> 2) & 7) + 4;
  if ((tag & 3) !== 0 || tag < 60 << 2) return (tag >>> 2) + 1;
  const extra = (tag >>> 2) - 59;
  return littleEnd(source, behind - extra, extra) + 1;
}

/** How far back a copy begins. */
function offsetOf(source: Uint8Array, behind: number, tag: number): number {
  if ((tag & 3) === 1) return source[behind - 1]! | ((tag & 0xe0) << 3);
  if ((tag & 3) === 2) return (source[behind - 1]! << 8) | source[behind - 2]!;
  return littleEnd(source, behind - 4, 4);
}

/** Byte by byte: source and target may overlap, and then the run repeats itself. */
function repeat(out: Uint8Array, at: number, offset: number, length: number): void {
  let into = at;
  for (let i = at - offset, last = i + length; i < last; i++) out[into++] = out[i]!;
}

function copyLiteral(
  source: Uint8Array,
  from: number,
  out: Uint8Array,
  at: number,
  length: number,
): void {
  if (length >= bulkCopyMin) out.set(source.subarray(from, from + length), at);
  else for (let i = 0; i < length; i++) out[at + i] = source[from + i]!;
}

function littleEnd(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = count - 1; i >= 0; i--) value = value * 256 + bytes[at + i]!;
  return value;
}

function damaged(offset: number): CorruptionError {
  return new CorruptionError("cannot decompress a record: damaged snappy block", {
    file: "",
    offset,
  });
}
