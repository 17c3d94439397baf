/**
 * Reads one block: matchers to series refs by set operations on postings, refs to series, series to
 * samples with the deleted spans left out. Selections of many series are made in slices.
 */

import { CorruptionError } from "../../base/errors.ts";
import { Labels } from "../../model/labels.ts";
import type { Matcher } from "../../model/matcher.ts";
import type { SampleBuffer } from "../../model/sample.ts";
import type {
  LabelResult,
  Querier,
  SelectHints,
  Series,
  SeriesSet,
} from "../../storage/storage.ts";
import type { SampleRun } from "../chunks/sample-run.ts";
import { type ChunkList, KeptSeries } from "../kept-chunks.ts";
import type { KeptKinds, ReadCache } from "../read-cache.ts";
import { matchersKey, NarrowedList } from "../selections.ts";
import type { Block } from "./block.ts";
import { decodeChunk, readChunkSamples } from "./chunk-samples.ts";
import type { IndexChunks, IndexReader, IndexSeries } from "./index-reader.ts";
import { sortTail } from "./merge-samples.ts";
import { intersect, meets, subtract, uniteDisjoint } from "./postings-lists.ts";
import { isCovered, noIntervals, remainingTime, type TimeIntervals } from "./time-intervals.ts";
import type { TimeSlice } from "./time-slice.ts";
import type { Tombstones } from "./tombstones.ts";

const noWarnings: readonly string[] = [];
/** Below this many series per value it is cheaper to read the series than all lists of a label. */
const valuesPerSeries = 4;

/** What is kept of a series that was read: it holds no block, which may be dropped meanwhile. */
export interface KnownSeries {
  readonly chunks: IndexChunks;
  readonly kept: KeptSeries;
  labels: Labels;
}

/** What queriers of blocks keep for the next ones. */
export type BlockReadCache = Pick<
  ReadCache<KeptKinds & { blockSeries: KnownSeries; blockSelection: BlockSelection }>,
  "reader" | "blockSeries" | "blockSelections" | "blockKey"
>;

export interface BlockQuerierOptions {
  readonly cache?: BlockReadCache;
  readonly minMs: number;
  readonly maxMs: number;
  readonly slice: TimeSlice;
  /** Told where the index turns out to be damaged; the answer then goes on without the block. */
  onDamage(block: Block, reason: string): void;
}

/** Querier over one block between two times; keeps the block open until closed. */
export class BlockQuerier implements Querier {
  readonly #block: Block;
  readonly #options: BlockQuerierOptions;
  readonly #slice: TimeSlice;
  #isClosed = false;

  constructor(block: Block, options: BlockQuerierOptions) {
    this.#block = block;
    this.#options = options;
    this.#slice = options.slice;
    block.retain();
  }

