/**
 * From a scrape's body to samples in an appender: the hot path. A line whose series part has the
 * same bytes as the line that came next in the previous body costs one comparison and one append,
 * no allocation; a known series in another place one look-up by its text; only a new series has its
 * labels built. One reader for each loop; its counts are of the last body. Bench: bench/scrape.
 */

import type { Labels } from "../model/labels.ts";
import { type Appender, appendFailure } from "../storage/storage.ts";
import { isSameBytes } from "../textparse/byte-text.ts";
import {
  type EntryKind,
  type ExpositionParser,
  entryKind,
} from "../textparse/exposition-parser.ts";
import type { MetadataCache } from "./metadata-cache.ts";
import { sampleLabels } from "./sample-labels.ts";
import type { ScrapeConfig } from "./scrape-config.ts";
import { CachedSeries, type SeriesCache } from "./series-cache.ts";
import { familyOf, withTypeAndUnit } from "./type-and-unit.ts";

/** Explicit timestamps further ahead than this are refused, as in Prometheus, ms. */
const futureToleranceMs = 10 * 60_000;

/** Switches of a reader. */
export interface BodyReaderOptions {
  /** Samples get the start times that the body tells. */
  readonly keepsStarts?: boolean;
  /** What series are goes to storage with their samples. */
  readonly recordsMetadata?: boolean;
  /** Series get `__type__` and `__unit__` from the metadata before them. */
  readonly hasTypeAndUnitLabels?: boolean;
}

/** Reads the bodies of one target. */
export class BodyReader {
  /** Samples in the body, up to an error. */
  scraped = 0;
  /** Samples left after metric relabelling, refused ones included. */
  kept = 0;
  /** Series that storage had not seen from this loop. */
  seriesAdded = 0;
  outOfOrder = 0;
  duplicates = 0;
  outOfBounds = 0;
  isSampleLimitExceeded = false;
  isLabelLimitExceeded = false;

  readonly #config: ScrapeConfig;
  readonly #targetLabels: Labels;
  readonly #cache: SeriesCache;
  readonly #keepsStarts: boolean;
  readonly #recordsMetadata: boolean;
  readonly #hasTypeAndUnitLabels: boolean;
  /** Samples offered to storage, counted only where there is a limit. */
  #appended = 0;
  /** The next metadata line of the last body. */
  #metadataLine = 0;
  /** Set by the first series that cannot be stored; ends the reading. */
  #error: string | undefined;

  constructor(
    config: ScrapeConfig,
    targetLabels: Labels,
    cache: SeriesCache,
    options: BodyReaderOptions = {},
  ) {
    this.#config = config;
    this.#targetLabels = targetLabels;
    this.#cache = cache;
    this.#keepsStarts = options.keepsStarts ?? false;
    this.#recordsMetadata = options.recordsMetadata ?? false;
    this.#hasTypeAndUnitLabels = options.hasTypeAndUnitLabels ?? false;
  }

