/**
 * Reads a chunk of any encoding into a SampleBuffer: the one place that knows all six. XOR goes
 * straight to its own loop; a damaged chunk is told by its result, never by a throw.
 */

import type { SampleBuffer } from "../../model/sample.ts";
import { histogramEncoding } from "./histogram/histogram-layout.ts";
import { HistogramChunkReader, readHistogramSamples } from "./histogram/histogram-reader.ts";
import { xorEncoding } from "./xor/xor-appender.ts";
import { readXorSamples } from "./xor/xor-reader.ts";
import { xor2Encoding } from "./xor2/xor2-appender.ts";
import { type ChunkWindow, readXor2Samples } from "./xor2/xor2-reader.ts";

/** Where a chunk's bytes lie; `bitSlackBytes` must follow them, whatever they hold. */
export interface ChunkPlace {
  readonly bytes: Uint8Array;
  readonly base: number;
  readonly length: number;
  /** Byte that names the encoding in chunk files. */
  readonly encoding: number;
}

/** Whether chunks of this encoding can be read. */
export function isKnownEncoding(encoding: number): boolean {
  return encoding >= xorEncoding && encoding <= histogramEncoding.floatWithStarts;
}

/** Whether the encoding holds native histograms. */
export function isHistogramEncoding(encoding: number): boolean {
  return isKnownEncoding(encoding) && encoding !== xorEncoding && encoding !== xor2Encoding;
}

/** Number of samples that a chunk's head tells. */
export function chunkSampleCount({ bytes, base, encoding }: ChunkPlace): number {
  const number = ((bytes[base] ?? 0) << 8) | (bytes[base + 1] ?? 0);
  const isShared =
    encoding === histogramEncoding.integerWithStarts ||
    encoding === histogramEncoding.floatWithStarts;
  return isShared ? number & 0x3fff : number;
}

/**
 * Appends the samples of the window to `into`. Returns whether the chunk was sound; samples before the damage are there.
 * It may be longer than what its samples need: older versions of Prometheus leave an empty byte.
 */
export function readChunk(place: ChunkPlace, into: SampleBuffer, window: ChunkWindow): boolean {
  const { bytes, base, length, encoding } = place;
  const { startMs, endMs, startTimesMs } = window;
  if (encoding === xorEncoding) {
    const before = into.count;
    const used = readXorSamples(bytes, base, into, startMs, endMs);
    for (let i = before; startTimesMs !== undefined && i < into.count; i++) startTimesMs.push(0);
    return used <= length;
  }
  if (encoding === xor2Encoding) {
    return readXor2Samples(bytes, base, length, into, window) >= 0;
  }
  if (!isKnownEncoding(encoding)) return false;
  const reader = new HistogramChunkReader(bytes, base, length, encoding);
  return readHistogramSamples(reader, into, window) >= 0;
}
