/**
 * Cuts a damaged log at the end of its last whole record: the segment is shortened there and padded
 * with zeros to a page; later segments, which could only be read with a gap, are removed, as
 * Prometheus does. Says once what was lost.
 */

import type { Logger } from "../../base/logger.ts";
import type { FileSystem } from "../file-system.ts";
import type { WalDamage } from "./wal-reader.ts";
import { pageSize, type SegmentFile } from "./wal-segments.ts";

/** Repairs `segments` (the list that the reader was given) after `damage`. */
export function repairWal(
  fs: FileSystem,
  logger: Logger,
  segments: readonly SegmentFile[],
  damage: WalDamage,
): void {
  const { segment, goodEnd } = damage;
  const sizeBytes = fs.statSync(segment.path).size;
  const later = segments.slice(damage.segmentAt + 1);
  let laterBytes = 0;
  for (const file of later) {
    laterBytes += fs.statSync(file.path).size;
    fs.unlinkSync(file.path);
  }
  const fd = fs.openSync(segment.path, "r+");
  try {
    const keptBytes = Math.min(goodEnd, sizeBytes);
    fs.ftruncateSync(fd, keptBytes);
    fs.ftruncateSync(fd, Math.max(1, Math.ceil(keptBytes / pageSize)) * pageSize);
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
  logger.warn(
    {
      segment: segment.path,
      offset: goodEnd,
      reason: damage.reason,
      lostBytes: Math.max(0, sizeBytes - goodEnd) + laterBytes,
      removedSegments: later.length,
    },
    "cut the WAL at its last whole record; what stood behind it is lost",
  );
}
