/**
 * What every parser of exposition bodies offers: one entry a `next()`, its fields valid until the
 * call after. Modelled on Prometheus' textparse.Parser, whose order of entries, tolerance and error
 * texts ours shares. Two parts serve the scrape loop's line cache: `seriesStart`/`seriesEnd`, the
 * bytes that identify a series, and `tryRepeat`, which recognises a line of the previous scrape.
 */

import type { ParseError } from "../base/errors.ts";
import type { FloatHistogram, Histogram } from "../model/histogram.ts";
import type { Labels } from "../model/labels.ts";
import type { Exemplar, MetricType } from "../model/sample.ts";

/** What `next()` found. `end` is falsy, so `while (parser.next())` walks all entries. */
export const entryKind = {
  /** No more entries; `error` says whether the body was malformed there. */
  end: 0,
  type: 1,
  help: 2,
  unit: 3,
  comment: 4,
  /** A sample with a float value. */
  series: 5,
  /** A sample with a native histogram (only from the conversion of classic ones). */
  histogram: 6,
} as const;

/** One of the numbers above. */
export type EntryKind = (typeof entryKind)[keyof typeof entryKind];

/** Walks one body. Entries before an error were already delivered and stand. */
export interface ExpositionParser {
  /** Moves to the next entry. After `end` it stays there. */
  next(): EntryKind;

  /** Why the body stopped early: Prometheus' own message. Set only once `next()` returned `end`. */
  readonly error: ParseError | undefined;

  /** series: byte range in `body` that names the series (name and braces, no value). */
  readonly seriesStart: number;
  readonly seriesEnd: number;
  /** series, histogram: what names the series, as text: the key of caches by series. */
  seriesText(): string;
  /** series: the value; any NaN of the text is an ordinary NaN, never a stale marker. */
  readonly value: number;
  /** series, histogram: whether the line carries a timestamp. */
  readonly hasTimestamp: boolean;
  /** series, histogram: that timestamp in ms; meaningless without `hasTimestamp`. */
  readonly timestampMs: number;

  /**
   * series, histogram: the label set, sorted by name; freshly built at each call. Repeated names and
   * empty values are kept, as in Prometheus: whoever stores them must refuse or drop them.
   */
  labels(): Labels;

  /** series, histogram: the next exemplar of the sample, undefined when there is none left. */
  nextExemplar(): Exemplar | undefined;

  /**
   * series, histogram: since when the sample counts, ms, 0 where unknown. OpenMetrics only; looks
   * ahead for the `_created` line (cost: the lines up to it) and from then on hides such lines.
   */
  startTimestampMs(): number;

  /** histogram: the value. */
  readonly histogram: Histogram | FloatHistogram | undefined;

  /** type, help, unit: the metric family's name. */
  familyName(): string;
  /** type, help, unit: byte range in `body` that the entry was read from; equal bytes give an equal entry. */
  readonly metadataStart: number;
  readonly metadataEnd: number;
  /**
   * Steps over the next entry if it is a type or help line with the same bytes as
   * `previousBody[previousStart, previousEnd)`, which was one; then only `metadataStart` and
   * `metadataEnd` tell of it. False, and nothing moved, where the line is another or its meaning may
   * be needed later.
   */
  tryRepeatMetadata(previousBody: Uint8Array, previousStart: number, previousEnd: number): boolean;
  /** The type of the family last seen; undefined before the first. */
  readonly metricType: MetricType | undefined;
  /** help: the unescaped text; unit: the unit; comment: the whole line from "#" on. */
  text(): string;

  /**
   * Fast path for a line known from the previous scrape. If the next line's series part has exactly
   * the bytes previousBody[previousStart, previousEnd) and a plain value (and timestamp) follows,
   * moves to it as `next()` would, sets `value`, `hasTimestamp`, `timestampMs`, `seriesStart`,
   * `seriesEnd` and returns true; `labels()` still works, but the caller knows them.
   * Otherwise returns false and moves nothing: call `next()`. O(bytes of the line), no allocation.
   * `previousBody` may be any bytes that hold the series part of an earlier `series` entry.
   */
  tryRepeat(previousBody: Uint8Array, previousStart: number, previousEnd: number): boolean;
}
