/** When the head was cut, what blocks hold leaves its log too. */

import { type CheckpointOptions, writeCheckpoint } from "../wal/checkpoint.ts";
import { listCheckpoints, listSegments } from "../wal/wal-segments.ts";
import type { Head } from "./head.ts";
import type { RemovedSeries } from "./removed-series.ts";

/** The log, and which of its series are needed although the head has them no more. */
export interface LogShorteningOptions
  extends Omit<CheckpointOptions, "lastSegment" | "keepsSeries"> {
  /** Is told what may be forgotten afterwards. */
  readonly removedSeries: RemovedSeries;
  /** More numbers in the log whose series are kept. */
  readonly otherLogIds: ReadonlySet<number>;
}

/**
 * As Prometheus: the older two thirds of the finished segments go into a checkpoint. False where these are too
 * few, or the work was abandoned. Reads and writes all of them. Throws CorruptionError on damage, having changed nothing.
 */
export async function shortenLog(head: Head, options: LogShorteningOptions): Promise<boolean> {
  const { dir, fs, logger, removedSeries, otherLogIds } = options;
  const segments = listSegments(fs, dir);
  const first = segments[0]?.index ?? 0;
  const finished = (segments.at(-1)?.index ?? 0) - 1;
  const lastSegment = first + Math.floor(((finished - first) * 2) / 3);
  if (lastSegment <= first) return false;
  const alive = new Set<number>();
  for (let slot = 1; slot < head.series.slotEnd; slot++) {
    if (head.series.isAlive(slot)) alive.add(head.series.logIdOf(slot));
  }
  const needed = removedSeries.neededAfter(lastSegment);
  const checkpointIndex = listCheckpoints(fs, dir).at(-1)?.index ?? -1;
  const isWritten = await writeCheckpoint({
    ...options,
    lastSegment,
    keepsSeries: (logId) => alive.has(logId) || needed.has(logId) || otherLogIds.has(logId),
  });
  if (!isWritten) return false;
  removedSeries.forgetUpTo(lastSegment);
  logger.info(
    { from: Math.max(first, checkpointIndex + 1), to: lastSegment },
    "replaced WAL segments by a checkpoint",
  );
  return true;
}
