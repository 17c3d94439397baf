/**
 * Names and sizes of WAL files: `wal/00000012` is segment 12, `wal/checkpoint.00000011` a folder of
 * segments that replaces segments 0..11. Constants of the page format live here too (FORMAT.md).
 */

import { join } from "node:path";
import type { FileSystem } from "../file-system.ts";

export const pageSize = 32 * 1024;
/** Type byte, length (2), CRC-32C (4). */
export const fragmentHeaderSize = 7;
/** Prometheus' default size of a segment. */
export const segmentSizeDefault = 128 * 1024 * 1024;

/** Type of a fragment: the low three bits of its first byte. */
export const fragmentType = { pageEnd: 0, full: 1, first: 2, middle: 3, last: 4 } as const;
/** Flags of a fragment's first byte. */
export const snappyFlag = 8;
export const zstdFlag = 16;

/** One segment file. */
export interface SegmentFile {
  readonly index: number;
  readonly path: string;
}

/** A checkpoint folder; it stands for all segments up to and with `index`. */
export interface CheckpointFolder {
  readonly index: number;
  readonly path: string;
}

/** "00000012". */
export function segmentName(index: number): string {
  return String(index).padStart(8, "0");
}

/** Segments of `dir` in ascending order; other files are left alone. */
export function listSegments(fs: FileSystem, dir: string): SegmentFile[] {
  if (!fs.existsSync(dir)) return [];
  const segments: SegmentFile[] = [];
  for (const name of fs.readdirSync(dir)) {
    if (/^\d{1,15}$/.test(name)) segments.push({ index: Number(name), path: join(dir, name) });
  }
  return segments.sort((a, b) => a.index - b.index);
}

/** Finished checkpoints of `dir`, oldest first (`.tmp` ones are not finished). */
export function listCheckpoints(fs: FileSystem, dir: string): CheckpointFolder[] {
  if (!fs.existsSync(dir)) return [];
  const found: CheckpointFolder[] = [];
  for (const name of fs.readdirSync(dir)) {
    const match = /^checkpoint\.(\d{1,15})$/.exec(name);
    if (match !== null) found.push({ index: Number(match[1]), path: join(dir, name) });
  }
  return found.sort((a, b) => a.index - b.index);
}

/** Folders of checkpoints that were never finished: their writer was killed. */
export function listUnfinishedCheckpoints(fs: FileSystem, dir: string): string[] {
  const names = fs.readdirSync(dir).filter((name) => /^checkpoint\.\d{1,15}\.tmp$/.test(name));
  return names.map((name) => join(dir, name));
}
