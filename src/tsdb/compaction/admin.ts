/**
 * What an administrator may do to the samples: delete those of some series, copy the whole database.
 * Deleting marks spans of time; the samples go when their block is next rewritten, or the head cut.
 */

import { join } from "node:path";
import { AppError } from "../../base/errors.ts";
import type { Matcher } from "../../model/matcher.ts";
import type { Block } from "../block/block.ts";
import { writeMeta } from "../block/block-meta.ts";
import { selectRefs } from "../block/block-querier.ts";
import { creationSuffix, renameDir, syncDir } from "../block/durable-files.ts";
import { addInterval, noIntervals, type TimeIntervals } from "../block/time-intervals.ts";
import type { TimeSlice } from "../block/time-slice.ts";
import { writeTombstones } from "../block/tombstones.ts";
import { ByteWriter } from "../byte-writer.ts";
import type { FileSystem } from "../file-system.ts";
import type { Head } from "../head/head.ts";
import { selectSlots } from "../head/head-querier.ts";
import { encodeTombstone, recordType } from "../wal/wal-records.ts";

/** Marks [minMs, maxMs] of the matching series of a block as deleted; returns how many series that touched. */
export async function deleteInBlock(
  block: Block,
  minMs: number,
  maxMs: number,
  matchers: readonly Matcher[],
  slice: TimeSlice,
): Promise<number> {
  const marked = new Map<number, TimeIntervals>(block.tombstones);
  let count = 0;
  for (const ref of await selectRefs(block.index, matchers, slice)) {
    if (slice.isOver) await slice.pause();
    const { chunkMinMs, chunkMaxMs } = block.index.series(ref);
    const fromMs = Math.max(minMs, chunkMinMs[0] ?? Number.POSITIVE_INFINITY);
    const toMs = Math.min(maxMs, chunkMaxMs.at(-1) ?? Number.NEGATIVE_INFINITY);
    if (fromMs > toMs) continue;
    marked.set(ref, addInterval(marked.get(ref) ?? noIntervals, fromMs, toMs));
    count++;
  }
  if (count > 0) block.setTombstones(marked);
  return count;
}

/**
 * The same in the head: `log` gets the record that makes it last and throws where the disk refuses;
 * then nothing was deleted.
 */
export function deleteInHead(
  head: Head,
  minMs: number,
  maxMs: number,
  matchers: readonly Matcher[],
  log: (record: Uint8Array, length: number) => void,
): number {
  const record = new ByteWriter();
  record.byte(recordType.tombstones);
  const found: { readonly slot: number; readonly fromMs: number; readonly toMs: number }[] = [];
  for (const slot of selectSlots(head, matchers)) {
    const { chunks, late } = head;
    const fromMs = Math.max(minMs, Math.min(chunks.firstMs(slot), late.firstMs(slot)));
    const toMs = Math.min(maxMs, Math.max(chunks.lastMs(slot), late.lastMs(slot)));
    if (fromMs > toMs) continue;
    encodeTombstone(record, head.series.logIdOf(slot), fromMs, toMs);
    found.push({ slot, fromMs, toMs });
  }
  if (found.length === 0) return 0;
  log(record.bytes, record.length);
  for (const { slot, fromMs, toMs } of found) {
    head.deletions.add(head.series.labels(slot), fromMs, toMs);
  }
  return found.length;
}

/**
 * Copies a block into `dir` by hard links (its files are never changed in place), or by copying where
 * the file system cannot link.
 */
export function linkBlock(fs: FileSystem, block: Block, dir: string): void {
  const target = join(dir, block.meta.ulid);
  const unfinished = target + creationSuffix;
  if (fs.existsSync(target)) {
    throw new AppError("refused", `cannot write snapshot: ${target} is there already`);
  }
  fs.mkdirSync(join(unfinished, "chunks"), { recursive: true });
  for (const name of fs.readdirSync(join(block.dir, "chunks"))) {
    linkFile(fs, join(block.dir, "chunks", name), join(unfinished, "chunks", name));
  }
  linkFile(fs, join(block.dir, "index"), join(unfinished, "index"));
  writeMeta(fs, unfinished, block.meta);
  writeTombstones(fs, unfinished, block.tombstones);
  syncDir(fs, join(unfinished, "chunks"));
  renameDir(fs, unfinished, target);
}

function linkFile(fs: FileSystem, from: string, to: string): void {
  try {
    fs.linkSync(from, to);
  } catch {
    // Another file system, or one without links.
    fs.copyFileSync(from, to);
  }
}
