/**
 * The database: one directory that Prometheus can open too: head, WAL and blocks (FORMAT.md draws
 * what is written).
 *
 *   append -> batch -> commit: WAL (one write to the kernel), then chunks -> visible to queriers
 *   head -> block of two hours -> compacted blocks -> removed by retention
 *
 * kill -9 loses nothing committed: the kernel has it. Power loss may take what was written since the
 * last finished segment, as with Prometheus. One writer, one thread; commits are synchronous.
 */

import * as nodeFs from "node:fs";
import { join } from "node:path";
import type { CancelTimer } from "../base/clock.ts";
import { errorMessage } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Labels } from "../model/labels.ts";
import type { Matcher } from "../model/matcher.ts";
import type { MetricMetadata } from "../model/sample.ts";
import type {
  Appendable,
  Appender,
  ExemplarQueryable,
  ExemplarSeries,
  Querier,
  Queryable,
} from "../storage/storage.ts";
import type { Block } from "./block/block.ts";
import { metaToJson } from "./block/block-meta.ts";
import { BlockSet } from "./block/block-set.ts";
import { makeDir } from "./block/durable-files.ts";
import { TimeSlice } from "./block/time-slice.ts";
import { deleteInBlock, deleteInHead, linkBlock } from "./compaction/admin.ts";
import { registerCompactionMetrics } from "./compaction/compaction-metrics.ts";
import { Compactor } from "./compaction/compactor.ts";
import { OpenReads } from "./compaction/open-reads.ts";
import { removeStaleSeries, type StaleSeries, staleMinDefault } from "./compaction/stale-series.ts";
import { acquireDataLock, type DataLock } from "./data-lock.ts";
import { DecodedChunks } from "./decoded-chunks.ts";
import type { FileSystem } from "./file-system.ts";
import { type HeadCardinality, readCardinality } from "./head/cardinality.ts";
import { chunkRangeMs } from "./head/chunk-cut.ts";
import { exemplarsOf } from "./head/exemplar-selection.ts";
import { Head, keepFinishedChunks } from "./head/head.ts";
import { HeadAppender } from "./head/head-appender.ts";
import { HeadChunkFiles } from "./head/head-chunk-files.ts";
import { HeadLog } from "./head/head-log.ts";
import { type ReplayResult, replayLog } from "./head/head-replay.ts";
import { saveHeadSnapshot } from "./head/head-snapshot.ts";
import { LateLog } from "./head/late-log.ts";
import { shortenLog } from "./head/log-shortening.ts";
import { decodedCacheBytesDefault, defaultMemoryBudget } from "./head/memory-budget.ts";
import { RemovedSeries } from "./head/removed-series.ts";
import { SampleBatch } from "./head/sample-batch.ts";
import { openQuerier, type QuerierKept } from "./open-querier.ts";
import { ReadCache, registerReadCacheMetrics } from "./read-cache.ts";
import { readOnlyFiles } from "./read-only-files.ts";
import { diskBytes, logBytes } from "./tsdb-disk-usage.ts";
import { type LogCounts, registerTsdbMetrics } from "./tsdb-metrics.ts";
import type { TsdbOptions, TsdbStats } from "./tsdb-options.ts";
import { loadCompression, type RecordCompression } from "./wal/record-compression.ts";
import { WalWriter } from "./wal/wal-writer.ts";

/** Exemplars kept unless told otherwise: Prometheus' own default where they are on. */
const exemplarsMaxDefault = 100_000;
/** How often compaction and retention are looked at. */
const upkeepMs = 60_000;
/** Truncation walks all series, so it waits until at least this share of the retention has passed. */
const truncationShare = 0.1;
/** Bytes of log that wait in memory while the disk is full: about eight million samples. */
const logBacklogBytesMax = 64 * 1024 * 1024;
/** How many turns of the event loop series that ended wait for open appenders. */
const openBatchPausesMax = 10_000;
/** Batches kept for reuse; more than that were only needed by many appenders at once. */
const idleBatchesMax = 8;

