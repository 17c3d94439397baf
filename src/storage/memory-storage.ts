/**
 * Storage in plain sorted arrays: for tests, rule tests and conformance, wherever samples need no
 * disk. It keeps the promises of storage.ts. Append is O(1) for samples in order (O(samples of the
 * series) out of order, where that is allowed); select walks all series. Never forgets a sample.
 */

import { type FloatHistogram, type Histogram, isEqualHistogram } from "../model/histogram.ts";
import { compareLabels, compareUtf8, type Labels } from "../model/labels.ts";
import type { Matcher } from "../model/matcher.ts";
import { type Exemplar, SampleBuffer } from "../model/sample.ts";
import {
  type Appendable,
  type Appender,
  appendFailure,
  type ExemplarQueryable,
  type ExemplarSeries,
  type LabelResult,
  type Querier,
  type Queryable,
  type SelectHints,
  type Series,
  type SeriesRef,
  type SeriesSet,
} from "./storage.ts";

/** How a memory storage differs from the default. */
export interface MemoryStorageOptions {
  /** Takes samples older than the newest of their series; default false, as in tsdb. */
  readonly allowOutOfOrder?: boolean;
}

/** A float, a native histogram, or undefined for a stale marker. */
type SampleValue = number | Histogram | FloatHistogram | undefined;

/** One sample of a transaction not committed yet. */
interface PendingSample {
  readonly series: MemorySeries;
  readonly timestampMs: number;
  readonly value: SampleValue;
  /** When what it counts began, ms; 0 where unknown. */
  startTimestampMs: number;
}

/** Series and samples in memory. */
export class MemoryStorage implements Appendable, Queryable, ExemplarQueryable {
  readonly #options: MemoryStorageOptions;
  readonly #byKey = new Map<string, MemorySeries>();
  /** Index = ref - 1. */
  readonly #byRef: MemorySeries[] = [];
  #sorted: readonly MemorySeries[] | undefined;

  constructor(options: MemoryStorageOptions = {}) {
    this.#options = options;
  }

  /** How many series have been seen. */
  get seriesCount(): number {
    return this.#byRef.length;
  }

