/**
 * What queries of one database keep for the next one: the labels and chunk lists of series that were
 * read, and decoded samples (decoded-chunks.ts). Both bounded; what is in use goes last.
 */

import type { Registry } from "../metrics/registry.ts";
import { SampleBuffer } from "../model/sample.ts";
import { type DecodedChunks, type DecodedHandle, dropOutside } from "./decoded-chunks.ts";

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

/** What is kept of a series' finished chunks. */
export interface SeriesHandles {
  /** By the chunk's place in the series: its first timestamp, and the handle of its samples. */
  readonly startsMs: number[];
  readonly handles: DecodedHandle[];
}

/** Handles of a series of which nothing is kept yet. */
export function noHandles(): SeriesHandles {
  return { startsMs: [], handles: [] };
}

/** Reads the chunks of one series after the other through the cache; `begin`, then for each chunk `take` or `keep`. */
export class KeptChunkReader {
  readonly #chunks: DecodedChunks;
  #series = noHandles();
  #into = new SampleBuffer(1);
  #startMs = 0;
  #endMs = 0;

  constructor(chunks: DecodedChunks) {
    this.#chunks = chunks;
  }

  begin(series: SeriesHandles, into: SampleBuffer, startMs: number, endMs: number): this {
    this.#series = series;
    this.#into = into;
    this.#startMs = startMs;
    this.#endMs = endMs;
    return this;
  }

  /** Appends the chunk's samples of the window; false where they are not kept (any more). */
  take(index: number, firstMs: number): boolean {
    const { startsMs, handles } = this.#series;
    // A list that lost its oldest chunks has others at their places.
    const handle = startsMs[index] === firstMs ? handles[index]! : 0;
    return this.#chunks.read(handle, this.#into, this.#startMs, this.#endMs);
  }

  /** Keeps the whole chunk, which was just decoded to `from` and behind, and cuts it to the window. */
  keep(index: number, firstMs: number, from: number): void {
    const { startsMs, handles } = this.#series;
    while (startsMs.length < index) {
      startsMs.push(Number.NaN);
      handles.push(0);
    }
    startsMs[index] = firstMs;
    handles[index] = this.#chunks.keep(this.#into, from);
    dropOutside(this.#into, from, this.#startMs, this.#endMs);
  }
}

/** The caches of one database. `B` and `H` are what block and head queriers keep of a series. */
export class ReadCache<B, H> {
  readonly chunks: DecodedChunks;
  readonly reader: KeptChunkReader;
  /** By `blockKey` + series ref. */
  readonly blockSeries: GenerationMap<B>;
  /** By slot. */
  readonly headSeries: GenerationMap<H>;
  readonly #blockNumbers = new WeakMap<object, number>();
  #lastBlock = 0;

  constructor(chunks: DecodedChunks, seriesMax = seriesMaxDefault) {
    this.chunks = chunks;
    this.reader = new KeptChunkReader(chunks);
    this.blockSeries = new GenerationMap(seriesMax);
    this.headSeries = new GenerationMap(seriesMax);
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
    help: "Chunks that queries asked the decoded ones for.",
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