/** An open database. */
export interface Tsdb extends Appendable, Queryable, ExemplarQueryable {
  /** What replay found at the start. */
  readonly replay: ReplayResult;
  stats(): TsdbStats;
  /** meta.json of each block, oldest first. */
  blockMetas(): readonly Readonly<Record<string, unknown>>[];
  /** The tables of /api/v1/status/tsdb, each at most `limit` long. O(label pairs). */
  cardinality(limit: number): HeadCardinality;
  /** What the series of the head with these labels is, as far as an appender said so or the log tells. */
  metadataOf(labels: Labels): MetricMetadata | undefined;
  /** Drops what is older than `cutoffMs` and shortens the log. Retention calls it by itself. */
  truncate(cutoffMs: number): Promise<void>;
  /** Changes `outOfOrderWindowMs`, as a reload of the configuration may. */
  setOutOfOrderWindow(windowMs: number): void;
  /** Cuts blocks from the head, compacts and removes blocks, as far as that is due. Done by itself every minute. */
  compact(): Promise<void>;
  /**
   * Deletes the samples of [minMs, maxMs] of the series that satisfy all matchers: they are not seen any
   * more and go from the disk with the next compaction. Returns in how many series of head and blocks.
   */
  deleteSeries(minMs: number, maxMs: number, matchers: readonly Matcher[]): Promise<number>;
  /** Removes deleted samples from the blocks' files; returns how many blocks were rewritten. */
  cleanTombstones(): Promise<number>;
  /** Copies blocks (by hard links) and, unless told otherwise, the head as a block into `dir`, made if absent. */
  snapshot(dir: string, options?: { readonly skipsHead?: boolean }): Promise<void>;
  /** Ends the log cleanly and gives the directory free. */
  close(): Promise<void>;
}

/**
 * Opens the database at `dir`: lock, replay, then a new segment. Throws AppError "locked" where
 * another process has it, CorruptionError where it cannot be read without losing more than a tail.
 */
export async function openTsdb(options: TsdbOptions): Promise<Tsdb> {
  const { dir, clock, logger } = options;
  const files = options.fs ?? nodeFs;
  const fs = options.isReadOnly === true ? readOnlyFiles(files) : files;
  const walDir = join(dir, "wal");
  makeDir(fs, walDir);
  const lock =
    options.isReadOnly === true
      ? { release() {} }
      : acquireDataLock({
          dir,
          clock,
          logger,
          ...(options.processFacts === undefined ? {} : { facts: options.processFacts }),
        });
  try {
    const blocks = new BlockSet({
      dir,
      fs,
      clock,
      logger,
      ...(options.blockCacheBytes === undefined ? {} : { cacheBytesMax: options.blockCacheBytes }),
    });
    await blocks.load();
    const compression = await loadCompression(options.walCompression ?? "snappy");
    const head = new Head({
      exemplarsMax: options.exemplarsMax ?? exemplarsMaxDefault,
      seriesMax: options.seriesMax ?? 0,
      memoryBudgetBytes: options.memoryBudgetBytes ?? defaultMemoryBudget(),
    });
    head.lateWindowMs = options.outOfOrderWindowMs ?? 0;
    head.keepsStarts = options.keepsStartTimestamps ?? false;
    const chunkFiles = new HeadChunkFiles({
      dir: join(dir, "chunks_head"),
      fs,
      logger,
      rangeMs: chunkRangeMs,
    });
    keepFinishedChunks(head, chunkFiles);
    const replay = await replayLog(head, {
      dir: walDir,
      lateDir: join(dir, "wbl"),
      minMs: blocks.headCutMs(chunkRangeMs),
      ...(options.keepsSnapshot === true ? { snapshotDir: dir } : {}),
      chunkFiles,
      fs,
      clock,
      logger,
      ...(options.onReplayProgress === undefined ? {} : { onProgress: options.onReplayProgress }),
    });
    sayReplayed(logger, replay);
    const wal = new WalWriter({
      dir: walDir,
      firstSegment: replay.nextSegment,
      backlogBytesMax: logBacklogBytesMax,
      fs,
      logger,
      compression,
      ...(options.walSegmentSizeBytes === undefined
        ? {}
        : { segmentSizeBytes: options.walSegmentSizeBytes }),
    });
    return new HeadTsdb(options, {
      compression,
      head,
      wal,
      lock,
      replay,
      fs,
      walDir,
      blocks,
      chunkFiles,
    });
  } catch (thrown) {
    lock.release();
    throw thrown;
  }
}