  appender(): Appender {
    return new MemoryAppender(this, this.#options.allowOutOfOrder ?? false);
  }

  firstMs(): number {
    let firstMs = Infinity;
    for (const { samples } of this.#byRef) {
      if (samples.count > 0) firstMs = Math.min(firstMs, samples.timestampsMs[0] ?? Infinity);
    }
    return firstMs;
  }

  querier(minMs: number, maxMs: number): Querier {
    return new MemoryQuerier(this, minMs, maxMs);
  }

  selectExemplars(
    startMs: number,
    endMs: number,
    selectors: readonly (readonly Matcher[])[],
  ): Promise<readonly ExemplarSeries[]> {
    const found: ExemplarSeries[] = [];
    for (const series of this.sortedSeries()) {
      if (!selectors.some((matchers) => matchesAll(series.labels, matchers))) continue;
      const exemplars = series.exemplars.filter(
        ({ timestampMs = 0 }) => timestampMs >= startMs && timestampMs <= endMs,
      );
      if (exemplars.length > 0) found.push({ labels: series.labels, exemplars });
    }
    return Promise.resolve(found);
  }

  /** The series of a ref, or of labels, created where there is none. */
  seriesOf(ref: SeriesRef, labels: Labels): MemorySeries {
    const known = this.#byRef[ref - 1] ?? this.#byKey.get(labels.key);
    if (known !== undefined) return known;
    const series = new MemorySeries(this.#byRef.length + 1, labels);
    this.#byRef.push(series);
    this.#byKey.set(labels.key, series);
    this.#sorted = undefined;
    return series;
  }

  /** All series in the order in which they were created. */
  createdSeries(): readonly MemorySeries[] {
    return this.#byRef;
  }

  /** All series in the order of their labels. */
  sortedSeries(): readonly MemorySeries[] {
    this.#sorted ??= [...this.#byRef].sort((a, b) => compareLabels(a.labels, b.labels));
    return this.#sorted;
  }
}

/** One series with its samples, oldest first. */
class MemorySeries implements Series {
  readonly ref: SeriesRef;
  readonly labels: Labels;
  readonly samples = new SampleBuffer(16);
  readonly exemplars: Exemplar[] = [];

  constructor(ref: SeriesRef, labels: Labels) {
    this.ref = ref;
    this.labels = labels;
  }

  readSamples(into: SampleBuffer, startMs: number, endMs: number): void {
    const { samples } = this;
    const first = this.#indexAt(startMs);
    let end = this.#indexAt(endMs);
    while (end < samples.count && samples.timestampsMs[end] === endMs) end++;
    into.pushRange(samples, first, end);
  }

  /** Whether a sample lies between the times, both inclusive. */
  hasSamples(startMs: number, endMs: number): boolean {
    const first = this.samples.timestampsMs[this.#indexAt(startMs)];
    return this.#indexAt(startMs) < this.samples.count && first !== undefined && first <= endMs;
  }

  get newestMs(): number {
    const { count, timestampsMs } = this.samples;
    return count === 0 ? Number.NEGATIVE_INFINITY : (timestampsMs[count - 1] ?? 0);
  }

  /** Adds a sample where it belongs; one at a known time replaces what was there. */
  insert(sample: PendingSample): void {
    const { timestampMs } = sample;
    if (timestampMs > this.newestMs) {
      pushSample(this.samples, sample);
      return;
    }
    const index = this.#indexAt(timestampMs);
    const isKnown = this.samples.timestampsMs[index] === timestampMs;
    const tail = new SampleBuffer(this.samples.count);
    this.readSamples(tail, isKnown ? timestampMs + 1 : timestampMs, Number.POSITIVE_INFINITY);
    this.samples.count = index;
    if (this.samples.histograms !== undefined) this.samples.histograms.length = index;
    // What follows takes its start along, if any has one.
    this.samples.startTimestampsMs?.fill(0, index);
    pushSample(this.samples, sample);
    this.samples.pushRange(tail, 0, tail.count);
  }

  /** Whether the sample at `timestampMs` is exactly this one; a stale marker is `undefined`. */
  hasEqualSample(timestampMs: number, value: SampleValue): boolean {
    const index = this.#indexAt(timestampMs);
    if (this.samples.timestampsMs[index] !== timestampMs) return false;
    if (value === undefined) return this.samples.isStale(index);
    const histogram = this.samples.histograms?.[index];
    if (typeof value === "object") return isEqualHistogram(histogram, value);
    if (histogram !== undefined) return false;
    return !this.samples.isStale(index) && Object.is(this.samples.values[index], value);
  }

  /** Index of the first sample at or after the time. */
  #indexAt(timestampMs: number): number {
    let low = 0;
    let high = this.samples.count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.samples.timestampsMs[middle] ?? 0) < timestampMs) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function pushSample(
  samples: SampleBuffer,
  { timestampMs, value, startTimestampMs }: PendingSample,
): void {
  if (value === undefined) samples.pushStale(timestampMs);
  else if (typeof value === "object") samples.pushHistogram(timestampMs, value);
  else samples.push(timestampMs, value);
  if (startTimestampMs !== 0) samples.setStart(startTimestampMs);
}

function isEqualValue(a: SampleValue, b: SampleValue): boolean {
  if (typeof a === "object" && typeof b === "object") return isEqualHistogram(a, b);
  return Object.is(a, b);
}

class MemoryAppender implements Appender {
  readonly #storage: MemoryStorage;
  readonly #allowOutOfOrder: boolean;
  #pending: PendingSample[] = [];
  #pendingExemplars: { series: MemorySeries; exemplar: Exemplar }[] = [];
  readonly #newestPending = new Map<MemorySeries, PendingSample>();

  constructor(storage: MemoryStorage, allowOutOfOrder: boolean) {
    this.#storage = storage;
    this.#allowOutOfOrder = allowOutOfOrder;
  }

  append(ref: SeriesRef, labels: Labels, timestampMs: number, value: number): number {
    return this.#add(this.#storage.seriesOf(ref, labels), timestampMs, value);
  }

  appendHistogram(
    ref: SeriesRef,
    labels: Labels,
    timestampMs: number,
    histogram: Histogram | FloatHistogram,
  ): number {
    return this.#add(this.#storage.seriesOf(ref, labels), timestampMs, histogram);
  }

  appendStale(ref: SeriesRef, labels: Labels, timestampMs: number): number {
    return this.#add(this.#storage.seriesOf(ref, labels), timestampMs, undefined);
  }

  appendStartTimestamp(ref: SeriesRef, startTimestampMs: number): void {
    const newest = this.#pending.at(-1);
    if (newest?.series.ref === ref) newest.startTimestampMs = startTimestampMs;
  }

  appendExemplar(ref: SeriesRef, exemplar: Exemplar): void {
    const pending = this.#pending.find(({ series }) => series.ref === ref);
    if (pending !== undefined) this.#pendingExemplars.push({ series: pending.series, exemplar });
  }

  commit(): void {
    for (const sample of this.#pending) sample.series.insert(sample);
    for (const { series, exemplar } of this.#pendingExemplars) {
      const newest = series.exemplars.at(-1)?.timestampMs ?? Number.NEGATIVE_INFINITY;
      if ((exemplar.timestampMs ?? 0) > newest) series.exemplars.push(exemplar);
    }
    this.rollback();
  }

  rollback(): void {
    this.#pending = [];
    this.#pendingExemplars = [];
    this.#newestPending.clear();
  }

  #add(series: MemorySeries, timestampMs: number, value: SampleValue): number {
    const newest = this.#newestPending.get(series);
    if (newest !== undefined && timestampMs === newest.timestampMs) {
      if (isEqualValue(newest.value, value)) return series.ref;
      if (!this.#allowOutOfOrder) return appendFailure.duplicateTimestamp;
    }
    if (!this.#allowOutOfOrder) {
      if (newest !== undefined && timestampMs < newest.timestampMs) return appendFailure.outOfOrder;
      if (timestampMs < series.newestMs) return appendFailure.outOfOrder;
      if (timestampMs === series.newestMs) {
        return series.hasEqualSample(timestampMs, value)
          ? series.ref
          : appendFailure.duplicateTimestamp;
      }
    }
    const sample = { series, timestampMs, value, startTimestampMs: 0 };
    this.#pending.push(sample);
    this.#newestPending.set(series, sample);
    return series.ref;
  }
}

class MemoryQuerier implements Querier {
  readonly #storage: MemoryStorage;
  readonly #minMs: number;
  readonly #maxMs: number;

  constructor(storage: MemoryStorage, minMs: number, maxMs: number) {
    this.#storage = storage;
    this.#minMs = minMs;
    this.#maxMs = maxMs;
  }

  select(matchers: readonly Matcher[], hints: SelectHints): Promise<SeriesSet> {
    const { limit = 0, isOrderFree = false } = hints;
    const series = this.#matching(matchers, isOrderFree);
    return Promise.resolve({
      series: limit > 0 ? series.slice(0, limit) : series,
      warnings: [],
    });
  }

  labelNames(matchers: readonly Matcher[], limit = 0): Promise<LabelResult> {
    const names = new Set<string>();
    for (const { labels } of this.#labelled(matchers)) {
      labels.forEach((name) => {
        names.add(name);
      });
    }
    return Promise.resolve(sortedResult(names, limit));
  }

  labelValues(name: string, matchers: readonly Matcher[], limit = 0): Promise<LabelResult> {
    const values = new Set<string>();
    for (const { labels } of this.#labelled(matchers)) {
      const value = labels.get(name);
      if (value !== "") values.add(value);
    }
    return Promise.resolve(sortedResult(values, limit));
  }

  close(): void {
    // Nothing is held open.
  }

  /**
   * Series whose labels a label query sees. As in Prometheus' head the time of single samples does
   * not matter, only whether the storage as a whole reaches into the window.
   */
  #labelled(matchers: readonly Matcher[]): readonly MemorySeries[] {
    const all = this.#storage.createdSeries();
    const isInWindow = all.some((series) => series.hasSamples(this.#minMs, this.#maxMs));
    return isInWindow ? all.filter((series) => matchesAll(series.labels, matchers)) : [];
  }

  #matching(matchers: readonly Matcher[], isOrderFree = false): readonly MemorySeries[] {
    const all = isOrderFree ? this.#storage.createdSeries() : this.#storage.sortedSeries();
    return all.filter(
      (series) =>
        matchesAll(series.labels, matchers) && series.hasSamples(this.#minMs, this.#maxMs),
    );
  }
}

function matchesAll(labels: Labels, matchers: readonly Matcher[]): boolean {
  return matchers.every((matcher) => matcher.matches(labels.get(matcher.name)));
}

function sortedResult(values: ReadonlySet<string>, limit: number): LabelResult {
  const sorted = [...values].sort(compareUtf8);
  if (limit <= 0 || sorted.length <= limit) return { values: sorted, warnings: [] };
  return { values: sorted.slice(0, limit), warnings: ["results truncated due to limit"] };
}
