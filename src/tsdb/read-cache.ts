/**
 * What queries of one database keep for the next one: the labels and chunk lists of series that were
 * read, lists of series by matchers (selections.ts), and decoded samples (decoded-chunks.ts). All
 * bounded; what is in use goes last.
 */

import type { Registry } from "../metrics/registry.ts";
import { SampleBuffer } from "../model/sample.ts";
import { type DecodedChunks, type DecodedHandle, epochOf, placeOf } from "./decoded-chunks.ts";
import { dropOutside } from "./record-reading.ts";
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

/** What is kept of a series' chunks. */
export interface SeriesHandles {
  /** By the finished chunk's place in the series: its first timestamp, and the handle of its samples. */
  readonly startsMs: number[];
  readonly handles: DecodedHandle[];
  /** The finished chunks kept last, from one to another, that have one handle. */
  runFrom: number;
  runTo: number;
  /** That handle's parts, as small numbers, which lie in the object itself. */
  runPlace: number;
  runEpoch: number;
  /** The open chunk as it was read last: when it began, its bits, and its samples where they are kept. */
  openStartMs: number;
  openBits: number;
  openHandle: DecodedHandle;
}

/** Handles of a series of which nothing is kept yet. */
export function noHandles(): SeriesHandles {
  return {
    startsMs: [],
    handles: [],
    runFrom: 0,
    runTo: -1,
    runPlace: 0,
    runEpoch: 0,
    openStartMs: Number.NaN,
    openBits: 0,
    openHandle: 0,
  };
}

/**
 * Reads the chunks of one series after the other through the cache: `begin`, then `takeAll`, or for each
 * chunk `take` or `keep`.
 */
export class KeptChunkReader {
  readonly #chunks: DecodedChunks;
  #series = noHandles();
  #into = new SampleBuffer(1);
  #startMs = 0;
  #endMs = 0;
  /** Chunks that share this one's samples were read with it. */
  #taken: DecodedHandle = 0;

  constructor(chunks: DecodedChunks) {
    this.#chunks = chunks;
  }

  begin(series: SeriesHandles, into: SampleBuffer, startMs: number, endMs: number): this {
    this.#series = series;
    this.#into = into;
    this.#startMs = startMs;
    this.#endMs = endMs;
    this.#taken = 0;
    return this;
  }

  /** Appends the samples of all `count` chunks that lie in the window; false where they are not kept as one. */
  takeAll(count: number, firstMs: number): boolean {
    const { runFrom, runTo, runPlace, runEpoch } = this.#series;
    if (runFrom !== 0 || runTo !== count - 1) return false;
    const chunks = this.#chunks;
    if (!chunks.has(runPlace, runEpoch, firstMs)) return false;
    chunks.readAt(runPlace, this.#into, this.#startMs, this.#endMs);
    return true;
  }

  /** Appends the chunk's samples of the window; false where they are not kept (any more). */
  take(index: number, firstMs: number): boolean {
    const { startsMs, handles } = this.#series;
    // A list that lost its oldest chunks has others at their places.
    const handle = startsMs[index] === firstMs ? handles[index]! : 0;
    if (handle !== 0 && handle === this.#taken) return true;
    if (!this.#chunks.read(handle, this.#into, this.#startMs, this.#endMs)) return false;
    this.#taken = handle;
    return true;
  }

  /** Keeps the whole chunk, which was just decoded to `from` and behind, and cuts it to the window. */
  keep(index: number, firstMs: number, from: number): void {
    const series = this.#series;
    const { startsMs, handles } = series;
    while (startsMs.length < index) {
      startsMs.push(Number.NaN);
      handles.push(0);
    }
    const previous = index > 0 ? handles[index - 1]! : 0;
    const handle = this.#chunks.keep(this.#into, from, previous);
    startsMs[index] = firstMs;
    handles[index] = handle;
    if (handle !== previous || series.runTo !== index - 1) series.runFrom = index;
    series.runTo = index;
    series.runPlace = placeOf(handle);
    series.runEpoch = epochOf(handle);
    dropOutside(this.#into, from, this.#startMs, this.#endMs);
  }

  /**
   * Appends the samples of the open chunk as it is now, told by its begin and its bits ("taken"). It
   * changes with every sample, so it is worth keeping only where it is read twice as it is ("keep").
   */
  takeOpen(openStartMs: number, bits: number): "taken" | "keep" | "pass" {
    const series = this.#series;
    if (series.openStartMs !== openStartMs || series.openBits !== bits) {
      series.openStartMs = openStartMs;
      series.openBits = bits;
      series.openHandle = 0;
      return "pass";
    }
    const { openHandle } = series;
    const isKept = this.#chunks.read(openHandle, this.#into, this.#startMs, this.#endMs);
    return isKept ? "taken" : "keep";
  }

  /** Keeps the open chunk, which was just decoded to `from` and behind, and cuts it to the window. */
  keepOpen(from: number): void {
    this.#series.openHandle = this.#chunks.keep(this.#into, from);
    dropOutside(this.#into, from, this.#startMs, this.#endMs);
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