function sayReplayed(logger: Logger, replay: ReplayResult): void {
  const { samples, lateSamples: late, series, seconds } = replay;
  if (samples > 0) logger.info({ samples, late, series, seconds }, "replayed the WAL");
}

interface OpenParts {
  readonly compression: RecordCompression;
  readonly head: Head;
  readonly wal: WalWriter;
  readonly lock: DataLock;
  readonly replay: ReplayResult;
  readonly fs: FileSystem;
  readonly walDir: string;
  readonly blocks: BlockSet;
  readonly chunkFiles: HeadChunkFiles;
}

class HeadTsdb implements Tsdb {
  readonly replay: ReplayResult;
  readonly #options: TsdbOptions;
  readonly #parts: OpenParts;
  readonly #head: Head;
  readonly #wal: WalWriter;
  readonly #headLog: HeadLog;
  readonly #counts: LogCounts;
  readonly #idleBatches: SampleBatch[] = [];
  /** Series that are gone, with the segment that may still hold samples of theirs: their records stay that long. */
  readonly #removedSeries = new RemovedSeries();
  /** Batches of appenders that neither committed nor rolled back yet. */
  #openBatches = 0;
  readonly #stopMetrics: readonly (() => void)[];
  readonly #blocks: BlockSet;
  readonly #compactor: Compactor;
  readonly #readCache: ReadCache<QuerierKept>;
  readonly #reads = new OpenReads();
  readonly #setAside = (block: Block, reason: string): void => this.#blocks.setAside(block, reason);
  readonly #lateLog: LateLog;
  #stopTimer: CancelTimer | undefined;
  #lastCutoffMs = Number.NEGATIVE_INFINITY;
  /** Newest sample that replay found. */
  readonly #replayedMaxMs: number;
  #truncation: Promise<void> | undefined;
  #isLogFailing = false;
  #isClosed = false;

