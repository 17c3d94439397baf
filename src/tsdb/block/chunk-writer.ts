/** Writes a block's `chunks/000001 …` (FORMAT.md); a new segment begins where one would grow too large. */

import { join } from "node:path";
import { wordSpan } from "../chunks/bit-stream.ts";
import { crc32c } from "../crc32c.ts";
import type { FileSystem } from "../file-system.ts";
import { chunksHeaderSize, chunksMagic, chunksVersion } from "./chunk-files.ts";
import { FileWriter } from "./file-writer.ts";

/** Prometheus' own size of a segment. */
export const chunkSegmentBytesDefault = 512 * 1024 * 1024;
/** Length, encoding and checksum around a chunk's data. */
const framingMaxBytes = 5 + 1 + 4;

/** The segments of one block under construction. */
export class ChunkWriter {
  readonly #fs: FileSystem;
  readonly #dir: string;
  readonly #segmentBytes: number;
  #segment = -1;
  #file: FileWriter | undefined;
  /** Bytes of all chunks with their framing. */
  totalBytes = 0;

  /** `dir` is made. */
  constructor(fs: FileSystem, dir: string, segmentBytes = chunkSegmentBytesDefault) {
    this.#fs = fs;
    this.#dir = dir;
    this.#segmentBytes = segmentBytes;
    fs.mkdirSync(dir, { recursive: true });
  }

  /** Whether `add` of so many bytes begins a new segment: then `await nextSegment()` first. */
  needsSegment(length: number): boolean {
    return (
      this.#file === undefined || this.#file.offset + length + framingMaxBytes > this.#segmentBytes
    );
  }

  async nextSegment(): Promise<void> {
    await this.#file?.finish();
    this.#segment++;
    const name = String(this.#segment + 1).padStart(6, "0");
    this.#file = new FileWriter(this.#fs, join(this.#dir, name));
    const { buffer } = this.#file;
    buffer.word(chunksMagic);
    buffer.byte(chunksVersion);
    while (buffer.length < chunksHeaderSize) buffer.byte(0);
  }

  /** Adds the chunk in `bytes[at, at + length)`; returns its ref. Only after `needsSegment`. */
  add(encoding: number, bytes: Uint8Array, at: number, length: number): number {
    const file = this.#file as FileWriter;
    const { buffer, offset } = file;
    buffer.uvarint(length);
    const from = buffer.length;
    buffer.byte(encoding);
    buffer.raw(bytes, at, at + length);
    buffer.word(crc32c(buffer.bytes, from, buffer.length));
    file.settle();
    this.totalBytes += file.offset - offset;
    return this.#segment * wordSpan + offset;
  }

  async finish(): Promise<void> {
    await this.#file?.finish();
    this.#file = undefined;
  }

  abort(): void {
    this.#file?.abort();
    this.#file = undefined;
  }
}
