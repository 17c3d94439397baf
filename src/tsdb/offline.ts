/**
 * Data directories without a server: open for reading, list, analyze and check blocks, make blocks of
 * an OpenMetrics text. Nothing but `importText` changes a file.
 */

import * as nodeFs from "node:fs";
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { AppError, errorMessage } from "../base/errors.ts";
import { type LogFields, type Logger, silentLogger } from "../base/logger.ts";
import { analyzeBlock, type BlockAnalysis } from "./block/analyze-block.ts";
import { type BlockMeta, readMeta } from "./block/block-meta.ts";
import { BlockSet } from "./block/block-set.ts";
import { type BlockCheck, checkBlock } from "./block/check-block.ts";
import { TimeSlice } from "./block/time-slice.ts";
import { isUlid } from "./block/ulid.ts";
import { importOpenMetrics } from "./compaction/import-text.ts";
import { textPieces } from "./compaction/text-pieces.ts";
import { chunkRangeMs } from "./head/chunk-cut.ts";
import { openTsdb, type Tsdb } from "./tsdb.ts";

/** A block as a list shows it. */
export interface BlockListing {
  readonly ulid: string;
  /** Absent where it cannot be read. */
  readonly meta: BlockMeta | undefined;
  readonly sizeBytes: number;
  /** What is wrong; undefined where it can be served. */
  readonly fault: string | undefined;
}

/** Opens a data directory for reading; it may be in use. Throws AppError "usage" where there is none. */
export async function openReadOnly(dir: string, clock: Clock, logger: Logger): Promise<Tsdb> {
  requireDataDir(dir);
  return await openTsdb({ dir, clock, logger, isReadOnly: true });
}

/** The blocks of a data directory by start time. */
export async function listBlocks(
  dir: string,
  clock: Clock,
  logger: Logger,
): Promise<readonly BlockListing[]> {
  const blocks = await openBlocks(dir, clock, logger);
  const listings: BlockListing[] = blocks.blocks.map(({ meta, sizeBytes }) => ({
    ulid: meta.ulid,
    meta,
    sizeBytes,
    fault: undefined,
  }));
  for (const [ulid, fault] of blocks.corrupt) {
    listings.push({ ulid, meta: metaOf(join(dir, ulid)), sizeBytes: 0, fault });
  }
  blocks.close();
  return listings;
}

/** The figures of one block, the newest where none is named; rankings have at most `limit` entries. */
export async function analyze(
  dir: string,
  ulid: string | undefined,
  limit: number,
  clock: Clock,
): Promise<BlockAnalysis> {
  const blocks = await openBlocks(dir, clock, silentLogger);
  try {
    const block =
      ulid === undefined
        ? blocks.blocks.at(-1)
        : blocks.blocks.find(({ meta }) => meta.ulid === ulid);
    if (block === undefined) {
      throw new AppError(
        "usage",
        `${dir} has no readable block${ulid === undefined ? "" : ` ${ulid}`}`,
      );
    }
    return await analyzeBlock(block, limit, new TimeSlice(clock));
  } finally {
    blocks.close();
  }
}

/** What `check` found. */
export interface DirCheck {
  readonly blocks: readonly BlockCheck[];
  /** What replay of the log said in earnest. */
  readonly logFaults: readonly string[];
}

/** Reads every byte of the blocks and the log and tells what is wrong. */
export async function checkDir(dir: string, clock: Clock): Promise<DirCheck> {
  const blocks = await openBlocks(dir, clock, silentLogger);
  const checks: BlockCheck[] = [];
  for (const block of blocks.blocks) checks.push(await checkBlock(block, new TimeSlice(clock)));
  for (const [ulid, fault] of blocks.corrupt) {
    checks.push({ ulid, seriesCount: 0, chunkCount: 0, sampleCount: 0, faults: [fault] });
  }
  blocks.close();
  const logFaults: string[] = [];
  try {
    const db = await openReadOnly(dir, clock, faultLogger(logFaults, [...blocks.corrupt.keys()]));
    await db.close();
  } catch (thrown) {
    logFaults.push(errorMessage(thrown));
  }
  return { blocks: checks, logFaults };
}

/** Makes blocks in `dir` of an OpenMetrics file whose samples have timestamps; returns their metas. */
export async function importText(
  file: string,
  dir: string,
  clock: Clock,
): Promise<readonly BlockMeta[]> {
  const fd = openText(file);
  try {
    const pieces = textPieces((into, at) => nodeFs.readSync(fd, into, at, into.length - at, null));
    const options = { fs: nodeFs, clock, random: Math.random, dir, rangeMs: chunkRangeMs };
    return await importOpenMetrics(pieces, options);
  } finally {
    nodeFs.closeSync(fd);
  }
}

function openText(file: string): number {
  try {
    return nodeFs.openSync(file, "r");
  } catch (thrown) {
    throw new AppError("usage", `cannot read ${file}: ${errorMessage(thrown)}`, { cause: thrown });
  }
}

async function openBlocks(dir: string, clock: Clock, logger: Logger): Promise<BlockSet> {
  requireDataDir(dir);
  const blocks = new BlockSet({ dir, fs: nodeFs, clock, logger, isReadOnly: true });
  await blocks.load();
  return blocks;
}

/** Collects warnings; those on blocks that were told already are left out. */
function faultLogger(into: string[], told: readonly string[]): Logger {
  const note = (fields: LogFields, message: string): void => {
    const text = `${message} ${JSON.stringify(fields)}`;
    if (!told.some((ulid) => text.includes(ulid))) into.push(text);
  };
  const logger: Logger = { ...silentLogger, warn: note, error: note, child: () => logger };
  return logger;
}

/** Throws AppError "usage" where `dir` does not look like a data directory. */
function requireDataDir(dir: string): void {
  let names: readonly string[];
  try {
    names = nodeFs.readdirSync(dir);
  } catch (thrown) {
    throw new AppError("usage", `cannot read ${dir}: ${errorMessage(thrown)}`, { cause: thrown });
  }
  if (names.some((name) => name === "wal" || isUlid(name))) return;
  throw new AppError("usage", `${dir} is no data directory: it has neither wal/ nor blocks`);
}

function metaOf(blockDir: string): BlockMeta | undefined {
  try {
    return readMeta(nodeFs, blockDir);
  } catch {
    // Its fault is told with the block.
    return undefined;
  }
}
