/**
 * Keeps the data directory in shape: cuts blocks from the head, compacts and merges blocks, removes
 * what retention gives up. One run at a time; each step leaves a directory that can be opened, and
 * what is replaced goes only when its successor is on disk. Works in slices of a few milliseconds.
 *
 *   head -> block (synced, renamed) -> head truncated -> next block … -> WAL checkpoint
 *   blocks -> block (synced, renamed) -> blocks removed
 */

import type { Clock } from "../../base/clock.ts";
import { AppError, CorruptionError, errorMessage } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { Block } from "../block/block.ts";
import { type BlockMeta, blockHint, noStats } from "../block/block-meta.ts";
import type { BlockSet } from "../block/block-set.ts";
import { TimeSlice } from "../block/time-slice.ts";
import { newUlid, type Random } from "../block/ulid.ts";
import type { FileSystem } from "../file-system.ts";
import type { Head } from "../head/head.ts";
import { HeadSeriesSource } from "./head-source.ts";
import { LateSeriesSource } from "./late-source.ts";
import { blockRanges, mergeMetas, planCompaction } from "./plan.ts";
import { deletableBlocks } from "./retention.ts";
import { BlockSeriesSource } from "./series-source.ts";
import { findStaleSeries, type StaleSeries } from "./stale-series.ts";
import { type WriteBlockOptions, writeBlock } from "./write-block.ts";

/** A block is cut when the head spans this many of its lengths. */
const headSpanFactor = 1.5;
/** As in Prometheus: no block is longer than this share of the retention, nor than 31 days. */
const longestShare = 0.1;
const longestMs = 31 * 24 * 3_600_000;

/** The head and what a compaction does to it. */
export interface CompactableHead {
  readonly head: Head;
  /** Drops what is older, once nobody reads it. */
  truncate(cutoffMs: number): Promise<void>;
  /** Leaves out of the log what was dropped. Reads and writes most of the log, so once after many blocks. */
  shortenLog(): Promise<void>;
  /** Freezes the late samples; returns a mark for `endLate`, -1 where there are none. */
  beginLate(): number;
  /** Drops the frozen samples and their log: they are in blocks. */
  endLate(mark: number): Promise<void>;
  /** Removes series that ended and are in blocks, once nobody reads or writes them. */
  removeStale(stale: StaleSeries): Promise<void>;
  /** Bytes of the log and the head's files. */
  sizeBytes(): number;
}

export interface CompactorOptions {
  readonly fs: FileSystem;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly random: Random;
  readonly blocks: BlockSet;
  readonly head: CompactableHead;
  /** Length of the blocks cut from the head, ms. */
  readonly rangeMs: number;
  /** 0: forever. */
  readonly retentionMs: number;
  /** 0: no limit. */
  readonly retentionBytes: number;
  /** Share of the disk in percent, wins over `retentionBytes`; 0: no limit. */
  readonly retentionPercent: number;
  /** So many series that ended are worth a block. */
  readonly staleMin: number;
  /** Bytes of the disk that the blocks lie on; 0: not known. */
  diskBytes(): number;
}

/** Counters of what was done. */
export interface CompactionCounts {
  compactions: number;
  failures: number;
  headBlocks: number;
  removedBlocks: number;
  lastSeconds: number;
}

/** The compactor of one database. */
export class Compactor {
  readonly counts: CompactionCounts = {
    compactions: 0,
    failures: 0,
    headBlocks: 0,
    removedBlocks: 0,
    lastSeconds: 0,
  };
  readonly #options: CompactorOptions;
  readonly #rangesMs: readonly number[];
  #isStopped = false;
  #running: Promise<unknown> = Promise.resolve();

  constructor(options: CompactorOptions) {
    this.#options = options;
    const { rangeMs, retentionMs } = options;
    const longest = retentionMs > 0 ? Math.min(longestMs, retentionMs * longestShare) : longestMs;
    this.#rangesMs = blockRanges(rangeMs, longest);
  }

