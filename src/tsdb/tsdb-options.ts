/** What a database is opened with, and the figures it tells of itself. */

import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Registry } from "../metrics/registry.ts";
import type { Random } from "./block/ulid.ts";
import type { ProcessFacts } from "./data-lock.ts";
import type { FileSystem } from "./file-system.ts";
import type { BudgetState } from "./head/memory-budget.ts";
import type { WalCompression } from "./wal/record-compression.ts";

export interface TsdbOptions {
  /** `DIR/tsdb`; made if absent. */
  readonly dir: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry?: Registry;
  /** Samples older than this are dropped, measured from the newest; absent: everything is kept. */
  readonly retentionMs?: number;
  /** Blocks beyond this many bytes, log included, are dropped, oldest first; 0 or absent: no limit. */
  readonly retentionBytes?: number;
  /** The same as a share of the disk in percent, which wins where the disk's size is known; 0 or absent: no limit. */
  readonly retentionPercent?: number;
  /** Bytes of block files kept in memory. */
  readonly blockCacheBytes?: number;
  /** Bytes of decoded chunks kept for queries; 0: none; absent: see `decodedCacheBytesDefault`. */
  readonly decodedCacheBytes?: number;
  /** For the names of blocks. */
  readonly random?: Random;
  /** 0 switches exemplars off. */
  readonly exemplarsMax?: number;
  /** Series beyond this are refused; 0 or absent: no limit. */
  readonly seriesMax?: number;
  /** Above this estimate of the head's memory new series are refused; 0: no limit; absent: 40 % of the memory. */
  readonly memoryBudgetBytes?: number;
  /** How far behind the newest sample a late one may be, ms (`out_of_order_time_window`); 0 or absent: none. */
  readonly outOfOrderWindowMs?: number;
  /** Whether samples keep the start times given to their appender (`--enable-feature=st-storage`). */
  readonly keepsStartTimestamps?: boolean;
  /** Snappy unless told otherwise. What is there is read whatever it was packed with. */
  readonly walCompression?: WalCompression;
  readonly walSegmentSizeBytes?: number;
  /** So many series that ended leave the head early; absent: 50,000. */
  readonly staleSeriesMin?: number;
  /** Whether a snapshot of the head is written at the end and read at the start (head-snapshot.ts). */
  readonly keepsSnapshot?: boolean;
  readonly fs?: FileSystem;
  /** Nothing on disk is changed and no lock is taken: for tools. What is appended is lost at the end. */
  readonly isReadOnly?: boolean;
  readonly processFacts?: ProcessFacts;
  /** Told while the log is replayed, 0..1. */
  onReplayProgress?(share: number): void;
}

/** Figures of the head, O(1). */
export interface TsdbStats {
  readonly seriesCount: number;
  readonly chunkCount: number;
  readonly labelPairCount: number;
  readonly symbolCount: number;
  /** Undefined while there are no samples. */
  readonly minTimeMs: number | undefined;
  readonly maxTimeMs: number | undefined;
  readonly samplesAppended: number;
  readonly exemplarCount: number;
  /** Bytes of shared pages, and how many of them are in use. */
  readonly memoryBytes: number;
  readonly memoryUsedBytes: number;
  readonly walBytesWritten: number;
  /** Bytes of the log that wait in memory since the disk is full; a kill would lose their samples. */
  readonly walBacklogBytes: number;
  /** Whether the memory budget acts, and which metric grew most. */
  readonly budget: BudgetState;
  /** New series refused by a limit. */
  readonly seriesRefused: number;
  readonly blockCount: number;
  readonly blockBytes: number;
  /** Blocks that cannot be read: name and reason. */
  readonly corruptBlocks: ReadonlyMap<string, string>;
}
