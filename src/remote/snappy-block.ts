/**
 * Snappy's block format as remote write uses it, decoded into the caller's memory. Every step checks
 * its bounds: the bytes come from the network. Long literals go by memcpy, copies that do not overlap too.
 *
 *   uvarint  length of the plain bytes
 *   element  literal: (length - 1) << 2 | 0, from 60 on 1..4 length bytes follow, then the bytes
 *            copy: 01 = 4..11 bytes within 2 KiB, 10 = 1..64 bytes within 64 KiB, 11 = 4-byte offset
 *
 * decodeSnappyBlock: O(plain bytes), allocates a view for each long literal only.
 */

import { AppError } from "../base/errors.ts";

/** From this length on a native copy beats a loop. */
const nativeCopyMin = 96;
/** Plain lengths are 32 bits wide in the format. */
const plainLengthMax = 0xffff_ffff;

/** The plain length that a block's header says. Throws AppError "parse" in the words of Prometheus' decoder. */
export function snappyPlainLength(block: Uint8Array): number {
  let length = 0;
  let weight = 1;
  for (let at = 0; at < 5; at++) {
    const byte = block[at];
    if (byte === undefined) break;
    length += (byte & 0x7f) * weight;
    if (byte < 0x80) {
      if (length > plainLengthMax) break;
      return length;
    }
    weight *= 128;
  }
  throw corrupt();
}

/**
 * Writes the plain bytes to the beginning of `into`, which must hold `snappyPlainLength(block)`; what lies
 * behind them may be overwritten. Throws AppError "parse".
 */
export function decodeSnappyBlock(block: Uint8Array, into: Uint8Array): void {
  const plainLength = snappyPlainLength(block);
  const end = block.length;
  let at = 0;
  while (block[at]! >= 0x80) at++;
  at++;
  let out = 0;
  while (at < end) {
    const tag = block[at++]!;
    const isLiteral = (tag & 3) === 0;
    const dataAt = at + (isLiteral ? literalLengthBytes(tag) : offsetBytes(tag));
    if (dataAt > end) throw corrupt();
    const length = isLiteral ? literalLength(block, tag, at) : copyLength(tag);
    if (out + length > plainLength) throw corrupt();
    if (isLiteral) {
      if (dataAt + length > end) throw corrupt();
      copyLiteral(block, dataAt, into, out, length);
      at = dataAt + length;
    } else {
      repeat(into, out, copyOffset(block, tag, at), length);
      at = dataAt;
    }
    out += length;
  }
  if (out !== plainLength) throw corrupt();
}

function literalLengthBytes(tag: number): number {
  return tag < 60 << 2 ? 0 : (tag >>> 2) - 59;
}

/** Length of a literal; the bytes of a long one's length lie at `at`. */
function literalLength(block: Uint8Array, tag: number, at: number): number {
  const extra = literalLengthBytes(tag);
  return 1 + (extra === 0 ? tag >>> 2 : littleEndian(block, at, extra));
}

function copyLength(tag: number): number {
  return (tag & 3) === 1 ? ((tag >>> 2) & 7) + 4 : (tag >>> 2) + 1;
}

function offsetBytes(tag: number): number {
  return (tag & 3) === 3 ? 4 : tag & 3;
}

/** How far back a copy begins; its bytes after the tag lie at `at`. */
function copyOffset(block: Uint8Array, tag: number, at: number): number {
  if ((tag & 3) === 1) return ((tag >>> 5) << 8) | block[at]!;
  const low = block[at]! | (block[at + 1]! << 8);
  return (tag & 3) === 2 ? low : low + (block[at + 2]! << 16) + block[at + 3]! * 0x1000000;
}

/** Writes again what lies `offset` before `at`, byte by byte: both may overlap, and then the run repeats itself. */
function repeat(into: Uint8Array, at: number, offset: number, length: number): void {
  if (offset === 0 || offset > at) throw corrupt();
  for (let i = at, last = at + length; i < last; i++) into[i] = into[i - offset]!;
}

function copyLiteral(
  block: Uint8Array,
  from: number,
  into: Uint8Array,
  at: number,
  length: number,
): void {
  if (length >= nativeCopyMin) {
    into.set(block.subarray(from, from + length), at);
    return;
  }
  for (let i = 0; i < length; i++) into[at + i] = block[from + i]!;
}

function littleEndian(bytes: Uint8Array, at: number, count: number): number {
  let value = 0;
  for (let i = count - 1; i >= 0; i--) value = value * 256 + bytes[at + i]!;
  return value;
}

/** In the words of the decoder that Prometheus uses. */
function corrupt(): AppError {
  return new AppError("parse", "s2: corrupt input");
}
