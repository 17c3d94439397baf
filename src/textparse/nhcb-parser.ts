/**
 * Wraps a parser and turns classic histograms into native ones with custom buckets (Prometheus'
 * "NHCB"). The series of one histogram are collected; the native one comes out when a series or
 * metadata line of something else follows, or at the end. Only families of TYPE histogram count.
 */

import type { ParseError } from "../base/errors.ts";
import type { FloatHistogram, Histogram } from "../model/histogram.ts";
import { Labels, LabelsBuilder, metricNameLabel } from "../model/labels.ts";
import type { Exemplar, MetricType } from "../model/sample.ts";
import { ClassicHistogram } from "./classic-histogram.ts";
import { type EntryKind, type ExpositionParser, entryKind } from "./exposition-parser.ts";
import { parseGoFloat } from "./go-float.ts";

/** Options of the conversion. */
export interface NhcbParserOptions {
  /** Also delivers the classic series. */
  readonly keepsClassic: boolean;
  /** Whether the start timestamps of the collected series are wanted (they cost looking ahead). */
  readonly readsStartTimestamps: boolean;
}

const bucketLabel = "le";
const suffixes = ["_bucket", "_sum", "_count"] as const;
type Suffix = (typeof suffixes)[number];

/** What is left of a collected histogram when it is delivered. */
interface Converted {
  readonly histogram: Histogram | FloatHistogram;
  readonly labels: Labels;
  readonly exemplars: Exemplar[];
  readonly startTimestampMs: number;
}

/** Parser of one body around another one. */
export class NhcbParser implements ExpositionParser {
  readonly #inner: ExpositionParser;
  readonly #options: NhcbParserOptions;
  readonly #collected = new ClassicHistogram();
  #isCollecting = false;
  #baseName = "";
  #baseKey = "";
  #baseLabels = Labels.empty;
  #exemplars: Exemplar[] = [];
  #startTimestampMs = 0;
  /** The native histogram being delivered, before the inner entry that completed it. */
  #converted: Converted | undefined;
  /** The inner parser's entry. */
  #kind: EntryKind = entryKind.end;
  #labels = Labels.empty;
  #familyName = "";
  #metricType: MetricType | undefined;

  constructor(inner: ExpositionParser, options: NhcbParserOptions) {
    this.#inner = inner;
    this.#options = options;
  }

