/**
 * The answer STREAMED_XOR_CHUNKS: frames, each with chunks of one series.
 *
 *   frame                uvarint length, CRC-32C of the message (4 bytes, big end first), message
 *   ChunkedReadResponse  1 ChunkedSeries  2 index of the query
 *   ChunkedSeries        1 Label*  2 Chunk*        Chunk  1 from ms  2 to ms  3 encoding  4 bytes
 *
 * Samples are encoded anew, so that chunks hold what was asked for and no more: at most 120 samples of
 * one kind. A series goes on in the next frame where its chunks reach the frame's bound; as in Prometheus
 * a frame exceeds it by one chunk at most.
 */

import type { Labels } from "../model/labels.ts";
import { SampleBuffer } from "../model/sample.ts";
import { encodeChunks } from "../tsdb/compaction/chunk-encoder.ts";
import { crc32c } from "../tsdb/crc32c.ts";
import { ProtoWriter } from "./proto-writer.ts";
import type { ReadSeries } from "./read-series.ts";
import { writeLabels } from "./sample-messages.ts";

/** Frames go out together once they have so many bytes. */
const pieceBytes = 64 * 1024;
/** A long series is encoded so many samples at a time: a whole number of chunks. */
const samplesPerTurn = 120 * 64;

type Chunk = ReturnType<typeof encodeChunks>[number];

/** Makes the frames of one answer. */
export class ChunkFrames {
  readonly #frameBytesMax: number;
  readonly #out = new ProtoWriter();
  readonly #labels = new ProtoWriter();
  readonly #chunks = new ProtoWriter();
  readonly #message = new ProtoWriter();

  constructor(frameBytesMax: number) {
    this.#frameBytesMax = frameBytesMax;
  }

  /** Frames of a series of query number `queryIndex`, as far as they make a piece; the rest waits. */
  *add({ labels, samples }: ReadSeries, queryIndex: number): Generator<Uint8Array> {
    const bound = this.#frameBytesMax - this.#setLabels(labels);
    let left = bound;
    for (const chunk of chunksOf(samples)) {
      left -= this.#addChunk(chunk);
      if (left > 0) continue;
      this.#endFrame(queryIndex);
      left = bound;
      if (this.#out.length >= pieceBytes) yield this.rest();
    }
    if (this.#chunks.length > 0) this.#endFrame(queryIndex);
    if (this.#out.length >= pieceBytes) yield this.rest();
  }

  /** What waits, which may be nothing. */
  rest(): Uint8Array {
    const bytes = this.#out.toBytes();
    this.#out.clear();
    return bytes;
  }

  #setLabels(labels: Labels): number {
    this.#labels.clear();
    return writeLabels(this.#labels, labels);
  }

  /** Returns the size of the chunk's message. */
  #addChunk({ encoding, bytes, at, length, minMs, maxMs }: Chunk): number {
    const chunks = this.#chunks;
    const start = chunks.open(2);
    chunks.int64Field(1, minMs);
    chunks.int64Field(2, maxMs);
    chunks.uvarintField(3, encoding);
    const data = chunks.open(4);
    chunks.raw(bytes, at, at + length);
    chunks.close(data);
    return chunks.close(start);
  }

  #endFrame(queryIndex: number): void {
    const message = this.#message;
    message.clear();
    const series = message.open(1);
    message.raw(this.#labels.bytes, 0, this.#labels.length);
    message.raw(this.#chunks.bytes, 0, this.#chunks.length);
    message.close(series);
    message.uvarintField(2, queryIndex);
    this.#chunks.clear();
    this.#out.uvarint(message.length);
    this.#out.reserve(4);
    this.#out.length = this.#out.bytes.writeUInt32BE(
      crc32c(message.bytes, 0, message.length),
      this.#out.length,
    );
    this.#out.raw(message.bytes, 0, message.length);
  }
}

function* chunksOf(samples: SampleBuffer): Generator<Chunk> {
  if (samples.count <= samplesPerTurn) {
    yield* encodeChunks(samples);
    return;
  }
  const part = new SampleBuffer(samplesPerTurn);
  for (let from = 0; from < samples.count; from += samplesPerTurn) {
    part.clear();
    part.pushRange(samples, from, Math.min(samples.count, from + samplesPerTurn));
    yield* encodeChunks(part);
  }
}