  async select(matchers: readonly Matcher[], hints: SelectHints): Promise<SeriesSet> {
    try {
      return await this.#select(matchers, hints);
    } catch (thrown) {
      return { series: [], warnings: this.#leaveOut(thrown) };
    }
  }

  async labelNames(matchers: readonly Matcher[], limit = 0): Promise<LabelResult> {
    try {
      return await this.#labelNames(matchers, limit);
    } catch (thrown) {
      return { values: [], warnings: this.#leaveOut(thrown) };
    }
  }

  async labelValues(name: string, matchers: readonly Matcher[], limit = 0): Promise<LabelResult> {
    try {
      return await this.#labelValues(name, matchers, limit);
    } catch (thrown) {
      return { values: [], warnings: this.#leaveOut(thrown) };
    }
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#block.release();
  }

  /** Damage of the index is for the owner to deal with; anything else goes on up. */
  #leaveOut(thrown: unknown): readonly string[] {
    if (!(thrown instanceof CorruptionError)) throw thrown;
    this.#options.onDamage(this.#block, thrown.message);
    return [`block ${this.#block.meta.ulid} is damaged and left out: ${thrown.message}`];
  }

  async #select(matchers: readonly Matcher[], hints: SelectHints): Promise<SeriesSet> {
    const { index, tombstones } = this.#block;
    const startMs = Math.max(hints.startMs, this.#options.minMs);
    const endMs = Math.min(hints.endMs, this.#options.maxMs);
    const limit = hints.limit ?? 0;
    if (limit === 0) {
      const kept = await this.#selection(matchers);
      return { series: kept.between(startMs, endMs), warnings: noWarnings };
    }
    const series: Series[] = [];
    const key = this.#blockKey();
    let looked = 0;
    for (const ref of await selectRefs(index, matchers, this.#slice)) {
      if ((++looked & 63) === 0 && this.#slice.isOver) await this.#slice.pause();
      const one = this.#series(ref, key, tombstones.get(ref));
      if (!one.hasTime(startMs, endMs)) continue;
      if (series.length === limit) return { series, warnings: ["results truncated due to limit"] };
      series.push(one);
    }
    return { series, warnings: noWarnings };
  }

  /** All series that match, whatever their times; kept until the block's tombstones change. */
  async #selection(matchers: readonly Matcher[]): Promise<BlockSelection> {
    const { index, tombstones } = this.#block;
    const { cache } = this.#options;
    const key = this.#blockKey();
    const text = `${key} ${matchersKey(matchers)}`;
    const known = cache?.blockSelections.get(text);
    if (known?.tombstones === tombstones) return known;
    const series: BlockSeries[] = [];
    let looked = 0;
    for (const ref of await selectRefs(index, matchers, this.#slice)) {
      if ((++looked & 63) === 0 && this.#slice.isOver) await this.#slice.pause();
      series.push(this.#series(ref, key, tombstones.get(ref)));
    }
    const selection = new BlockSelection(series, tombstones);
    cache?.blockSelections.set(text, selection, series.length);
    return selection;
  }

  #blockKey(): number {
    return this.#options.cache?.blockKey(this.#block) ?? 0;
  }

  #series(ref: number, key: number, deleted: TimeIntervals | undefined): BlockSeries {
    const known = this.#known(ref, key);
    return new BlockSeries(this.#block, known, deleted ?? noIntervals, this.#options.cache);
  }

  #known(ref: number, key: number): KnownSeries {
    const { cache } = this.#options;
    const known = cache?.blockSeries.get(key + ref);
    if (known !== undefined) return known;
    const { index } = this.#block;
    const entry = index.series(ref);
    const { chunkMinMs, chunkMaxMs, chunkRefs } = entry;
    const chunks = { chunkMinMs, chunkMaxMs, chunkRefs };
    const read = { chunks, kept: new KeptSeries(), labels: labelsOf(index, entry) };
    cache?.blockSeries.set(key + ref, read);
    return read;
  }

  async #labelNames(matchers: readonly Matcher[], limit: number): Promise<LabelResult> {
    const { index } = this.#block;
    if (matchers.length === 0) return cut(index.labelNames(), limit);
    const names = new Set<string>();
    for (const ref of await selectRefs(index, matchers, this.#slice)) {
      if (this.#slice.isOver) await this.#slice.pause();
      const { labelSymbols } = index.series(ref);
      for (let i = 0; i < labelSymbols.length; i += 2)
        names.add(index.symbol(labelSymbols[i] as number));
    }
    return cut(
      index.labelNames().filter((name) => names.has(name)),
      limit,
    );
  }

  async #labelValues(
    name: string,
    matchers: readonly Matcher[],
    limit: number,
  ): Promise<LabelResult> {
    const { index } = this.#block;
    if (matchers.length === 0) return cut(index.labelValues(name), limit);
    const refs = await selectRefs(index, matchers, this.#slice);
    if (refs.length * valuesPerSeries < index.valueCount(name)) {
      return cut(await this.#valuesOfSeries(name, refs), limit);
    }
    const values: string[] = [];
    await forEachValue(index, name, this.#slice, (value, postings) => {
      if (meets(refs, postings())) values.push(value);
    });
    return cut(values, limit);
  }

  async #valuesOfSeries(name: string, refs: Uint32Array): Promise<string[]> {
    const { index } = this.#block;
    const values = new Set<string>();
    for (const ref of refs) {
      if (this.#slice.isOver) await this.#slice.pause();
      const value = labelsOf(index, index.series(ref)).get(name);
      if (value !== "") values.add(value);
    }
    return index.labelValues(name).filter((value) => values.has(value));
  }
}

/** The labels of an index entry. */
export function labelsOf(index: IndexReader, entry: IndexSeries): Labels {
  return new Labels(entry.labelSymbols.map((symbol) => index.symbol(symbol)));
}

function cut(values: readonly string[], limit: number): LabelResult {
  if (limit <= 0 || values.length <= limit) return { values, warnings: noWarnings };
  return { values: values.slice(0, limit), warnings: ["results truncated due to limit"] };
}

/** Whether a chunk that is not deleted whole lies in the span. */
function hasTime(
  { chunkMinMs, chunkMaxMs }: IndexChunks,
  deleted: TimeIntervals,
  startMs: number,
  endMs: number,
): boolean {
  for (let i = 0; i < chunkMinMs.length; i++) {
    const [minMs, maxMs] = [chunkMinMs[i] as number, chunkMaxMs[i] as number];
    if (minMs > endMs || maxMs < startMs) continue;
    if (deleted.length === 0 || !isCovered(deleted, minMs, maxMs)) return true;
  }
  return false;
}

/** The series of a block that match, in order. */
export class BlockSelection {
  /** Those of the block when the series were listed. */
  readonly tombstones: Tombstones;
  readonly #list: NarrowedList<BlockSeries>;
  readonly #earliestFirstMs: number;
  readonly #latestFirstMs: number;
  readonly #earliestLastMs: number;
  readonly #latestLastMs: number;

  constructor(series: readonly BlockSeries[], tombstones: Tombstones) {
    this.tombstones = tombstones;
    this.#list = new NarrowedList(series);
    let [earliestFirst, latestFirst, earliestLast, latestLast] = [0, 0, 0, 0];
    for (const [index, { firstMs, lastMs }] of series.entries()) {
      earliestFirst = index === 0 ? firstMs : Math.min(earliestFirst, firstMs);
      latestFirst = index === 0 ? firstMs : Math.max(latestFirst, firstMs);
      earliestLast = index === 0 ? lastMs : Math.min(earliestLast, lastMs);
      latestLast = index === 0 ? lastMs : Math.max(latestLast, lastMs);
    }
    this.#earliestFirstMs = earliestFirst;
    this.#latestFirstMs = latestFirst;
    this.#earliestLastMs = earliestLast;
    this.#latestLastMs = latestLast;
  }

  /** Series with samples between the two times. O(1) where all begin or all end there. */
  between(startMs: number, endMs: number): readonly BlockSeries[] {
    if (this.tombstones.size === 0) {
      if (startMs <= this.#earliestFirstMs && endMs >= this.#latestFirstMs) return this.#list.all;
      if (startMs <= this.#earliestLastMs && endMs >= this.#latestLastMs) return this.#list.all;
    }
    return this.#list.narrow((one) => one.hasTime(startMs, endMs));
  }
}

/** A series of an answer. */
class BlockSeries implements Series, ChunkList {
  /** Times of its first and last sample. */
  readonly firstMs: number;
  readonly lastMs: number;
  readonly #block: Block;
  readonly #known: KnownSeries;
  readonly #deleted: TimeIntervals;
  readonly #cache: BlockReadCache | undefined;

  constructor(
    block: Block,
    known: KnownSeries,
    deleted: TimeIntervals,
    cache: BlockReadCache | undefined,
  ) {
    this.#block = block;
    this.#known = known;
    this.#deleted = deleted;
    this.#cache = cache;
    const { chunkMinMs, chunkMaxMs } = known.chunks;
    this.firstMs = chunkMinMs[0] ?? Infinity;
    this.lastMs = chunkMaxMs.reduce((latest, maxMs) => Math.max(latest, maxMs), -Infinity);
  }

  /** Whether a chunk that is not deleted whole lies in the span. */
  hasTime(startMs: number, endMs: number): boolean {
    const { firstMs, lastMs } = this;
    if (lastMs < startMs || firstMs > endMs) return false;
    const isAtEdge =
      (firstMs >= startMs && firstMs <= endMs) || (lastMs >= startMs && lastMs <= endMs);
    return (
      (isAtEdge && this.#deleted.length === 0) ||
      hasTime(this.#known.chunks, this.#deleted, startMs, endMs)
    );
  }

  get labels(): Labels {
    return this.#known.labels;
  }

  shareLabels(labels: Labels): void {
    this.#known.labels = labels;
  }

  readSamples(into: SampleBuffer, startMs: number, endMs: number): void {
    if (this.#deleted.length === 0) {
      this.#read(into, startMs, endMs);
      return;
    }
    const left = remainingTime(this.#deleted, startMs, endMs);
    for (let i = 0; i < left.length; i += 2) {
      this.#read(into, left[i] as number, left[i + 1] as number);
    }
  }

  get chunkCount(): number {
    return this.#known.chunks.chunkRefs.length;
  }

  firstMsOf(chunk: number): number {
    return this.#known.chunks.chunkMinMs[chunk]!;
  }

  lastMsOf(chunk: number): number {
    return this.#known.chunks.chunkMaxMs[chunk]!;
  }

  decode(chunk: number, run: SampleRun): boolean {
    const { chunks } = this.#block;
    chunks.read(this.#known.chunks.chunkRefs[chunk]!);
    return decodeChunk(chunks, run);
  }

  #read(into: SampleBuffer, startMs: number, endMs: number): void {
    if (this.#cache !== undefined) {
      this.#cache.reader.begin(this.#known.kept, into, startMs, endMs).read(this);
      return;
    }
    const { chunks } = this.#block;
    const first = into.count;
    for (let i = 0; i < this.chunkCount; i++) {
      if (this.firstMsOf(i) > endMs || this.lastMsOf(i) < startMs) continue;
      const before = into.count;
      chunks.read(this.#known.chunks.chunkRefs[i]!);
      readChunkSamples(chunks, into, { startMs, endMs });
      // Chunks of out-of-order samples may overlap.
      sortTail(into, first, before);
    }
  }
}

/** Values that are looked at before the slice is asked. */
const valuesPerStep = 256;

/** As the index's own, in slices: names of pods or addresses may have hundreds of thousands of values. */
async function forEachValue(
  index: IndexReader,
  name: string,
  slice: TimeSlice,
  visit: (value: string, postings: () => Uint32Array) => void,
): Promise<void> {
  const count = index.valueCount(name);
  for (let from = 0; from < count; from += valuesPerStep) {
    if (slice.isOver) await slice.pause();
    index.forEachValue(name, visit, from, from + valuesPerStep);
  }
}

/** Refs of the series that satisfy all matchers, ascending. */
export async function selectRefs(
  index: IndexReader,
  matchers: readonly Matcher[],
  slice: TimeSlice,
): Promise<Uint32Array> {
  let refs: Uint32Array | undefined;
  // What a list can give comes first, so that what must be subtracted meets little.
  for (const matcher of matchers) {
    if (matcher.matches("")) continue;
    const found = await matchingRefs(index, matcher, slice);
    refs = refs === undefined ? found : intersect(refs, found);
    if (refs.length === 0) return refs;
  }
  refs ??= index.postings("", "");
  for (const matcher of matchers) {
    if (!matcher.matches("")) continue;
    // A series without the label satisfies it: all but those with a value that does not.
    refs = subtract(refs, await refusedRefs(index, matcher, slice));
  }
  return refs;
}

async function matchingRefs(
  index: IndexReader,
  matcher: Matcher,
  slice: TimeSlice,
): Promise<Uint32Array> {
  if (matcher.operator === "=") return index.postings(matcher.name, matcher.value);
  const literals = matcher.operator === "=~" ? matcher.regexp?.literals : undefined;
  if (literals !== undefined) {
    const distinct = [...new Set(literals)];
    return uniteDisjoint(distinct.map((value) => index.postings(matcher.name, value)));
  }
  return await refsOfValues(index, matcher.name, slice, (value) => matcher.matches(value));
}

async function refusedRefs(
  index: IndexReader,
  matcher: Matcher,
  slice: TimeSlice,
): Promise<Uint32Array> {
  if (matcher.operator === "!=") return index.postings(matcher.name, matcher.value);
  return await refsOfValues(index, matcher.name, slice, (value) => !matcher.matches(value));
}

async function refsOfValues(
  index: IndexReader,
  name: string,
  slice: TimeSlice,
  isWanted: (value: string) => boolean,
): Promise<Uint32Array> {
  const lists: Uint32Array[] = [];
  await forEachValue(index, name, slice, (value, postings) => {
    if (isWanted(value)) lists.push(postings());
  });
  return uniteDisjoint(lists);
}