  /**
   * Appends everything; returns Prometheus' text of what failed the scrape, undefined where all is
   * well. After a failure the appender is to be rolled back. The cache has begun this attempt.
   */
  read(
    parser: ExpositionParser,
    appender: Appender,
    scrapeMs: number,
    metadata: MetadataCache,
  ): string | undefined {
    this.#reset();
    const cache = this.#cache;
    const { body } = cache.lines;
    const lines = cache.lines.series;
    const nextLines = cache.nextLines.series;
    let line = 0;
    this.#metadataLine = 0;
    for (;;) {
      // Fast path: the same line as last time.
      if (line < lines.count && parser.tryRepeat(body, lines.starts[line]!, lines.ends[line]!)) {
        const series = lines.items[line]!;
        line++;
        series.line = nextLines.add(parser.seriesStart, parser.seriesEnd, series);
        this.#append(series, parser, appender, scrapeMs);
        continue;
      }
      if (this.#repeatMetadata(parser)) continue;
      // Slow path: look up, or make.
      const kind = parser.next();
      if (kind === entryKind.end) break;
      if (kind !== entryKind.series) {
        this.#readMetadata(parser, kind, metadata);
        continue;
      }
      const series = this.#seriesOf(parser, metadata);
      if (series === undefined) {
        this.scraped++;
        break;
      }
      // From here on the bodies may run in step again.
      if (lines.items[series.line] === series) line = series.line + 1;
      series.line = nextLines.add(parser.seriesStart, parser.seriesEnd, series);
      if (this.#append(series, parser, appender, scrapeMs)) {
        appendExemplars(series, parser, appender);
      }
    }
    const error = this.#error ?? parser.error?.message;
    if (error !== undefined) return error;
    return this.isSampleLimitExceeded ? "sample limit exceeded" : undefined;
  }

  /** Appends the current sample; true where storage took it. */
  #append(
    series: CachedSeries,
    parser: ExpositionParser,
    appender: Appender,
    scrapeMs: number,
  ): boolean {
    this.scraped++;
    const isFirst = this.#cache.see(series);
    const { labels } = series;
    if (labels === undefined) return false;
    this.kept++;
    const config = this.#config;
    const hasOwnTime = parser.hasTimestamp && config.honorsTimestamps;
    const timestampMs = hasOwnTime ? parser.timestampMs : scrapeMs;
    let result: number;
    if (!isFirst && !hasOwnTime && series.ref !== 0) {
      result = appendFailure.duplicateTimestamp;
    } else if (config.limits.samples > 0 && this.#appended++ >= config.limits.samples) {
      // Reading goes on, so that the count of samples is right.
      this.isSampleLimitExceeded = true;
      return false;
    } else if (hasOwnTime && timestampMs > scrapeMs + futureToleranceMs) {
      result = appendFailure.outOfBounds;
    } else {
      result = appender.append(series.ref, labels, timestampMs, parser.value);
    }
    if (result <= 0) {
      this.#countFailure(result);
      return false;
    }
    if (series.ref === 0) this.seriesAdded++;
    series.ref = result;
    if (series.family !== undefined) appender.updateMetadata?.(result, series.family);
    if (this.#keepsStarts) appender.appendStartTimestamp?.(result, parser.startTimestampMs());
    // A series with timestamps of its own ends when the target says so, not when it is missing once.
    if (!hasOwnTime || config.tracksTimestampStaleness) this.#cache.track(series);
    return true;
  }

  /** The entry of the current series, made where it is new; undefined where it cannot be stored. */
  #seriesOf(parser: ExpositionParser, metadata: MetadataCache): CachedSeries | undefined {
    const text = parser.seriesText();
    const known = this.#cache.get(text);
    if (known !== undefined) return known;
    const written = this.#hasTypeAndUnitLabels
      ? withTypeAndUnit(parser.labels(), metadata, this.#cache.scrape)
      : parser.labels();
    const made = sampleLabels(written, this.#targetLabels, this.#config);
    if (made.kind === "error") {
      this.#error = made.message;
      this.isLabelLimitExceeded = made.isLimit;
      return undefined;
    }
    const series = new CachedSeries(made.kind === "keep" ? made.labels : undefined);
    if (this.#recordsMetadata) {
      series.family = familyOf(parser.labels().metricName, metadata, this.#cache.scrape);
    }
    this.#cache.add(text, series);
    return series;
  }

  /** Fast path: the same metadata line as last time. */
  #repeatMetadata(parser: ExpositionParser): boolean {
    const { lines, nextLines, scrape } = this.#cache;
    const old = lines.metadata;
    const at = this.#metadataLine;
    if (at >= old.count) return false;
    if (!parser.tryRepeatMetadata(lines.body, old.starts[at]!, old.ends[at]!)) return false;
    this.#metadataLine = at + 1;
    const entry = old.items[at]!;
    entry.seenAt = scrape;
    nextLines.metadata.add(parser.metadataStart, parser.metadataEnd, entry);
    return true;
  }

  /** Puts down a TYPE, HELP or UNIT line, unless it has the same bytes as last time. */
  #readMetadata(parser: ExpositionParser, kind: EntryKind, metadata: MetadataCache): void {
    if (kind === entryKind.comment) return;
    const { lines, nextLines, scrape } = this.#cache;
    const { metadataStart: start, metadataEnd: end } = parser;
    const at = this.#metadataLine++;
    const old = lines.metadata;
    if (
      at < old.count &&
      old.ends[at]! - old.starts[at]! === end - start &&
      isSameBytes(nextLines.body, start, end, lines.body, old.starts[at]!)
    ) {
      const entry = old.items[at]!;
      entry.seenAt = scrape;
      nextLines.metadata.add(start, end, entry);
      return;
    }
    const entry = metadata.entry(parser.familyName(), scrape);
    if (kind === entryKind.type) entry.type = parser.metricType ?? "unknown";
    else if (kind === entryKind.help) entry.help = parser.text();
    else if (kind === entryKind.unit) entry.unit = parser.text();
    nextLines.metadata.add(start, end, entry);
  }

  #countFailure(result: number): void {
    if (result === appendFailure.outOfOrder) this.outOfOrder++;
    else if (result === appendFailure.duplicateTimestamp) this.duplicates++;
    else if (result === appendFailure.outOfBounds || result === appendFailure.tooOld) {
      this.outOfBounds++;
    } else this.#error ??= "cannot append: too many series";
  }

  #reset(): void {
    this.scraped = 0;
    this.kept = 0;
    this.seriesAdded = 0;
    this.outOfOrder = 0;
    this.duplicates = 0;
    this.outOfBounds = 0;
    this.isSampleLimitExceeded = false;
    this.isLabelLimitExceeded = false;
    this.#appended = 0;
    this.#error = undefined;
  }
}

/**
 * Exemplars of the current sample. One without a time of its own goes on without: storage dates it by
 * the scrape, and knows by that that it is the same one scrape after scrape.
 */
function appendExemplars(series: CachedSeries, parser: ExpositionParser, appender: Appender): void {
  for (;;) {
    const exemplar = parser.nextExemplar();
    if (exemplar === undefined) return;
    const isDated = exemplar.timestampMs !== undefined || !parser.hasTimestamp;
    const dated = isDated ? exemplar : { ...exemplar, timestampMs: parser.timestampMs };
    appender.appendExemplar(series.ref, dated);
  }
}
