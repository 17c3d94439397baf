/**
 * Encodes samples again where chunks cannot be copied: merged, or with a part deleted. A chunk holds
 * one kind of sample (floats, integer histograms, float histograms) and at most 120, as in Prometheus'
 * merged chunks. Start times are not carried over (docs/differences.md).
 */

import type { FloatHistogram, Histogram } from "../../model/histogram.ts";
import { highWord, lowWord, type SampleBuffer } from "../../model/sample.ts";
import type { WrittenChunk } from "../block/block-writer.ts";
import { appendHistogram, beginHistogramChunk } from "../chunks/histogram/histogram-append.ts";
import type { HistogramChunk } from "../chunks/histogram/histogram-chunk.ts";
import { XorChunk, xorEncoding } from "../chunks/xor/xor-appender.ts";

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
  const { timestampsMs, valueWords } = samples;
  for (let from = start; from < end; from += samplesPerChunk) {
    const to = Math.min(end, from + samplesPerChunk);
    const chunk = new XorChunk();
    for (let i = from; i < to; i++) {
      chunk.append(timestampsMs[i]!, valueWords[i * 2 + highWord]!, valueWords[i * 2 + lowWord]!);
    }
    const bytes = chunk.toBytes();
    const span = { minMs: timestampsMs[from]!, maxMs: timestampsMs[to - 1]! };
    into.push({ encoding: xorEncoding, bytes, at: 0, length: bytes.length, ...span });
  }
}

function encodeHistograms(
  samples: SampleBuffer,
  from: number,
  to: number,
  into: WrittenChunk[],
): void {
  let chunk: HistogramChunk | undefined;
  for (let i = from; i < to; i++) {
    const sample = {
      timestampMs: samples.timestampsMs[i]!,
      startMs: 0,
      histogram: samples.histograms?.[i] as Histogram | FloatHistogram,
      isStale: samples.isStale(i),
    };
    if (chunk === undefined || chunk.sampleCount >= samplesPerChunk) {
      if (chunk !== undefined) into.push(finished(chunk));
      chunk = beginHistogramChunk(sample, false, chunk);
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
