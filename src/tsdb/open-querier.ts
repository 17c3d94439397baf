/** Makes the querier of a span of time: blocks by their times, then the head, with late samples before all. */

import type { Clock } from "../base/clock.ts";
import { QueryError } from "../base/errors.ts";
import type { Querier } from "../storage/storage.ts";
import type { Block } from "./block/block.ts";
import { BlockQuerier, type BlockSelection, type KnownSeries } from "./block/block-querier.ts";
import type { BlockSet } from "./block/block-set.ts";
import { MergedQuerier } from "./block/merged-querier.ts";
import { TimeSlice } from "./block/time-slice.ts";
import type { Head } from "./head/head.ts";
import { hideDeleted } from "./head/head-deletions.ts";
import { HeadQuerier, type HeadSelection, type HeadSeries } from "./head/head-querier.ts";
import { LateQuerier } from "./head/late-querier.ts";
import type { ReadCache } from "./read-cache.ts";

/** What queriers of a database keep for the next ones. */
export interface QuerierKept {
  readonly blockSeries: KnownSeries;
  readonly headSeries: HeadSeries;
  readonly blockSelection: BlockSelection;
  readonly headSelection: HeadSelection;
}

/** What a querier reads. */
export interface QueriedParts {
  readonly clock: Clock;
  readonly head: Head;
  readonly blocks: BlockSet;
  readonly cache: ReadCache<QuerierKept>;
  /** Told of a block whose index is damaged. */
  onDamage(block: Block, reason: string): void;
  onClose(): void;
}

/** A querier over all that may hold samples of [minMs, maxMs]. */
export function openQuerier(parts: QueriedParts, minMs: number, maxMs: number): Querier {
  const { head, blocks, cache, onDamage } = parts;
  let isOpen = true;
  const slice = new TimeSlice(parts.clock, () => {
    if (!isOpen) throw new QueryError("canceled", "the querier was closed");
  });
  cache.noteBlocks(blocks.blocks);
  const queriers: Querier[] = blocks
    .overlapping(minMs, maxMs)
    .map((block) => new BlockQuerier(block, { minMs, maxMs, slice, cache, onDamage }));
  if (queriers.length === 0 || (head.maxMs >= minMs && head.minMs <= maxMs)) {
    const querier = new HeadQuerier(head, minMs, maxMs, { cache, slice });
    queriers.push(hideDeleted(querier, head.deletions));
  }
  // First, so that of two samples at one time the late one is seen: it was written last.
  if (!head.late.isEmpty) {
    queriers.unshift(hideDeleted(new LateQuerier(head, minMs, maxMs), head.deletions));
  }
  return new MergedQuerier(queriers, {
    slice,
    cache,
    onClose() {
      isOpen = false;
      parts.onClose();
    },
  });
}