  next(): EntryKind {
    for (;;) {
      if (this.#converted === undefined) {
        this.#advance();
        // A malformed body ends at once: what was collected may lack its last series.
        if (this.error !== undefined) return entryKind.end;
        const isPart = this.#kind === entryKind.series && !this.#isOtherMetric();
        if (!isPart && this.#convert()) return entryKind.histogram;
      }
      this.#converted = undefined;
      if (this.#kind !== entryKind.series) return this.#kind;
      if (!this.#collect() || this.#options.keepsClassic) return this.#kind;
    }
  }

  #advance(): void {
    this.#kind = this.#inner.next();
    if (this.#kind === entryKind.series) this.#labels = this.#inner.labels();
    if (this.#kind !== entryKind.type) return;
    this.#familyName = this.#inner.familyName();
    this.#metricType = this.#inner.metricType;
  }

  get error(): ParseError | undefined {
    return this.#inner.error;
  }

  get seriesStart(): number {
    return this.#inner.seriesStart;
  }

  get seriesEnd(): number {
    return this.#inner.seriesEnd;
  }

  seriesText(): string {
    if (this.#converted === undefined) return this.#inner.seriesText();
    const { labels } = this.#converted;
    const rest = labels.withoutMetricName();
    return labels.metricName + (rest.size === 0 ? "" : rest.toString().replaceAll('", ', '",'));
  }

  get value(): number {
    return this.#inner.value;
  }

  get hasTimestamp(): boolean {
    return this.#inner.hasTimestamp;
  }

  get timestampMs(): number {
    return this.#inner.timestampMs;
  }

  labels(): Labels {
    return this.#converted?.labels ?? this.#labels;
  }

  nextExemplar(): Exemplar | undefined {
    return this.#converted === undefined
      ? this.#inner.nextExemplar()
      : this.#converted.exemplars.shift();
  }

  startTimestampMs(): number {
    if (this.#converted !== undefined) return this.#converted.startTimestampMs;
    if (this.#isCollecting) return this.#startTimestampMs;
    return this.#kind === entryKind.series ? this.#inner.startTimestampMs() : 0;
  }

  get histogram(): Histogram | FloatHistogram | undefined {
    return this.#converted?.histogram;
  }

  familyName(): string {
    return this.#inner.familyName();
  }

  get metadataStart(): number {
    return this.#inner.metadataStart;
  }

  get metadataEnd(): number {
    return this.#inner.metadataEnd;
  }

  get metricType(): MetricType | undefined {
    return this.#inner.metricType;
  }

  text(): string {
    return this.#inner.text();
  }

  /** Always false: a series may end a histogram, so each must be looked at. */
  tryRepeat(): boolean {
    return false;
  }

  tryRepeatMetadata(): boolean {
    return false;
  }

  /** Whether the current series does not belong to the histogram being collected. */
  #isOtherMetric(): boolean {
    if (!this.#isCollecting) return false;
    if (this.#metricType !== "histogram") return true;
    const { base } = splitSuffix(this.#labels.metricName);
    return base !== this.#baseName || keyWithoutBucket(this.#labels) !== this.#baseKey;
  }

  /** Takes the current series into the histogram being collected; false where it is no part of one. */
  #collect(): boolean {
    if (this.#metricType !== "histogram") return false;
    const { base, suffix } = splitSuffix(this.#labels.metricName);
    if (suffix === undefined || base !== this.#familyName) return false;
    let upperBound = 0;
    if (suffix === "_bucket") {
      const bound = parseGoFloat(this.#labels.get(bucketLabel));
      if (bound.problem !== "" || Number.isNaN(bound.value)) return false;
      upperBound = bound.value;
    }
    if (!this.#isCollecting) this.#begin(base);
    for (let exemplar = this.#inner.nextExemplar(); exemplar; ) {
      this.#exemplars.push(exemplar);
      exemplar = this.#inner.nextExemplar();
    }
    const { value } = this.#inner;
    if (suffix === "_bucket") this.#collected.addBucket(upperBound, value);
    else if (suffix === "_count") this.#collected.setCount(value);
    else this.#collected.setSum(value);
    return true;
  }

  #begin(base: string): void {
    const builder = new LabelsBuilder(this.#labels);
    this.#baseLabels = builder.set(metricNameLabel, base).delete(bucketLabel).labels();
    this.#baseName = base;
    this.#baseKey = keyWithoutBucket(this.#labels);
    this.#startTimestampMs = this.#options.readsStartTimestamps
      ? this.#inner.startTimestampMs()
      : 0;
    this.#isCollecting = true;
  }

  /** Ends the collection; true where it gave a native histogram. */
  #convert(): boolean {
    if (!this.#isCollecting) return false;
    this.#isCollecting = false;
    const histogram = this.#collected.toNative();
    if (histogram !== undefined) {
      this.#converted = {
        histogram,
        labels: this.#baseLabels,
        exemplars: this.#exemplars,
        startTimestampMs: this.#startTimestampMs,
      };
    }
    this.#collected.reset();
    this.#exemplars = [];
    this.#startTimestampMs = 0;
    return histogram !== undefined;
  }
}

function splitSuffix(name: string): { base: string; suffix: Suffix | undefined } {
  for (const suffix of suffixes) {
    if (name.endsWith(suffix)) return { base: name.slice(0, -suffix.length), suffix };
  }
  return { base: name, suffix: undefined };
}

/** Equal for the series of one histogram: the labels but for name and bucket. */
function keyWithoutBucket(labels: Labels): string {
  return labels.filter((name) => name !== metricNameLabel && name !== bucketLabel).key;
}
