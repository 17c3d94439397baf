/**
 * When a chunk of the head ends, as Prometheus cuts it: about 120 samples, spread evenly over the
 * two-hour range, at most 240, and before it could exceed 1,024 bytes.
 */

import type { HistogramChunk } from "../chunks/histogram/histogram-chunk.ts";
import { seriesField } from "./series-table.ts";

/** Blocks and chunk ends align to this. */
export const chunkRangeMs = 2 * 3_600_000;
/** Samples that a chunk should have; twice as many is the most. */
export const samplesPerChunk = 120;
/** What a chunk of floats may take. */
export const chunkMaxBytes = 1024;
/** A histogram chunk is cut at the size of a float chunk, but not before it has so many samples. */
const histogramSamplesMin = 10;

/** End of the block range that holds the time. */
export function rangeEndOf(timestampMs: number): number {
  return Math.floor(timestampMs / chunkRangeMs) * chunkRangeMs + chunkRangeMs;
}

/** Whether the chunk takes no sample at this time. */
export function isHistogramChunkFull(chunk: HistogramChunk, timestampMs: number): boolean {
  return (
    timestampMs >= rangeEndOf(chunk.firstMs) ||
    chunk.sampleCount >= samplesPerChunk * 2 ||
    (chunk.sizeBytes >= chunkMaxBytes && chunk.sampleCount >= histogramSamplesMin)
  );
}

/** With a quarter of the wanted samples there, spreads the chunks evenly up to the range's end. */
export function predictCut(doubles: Float64Array, at: number): void {
  const startMs = doubles[(at + seriesField.chunkStartMs) >>> 1]!;
  const lastMs = doubles[(at + seriesField.lastTimestampMs) >>> 1]!;
  const cutAt = (at + seriesField.cutAtMs) >>> 1;
  const rangeMs = doubles[cutAt]! - startMs;
  const chunks = rangeMs / ((lastMs - startMs + 1) * 4);
  if (chunks > 1) doubles[cutAt] = Math.floor(startMs + rangeMs / Math.floor(chunks));
}
