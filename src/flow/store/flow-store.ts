/**
 * Flows of days on disk (FORMAT.md): rows gather in memory as columns, are logged as they are flushed,
 * and become a block of a segment when there are enough. All of it can be searched at once.
 *
 *   append -> FlowColumns --flush--> hot-N.log        (kill -9 loses what was not flushed: at most a second)
 *                  | seal (65,536 rows, or an hour)
 *                  v
 *             segment-N.flows  one block after the other, removed whole by retention
 *
 * Searches yield between blocks. A block that cannot be read is said once and left out.
 */

import { mkdirSync, readdirSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import type { CancelTimer, Clock } from "../../base/clock.ts";
import { CorruptionError, errorMessage } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { FlowHistory, FlowSearch } from "../flow-history.ts";
import type { Flow } from "../model/flow.ts";
import { inSlices } from "../turns.ts";
import { encodeFrameInSteps, encodeTables, type FrameTable } from "./block-codec.ts";
import { type BlockFacts, minuteCounts } from "./block-facts.ts";
import type { BlockRef, BlockTable, FlowBlocks, SegmentRef } from "./flow-blocks.ts";
import { FlowColumns } from "./flow-columns.ts";
import { searchFlows } from "./flow-search.ts";
import { FrameFile } from "./frame-file.ts";
import { HotLog, readHotLog } from "./hot-log.ts";
import type { TimeSpan } from "./row-filter.ts";
import { StoredBlock } from "./stored-block.ts";

/** Rows of a block: enough for good packing, few enough to pack within a fifth of a second. */
export const blockRowsMax = 65_536;
/** Characters in the dictionaries of the rows in memory. */
const hotTextCharsMax = 48 * 1024 * 1024;
/** Rows in memory become a block after so long, whatever their number. */
const hotAgeMsMax = 3_600_000;
/** A segment is what retention removes at once. */
const segmentBytesMax = 64 * 1024 * 1024;
const segmentAgeMsMax = 6 * 3_600_000;
const flushIntervalMs = 1000;
const retentionIntervalMs = 60_000;
/** Unpacked blocks waiting to be sealed; beyond it, rows are refused and counted. */
const sealingMax = 4;
/** deflate: 1 packs at 300 MB/s, 6 saves a tenth more for twice the time. */
const packLevel = 1;

/** What a store needs. */
export interface FlowStoreOptions {
  /** Absolute; made where it is not there. */
  readonly dir: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Flows older than this go. */
  readonly retentionMs: number;
  /** Oldest flows go when the files hold more. */
  readonly retentionBytes: number;
  readonly tables?: readonly BlockTable[];
  /** Called every second, when kill -9 would lose nothing of what was appended. */
  readonly flushed?: () => void;
}

/** What the store tells of itself. */
export interface FlowStoreStats {
  readonly flows: number;
  readonly bytes: number;
  readonly segments: number;
  readonly blocks: number;
  /** ms since the epoch; undefined without flows. */
  readonly oldestMs: number | undefined;
  readonly newestMs: number | undefined;
  /** Flows that could not be kept: a disk that refuses, or is too slow. */
  readonly lost: number;
  readonly corruptBlocks: number;
}

interface Segment {
  readonly number: number;
  readonly file: FrameFile<BlockFacts>;
}

interface Hot {
  readonly columns: FlowColumns;
  readonly log: HotLog;
  readonly sinceMs: number;
}

/** The store at work. */
export class FlowStore implements FlowHistory, FlowBlocks {
  readonly #options: FlowStoreOptions;
  readonly #segments: Segment[];
  /** Rows on their way to disk, oldest first. */
  readonly #sealing: Hot[] = [];
  #hot: Hot;
  #sealed: Promise<void> = Promise.resolve();
  #cancelFlush: CancelTimer = () => undefined;
  #cancelRetention: CancelTimer = () => undefined;
  #lost = 0;
  #nextLog: number;
  readonly #corrupt = new Set<string>();

  private constructor(options: FlowStoreOptions, segments: Segment[], nextLog: number) {
    this.#options = options;
    this.#segments = segments;
    this.#nextLog = nextLog;
    this.#hot = this.#newHot();
  }

  /** Opens a directory; what a killed process left in its log becomes a block. */
  static async open(options: FlowStoreOptions): Promise<FlowStore> {
    const { dir, logger } = options;
    mkdirSync(dir, { recursive: true });
    const names = readdirSync(dir);
    const segments = numbered(names, /^segment-(\d+)\.flows$/).map(({ name, number }) => ({
      number,
      file: new FrameFile<BlockFacts>(join(dir, name), logger),
    }));
    const logs = numbered(names, /^hot-(\d+)\.log$/);
    const store = new FlowStore(
      options,
      segments,
      Math.max(logs.at(-1)?.number ?? 0, maxLog(segments)) + 1,
    );
    for (const { name, number } of logs) await store.#recover(join(dir, name), number);
    store.#applyRetention();
    store.#scheduleFlush();
    store.#scheduleRetention();
    return store;
  }

  /** Takes flows; they can be searched at once and are on disk after the next flush. They must not change any more. */
  append(flows: readonly Flow[]): void {
    const nowMs = this.#options.clock.nowMs();
    for (let i = 0; i < flows.length; i++) {
      const flow = flows[i]!;
      if (!this.#hot.columns.append(flow, nowMs)) {
        this.#startSealing();
        this.#hot.columns.append(flow, nowMs);
      }
      if (this.#hot.columns.rowCount >= blockRowsMax) this.#startSealing();
    }
    if (this.#hot.columns.textChars > hotTextCharsMax) this.#startSealing();
  }

  /** Writes to the log what was appended since the last time. Then kill -9 does not lose it; false: it could not. */
  flush(): boolean {
    try {
      this.#hot.log.write(this.#hot.columns);
      return true;
    } catch (thrown) {
      this.#options.logger.error(
        { dir: this.#options.dir, error: errorMessage(thrown) },
        "cannot log flows; they stay in memory until they can be written as a block",
      );
      return false;
    }
  }

  /** Settles when nothing waits to be written as a block. */
  async settled(): Promise<void> {
    await this.#sealed;
  }

  /** Makes a block of the rows in memory now. */
  async seal(): Promise<void> {
    if (this.#hot.columns.rowCount > 0) this.#startSealing();
    await this.#sealed;
  }

  search(search: FlowSearch): AsyncIterable<Flow[]> {
    return searchFlows(this, search);
  }

  acquireBlocks(span: TimeSpan): { readonly blocks: BlockRef[]; readonly release: () => void } {
    const { segments, memory, release } = this.acquireSegments();
    const blocks = [...segments.flatMap((segment) => segment.blocks), ...memory];
    return { blocks: blocks.filter((block) => overlaps(block, span)), release };
  }

  /** All segments, oldest first, and the blocks in memory. Readable until release(). */
  acquireSegments(): {
    readonly segments: SegmentRef[];
    readonly memory: BlockRef[];
    readonly release: () => void;
  } {
    const files = this.#segments.map(({ file }) => file);
    for (const file of files) file.acquire();
    const memory: BlockRef[] = [];
    for (const { columns } of [...this.#sealing, this.#hot]) {
      if (columns.rowCount === 0) continue;
      const { minMs, maxMs, rowCount: rows } = columns;
      memory.push({ minMs, maxMs, rows, minutes: undefined, key: undefined, open: () => columns });
    }
    let isReleased = false;
    return {
      segments: files.map((file, index) => ({
        key: file.path,
        isClosed: index < files.length - 1,
        blocks: this.#blocksOf(file),
        openSums: () => this.#openSums(file),
      })),
      memory,
      release: () => {
        if (!isReleased) for (const file of files) file.release();
        isReleased = true;
      },
    };
  }

  /** Keeps tables at the end of a closed segment: what its blocks come to. Nothing where it is gone. */
  async keepSums({ key, blocks }: SegmentRef, tables: readonly FrameTable[]): Promise<void> {
    const file = this.#segments.find((segment) => segment.file.path === key)?.file;
    if (file === undefined || blocks.length === 0) return;
    const extra: BlockFacts = {
      log: 0,
      minMs: Math.min(...blocks.map(({ minMs }) => minMs)),
      maxMs: Math.max(...blocks.map(({ maxMs }) => maxMs)),
      minutes: [],
      sumsOf: blockFrames(file).length,
    };
    const { frame, header } = await encodeTables(tables, extra, packLevel);
    if (this.#segments.some((segment) => segment.file === file)) file.append(frame, header);
  }

  noteDamage(block: BlockRef, thrown: unknown): void {
    if (!(thrown instanceof CorruptionError) || block.key === undefined) throw thrown;
    this.#corrupt.add(block.key);
    this.#options.logger.error(
      { error: thrown.message, flows: block.rows },
      "a block of flows cannot be read and is left out; the rest serves",
    );
  }

  stats(): FlowStoreStats {
    const { blocks, release } = this.acquireBlocks({});
    release();
    let oldestMs: number | undefined;
    let newestMs: number | undefined;
    let flows = 0;
    for (const block of blocks) {
      flows += block.rows;
      oldestMs = Math.min(oldestMs ?? block.minMs, block.minMs);
      newestMs = Math.max(newestMs ?? block.maxMs, block.maxMs);
    }
    return {
      flows,
      bytes: this.#sizeBytes(),
      segments: this.#segments.length,
      blocks: blocks.length,
      oldestMs,
      newestMs,
      lost: this.#lost,
      corruptBlocks: this.#corrupt.size,
    };
  }

  /** Writes what is in memory as a block and closes the files. */
  async close(): Promise<void> {
    this.#cancelFlush();
    this.#cancelRetention();
    await this.seal();
    this.#hot.log.remove();
    for (const { file } of this.#segments) file.close();
  }

  #blocksOf(file: FrameFile<BlockFacts>): BlockRef[] {
    const blocks: BlockRef[] = [];
    for (const frame of blockFrames(file)) {
      const key = `${file.path}:${frame.bodyAt}`;
      if (this.#corrupt.has(key)) continue;
      const { rows, extra } = frame.header;
      const { minMs, maxMs, minutes } = extra;
      blocks.push({ minMs, maxMs, minutes, rows, key, open: () => new StoredBlock(frame) });
    }
    return blocks;
  }

  #openSums(file: FrameFile<BlockFacts>): StoredBlock | undefined {
    const last = file.frames.at(-1);
    if (last === undefined || last.header.extra.sumsOf !== blockFrames(file).length) {
      return undefined;
    }
    return new StoredBlock(last);
  }

  #newHot(): Hot {
    const { dir, clock } = this.#options;
    const number = this.#nextLog++;
    // A full block is likely followed by another.
    const wasFull = this.#hot !== undefined && this.#hot.columns.rowCount >= blockRowsMax;
    const columns = wasFull ? new FlowColumns(blockRowsMax) : new FlowColumns();
    return { columns, log: new HotLog(dir, number), sinceMs: clock.nowMs() };
  }

  #startSealing(): void {
    const full = this.#hot;
    this.flush();
    this.#hot = this.#newHot();
    if (this.#sealing.length >= sealingMax) {
      this.#lost += full.columns.rowCount;
      full.log.remove();
      this.#options.logger.error(
        { flows: full.columns.rowCount, lost: this.#lost },
        "flows come faster than the disk takes them; a block of them is lost",
      );
      return;
    }
    this.#sealing.push(full);
    this.#sealed = this.#sealed.then(() => this.#seal(full));
  }

  async #seal(hot: Hot): Promise<void> {
    let file: FrameFile<BlockFacts>;
    try {
      file = await this.#writeBlock(hot.columns, hot.log.number);
    } catch (thrown) {
      this.#lost += hot.columns.rowCount;
      this.#options.logger.error(
        { dir: this.#options.dir, error: errorMessage(thrown), flows: hot.columns.rowCount },
        "cannot write a block of flows; its log is kept and read at the next start",
      );
      this.#sealing.splice(this.#sealing.indexOf(hot), 1);
      hot.log.close();
      return;
    }
    // At once: the rows must not be seen in memory and in the block.
    this.#sealing.splice(this.#sealing.indexOf(hot), 1);
    try {
      // Before the log goes: power loss must not take both.
      await file.sync();
    } catch (thrown) {
      const error = errorMessage(thrown);
      this.#options.logger.error({ file: file.path, error }, "cannot sync a block of flows");
    }
    hot.log.remove();
  }

  /** The file that the block went to; not synced yet. */
  async #writeBlock(columns: FlowColumns, logNumber: number): Promise<FrameFile<BlockFacts>> {
    const tables = await buildTables(columns, this.#options.tables ?? []);
    const extra: BlockFacts = {
      log: logNumber,
      minMs: columns.minMs,
      maxMs: columns.maxMs,
      minutes: minuteCounts(columns),
    };
    const order = columns.isSorted ? undefined : timeOrder(columns);
    const { frame, header } = await encodeFrameInSteps(columns, {
      from: 0,
      to: columns.rowCount,
      order,
      level: packLevel,
      tables,
      extra,
    });
    const { file } = this.#segmentToWrite(extra.minMs);
    file.append(frame, header);
    return file;
  }

  #segmentToWrite(minMs: number): Segment {
    const last = this.#segments.at(-1);
    const first = last?.file.frames[0];
    const isFresh =
      first === undefined || Math.abs(minMs - first.header.extra.minMs) < segmentAgeMsMax;
    if (last !== undefined && last.file.sizeBytes < segmentBytesMax && isFresh) return last;
    const number = (last?.number ?? 0) + 1;
    const name = `segment-${String(number).padStart(8, "0")}.flows`;
    const { dir, logger } = this.#options;
    const made = { number, file: new FrameFile<BlockFacts>(join(dir, name), logger) };
    this.#segments.push(made);
    return made;
  }

  /** A log whose rows are in a block already was left by a process killed right after writing it. */
  async #recover(path: string, number: number): Promise<void> {
    const isSealed = this.#segments.some(({ file }) =>
      file.frames.some(({ header }) => header.extra.log === number),
    );
    if (!isSealed) {
      const columns = readHotLog(path, this.#options.logger);
      if (columns.rowCount > 0) {
        await (await this.#writeBlock(columns, number)).sync();
        this.#options.logger.info(
          { flows: columns.rowCount },
          "flows of a process that did not end properly were read from its log",
        );
      }
    }
    unlinkSync(path);
  }

  #sizeBytes(): number {
    let bytes = this.#hot.log.sizeBytes;
    for (const { file } of this.#segments) bytes += file.sizeBytes;
    for (const { log } of this.#sealing) bytes += log.sizeBytes;
    return bytes;
  }

  #applyRetention(): void {
    const { clock, retentionMs, retentionBytes, logger } = this.#options;
    const oldestMs = clock.nowMs() - retentionMs;
    // The newest segment is being written.
    while (this.#segments.length > 1) {
      const [oldest] = this.#segments as [Segment];
      const frames = oldest.file.frames;
      const newestMs = Math.max(...frames.map(({ header }) => header.extra.maxMs));
      const isTooOld = newestMs < oldestMs;
      if (!isTooOld && this.#sizeBytes() <= retentionBytes) return;
      this.#segments.shift();
      oldest.file.remove();
      const flows = frames.reduce((sum, { header }) => sum + header.rows, 0);
      const why = isTooOld ? "age" : "size";
      logger.info({ file: oldest.file.path, flows, why }, "flows past retention removed");
    }
  }

  #scheduleFlush(): void {
    this.#cancelFlush = this.#options.clock.after(flushIntervalMs, () => {
      if (this.flush()) this.#options.flushed?.();
      const { columns, sinceMs } = this.#hot;
      const ageMs = this.#options.clock.nowMs() - sinceMs;
      if (columns.rowCount > 0 && ageMs >= hotAgeMsMax) this.#startSealing();
      this.#scheduleFlush();
    });
  }

  #scheduleRetention(): void {
    this.#cancelRetention = this.#options.clock.after(retentionIntervalMs, () => {
      this.#applyRetention();
      this.#scheduleRetention();
    });
  }
}

