/**
 * Sums of blocks and of whole segments for the service map, read once and held. What the blocks of a
 * closed segment come to is kept at its end (FlowStore.keepSums), so that a map of days reads a few sums
 * and no rows; of the segment that is being written it is kept in memory and brought up to date as blocks
 * come. Where nothing is kept (an older version wrote it, the process was killed), blocks are added up
 * anew, rows counted where even they keep nothing.
 */

import { CorruptionError } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import type { BlockRef, SegmentRef } from "../store/flow-blocks.ts";
import type { FlowStore } from "../store/flow-store.ts";
import { StoredBlock } from "../store/stored-block.ts";
import { inSlices, nextTurn } from "../turns.ts";
import { type MapSums, SumsBuilder } from "./map-sums.ts";
import { readSums, writeSums } from "./map-table.ts";
import { countRows } from "./row-counter.ts";

/** Sums held at once; about what their arrays take. */
const heldBytesMax = 64 * 1024 * 1024;
/** Steps of a segment's sums where it spans more than an hour; else a minute. */
const wideStepMinutes = 10;
const hourMs = 3_600_000;

/** The segment being written: its first blocks added up. */
interface Running {
  readonly key: string;
  readonly builder: SumsBuilder;
  /** Keys of the blocks in it. */
  readonly blocks: Set<string>;
}

/** Knows what blocks and segments come to. */
export class MapRollups {
  readonly #store: FlowStore;
  readonly #logger: Logger;
  /** By key of the block or segment, least recently used first. */
  readonly #held = new Map<string, { readonly sums: MapSums; readonly bytes: number }>();
  #heldBytes = 0;
  #running: Running | undefined;
  /** One at a time: two readers would add a block twice. */
  #work: Promise<unknown> = Promise.resolve();

  constructor(store: FlowStore, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
  }

  /** Width of the steps that a segment's sums have. */
  stepMinutes(segment: SegmentRef): number {
    return segment.isClosed && spanMs(segment) > hourMs ? wideStepMinutes : 1;
  }

  /** What a segment comes to. A view, to be used before the next turn of the event loop. */
  ofSegment(segment: SegmentRef): Promise<MapSums> {
    const result = this.#work.then(() => this.#segmentSums(segment));
    this.#work = result.catch(() => undefined);
    return result;
  }

  /** What a block comes to. Throws CorruptionError. */
  async ofBlock(block: BlockRef): Promise<MapSums> {
    const held = this.#take(block.key);
    if (held !== undefined) return held;
    const source = block.open();
    const kept = source instanceof StoredBlock ? readSums(source) : undefined;
    const sums = kept ?? (await inSlices(countRows(source)));
    this.#hold(block.key, sums);
    return sums;
  }

  /**
   * Adds up what came since the last time, and keeps the sums of one closed segment that has none: for a
   * quiet moment, so that the first map needs not wait for it.
   */
  async catchUp(): Promise<void> {
    const { segments, release } = this.#store.acquireSegments();
    try {
      const bare = segments.find((segment) => segment.isClosed && segment.openSums() === undefined);
      if (bare !== undefined) await this.ofSegment(bare);
      const last = segments.at(-1);
      if (last !== undefined) await this.ofSegment(last);
    } finally {
      release();
    }
  }

  async #segmentSums(segment: SegmentRef): Promise<MapSums> {
    if (!segment.isClosed) return (await this.#runningSums(segment)).finish();
    const held = this.#take(segment.key) ?? this.#readKept(segment);
    if (held !== undefined) return held;
    const builder = new SumsBuilder(this.stepMinutes(segment));
    if (this.#running?.key === segment.key) {
      builder.add((await this.#runningSums(segment)).finish());
      this.#running = undefined;
    } else await this.#addBlocks(segment, builder, new Set());
    const sums = builder.finish();
    this.#hold(segment.key, sums);
    await this.#store.keepSums(segment, writeSums(sums));
    return sums;
  }

  /** What the blocks of the segment as the reader sees it come to; the running sums may know later ones already. */
  async #runningSums(segment: SegmentRef): Promise<SumsBuilder> {
    if (this.#running?.key !== segment.key) {
      this.#running = { key: segment.key, builder: new SumsBuilder(), blocks: new Set() };
    }
    const { builder, blocks } = this.#running;
    await this.#addBlocks(segment, builder, blocks);
    if (blocks.size <= segment.blocks.length) return builder;
    const own = new SumsBuilder();
    await this.#addBlocks(segment, own, new Set());
    return own;
  }

  /** Adds the blocks that are not in yet; a damaged one is left out. */
  async #addBlocks({ blocks }: SegmentRef, into: SumsBuilder, added: Set<string>): Promise<void> {
    for (const block of blocks) {
      const { key = "" } = block;
      if (added.has(key)) continue;
      try {
        into.add(await this.ofBlock(block));
        added.add(key);
      } catch (thrown) {
        this.#store.noteDamage(block, thrown);
      }
      await nextTurn();
    }
  }

  #readKept(segment: SegmentRef): MapSums | undefined {
    try {
      const kept = segment.openSums();
      const sums = kept === undefined ? undefined : readSums(kept);
      if (sums !== undefined) this.#hold(segment.key, sums);
      return sums;
    } catch (thrown) {
      if (!(thrown instanceof CorruptionError)) throw thrown;
      this.#logger.warn(
        { error: thrown.message },
        "what a segment of flows comes to cannot be read; it is added up anew from its blocks",
      );
      return undefined;
    }
  }

  #take(key: string | undefined): MapSums | undefined {
    const held = key === undefined ? undefined : this.#held.get(key);
    if (held === undefined || key === undefined) return undefined;
    this.#held.delete(key);
    this.#held.set(key, held);
    return held.sums;
  }

  #hold(key: string | undefined, sums: MapSums): void {
    const bytes = sizeOf(sums);
    if (key === undefined || bytes > heldBytesMax / 4 || this.#held.has(key)) return;
    this.#held.set(key, { sums, bytes });
    this.#heldBytes += bytes;
    for (const [oldest, { bytes: freed }] of this.#held) {
      if (this.#heldBytes <= heldBytesMax) return;
      this.#held.delete(oldest);
      this.#heldBytes -= freed;
    }
  }
}

function spanMs({ blocks }: SegmentRef): number {
  let minMs = Number.POSITIVE_INFINITY;
  let maxMs = Number.NEGATIVE_INFINITY;
  for (const block of blocks) {
    minMs = Math.min(minMs, block.minMs);
    maxMs = Math.max(maxMs, block.maxMs);
  }
  return maxMs - minMs;
}

/** An end has labels: about half a kilobyte. */
function sizeOf({ ends, facts, clients, factIds, steps }: MapSums): number {
  return (
    ends.length * 600 +
    facts.length * 80 +
    clients.length * 24 +
    (factIds.length + steps.length) * 24
  );
}
