/** Decodes a chunk of any known encoding into a SampleBuffer. */

import { AppError } from "../../base/errors.ts";
import type { SampleBuffer } from "../../model/sample.ts";
import { histogramEncoding } from "../chunks/histogram/histogram-layout.ts";
import {
  HistogramChunkReader,
  readHistogramSamples,
} from "../chunks/histogram/histogram-reader.ts";
import type { SampleRun } from "../chunks/sample-run.ts";
import { xorEncoding } from "../chunks/xor/xor-appender.ts";
import { decodeXorChunk, notNext, readXorSamples } from "../chunks/xor/xor-reader.ts";
import { xor2Encoding } from "../chunks/xor2/xor2-appender.ts";
import { type ChunkWindow, readXor2Samples } from "../chunks/xor2/xor2-reader.ts";

const histogramEncodings: readonly number[] = Object.values(histogramEncoding);

/** An encoded chunk: `bytes[at, at + length)` with `bitSlackBytes` behind. */
export interface EncodedChunk {
  readonly encoding: number;
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly length: number;
}

/** Whether chunks of this encoding can be read. */
export function isKnownEncoding(encoding: number): boolean {
  return (
    encoding === xorEncoding || encoding === xor2Encoding || histogramEncodings.includes(encoding)
  );
}

/** Appends the samples of the window to `into`. O(samples of the chunk). Throws AppError "corruption". */
export function readChunkSamples(
  chunk: EncodedChunk,
  into: SampleBuffer,
  window: ChunkWindow,
): void {
  const { encoding, bytes, at, length } = chunk;
  let used = -1;
  if (encoding === xorEncoding) {
    used = readXorSamples(bytes, at, into, window);
  } else if (encoding === xor2Encoding) {
    used = readXor2Samples(bytes, at, length, into, window);
  } else if (histogramEncodings.includes(encoding)) {
    const reader = new HistogramChunkReader(bytes, at, length, encoding);
    used = readHistogramSamples(reader, into, window);
  } else {
    throw new AppError("corruption", `cannot read chunk: encoding ${encoding} is not known`);
  }
  if (used < 0 || used > length) throw doesNotFit();
}

function doesNotFit(): AppError {
  return new AppError("corruption", "cannot read chunk: its samples do not fit its length");
}

/**
 * Adds all samples of the chunk to the run; false where it does not go on with the run, which is then as
 * it was. O(samples of the chunk). Throws AppError "corruption".
 */
export function decodeChunk(chunk: EncodedChunk, run: SampleRun): boolean {
  if (chunk.encoding === xorEncoding) {
    const used = decodeXorChunk(chunk.bytes, chunk.at, run);
    if (used === notNext) return false;
    if (used > chunk.length) throw doesNotFit();
    return true;
  }
  if (run.chunkCount > 0) return false;
  run.leaveLine();
  readChunkSamples(chunk, run.into, everything);
  run.endChunk();
  return true;
}

const everything: ChunkWindow = { startMs: -Infinity, endMs: Infinity };

/** How many samples a chunk says it holds. */
export function chunkSampleCount({ encoding, bytes, at }: EncodedChunk): number {
  const number = (bytes[at]! << 8) | bytes[at + 1]!;
  const sharesHeader =
    encoding === histogramEncoding.integerWithStarts ||
    encoding === histogramEncoding.floatWithStarts;
  return sharesHeader ? number & 0x3fff : number;
}