  /** Does all that is due. */
  run(): Promise<void> {
    return this.exclusive(async () => {
      try {
        if (await this.#compactHead()) await this.compactLate();
        await this.#compactStale();
        this.#applyRetention();
        while (!this.#isStopped && (await this.#compactNext()));
      } catch (thrown) {
        // Ending in the middle is no failure: nothing was replaced yet.
        if (!this.#isStopped) throw thrown;
      }
    });
  }

  /** Runs `work` when no other work on the blocks runs. */
  exclusive<Result>(work: () => Promise<Result>): Promise<Result> {
    const mine = this.#running.then(work);
    this.#running = mine.catch(() => undefined);
    return mine;
  }

  /** Ends the work at its next pause and waits for that. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
  }

  /** Rewrites every block with deletions without what is deleted; returns how many. */
  cleanTombstones(): Promise<number> {
    return this.exclusive(async () => {
      let cleaned = 0;
      for (const block of this.#options.blocks.blocks) {
        if (block.tombstones.size === 0 || this.#isStopped) continue;
        const ulid = this.#newUlid();
        const { meta } = block;
        // A rewrite is no compaction: the level stays, the block is its own source.
        await this.#replace([block], {
          ...mergeMetas(ulid, [meta]),
          level: meta.level,
          sources: [ulid],
          hints: meta.hints,
        });
        cleaned++;
      }
      return cleaned;
    });
  }

  /** Writes all of the head into a block below `dir`; undefined where it is empty. */
  async writeHead(dir: string): Promise<BlockMeta | undefined> {
    const span = spanOf(this.#options.head.head);
    if (span === undefined) return undefined;
    return await this.#writeHeadBlock(dir, span.minMs, span.maxMs + 1);
  }

  /** Cuts the blocks that are due; true where there were any. */
  async #compactHead(): Promise<boolean> {
    const { head, rangeMs } = this.#options;
    let wasCut = false;
    try {
      for (;;) {
        const span = spanOf(head.head);
        if (span === undefined || this.#isStopped) return wasCut;
        if (span.maxMs - span.minMs <= rangeMs * headSpanFactor) return wasCut;
        const endMs = Math.floor(span.minMs / rangeMs) * rangeMs + rangeMs;
        await this.#cutBlock(span.minMs, endMs);
        await head.truncate(endMs);
        wasCut = true;
      }
    } finally {
      // Also where the disk is full: that makes room.
      if (wasCut && !this.#isStopped) await head.shortenLog();
    }
  }

  async #cutBlock(minMs: number, endMs: number): Promise<void> {
    const { blocks, logger } = this.#options;
    const meta = await this.#timed(() => this.#writeHeadBlock(blocks.dir, minMs, endMs));
    if (meta === undefined) return;
    blocks.add(meta.ulid);
    this.counts.headBlocks++;
    logger.info(
      { ...figures(meta), seconds: this.counts.lastSeconds },
      "cut a block from the head",
    );
  }

  /**
   * Writes the late samples to blocks of their own, one a range; merging them with the others is
   * compaction's. To be called within `exclusive`.
   */
  async compactLate(): Promise<void> {
    const { head, rangeMs, blocks, logger } = this.#options;
    const mark = head.beginLate();
    if (mark < 0) return;
    const { minMs, maxMs } = head.head.late.frozenSpan();
    await head.head.order.settle();
    for (let at = Math.floor(minMs / rangeMs) * rangeMs; at <= maxMs; at += rangeMs) {
      const slice = this.#slice();
      const source = new LateSeriesSource(head.head, at, at + rangeMs - 1, slice);
      const written = await this.#timed(() => {
        const meta = this.#levelOne(at, at + rangeMs, [blockHint.fromOutOfOrder]);
        return writeBlock([source], meta, this.#writeOptions(blocks.dir, slice));
      });
      if (written === undefined) continue;
      blocks.add(written.ulid);
      logger.info(figures(written), "cut a block from the late samples");
    }
    await head.endLate(mark);
  }

  /**
   * Writes the series that ended to blocks of their own, one a range, and lets them leave the head. The
   * blocks have the hint of late samples too: they say nothing about how far the head was cut.
   */
  async #compactStale(): Promise<void> {
    const { head, rangeMs, blocks, logger, staleMin } = this.#options;
    const stale = this.#isStopped ? undefined : findStaleSeries(head.head, staleMin);
    if (stale === undefined) return;
    const hints = [blockHint.fromOutOfOrder, blockHint.fromStaleSeries];
    for (let at = Math.floor(stale.minMs / rangeMs) * rangeMs; at <= stale.maxMs; at += rangeMs) {
      const slice = this.#slice();
      const span = { minMs: Math.max(at, stale.minMs), maxMs: at + rangeMs - 1 };
      const source = new HeadSeriesSource(head.head, span, slice, stale.slots);
      const written = await this.#timed(() => {
        const meta = this.#levelOne(at, at + rangeMs, hints);
        return writeBlock([source], meta, this.#writeOptions(blocks.dir, slice));
      });
      if (written === undefined) continue;
      blocks.add(written.ulid);
      logger.info(figures(written), "cut a block from the series that ended");
    }
    await head.removeStale(stale);
  }

  async #writeHeadBlock(dir: string, minMs: number, endMs: number): Promise<BlockMeta | undefined> {
    const slice = this.#slice();
    await this.#options.head.head.order.settle();
    const span = { minMs, maxMs: endMs - 1 };
    const source = new HeadSeriesSource(this.#options.head.head, span, slice);
    const meta = this.#levelOne(minMs, endMs, []);
    return await writeBlock([source], meta, this.#writeOptions(dir, slice));
  }

  #levelOne(minMs: number, endMs: number, hints: readonly string[]): BlockMeta {
    const ulid = this.#newUlid();
    return {
      ulid,
      minTimeMs: minMs,
      maxTimeMs: endMs,
      stats: noStats,
      level: 1,
      sources: [ulid],
      parents: [],
      hints,
      isDeletable: false,
      hasFailed: false,
    };
  }

