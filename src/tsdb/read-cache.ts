/**
 * What queries of one database keep for the next one: the labels and chunk lists of series that were
 * read, lists of series by matchers (selections.ts), and decoded samples (decoded-chunks.ts). All
 * bounded; what is in use goes last.
 */

import type { Registry } from "../metrics/registry.ts";
import type { DecodedChunks } from "./decoded-chunks.ts";
import { KeptChunkReader } from "./kept-chunks.ts";
import { type MergedLists, SelectionMap } from "./selections.ts";

/** Series kept: each about 500 bytes with its labels. */
const seriesMaxDefault = 100_000;

/**
 * A bounded map: once the young half is full it becomes the old half, and what was in the old half and
 * not asked for since goes. O(1).
 */
export class GenerationMap<V> {
  readonly #halfMax: number;
  #young = new Map<number, V>();
  #old = new Map<number, V>();

  constructor(sizeMax: number) {
    this.#halfMax = Math.max(1, sizeMax >> 1);
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  get(key: number): V | undefined {
    const known = this.#young.get(key);
    if (known !== undefined || this.#old.size === 0) return known;
    const old = this.#old.get(key);
    if (old === undefined) return undefined;
    this.#old.delete(key);
    this.set(key, old);
    return old;
  }

  set(key: number, value: V): void {
    if (this.#young.size >= this.#halfMax && !this.#young.has(key)) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }
}

/** What a read cache holds: what block and head queriers keep of a series, and of a choice of series. */
export interface KeptKinds {
  readonly blockSeries: unknown;
  readonly headSeries: unknown;
  readonly blockSelection: unknown;
  readonly headSelection: unknown;
}

/** The caches of one database. */
export class ReadCache<K extends KeptKinds> {
  readonly chunks: DecodedChunks;
  readonly reader: KeptChunkReader;
  /** By `blockKey` + series ref. */
  readonly blockSeries: GenerationMap<K["blockSeries"]>;
  /** By slot. */
  readonly headSeries: GenerationMap<K["headSeries"]>;
  /** By `blockKey` and matchers. They hold their blocks. */
  readonly blockSelections = new SelectionMap<K["blockSelection"]>();
  /** By matchers and order. */
  readonly headSelections = new SelectionMap<K["headSelection"]>();
  /** By matchers. */
  readonly mergedSelections = new SelectionMap<MergedLists>();
  #blocks: readonly unknown[] = [];
  readonly #blockNumbers = new WeakMap<object, number>();
  #lastBlock = 0;

  constructor(chunks: DecodedChunks, seriesMax = seriesMaxDefault) {
    this.chunks = chunks;
    this.reader = new KeptChunkReader(chunks);
    this.blockSeries = new GenerationMap(seriesMax);
    this.headSeries = new GenerationMap(seriesMax);
  }

  /** Tells which blocks there are, an array that is another after every change: what holds others is dropped. */
  noteBlocks(blocks: readonly unknown[]): void {
    if (blocks === this.#blocks) return;
    this.#blocks = blocks;
    this.blockSelections.clear();
    this.mergedSelections.clear();
  }

  /** What to add to a series ref of the block for a key; never the same for another block. */
  blockKey(block: object): number {
    let number = this.#blockNumbers.get(block);
    if (number === undefined) {
      number = this.#lastBlock++;
      this.#blockNumbers.set(block, number);
    }
    return number * 2 ** 32;
  }
}

/** Tells of the cache on /metrics (names are ours, not Prometheus'); the function returned ends that. */
export function registerReadCacheMetrics(registry: Registry, chunks: DecodedChunks): () => void {
  const prefix = "ciliascope_tsdb_decoded_chunks";
  const bytes = registry.gauge({
    name: `${prefix}_bytes`,
    help: "Memory of decoded chunks that are kept for queries.",
  });
  const reads = registry.counter({
    name: `${prefix}_reads_total`,
    help: "Runs of chunks that queries read: kept decoded, or decoded then.",
    labelNames: ["result"],
  });
  const hits = reads.labels("hit");
  const misses = reads.labels("miss");
  return registry.onCollect(() => {
    bytes.set(chunks.sizeBytes);
    hits.setTotal(chunks.hits);
    misses.setTotal(chunks.misses);
  });
}
