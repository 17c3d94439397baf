/**
 * Encodes samples again where chunks cannot be copied: merged, or with a part deleted. A chunk holds
 * one kind of sample (floats, integer histograms, float histograms) and at most 120, as in Prometheus'
 * merged chunks. Floats with start times become XOR2 chunks, histograms with them the chunks that have
 * room for them; without, the encodings that every Prometheus reads.
 */

import type { FloatHistogram, Histogram } from "../../model/histogram.ts";
import { highWord, lowWord, type SampleBuffer } from "../../model/sample.ts";
import type { WrittenChunk } from "../block/block-writer.ts";
import { appendHistogram, beginHistogramChunk } from "../chunks/histogram/histogram-append.ts";
import type { HistogramChunk } from "../chunks/histogram/histogram-chunk.ts";
import { XorChunk, xorEncoding } from "../chunks/xor/xor-appender.ts";
import { Xor2Chunk, xor2Encoding } from "../chunks/xor2/xor2-appender.ts";

const samplesPerChunk = 120;

/** Encodes all samples, which are in order of time. O(samples). */
export function encodeChunks(samples: SampleBuffer): WrittenChunk[] {
  const chunks: WrittenChunk[] = [];
  for (let from = 0; from < samples.count; ) {
    const to = endOfRun(samples, from);
    if (samples.histograms?.[from] === undefined) encodeFloats(samples, from, to, chunks);
    else encodeHistograms(samples, from, to, chunks);
    from = to;
  }
  return chunks;
}

/** Index behind the last sample of the same kind as the one at `from`. */
function endOfRun({ histograms, count }: SampleBuffer, from: number): number {
  if (histograms === undefined) return count;
  const kind = histograms[from]?.kind;
  let to = from + 1;
  while (to < count && histograms[to]?.kind === kind) to++;
  return to;
}

function encodeFloats(
  samples: SampleBuffer,
  start: number,
  end: number,
  into: WrittenChunk[],
): void {
  const { timestampsMs } = samples;
  for (let from = start; from < end; from += samplesPerChunk) {
    const to = Math.min(end, from + samplesPerChunk);
    const starts = hasStarts(samples, from, to) ? samples.startTimestampsMs : undefined;
    const bytes =
      starts === undefined ? xorBytes(samples, from, to) : xor2Bytes(samples, starts, { from, to });
    const span = { minMs: timestampsMs[from]!, maxMs: timestampsMs[to - 1]! };
    const encoding = starts === undefined ? xorEncoding : xor2Encoding;
    into.push({ encoding, bytes, at: 0, length: bytes.length, ...span });
  }
}

function xorBytes(
  { timestampsMs, valueWords }: SampleBuffer,
  from: number,
  to: number,
): Uint8Array {
  const chunk = new XorChunk();
  for (let i = from; i < to; i++) {
    chunk.append(timestampsMs[i]!, valueWords[i * 2 + highWord]!, valueWords[i * 2 + lowWord]!);
  }
  return chunk.toBytes();
}

function xor2Bytes(
  { timestampsMs, valueWords }: SampleBuffer,
  starts: Float64Array,
  { from, to }: { readonly from: number; readonly to: number },
): Uint8Array {
  const chunk = new Xor2Chunk();
  for (let i = from; i < to; i++) {
    const [high, low] = [valueWords[i * 2 + highWord]!, valueWords[i * 2 + lowWord]!];
    chunk.append(timestampsMs[i]!, high, low, starts[i] ?? 0);
  }
  return chunk.toBytes();
}

/** Whether any of the samples has a start time. */
function hasStarts({ startTimestampsMs }: SampleBuffer, from: number, to: number): boolean {
  if (startTimestampsMs === undefined) return false;
  for (let i = from; i < to; i++) if ((startTimestampsMs[i] ?? 0) !== 0) return true;
  return false;
}

function encodeHistograms(
  samples: SampleBuffer,
  from: number,
  to: number,
  into: WrittenChunk[],
): void {
  let chunk: HistogramChunk | undefined;
  const withStarts = hasStarts(samples, from, to);
  for (let i = from; i < to; i++) {
    const sample = {
      timestampMs: samples.timestampsMs[i]!,
      startMs: samples.startTimestampsMs?.[i] ?? 0,
      histogram: samples.histograms?.[i] as Histogram | FloatHistogram,
      isStale: samples.isStale(i),
    };
    if (chunk === undefined || chunk.sampleCount >= samplesPerChunk) {
      if (chunk !== undefined) into.push(finished(chunk));
      chunk = beginHistogramChunk(sample, withStarts, chunk);
      continue;
    }
    const result = appendHistogram(chunk, sample);
    if (result.outcome === "new") into.push(finished(chunk));
    chunk = result.chunk;
  }
  if (chunk !== undefined) into.push(finished(chunk));
}

function finished(chunk: HistogramChunk): WrittenChunk {
  const bytes = chunk.toBytes();
  const span = { minMs: chunk.firstMs, maxMs: chunk.lastMs };
  return { encoding: chunk.encoding, bytes, at: 0, length: bytes.length, ...span };
}
