/**
 * Decoder of Prometheus' XOR2 chunks (layout: xor2-appender.ts), straight into a SampleBuffer with
 * their start times.
 */

import {
  highWord,
  lowWord,
  type SampleBuffer,
  staleBitsHigh,
  staleBitsLow,
} from "../../../model/sample.ts";
import { BitCursor } from "../varbit.ts";
import { readXorWindow } from "../xor/xor-reader.ts";
import { keepStart, StartTimeDecoder } from "./start-times.ts";

/** Stands for the control of the second sample, which has none. */
const firstDelta = 6;

/** What of a chunk is wanted. */
export interface ChunkWindow {
  readonly startMs: number;
  readonly endMs: number;
}

/**
 * Appends the samples of the window to `into`. `bytes` must carry `bitSlackBytes` behind the chunk of
 * `length` bytes at `base`. Returns the bytes used, -1 where the chunk ends too early.
 */
export function readXor2Samples(
  bytes: Uint8Array,
  base: number,
  length: number,
  into: SampleBuffer,
  window: ChunkWindow,
): number {
  const cursor = new BitCursor(bytes, base, length);
  const count = cursor.bits(16);
  const starts = new StartTimeDecoder(cursor.bits(8));
  into.reserve(count);
  // Bits of the last value that was no stale marker, and the window of the last xor.
  const running = new Uint32Array(4);
  let timestampMs = 0;
  let deltaMs = 0;
  for (let i = 0; i < count && !cursor.isShort; i++) {
    const lastMs = timestampMs;
    let isStale = false;
    if (i === 0) {
      timestampMs = cursor.signedVarint();
      isStale = readFirstValue(cursor, running);
    } else {
      const control = i === 1 ? firstDelta : readControl(cursor);
      if (control === firstDelta) deltaMs = cursor.uvarint();
      else if (control >= 2 && control <= 4) deltaMs += readDod(cursor, control);
      isStale = readLaterValue(cursor, running, control);
      timestampMs += deltaMs;
    }
    starts.read(cursor, i, timestampMs, lastMs);
    if (cursor.isShort || timestampMs < window.startMs || timestampMs > window.endMs) continue;
    const at = into.count++;
    into.timestampsMs[at] = timestampMs;
    into.valueWords[at * 2 + highWord] = isStale ? staleBitsHigh : running[0]!;
    into.valueWords[at * 2 + lowWord] = isStale ? staleBitsLow : running[1]!;
    keepStart(into, starts.startMs);
  }
  return cursor.isShort ? -1 : ((cursor.bitAt + 7) >>> 3) - base;
}

function readFirstValue(cursor: BitCursor, running: Uint32Array): boolean {
  const high = cursor.bits(32);
  const low = cursor.bits(32);
  if (high === staleBitsHigh && low === staleBitsLow) return true;
  running[0] = high;
  running[1] = low;
  return false;
}

/** Reads the value that `control` announces; true for a stale marker, which leaves `running` alone. */
function readLaterValue(cursor: BitCursor, running: Uint32Array, control: number): boolean {
  if (control === 0) return false;
  if (control === 5) return true;
  if (control === 1) {
    xorWindow(cursor, running, cursor.bits(1) === 1);
    return false;
  }
  return readValue(cursor, running);
}

/** Ones before the zero, five at most. */
function readControl(cursor: BitCursor): number {
  let ones = 0;
  while (ones < 5 && cursor.bits(1) === 1) ones++;
  return ones;
}

function readDod(cursor: BitCursor, control: number): number {
  if (control === 2) return (cursor.bits(13) << 19) >> 19;
  if (control === 3) return (cursor.bits(20) << 12) >> 12;
  return (cursor.bits(32) | 0) * 4294967296 + cursor.bits(32);
}

/** Reads a value behind a time; true for a stale marker, which leaves `running` alone. */
function readValue(cursor: BitCursor, running: Uint32Array): boolean {
  if (cursor.bits(1) === 0) return false;
  if (cursor.bits(1) === 0) {
    xorWindow(cursor, running, false);
    return false;
  }
  if (cursor.bits(1) === 1) return true;
  xorWindow(cursor, running, true);
  return false;
}

function xorWindow(cursor: BitCursor, running: Uint32Array, isNew: boolean): void {
  cursor.moveTo(readXorWindow(cursor.bytes, cursor.bitAt, running, 0, isNew));
}
