/**
 * Writes a block so that a stop at any moment leaves all of it or nothing: into a folder with another
 * name, every file synced, then renamed. Series come in order of their labels, their chunks in order
 * of time.
 */

import { join } from "node:path";
import { AppError, errorMessage } from "../../base/errors.ts";
import type { FileSystem } from "../file-system.ts";
import { type BlockMeta, type BlockStats, writeMeta } from "./block-meta.ts";
import { chunkSampleCount, type EncodedChunk } from "./chunk-samples.ts";
import { ChunkWriter } from "./chunk-writer.ts";
import { creationSuffix, renameDir, syncDir } from "./durable-files.ts";
import { ChunkList, IndexWriter } from "./index-writer.ts";
import type { TimeSlice } from "./time-slice.ts";
import { writeTombstones } from "./tombstones.ts";

/** Encoding byte of float chunks: 1 XOR, 4 XOR2; the others hold histograms. */
const floatEncodings: readonly number[] = [1, 4];

export interface BlockWriterOptions {
  readonly fs: FileSystem;
  /** The folder that holds the blocks. */
  readonly dir: string;
  readonly ulid: string;
  /** Every label name and value that will come, and "", sorted. */
  readonly symbols: readonly string[];
  readonly slice: TimeSlice;
  readonly segmentBytes?: number;
}

/** What the file system refused, as AppError "disk"; our own errors as they are. */
export function blockWriteError(ulid: string, thrown: unknown): unknown {
  const hasErrno = thrown instanceof Error && /^E[A-Z]+$/.test(String(Reflect.get(thrown, "code")));
  if (thrown instanceof AppError || !hasErrno) return thrown;
  return new AppError("disk", `cannot write block ${ulid}: ${errorMessage(thrown)}`, {
    cause: thrown,
  });
}

/** One block under construction. The constructor and all methods may throw what the file system throws. */
export class BlockWriter {
  readonly #options: BlockWriterOptions;
  readonly #unfinishedDir: string;
  readonly #chunks: ChunkWriter;
  readonly #index: IndexWriter;
  readonly #list = new ChunkList();
  #sampleCount = 0;
  #floatSampleCount = 0;
  #seriesCount = 0;
  #chunkCount = 0;

  constructor(options: BlockWriterOptions) {
    const { fs, dir, ulid } = options;
    this.#options = options;
    this.#unfinishedDir = join(dir, ulid + creationSuffix);
    fs.rmSync(this.#unfinishedDir, { recursive: true, force: true });
    try {
      fs.mkdirSync(this.#unfinishedDir, { recursive: true });
      this.#chunks = new ChunkWriter(fs, join(this.#unfinishedDir, "chunks"), options.segmentBytes);
      this.#index = new IndexWriter(fs, join(this.#unfinishedDir, "index"), options.symbols);
    } catch (thrown) {
      // A full disk may refuse the second file where it took the first.
      fs.rmSync(this.#unfinishedDir, { recursive: true, force: true });
      throw blockWriteError(ulid, thrown);
    }
  }

  get seriesCount(): number {
    return this.#seriesCount;
  }

  /** To be awaited before the first series. */
  async begin(): Promise<void> {
    await this.#index.begin(this.#options.slice);
    await this.#chunks.nextSegment();
  }

  /** Adds a chunk of the series that `endSeries` will name: `bytes[at, at + length)`. */
  async addChunk(chunk: WrittenChunk): Promise<void> {
    if (this.#chunks.needsSegment(chunk.length)) await this.#chunks.nextSegment();
    const { encoding, bytes, at, length } = chunk;
    this.#list.add(chunk.minMs, chunk.maxMs, this.#chunks.add(encoding, bytes, at, length));
    const sampleCount = chunkSampleCount(chunk);
    this.#sampleCount += sampleCount;
    if (floatEncodings.includes(encoding)) this.#floatSampleCount += sampleCount;
    this.#chunkCount++;
  }

  /** Ends a series; one without chunks is left out. Labels as [name, value, …]. */
  endSeries(labels: readonly string[]): void {
    if (this.#list.count === 0) return;
    this.#index.addSeries(labels, this.#list);
    this.#list.clear();
    this.#seriesCount++;
  }

  /**
   * Finishes the block and puts it in its place; returns its meta with the figures. Where no series
   * came nothing is left and the result is undefined.
   */
  async finish(meta: BlockMeta): Promise<BlockMeta | undefined> {
    if (this.#seriesCount === 0) {
      this.abort();
      return undefined;
    }
    const { fs, dir, ulid, slice } = this.#options;
    const full: BlockMeta = { ...meta, ulid, stats: this.#stats() };
    try {
      await this.#chunks.finish();
      await this.#index.finish(slice);
      writeMeta(fs, this.#unfinishedDir, full);
      writeTombstones(fs, this.#unfinishedDir, new Map());
      syncDir(fs, join(this.#unfinishedDir, "chunks"));
      syncDir(fs, this.#unfinishedDir);
      renameDir(fs, this.#unfinishedDir, join(dir, ulid));
    } catch (thrown) {
      this.abort();
      throw blockWriteError(ulid, thrown);
    }
    return full;
  }

  /** Removes what was written. */
  abort(): void {
    this.#chunks.abort();
    this.#index.abort();
    this.#options.fs.rmSync(this.#unfinishedDir, { recursive: true, force: true });
  }

  #stats(): BlockStats {
    return {
      sampleCount: this.#sampleCount,
      floatSampleCount: this.#floatSampleCount,
      histogramSampleCount: this.#sampleCount - this.#floatSampleCount,
      seriesCount: this.#seriesCount,
      chunkCount: this.#chunkCount,
      tombstoneCount: 0,
    };
  }
}

/** A chunk to write, borrowed for the call; times inclusive. */
export interface WrittenChunk extends EncodedChunk {
  readonly minMs: number;
  readonly maxMs: number;
}