  #applyRetention(): void {
    const { blocks, retentionMs, retentionBytes, retentionPercent, head, logger } = this.#options;
    const doomed = deletableBlocks(blocks.blocks, {
      durationMs: retentionMs,
      bytesMax: retentionBytes,
      percentMax: retentionPercent,
      diskBytes: retentionPercent > 0 ? this.#options.diskBytes() : 0,
      headBytes: head.sizeBytes(),
    });
    if (doomed.size === 0) return;
    const gone = new Set([...doomed] as Block[]);
    blocks.remove(gone);
    this.counts.removedBlocks += gone.size;
    for (const { meta } of gone) {
      logger.info({ block: meta.ulid, maxTime: meta.maxTimeMs }, "removed a block by retention");
    }
  }

  /** Carries out the next plan; false where there is nothing to do. */
  async #compactNext(): Promise<boolean> {
    const { blocks } = this.#options;
    const plan = planCompaction(
      blocks.blocks.map(({ meta }) => meta).filter((meta) => !this.#isAheadOfCut(meta)),
      { rangesMs: this.#rangesMs, mergesOverlaps: true },
    );
    if (plan.length === 0) return false;
    const chosen = plan.map((meta) => blocks.blocks.find((block) => block.meta === meta) as Block);
    await this.#replace(chosen, mergeMetas(this.#newUlid(), plan));
    return true;
  }

  /**
   * Whether late samples lie there beside others that the head alone has. Merged into a block without the
   * hint they would move the place where a restart takes the head to be cut, and hide those others.
   */
  #isAheadOfCut({ hints, maxTimeMs }: BlockMeta): boolean {
    const { head } = this.#options.head;
    return (
      hints.includes(blockHint.fromOutOfOrder) &&
      Number.isFinite(head.minMs) &&
      maxTimeMs > head.minValidMs
    );
  }

  /** Makes the block of `meta` from others, which then go. */
  async #replace(chosen: readonly Block[], meta: BlockMeta): Promise<void> {
    const { blocks, logger } = this.#options;
    for (const block of chosen) block.retain();
    try {
      const written = await this.#timed(() => {
        const slice = this.#slice();
        const sources = chosen.map((block) => new BlockSeriesSource(block));
        return writeBlock(sources, meta, this.#writeOptions(blocks.dir, slice));
      });
      if (written === undefined) {
        blocks.remove(new Set(chosen));
        logger.info({ blocks: chosen.length }, "removed blocks whose samples were all deleted");
      } else {
        blocks.add(written.ulid);
        const from = chosen.map((block) => block.meta.ulid);
        logger.info(
          { ...figures(written), from, seconds: this.counts.lastSeconds },
          "compacted blocks",
        );
      }
      this.counts.compactions++;
    } catch (thrown) {
      this.#noteFailure(chosen, thrown);
      throw thrown;
    } finally {
      for (const block of chosen) block.release();
    }
  }

  /** Damaged blocks are left out of later plans, so that they do not stop the others. */
  #noteFailure(chosen: readonly Block[], thrown: unknown): void {
    if (this.#isStopped) return;
    this.counts.failures++;
    const names = chosen.map(({ meta }) => meta.ulid);
    this.#options.logger.error(
      { blocks: names, error: errorMessage(thrown) },
      "cannot compact blocks; they stay as they are",
    );
    if (!(thrown instanceof CorruptionError)) return;
    for (const block of chosen) block.setMeta({ ...block.meta, hasFailed: true });
  }

  async #timed<Result>(work: () => Promise<Result>): Promise<Result> {
    const { clock } = this.#options;
    const startMs = clock.monotonicMs();
    try {
      return await work();
    } finally {
      this.counts.lastSeconds = (clock.monotonicMs() - startMs) / 1000;
    }
  }

  #writeOptions(dir: string, slice: TimeSlice): WriteBlockOptions {
    return { fs: this.#options.fs, dir, slice };
  }

  #slice(): TimeSlice {
    return new TimeSlice(this.#options.clock, () => {
      if (this.#isStopped) {
        throw new AppError("refused", "cannot finish compaction: the database is closing");
      }
    });
  }

  #newUlid(): string {
    return newUlid(this.#options.clock.nowMs(), this.#options.random);
  }
}

/** Oldest and newest time that is served from the head; undefined while it is empty. */
function spanOf(head: Head): { readonly minMs: number; readonly maxMs: number } | undefined {
  // A chunk may begin before what was truncated: that part is in a block.
  const minMs = Math.max(head.minMs, head.minValidMs);
  return Number.isFinite(head.minMs) && minMs <= head.maxMs
    ? { minMs, maxMs: head.maxMs }
    : undefined;
}

function figures(meta: BlockMeta): Readonly<Record<string, unknown>> {
  const { ulid, minTimeMs, maxTimeMs, level, stats } = meta;
  return {
    block: ulid,
    minTime: minTimeMs,
    maxTime: maxTimeMs,
    level,
    series: stats.seriesCount,
    samples: stats.sampleCount,
  };
}
