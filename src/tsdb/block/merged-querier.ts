/**
 * One answer over several queriers (head and blocks): series merged by their labels, samples by
 * their times, label names and values united. With a single querier nothing is added to its cost.
 */

import { compareLabels, compareUtf8, type Labels } from "../../model/labels.ts";
import type { Matcher } from "../../model/matcher.ts";
import type { SampleBuffer } from "../../model/sample.ts";
import type {
  LabelResult,
  Querier,
  SelectHints,
  Series,
  SeriesSet,
} from "../../storage/storage.ts";
import type { KeptKinds, ReadCache } from "../read-cache.ts";
import { MergedLists, matchersKey } from "../selections.ts";
import { readMerged } from "./merge-samples.ts";
import type { TimeSlice } from "./time-slice.ts";

const truncatedWarning = "results truncated due to limit";

/** A series that may be told to use another, equal label set, and keeps it. */
interface SharingSeries extends Series {
  shareLabels?(labels: Labels): void;
}

/** What a merged querier is made with. */
export interface MergedQuerierOptions {
  readonly slice: TimeSlice;
  /** Merged lists are kept here for the next queries. */
  readonly cache?: Pick<ReadCache<KeptKinds>, "mergedSelections">;
  onClose(): void;
}

/** Querier over `queriers`, which come in order of time and are closed with it. */
export class MergedQuerier implements Querier {
  readonly #queriers: readonly Querier[];
  readonly #options: MergedQuerierOptions;
  #isClosed = false;

  constructor(queriers: readonly Querier[], options: MergedQuerierOptions) {
    this.#queriers = queriers;
    this.#options = options;
  }

  async select(matchers: readonly Matcher[], hints: SelectHints): Promise<SeriesSet> {
    const [only] = this.#queriers;
    if (only === undefined) return { series: [], warnings: [] };
    if (this.#queriers.length === 1) return await only.select(matchers, hints);
    // Merging needs order; a limit holds for the parts too, since they are sorted alike.
    const ordered: SelectHints = { ...hints, isOrderFree: false };
    const sets: SeriesSet[] = [];
    for (const querier of this.#queriers) sets.push(await querier.select(matchers, ordered));
    const limit = hints.limit ?? 0;
    const warnings = new Set(sets.flatMap((set) => set.warnings));
    const parts = sets.map((set) => set.series).filter((list) => list.length > 0);
    const merged = parts.length <= 1 ? (parts[0] ?? []) : await this.#merge(matchers, parts);
    if (limit <= 0 || merged.length <= limit) return { series: merged, warnings: [...warnings] };
    warnings.add(truncatedWarning);
    return { series: merged.slice(0, limit), warnings: [...warnings] };
  }

  async labelNames(matchers: readonly Matcher[], limit = 0): Promise<LabelResult> {
    return await this.#unite((querier) => querier.labelNames(matchers, limit), limit);
  }

  async labelValues(name: string, matchers: readonly Matcher[], limit = 0): Promise<LabelResult> {
    return await this.#unite((querier) => querier.labelValues(name, matchers, limit), limit);
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    for (const querier of this.#queriers) querier.close();
    this.#options.onClose();
  }

  /** The same parts have the same merged list. */
  async #merge(
    matchers: readonly Matcher[],
    parts: readonly (readonly Series[])[],
  ): Promise<readonly Series[]> {
    const kept = this.#options.cache?.mergedSelections;
    const key = matchersKey(matchers);
    const lists = kept?.get(key) ?? new MergedLists();
    const known = lists.find(parts);
    if (known !== undefined) return known;
    const merged = await mergeSeries(parts, this.#options.slice);
    lists.add(parts, merged);
    kept?.set(key, lists, lists.seriesCount);
    return merged;
  }

  async #unite(
    ask: (querier: Querier) => Promise<LabelResult>,
    limit: number,
  ): Promise<LabelResult> {
    const results: LabelResult[] = [];
    for (const querier of this.#queriers) results.push(await ask(querier));
    const [only] = results;
    if (only !== undefined && results.length === 1) return only;
    const values = [...new Set(results.flatMap((result) => result.values))].sort(compareUtf8);
    const warnings = new Set(results.flatMap((result) => result.warnings));
    if (limit <= 0 || values.length <= limit) return { values, warnings: [...warnings] };
    warnings.add(truncatedWarning);
    return { values: values.slice(0, limit), warnings: [...warnings] };
  }
}

/** Merges sorted lists of series; those with equal labels become one. O(n · lists) comparisons. */
async function mergeSeries(
  filled: readonly (readonly SharingSeries[])[],
  slice: TimeSlice,
): Promise<readonly Series[]> {
  const places = new Uint32Array(filled.length);
  const merged: Series[] = [];
  for (;;) {
    if ((merged.length & 255) === 255 && slice.isOver) await slice.pause();
    const least = leastLabels(filled, places);
    if (least === undefined) return merged;
    const equal: Series[] = [];
    for (let i = 0; i < filled.length; i++) {
      const next = filled[i]![places[i]!];
      if (next === undefined || !next.labels.equals(least)) continue;
      // The next merge then knows them by identity.
      if (next.labels !== least) next.shareLabels?.(least);
      equal.push(next);
      places[i]!++;
    }
    merged.push(equal.length === 1 ? (equal[0] as Series) : new MergedSeries(least, equal));
  }
}

/** The smallest labels at the places; undefined where all lists are at their end. */
function leastLabels(
  lists: readonly (readonly SharingSeries[])[],
  places: Uint32Array,
): Labels | undefined {
  let least: Labels | undefined;
  for (let i = 0; i < lists.length; i++) {
    const next = lists[i]![places[i]!];
    if (next === undefined) continue;
    if (least === undefined || compareLabels(next.labels, least) < 0) least = next.labels;
  }
  return least;
}

/** One series of several sources. */
class MergedSeries implements Series {
  readonly labels: Labels;
  readonly #parts: readonly Series[];

  constructor(labels: Labels, parts: readonly Series[]) {
    this.labels = labels;
    this.#parts = parts;
  }

  readSamples(into: SampleBuffer, startMs: number, endMs: number): void {
    readMerged(this.#parts, into, startMs, endMs);
  }
}