async function buildTables(
  columns: FlowColumns,
  tables: readonly BlockTable[],
): Promise<FrameTable[]> {
  const made: FrameTable[] = [];
  for (const make of tables) made.push(...(await inSlices(make(columns))));
  return made;
}

/** Frames of flows; others keep what these come to. */
function blockFrames(file: FrameFile<BlockFacts>): FrameFile<BlockFacts>["frames"] {
  return file.frames.filter(({ header }) => header.extra.sumsOf === undefined);
}

function overlaps(block: BlockRef, { sinceMs, untilMs }: TimeSpan): boolean {
  return (
    (sinceMs === undefined || block.maxMs >= sinceMs) &&
    (untilMs === undefined || block.minMs <= untilMs)
  );
}

function numbered(names: readonly string[], pattern: RegExp): { name: string; number: number }[] {
  return names
    .flatMap((name) => {
      const number = pattern.exec(name)?.[1];
      return number === undefined ? [] : [{ name, number: Number(number) }];
    })
    .sort((a, b) => a.number - b.number);
}

function maxLog(segments: readonly Segment[]): number {
  let most = 0;
  for (const { file } of segments) {
    for (const { header } of file.frames) most = Math.max(most, header.extra.log);
  }
  return most;
}

function timeOrder(columns: FlowColumns): Uint32Array {
  const offsets = columns.offsetsNs();
  const order = new Uint32Array(columns.rowCount);
  for (let i = 0; i < order.length; i++) order[i] = i;
  return order.sort((a, b) => offsets[a]! - offsets[b]! || a - b);
}