  constructor(options: TsdbOptions, parts: OpenParts) {
    this.#options = options;
    this.#parts = parts;
    this.#head = parts.head;
    this.#wal = parts.wal;
    this.replay = parts.replay;
    this.#headLog = new HeadLog(parts.head, parts.wal);
    this.#lateLog = new LateLog(parts.head.late, {
      dir: join(options.dir, "wbl"),
      fs: parts.fs,
      logger: options.logger,
      firstSegment: parts.replay.nextLateSegment,
      backlogBytesMax: logBacklogBytesMax,
      compression: parts.compression,
      ...(options.walSegmentSizeBytes === undefined
        ? {}
        : { segmentSizeBytes: options.walSegmentSizeBytes }),
    });
    this.#replayedMaxMs = parts.head.maxMs;
    const { recovered } = parts.replay;
    if (recovered.length > 0) this.#lateLog.write(recovered, this.#headLog);
    this.#counts = {
      corruptions: parts.replay.wasRepaired ? 1 : 0,
      failedWrites: 0,
      checkpoints: 0,
      truncations: 0,
      replaySeconds: parts.replay.seconds,
    };
    this.#head.budget.onExceeded = (state) => {
      options.logger.error(
        { ...state, metric: state.grownMetric?.name },
        "the memory budget is used up: new series are refused until old ones leave the head",
      );
    };
    this.#blocks = parts.blocks;
    const { decodedCacheBytes = decodedCacheBytesDefault() } = options;
    const decoded = new DecodedChunks(decodedCacheBytes, options.random ?? Math.random);
    this.#readCache = new ReadCache(decoded);
    this.#compactor = this.#makeCompactor();
    const { registry } = options;
    this.#stopMetrics =
      registry === undefined
        ? []
        : [
            registerTsdbMetrics(registry, this.#head, this.#wal, this.#counts),
            registerCompactionMetrics(registry, this.#blocks, this.#compactor.counts),
            registerReadCacheMetrics(registry, decoded),
          ];
    // What was cut from the head before lies in blocks; the log still has some of it.
    const cutMs = this.#blocks.headCutMs(chunkRangeMs);
    if (Number.isFinite(cutMs)) this.#truncateHead(cutMs);
    this.#armUpkeep();
    // In steps between other work, so that the first query need not sort all series.
    if (options.isReadOnly !== true) void this.#head.order.settle();
  }

  appender(): Appender {
    return new HeadAppender(this.#head, this);
  }

  takeBatch(): SampleBatch {
    this.#openBatches++;
    return this.#idleBatches.pop() ?? new SampleBatch();
  }

  returnBatch(batch: SampleBatch): void {
    this.#openBatches--;
    batch.clear();
    if (this.#idleBatches.length < idleBatchesMax) this.#idleBatches.push(batch);
  }

  log(batch: SampleBatch): void {
    this.#logging(() => this.#headLog.write(batch));
  }

  logLate(batch: SampleBatch): void {
    this.#logging(() => this.#lateLog.write(batch.late, this.#headLog));
  }

  setOutOfOrderWindow(windowMs: number): void {
    this.#head.lateWindowMs = windowMs;
  }

  #logging(write: () => void): void {
    try {
      write();
    } catch (thrown) {
      this.#counts.failedWrites++;
      if (!this.#isLogFailing) {
        this.#options.logger.error(
          { error: errorMessage(thrown) },
          "the WAL takes no samples; they are refused until it does",
        );
      }
      this.#isLogFailing = true;
      throw thrown;
    }
    if (this.#isLogFailing) this.#options.logger.info({}, "the WAL takes samples again");
    this.#isLogFailing = false;
  }

  firstMs(): number {
    let firstMs = this.#head.minMs;
    for (const { meta } of this.#blocks.blocks) firstMs = Math.min(firstMs, meta.minTimeMs);
    return firstMs;
  }

  querier(minMs: number, maxMs: number): Querier {
    const parts = {
      clock: this.#options.clock,
      head: this.#head,
      blocks: this.#blocks,
      cache: this.#readCache,
      onDamage: this.#setAside,
      onClose: this.#reads.begin(minMs),
    };
    return openQuerier(parts, minMs, maxMs);
  }

  async selectExemplars(
    startMs: number,
    endMs: number,
    selectors: readonly (readonly Matcher[])[],
  ): Promise<readonly ExemplarSeries[]> {
    return exemplarsOf(this.#head, startMs, endMs, selectors);
  }

  stats(): TsdbStats {
    const { head } = this.#parts;
    return {
      seriesCount: head.series.count,
      chunkCount: head.chunks.chunkCount,
      labelPairCount: head.postings.pairCount,
      symbolCount: head.symbols.size,
      minTimeMs: Number.isFinite(head.minMs) ? head.minMs : undefined,
      maxTimeMs: Number.isFinite(head.maxMs) ? head.maxMs : undefined,
      samplesAppended: head.counts.samplesAppended,
      exemplarCount: head.exemplars.size,
      memoryBytes: head.arena.pageBytesTotal,
      memoryUsedBytes: head.arena.usedBytes,
      walBytesWritten: this.#wal.totalBytes,
      walBacklogBytes: this.#wal.backlogBytes + this.#lateLog.backlogBytes,
      budget: head.budget.state(),
      seriesRefused: head.counts.seriesRefused,
      blockCount: this.#blocks.blocks.length,
      blockBytes: this.#blocks.sizeBytes(),
      corruptBlocks: this.#blocks.corrupt,
    };
  }

  blockMetas(): readonly Readonly<Record<string, unknown>>[] {
    const metas = this.#blocks.blocks.map(({ meta }) => meta);
    return metas.sort((a, b) => a.minTimeMs - b.minTimeMs).map(metaToJson);
  }

  cardinality(limit: number): HeadCardinality {
    return readCardinality(this.#head, limit);
  }

  metadataOf(labels: Labels): MetricMetadata | undefined {
    return this.#head.metadata.get(this.#head.series.find(labels.pairs));
  }

  truncate(cutoffMs: number): Promise<void> {
    return this.#truncating(() => {
      this.#dropBefore(cutoffMs);
      return this.#shortenLog();
    });
  }

  /** One at a time: a second caller waits for the first, then does its own. */
  #truncating(work: () => Promise<void> | void): Promise<void> {
    const before = this.#truncation ?? Promise.resolve();
    const mine = before.then(() => (this.#isClosed ? undefined : work()));
    this.#truncation = mine.catch(() => undefined);
    return mine;
  }

  compact(): Promise<void> {
    return this.#compactor.run();
  }

  deleteSeries(minMs: number, maxMs: number, matchers: readonly Matcher[]): Promise<number> {
    return this.#compactor.exclusive(async () => {
      let count = deleteInHead(this.#head, minMs, maxMs, matchers, (record, length) => {
        this.#wal.log(record, length);
        this.#wal.flush();
      });
      const slice = new TimeSlice(this.#options.clock);
      for (const block of this.#blocks.overlapping(minMs, maxMs)) {
        count += await deleteInBlock(block, minMs, maxMs, matchers, slice);
      }
      return count;
    });
  }

  cleanTombstones(): Promise<number> {
    return this.#compactor.cleanTombstones();
  }

  snapshot(dir: string, options: { readonly skipsHead?: boolean } = {}): Promise<void> {
    return this.#compactor.exclusive(async () => {
      const { fs } = this.#parts;
      fs.mkdirSync(dir, { recursive: true });
      if (options.skipsHead !== true) await this.#compactor.compactLate();
      for (const block of this.#blocks.blocks) linkBlock(fs, block, dir);
      if (options.skipsHead !== true) await this.#compactor.writeHead(dir);
    });
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#reads.end();
    this.#stopTimer?.();
    for (const stop of this.#stopMetrics) stop();
    await this.#compactor.stop();
    await this.#truncation;
    this.#blocks.close();
    try {
      this.#parts.chunkFiles.close();
      this.#lateLog.close();
      this.#wal.close();
      await this.#saveSnapshot();
    } finally {
      this.#parts.lock.release();
    }
  }

  async #saveSnapshot(): Promise<void> {
    const { keepsSnapshot, isReadOnly, dir, logger } = this.#options;
    if (keepsSnapshot !== true || isReadOnly === true || this.replay.otherLogIds.size > 0) return;
    const { fs, chunkFiles, compression } = this.#parts;
    const at = { segment: this.#wal.segment, offset: this.#wal.segmentBytes };
    await saveHeadSnapshot(this.#head, chunkFiles, { dir, fs, logger, compression, ...at });
  }

  #makeCompactor(): Compactor {
    const { dir, clock, logger, retentionMs, retentionBytes, random } = this.#options;
    const { fs, walDir } = this.#parts;
    return new Compactor({
      fs,
      clock,
      logger,
      random: random ?? Math.random,
      blocks: this.#blocks,
      head: {
        head: this.#head,
        truncate: async (cutoffMs) => {
          await this.#reads.settled(cutoffMs, clock);
          await this.#truncating(() => this.#dropBefore(cutoffMs));
        },
        shortenLog: () => this.#truncating(() => this.#shortenLog()),
        beginLate: () => this.#lateLog.freeze(),
        endLate: async (mark) => {
          await this.#reads.settled(Number.POSITIVE_INFINITY, clock);
          this.#lateLog.drop(mark);
        },
        removeStale: (stale) => this.#removeStale(stale),
        sizeBytes: () => logBytes(fs, walDir) + this.#parts.chunkFiles.sizeBytes(),
      },
      rangeMs: chunkRangeMs,
      retentionMs: retentionMs ?? 0,
      retentionBytes: retentionBytes ?? 0,
      retentionPercent: this.#options.retentionPercent ?? 0,
      diskBytes: () => diskBytes(fs, dir),
      staleMin: this.#options.staleSeriesMin ?? staleMinDefault,
    });
  }

  #armUpkeep(): void {
    this.#stopTimer = this.#options.clock.after(upkeepMs, () => {
      this.#head.budget.tick();
      const report = (thrown: unknown) =>
        this.#options.logger.error(
          { error: errorMessage(thrown) },
          "cannot shorten the head, its log or the blocks",
        );
      Promise.resolve()
        .then(() => this.#retryLog())
        .catch(report)
        .then(() => this.#compactor.run())
        .then(() => this.#truncateByRetention())
        .catch(report)
        .finally(() => {
          if (!this.#isClosed) this.#armUpkeep();
        });
    });
  }

  /** What waits for a full disk goes with the next commit, and where none comes, here. */
  #retryLog(): void {
    this.#logging(() => {
      if (this.#wal.backlogBytes > 0) this.#wal.flush();
      if (this.#lateLog.backlogBytes > 0) this.#lateLog.flush();
    });
  }

  /** Where the retention is shorter than what a head may span. */
  async #truncateByRetention(): Promise<void> {
    const { retentionMs } = this.#options;
    if (retentionMs === undefined) return;
    const cutoffMs = this.#head.maxMs - retentionMs;
    const oldestMs = Math.max(this.#head.minMs, this.#lastCutoffMs);
    if (cutoffMs - oldestMs > retentionMs * truncationShare) await this.truncate(cutoffMs);
  }

  #dropBefore(cutoffMs: number): void {
    this.#lastCutoffMs = cutoffMs;
    this.#truncateHead(cutoffMs);
    this.#parts.chunkFiles.truncate(cutoffMs);
    this.#counts.truncations++;
  }

  #truncateHead(cutoffMs: number): void {
    this.#head.truncate(cutoffMs, (logId) => {
      this.#removedSeries.note(logId, this.#wal.segment);
    });
  }

  async #removeStale(stale: StaleSeries): Promise<void> {
    await this.#reads.settled(Number.POSITIVE_INFINITY, this.#options.clock);
    // An open appender may hold a sample of a series that comes back. Where one never ends they stay: the
    // next run tries again.
    for (let i = 0; this.#openBatches > 0; i++) {
      if (i === openBatchPausesMax) return;
      await new Promise((resume) => setImmediate(resume));
    }
    removeStaleSeries(this.#head, stale, (logId) => {
      this.#removedSeries.note(logId, this.#wal.segment);
    });
  }

  async #shortenLog(): Promise<void> {
    const { fs, walDir, head, compression } = this.#parts;
    const { clock, logger } = this.#options;
    const minMs = this.#lastCutoffMs;
    // A new segment, so that a low rate of samples does not keep more log than it needs.
    this.#wal.nextSegment();
    const isShorter = await shortenLog(head, {
      ...{ dir: walDir, fs, clock, logger, minMs, compression },
      removedSeries: this.#removedSeries,
      // Samples that were replayed under these numbers keep their names until they are cut.
      otherLogIds: minMs <= this.#replayedMaxMs ? this.replay.otherLogIds : new Set<number>(),
      // A week of log takes minutes; the next start goes on from the log as it is.
      isAbandoned: () => this.#isClosed,
    });
    if (isShorter) this.#counts.checkpoints++;
  }
}
