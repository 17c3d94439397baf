/**
 * What storage promises to those who write (scrape, rules, remote) and read (promql, api, remote).
 * tsdb implements it; nobody to the right of it imports tsdb.
 */

import type { FloatHistogram, Histogram } from "../model/histogram.ts";
import type { Labels } from "../model/labels.ts";
import type { Matcher } from "../model/matcher.ts";
import type { Exemplar, MetricMetadata, SampleBuffer } from "../model/sample.ts";

/** A positive integer that names a series while the process runs; 0 means "not known yet". */
export type SeriesRef = number;

/**
 * Why a sample was not taken: the negative results of `Appender.append`. A number instead of a
 * throw, since a scrape may hold thousands of late samples and goes on after each.
 */
export const appendFailure = {
  outOfOrder: -1,
  duplicateTimestamp: -2,
  outOfBounds: -3,
  tooOld: -4,
  seriesLimit: -5,
} as const;

/** One transaction. Not for sharing; after commit or rollback it must not be used again. */
export interface Appender {
  /**
   * Adds one sample. `ref` is what an earlier call returned for these labels, or 0; with a ref that
   * is still alive `labels` are not looked at (pass the same object). Returns the ref to use next
   * time, or a negative `appendFailure`. Amortised O(1). An ordinary NaN value is stored as such; a
   * stale marker goes through `appendStale`, since its bits do not survive in a JavaScript number.
   */
  append(ref: SeriesRef, labels: Labels, timestampMs: number, value: number): number;
  /**
   * Adds one native histogram; results as `append`. The storage keeps the object until commit: it must
   * not be changed. A series may hold floats and histograms by turns.
   */
  appendHistogram(
    ref: SeriesRef,
    labels: Labels,
    timestampMs: number,
    histogram: Histogram | FloatHistogram,
  ): number;
  /**
   * Ends the series at `timestampMs` with a stale marker (NaN 0x7ff0000000000002); where the newest
   * sample is a histogram, with the marker in a histogram's sum, as in Prometheus. Results as `append`.
   */
  appendStale(ref: SeriesRef, labels: Labels, timestampMs: number): number;
  /**
   * Says when what the sample just appended to `ref` counts began, ms (a counter's start timestamp).
   * Only storage that keeps such times has this.
   */
  appendStartTimestamp?(ref: SeriesRef, startTimestampMs: number): void;
  /**
   * Whether `ref` still names a series: then appending to it needs no labels. O(1). Storage without this
   * wants the labels each time.
   */
  hasSeries?(ref: SeriesRef): boolean;
  /**
   * The newest sample of a series, for error texts: a float, "histogram", or undefined where there is
   * none. Not meant for hot paths.
   */
  newestSample?(ref: SeriesRef, labels: Labels): number | "histogram" | undefined;
  /**
   * Says what the metric of the series `ref`, which just got a sample, is; the same again costs a
   * comparison. Only storage that keeps metadata has this.
   */
  updateMetadata?(ref: SeriesRef, metadata: MetricMetadata): void;
  /** Attaches an exemplar to a series that got a sample; a late or repeated one is dropped silently. */
  appendExemplar(ref: SeriesRef, exemplar: Exemplar): void;
  /** Makes the samples visible to queriers and hands them to the log. */
  commit(): void;
  /** Forgets the samples of this transaction. */
  rollback(): void;
}

/** Something that takes samples. */
export interface Appendable {
  appender(): Appender;
}

/** What the reader will do with the samples; storage may ignore all but the limit. */
export interface SelectHints {
  readonly startMs: number;
  readonly endMs: number;
  /** At most so many series; 0 means no limit. */
  readonly limit?: number;
  /**
   * The reader can do without the order by labels: storage may give series as they were created,
   * which saves sorting and is the order in which Prometheus' engine sees them (it decides which of
   * equal values topk keeps, and which duplicate an error names).
   */
  readonly isOrderFree?: boolean;
}

/** One series of an answer. */
export interface Series {
  readonly labels: Labels;
  /**
   * Appends the samples with startMs <= t <= endMs to `into`, oldest first, floats and histograms,
   * stale markers included (see `SampleBuffer`). O(samples of the chunks that overlap); may be called repeatedly.
   */
  readSamples(into: SampleBuffer, startMs: number, endMs: number): void;
}

/**
 * The answer of `select`: sorted by labels unless the hints say otherwise, no two equal label sets. The
 * list is never changed afterwards; the same series may be given as the same list again.
 */
export interface SeriesSet {
  readonly series: readonly Series[];
  readonly warnings: readonly string[];
}

/** Sorted distinct strings. */
export interface LabelResult {
  readonly values: readonly string[];
  readonly warnings: readonly string[];
}

/** A view of the samples between two times, to be closed after use. */
export interface Querier {
  select(matchers: readonly Matcher[], hints: SelectHints): Promise<SeriesSet>;
  /** Label names of the series that match (all series where `matchers` is empty). */
  labelNames(matchers: readonly Matcher[], limit?: number): Promise<LabelResult>;
  labelValues(name: string, matchers: readonly Matcher[], limit?: number): Promise<LabelResult>;
  close(): void;
}

/** Something that can be read between `minMs` and `maxMs`, both inclusive. */
export interface Queryable {
  querier(minMs: number, maxMs: number): Querier;
  /** Time of the oldest sample, Infinity where there is none; absent where that is not known. */
  firstMs?(): number;
}

/** Exemplars of one series, oldest first. */
export interface ExemplarSeries {
  readonly labels: Labels;
  readonly exemplars: readonly Exemplar[];
}

/** Reads exemplars; each inner list is one selector's matchers. */
export interface ExemplarQueryable {
  selectExemplars(
    startMs: number,
    endMs: number,
    selectors: readonly (readonly Matcher[])[],
  ): Promise<readonly ExemplarSeries[]>;
}
