/**
 * Decoder of Prometheus' XOR chunks (layout: xor-appender.ts), straight into a SampleBuffer. Values
 * travel as two words, so stale markers and NaN payloads survive. About 20 ns a sample; allocates
 * four words a chunk beyond the buffer's growth.
 */

import { highWord, lowWord, type SampleBuffer } from "../../../model/sample.ts";
import { readBits, wordSpan } from "../bit-stream.ts";

/** Words of the running value: the bits, and the window of the last xor. */
const valueHigh = 0;
const valueLow = 1;
const windowLeading = 2;
const windowTrailing = 3;

/**
 * Appends the samples with startMs <= t <= endMs of the chunk at byte `base` to `into`. `bytes` must
 * carry `bitSlackBytes` behind the chunk. Returns how many bytes the chunk uses, so that a caller
 * who knows its length can tell damage. O(samples of the chunk).
 */
export function readXorSamples(
  bytes: Uint8Array,
  base: number,
  into: SampleBuffer,
  startMs: number,
  endMs: number,
): number {
  const count = (bytes[base]! << 8) | bytes[base + 1]!;
  if (count === 0) return 2;
  into.reserve(count);
  const running = new Uint32Array(4);
  let bitAt = (base + 2) * 8;
  let timestampMs = readSignedVarint(bytes, bitAt);
  bitAt += uvarintBits(bytes, bitAt);
  running[valueHigh] = readBits(bytes, bitAt, 32);
  running[valueLow] = readBits(bytes, bitAt + 32, 32);
  bitAt += 64;
  if (timestampMs >= startMs && timestampMs <= endMs) store(into, timestampMs, running);
  if (count === 1) return (bitAt >>> 3) - base;
  let deltaMs = readDelta(bytes, bitAt);
  bitAt += uvarintBits(bytes, bitAt);
  for (let i = 1; ; ) {
    bitAt = readXorValue(bytes, bitAt, running, 0);
    timestampMs += deltaMs;
    if (timestampMs >= startMs && timestampMs <= endMs) store(into, timestampMs, running);
    if (++i === count) break;
    // Fast path: a steady scrape has the same delta again.
    if (readBits(bytes, bitAt, 1) === 0) {
      bitAt++;
      continue;
    }
    deltaMs += readDod(bytes, bitAt);
    bitAt += dodBits(bytes, bitAt);
  }
  return ((bitAt + 7) >>> 3) - base;
}

/** Room was reserved by the caller. */
function store(into: SampleBuffer, timestampMs: number, running: Uint32Array): void {
  const index = into.count++;
  into.timestampsMs[index] = timestampMs;
  into.valueWords[index * 2 + highWord] = running[valueHigh]!;
  into.valueWords[index * 2 + lowWord] = running[valueLow]!;
}

/**
 * Applies the next value to `running[from, from + 4)` (high, low, leading, trailing); returns the bit
 * behind it.
 */
export function readXorValue(
  bytes: Uint8Array,
  bitAt: number,
  running: Uint32Array,
  from: number,
): number {
  const control = readBits(bytes, bitAt, 2);
  if (control < 2) return bitAt + 1;
  return readXorWindow(bytes, bitAt + 2, running, from, control === 3);
}

/** Applies the bits of an xor, with a new window before them if `isNew`; returns the bit behind it. */
export function readXorWindow(
  bytes: Uint8Array,
  bitAt: number,
  running: Uint32Array,
  from: number,
  isNew: boolean,
): number {
  let at = bitAt;
  if (isNew) {
    const window = readBits(bytes, at, 11);
    const width = window & 0x3f;
    running[from + windowLeading] = window >>> 6;
    running[from + windowTrailing] = 64 - (window >>> 6) - (width === 0 ? 64 : width);
    at += 11;
  }
  const trailing = running[from + windowTrailing]!;
  const width = 64 - running[from + windowLeading]! - trailing;
  let top = 0;
  if (width > 32) {
    top = readBits(bytes, at, width - 32);
    at += width - 32;
  }
  const bottomWidth = Math.min(width, 32);
  const bottom = readBits(bytes, at, bottomWidth);
  if (trailing === 0) {
    running[from] = running[from]! ^ top;
    running[from + 1] = running[from + 1]! ^ bottom;
  } else if (trailing < 32) {
    running[from] = running[from]! ^ ((top << trailing) | (bottom >>> (32 - trailing)));
    running[from + 1] = running[from + 1]! ^ (bottom << trailing);
  } else {
    running[from] = running[from]! ^ (bottom << (trailing - 32));
  }
  return at + bottomWidth;
}

/** Bits that a delta of deltas takes, its prefix included; the first bit is known to be 1. */
function dodBits(bytes: Uint8Array, bitAt: number): number {
  const prefix = readBits(bytes, bitAt, 4);
  if (prefix < 0xc) return 16;
  if (prefix < 0xe) return 20;
  return prefix === 0xe ? 24 : 68;
}

function readDod(bytes: Uint8Array, bitAt: number): number {
  const prefix = readBits(bytes, bitAt, 4);
  if (prefix < 0xc) return lopsided(readBits(bytes, bitAt + 2, 14), 8192);
  if (prefix < 0xe) return lopsided(readBits(bytes, bitAt + 3, 17), 65536);
  if (prefix === 0xe) return lopsided(readBits(bytes, bitAt + 4, 20), 524288);
  return (readBits(bytes, bitAt + 4, 32) | 0) * wordSpan + readBits(bytes, bitAt + 36, 32);
}

/** Two's complement, but for the middle value, which Prometheus takes as positive. */
function lopsided(bits: number, half: number): number {
  return bits > half ? bits - 2 * half : bits;
}

function uvarintBits(bytes: Uint8Array, bitAt: number): number {
  let length = 8;
  while (length < 80 && readBits(bytes, bitAt + length - 8, 1) === 1) length += 8;
  return length;
}

/** The varint's 64 bits as two words, [high, low]; damaged input gives some number, never a loop. */
function uvarintWords(bytes: Uint8Array, bitAt: number): readonly [number, number] {
  let high = 0;
  let low = 0;
  for (let index = 0; index < 10; index++) {
    const byte = readBits(bytes, bitAt + index * 8, 8);
    const shift = index * 7;
    if (shift < 32) low |= (byte & 0x7f) << shift;
    if (shift >= 32) high |= (byte & 0x7f) << (shift - 32);
    else if (shift > 25) high |= (byte & 0x7f) >>> (32 - shift);
    if (byte < 0x80) break;
  }
  return [high, low >>> 0];
}

function readDelta(bytes: Uint8Array, bitAt: number): number {
  const [high, low] = uvarintWords(bytes, bitAt);
  return (high | 0) * wordSpan + low;
}

function readSignedVarint(bytes: Uint8Array, bitAt: number): number {
  const [high, low] = uvarintWords(bytes, bitAt);
  const sign = -(low & 1);
  const unzigzagLow = ((low >>> 1) | (high << 31)) ^ sign;
  const unzigzagHigh = (high >>> 1) ^ sign;
  return unzigzagHigh * wordSpan + (unzigzagLow >>> 0);
}
