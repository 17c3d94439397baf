/**
 * A store's blocks as searches, counts and sums see them: what they span, and their columns. The store
 * gives them out; whoever reads says when it is done, and which of them turned out to be damaged.
 */

import type { FrameTable } from "./block-codec.ts";
import type { BlockFacts } from "./block-facts.ts";
import type { ColumnSource } from "./column-source.ts";
import type { TimeSpan } from "./row-filter.ts";
import type { StoredBlock } from "./stored-block.ts";

/** A block as searches see it. */
export interface BlockRef {
  readonly minMs: number;
  readonly maxMs: number;
  readonly rows: number;
  /** Flows by minute and verdict; undefined = count them. */
  readonly minutes: BlockFacts["minutes"] | undefined;
  /** Stable while the block lives; undefined = still in memory. */
  readonly key: string | undefined;
  /** The columns; from disk they are read as they are asked for. */
  open(): ColumnSource;
}

/** A file of blocks. */
export interface SegmentRef {
  /** Stable while the segment lives. */
  readonly key: string;
  /** No block is added any more. */
  readonly isClosed: boolean;
  /** Blocks that can be read, oldest first. */
  readonly blocks: readonly BlockRef[];
  /** What keepSums() kept of all its blocks. */
  openSums(): StoredBlock | undefined;
}

/** Makes tables to keep with a block, out of its rows (the service map's sums). Yields where others may have a turn. */
export type BlockTable = (rows: ColumnSource) => Generator<void, readonly FrameTable[]>;

/** Where blocks are read from. */
export interface FlowBlocks {
  /**
   * The blocks that may hold flows of the span, oldest first, the one in memory last. Their files stay
   * readable until `release` is called.
   */
  acquireBlocks(span: TimeSpan): { readonly blocks: BlockRef[]; readonly release: () => void };
  /** Says once that a block cannot be read, and leaves it out from now on; rethrows what is no damage. */
  noteDamage(block: BlockRef, thrown: unknown): void;
}
