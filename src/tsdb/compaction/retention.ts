/**
 * Which blocks are too old or too many. Ages are measured from the newest block's end, not from the
 * clock, so that a directory that rests is not emptied; sizes count the WAL and the head's files first.
 */

import type { BlockMeta } from "../block/block-meta.ts";

/** A block with its size on disk. */
export interface SizedBlock {
  readonly meta: BlockMeta;
  readonly sizeBytes: number;
}

export interface RetentionOptions {
  /** 0: forever. */
  readonly durationMs: number;
  /** 0 or less: no limit. */
  readonly bytesMax: number;
  /** Share of the disk in percent, wins over `bytesMax` where the disk's size is known; 0: no limit. */
  readonly percentMax: number;
  /** 0: not known. */
  readonly diskBytes: number;
  /** WAL, checkpoints and head chunks. */
  readonly headBytes: number;
}

/** The blocks that retention by time removes; never the newest. */
export function blocksBeyondTime(blocks: readonly SizedBlock[], durationMs: number): SizedBlock[] {
  if (durationMs <= 0 || blocks.length === 0) return [];
  const newestFirst = byEndDescending(blocks);
  const newestMs = (newestFirst[0] as SizedBlock).meta.maxTimeMs;
  return newestFirst.slice(1).filter(({ meta }) => newestMs - meta.maxTimeMs >= durationMs);
}

/** The blocks that retention by size removes: from the first that does not fit, all older ones too. */
export function blocksBeyondSize(
  blocks: readonly SizedBlock[],
  options: RetentionOptions,
): SizedBlock[] {
  const { percentMax, diskBytes } = options;
  const usesShare = percentMax > 0 && diskBytes > 0;
  const bytesMax = usesShare ? Math.floor((diskBytes * percentMax) / 100) : options.bytesMax;
  if (bytesMax <= 0) return [];
  const newestFirst = byEndDescending(blocks);
  let bytes = options.headBytes;
  for (const [index, block] of newestFirst.entries()) {
    bytes += block.sizeBytes;
    if (bytes > bytesMax) return newestFirst.slice(index);
  }
  return [];
}

/** All blocks that may go: marked deletable, too old or too many. */
export function deletableBlocks(
  blocks: readonly SizedBlock[],
  options: RetentionOptions,
): ReadonlySet<SizedBlock> {
  return new Set([
    ...blocks.filter(({ meta }) => meta.isDeletable),
    ...blocksBeyondTime(blocks, options.durationMs),
    ...blocksBeyondSize(blocks, options),
  ]);
}

function byEndDescending(blocks: readonly SizedBlock[]): SizedBlock[] {
  return [...blocks].sort((a, b) => b.meta.maxTimeMs - a.meta.maxTimeMs);
}
