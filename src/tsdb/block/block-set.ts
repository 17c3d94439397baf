/**
 * The blocks of one data directory: found at start, added and dropped by compaction and retention. A
 * block that cannot be opened is set aside: named in the log and in `corrupt`, left untouched on disk,
 * and the rest is served. Blocks that another one replaces are removed, whatever stopped that before.
 */

import { join } from "node:path";
import type { Clock } from "../../base/clock.ts";
import { errorMessage } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { FileSystem } from "../file-system.ts";
import { Block } from "./block.ts";
import { blockHint } from "./block-meta.ts";
import { removeBlockDir, sweepUnfinished } from "./durable-files.ts";
import { PageCache } from "./page-cache.ts";
import { TimeSlice } from "./time-slice.ts";
import { isUlid } from "./ulid.ts";

export interface BlockSetOptions {
  /** The data directory. */
  readonly dir: string;
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Bytes of block files kept in memory. */
  readonly cacheBytesMax?: number;
  /** Nothing on disk is changed: for tools. */
  readonly isReadOnly?: boolean;
}

/** The open blocks. */
export class BlockSet {
  readonly cache: PageCache;
  /** Blocks set aside: name → what is wrong. */
  readonly corrupt = new Map<string, string>();
  readonly #options: BlockSetOptions;
  #blocks: readonly Block[] = [];

  constructor(options: BlockSetOptions) {
    this.#options = options;
    this.cache = new PageCache(options.cacheBytesMax);
  }

  /** By start time, then by name. A new array after every change. */
  get blocks(): readonly Block[] {
    return this.#blocks;
  }

  get dir(): string {
    return this.#options.dir;
  }

  /** Opens all blocks of the directory; to be called once. */
  async load(): Promise<void> {
    const { fs, dir, logger, clock, isReadOnly } = this.#options;
    if (isReadOnly !== true) {
      const swept = sweepUnfinished(fs, dir);
      if (swept.length > 0) logger.info({ folders: swept }, "removed unfinished blocks");
    }
    const slice = new TimeSlice(clock);
    const opened: Block[] = [];
    for (const ulid of fs.readdirSync(dir).filter(isUlid).sort()) {
      if (slice.isOver) await slice.pause();
      const block = this.#open(ulid);
      if (block !== undefined) opened.push(block);
    }
    const replaced = parentsOf(opened);
    for (const block of opened.filter(({ meta }) => replaced.has(meta.ulid))) this.#remove(block);
    this.#set(opened.filter(({ meta }) => !replaced.has(meta.ulid)));
  }

  /** Takes in a block that was just written; the blocks it was made of go. Throws CorruptionError. */
  add(ulid: string): Block {
    const { fs, dir } = this.#options;
    const block = new Block(fs, this.cache, join(dir, ulid));
    const replaced = parentsOf([block]);
    const old = this.#blocks.filter(({ meta }) => replaced.has(meta.ulid));
    this.#set([...this.#blocks.filter((known) => !old.includes(known)), block]);
    for (const known of old) this.#remove(known);
    return block;
  }

  /** Drops blocks and removes their folders. */
  remove(doomed: ReadonlySet<Block>): void {
    this.#set(this.#blocks.filter((block) => !doomed.has(block)));
    for (const block of doomed) this.#remove(block);
  }

  /** Serves a block no more that turned out to be damaged; its folder stays as it is. */
  setAside(block: Block, reason: string): void {
    if (!this.#blocks.includes(block)) return;
    this.#set(this.#blocks.filter((known) => known !== block));
    block.drop();
    this.#noteCorrupt(block.meta.ulid, reason);
  }

  /** The blocks that may hold samples of [minMs, maxMs], by start time. */
  overlapping(minMs: number, maxMs: number): readonly Block[] {
    return this.#blocks.filter((block) => block.overlaps(minMs, maxMs));
  }

  /** Bytes of all blocks. */
  sizeBytes(): number {
    return this.#blocks.reduce((sum, block) => sum + block.sizeBytes, 0);
  }

  /**
   * Up to where the head was written out: the latest end of a block that was cut from a head, -Infinity
   * where there is none. Heads are cut at multiples of `rangeMs`; a block that ends elsewhere was made by
   * a tool and says nothing of what the log still holds alone, nor does one of late samples.
   */
  headCutMs(rangeMs: number): number {
    let cutMs = Number.NEGATIVE_INFINITY;
    for (const { meta } of this.#blocks) {
      const isCut = meta.maxTimeMs % rangeMs === 0;
      if (isCut && !meta.hints.includes(blockHint.fromOutOfOrder)) {
        cutMs = Math.max(cutMs, meta.maxTimeMs);
      }
    }
    return cutMs;
  }

  close(): void {
    for (const block of this.#blocks) block.drop();
    this.#blocks = [];
  }

  #open(ulid: string): Block | undefined {
    const { fs, dir } = this.#options;
    try {
      return new Block(fs, this.cache, join(dir, ulid));
    } catch (thrown) {
      this.#noteCorrupt(ulid, errorMessage(thrown));
      return undefined;
    }
  }

  #noteCorrupt(ulid: string, reason: string): void {
    this.corrupt.set(ulid, reason);
    this.#options.logger.error(
      { block: ulid, error: reason },
      "a block cannot be read and is set aside",
    );
  }

  #set(blocks: readonly Block[]): void {
    this.#blocks = [...blocks].sort(
      (a, b) => a.meta.minTimeMs - b.meta.minTimeMs || (a.meta.ulid < b.meta.ulid ? -1 : 1),
    );
  }

  #remove(block: Block): void {
    const { fs, logger, isReadOnly } = this.#options;
    block.drop();
    if (isReadOnly === true) return;
    try {
      removeBlockDir(fs, block.dir);
    } catch (thrown) {
      logger.error(
        { block: block.meta.ulid, error: errorMessage(thrown) },
        "cannot remove a block that is not needed any more",
      );
    }
  }
}

function parentsOf(blocks: readonly Block[]): ReadonlySet<string> {
  return new Set(
    blocks.flatMap(({ meta }) =>
      meta.parents.map((parent) => parent.ulid).filter((ulid) => ulid !== meta.ulid),
    ),
  );
}
