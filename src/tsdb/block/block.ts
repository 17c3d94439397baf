/**
 * One block, open for reading: meta, index, chunks, tombstones. Files are opened when first read and
 * closed when the block is dropped and its last reader has ended, so that a block can be replaced
 * while queries run on it. Owned by a BlockSet.
 */

import { join } from "node:path";
import { assert } from "../../base/assert.ts";
import { CorruptionError } from "../../base/errors.ts";
import type { FileSystem } from "../file-system.ts";
import { type BlockMeta, metaFileName, readMeta, writeMeta } from "./block-meta.ts";
import { ChunkFiles } from "./chunk-files.ts";
import { IndexReader } from "./index-reader.ts";
import type { PageCache } from "./page-cache.ts";
import {
  countIntervals,
  readTombstones,
  type Tombstones,
  tombstonesFileName,
  writeTombstones,
} from "./tombstones.ts";

/** An open block. */
export class Block {
  readonly dir: string;
  readonly index: IndexReader;
  readonly chunks: ChunkFiles;
  /** Bytes of all its files when it was opened. */
  readonly sizeBytes: number;
  readonly #fs: FileSystem;
  #meta: BlockMeta;
  #tombstones: Tombstones;
  #readers = 0;
  #isDropped = false;

  /** Opens the block at `dir`; throws CorruptionError where meta, index or tombstones cannot be read. */
  constructor(fs: FileSystem, cache: PageCache, dir: string) {
    this.#fs = fs;
    this.dir = dir;
    this.#meta = readMeta(fs, dir);
    this.#tombstones = readTombstones(fs, dir);
    this.index = new IndexReader(fs, cache, join(dir, "index"));
    this.chunks = this.#openChunks(fs, cache);
    const small = [metaFileName, tombstonesFileName].map((name) => join(dir, name));
    this.sizeBytes =
      this.index.sizeBytes +
      this.chunks.sizeBytes() +
      small.reduce((sum, file) => sum + (fs.existsSync(file) ? fs.statSync(file).size : 0), 0);
  }

  get meta(): BlockMeta {
    return this.#meta;
  }

  get tombstones(): Tombstones {
    return this.#tombstones;
  }

  /** Whether it may hold samples of [minMs, maxMs]. */
  overlaps(minMs: number, maxMs: number): boolean {
    return this.#meta.minTimeMs <= maxMs && this.#meta.maxTimeMs > minMs;
  }

  /** Takes over new tombstones once they are on disk; the meta counts them. */
  setTombstones(tombstones: Tombstones): void {
    writeTombstones(this.#fs, this.dir, tombstones);
    const stats = { ...this.#meta.stats, tombstoneCount: countIntervals(tombstones) };
    this.setMeta({ ...this.#meta, stats });
    this.#tombstones = tombstones;
  }

  setMeta(meta: BlockMeta): void {
    writeMeta(this.#fs, this.dir, meta);
    this.#meta = meta;
  }

  /** A reader begins; to be followed by one `release`. */
  retain(): void {
    assert(!this.#isDropped || this.#readers > 0, "a dropped block is read");
    this.#readers++;
  }

  release(): void {
    this.#readers--;
    this.#closeIfIdle();
  }

  /** The owner is done with it. */
  drop(): void {
    this.#isDropped = true;
    this.#closeIfIdle();
  }

  #openChunks(fs: FileSystem, cache: PageCache): ChunkFiles {
    const dir = join(this.dir, "chunks");
    try {
      const chunks = new ChunkFiles(fs, cache, dir);
      if (chunks.segmentCount > 0 || this.#meta.stats.chunkCount === 0) return chunks;
      throw new CorruptionError("cannot read block: its chunks are missing", {
        file: dir,
        offset: 0,
      });
    } catch (thrown) {
      this.index.close();
      throw thrown;
    }
  }

  #closeIfIdle(): void {
    if (!this.#isDropped || this.#readers > 0) return;
    this.index.close();
    this.chunks.close();
  }
}
