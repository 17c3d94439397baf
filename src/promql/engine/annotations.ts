/**
 * Warnings and infos beside a result, with Prometheus' texts. Equal texts are kept once, with the
 * position of the last; positions become "(line:column)" when the query is known. The texts are
 * made by the functions below, never at the place of use.
 */

import { quoteString } from "../../model/labels.ts";
import { formatGoFloat } from "../../model/value-format.ts";
import { formatTwoDigits } from "./go-math.ts";

/** At most so many of each are returned. */
const annotationsMax = 10;

const warning = "PromQL warning: ";
const info = "PromQL info: ";

/** What a forced-monotonicity info sums up. */
export interface MonotonicityDetails {
  readonly minTimeMs: number;
  readonly maxTimeMs: number;
  readonly minBucket: number;
  readonly maxBucket: number;
  readonly maxDifference: number;
  /** As told; 64 bits. */
  readonly count: bigint;
}

interface Entry {
  readonly start: number;
  readonly details: MonotonicityDetails | undefined;
  /** Said so often; only told of overlapping start times. */
  readonly occurrences?: number;
}

/** Collects remarks of one query. */
export class Annotations {
  /** Whole text without position → where. Storage warnings have no position: -1. */
  #entries = new Map<string, Entry>();

  /** `start` is the byte offset in the query that the remark is about. */
  add(text: string, start: number): void {
    this.#entries.set(text, { start, details: undefined });
  }

  /** A warning of storage, passed on as it is. */
  addStorageWarning(text: string): void {
    this.#entries.set(text, { start: -1, details: undefined });
  }

  /** A counter's start timestamp that lies before its previous sample. */
  addStartOverlap(start: number, metricName: string): void {
    const text = `${warning}sample has start time that overlaps with previous sample timestamp for metric ${quoteString(metricName)}`;
    this.#merge(text, { start, details: undefined, occurrences: 1 });
  }

  /** Input of histogram_quantile that was not monotonic, as one call found it. */
  addForcedMonotonicity(start: number, metricName: string, found: MonotonicityDetails): void {
    const text = `${info}input to histogram_quantile needed to be fixed for monotonicity (see https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)${forMetric(metricName)}`;
    this.#merge(text, { start, details: found });
  }

  /** What `evaluate` gives, and how to say once more what it said. */
  async repeatable<T>(evaluate: () => Promise<T>): Promise<{ value: T; repeat: () => void }> {
    const before = this.#entries;
    const said = new Map<string, Entry>();
    this.#entries = said;
    const value = await evaluate();
    this.#entries = before;
    const repeat = () => {
      for (const [text, entry] of said) this.#merge(text, entry);
    };
    repeat();
    return { value, repeat };
  }

  #merge(text: string, entry: Entry): void {
    const known = this.#entries.get(text);
    if (entry.details !== undefined && known?.details !== undefined) {
      const details = mergeDetails(known.details, entry.details);
      this.#entries.set(text, { start: known.start, details });
    } else if (entry.occurrences !== undefined && known?.occurrences !== undefined) {
      const occurrences = known.occurrences + entry.occurrences;
      this.#entries.set(text, { ...entry, occurrences });
    } else {
      this.#entries.set(text, entry);
    }
  }

  /** Texts with positions, at most ten of each kind and a line that counts the rest. */
  render(query: string): { readonly warnings: string[]; readonly infos: string[] } {
    const warnings: string[] = [];
    const infos: string[] = [];
    for (const [text, entry] of this.#entries) {
      const line = text + details(entry) + position(query, entry.start);
      (text.startsWith(info) ? infos : warnings).push(line);
    }
    return { warnings: shorten(warnings, "warning"), infos: shorten(infos, "info") };
  }
}

function mergeDetails(a: MonotonicityDetails, b: MonotonicityDetails): MonotonicityDetails {
  return {
    minTimeMs: Math.min(a.minTimeMs, b.minTimeMs),
    maxTimeMs: Math.max(a.maxTimeMs, b.maxTimeMs),
    minBucket: Math.min(a.minBucket, b.minBucket),
    maxBucket: Math.max(a.maxBucket, b.maxBucket),
    maxDifference: Math.max(a.maxDifference, b.maxDifference),
    count: BigInt.asIntN(64, a.count + b.count),
  };
}

/** quantile, histogram_quantile and quantile_over_time outside [0, 1]. */
export function invalidQuantile(quantile: number): string {
  return `${warning}quantile value should be between 0 and 1, got ${formatGoFloat(quantile)}`;
}

/** limit_ratio outside [-1, 1]. */
export function invalidRatio(ratio: number, cappedTo: number): string {
  return `${warning}ratio value should be between -1 and 1, got ${formatGoFloat(ratio)}, capping to ${formatGoFloat(cappedTo)}`;
}

/** A classic bucket without a usable `le`. */
export function badBucketLabel(metricName: string, label: string): string {
  return `${warning}bucket label "le" is missing or has a malformed value of ${quoteString(label)}${forMetric(metricName)}`;
}

/** sort and its kin where order is lost. */
export function sortInRangeQuery(): string {
  return `${warning}sort is ineffective for range queries since results are always ordered by labels`;
}

/** rate or increase of a metric whose name says it is no counter. */
export function possibleNonCounter(metricName: string): string {
  return `${info}metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ${quoteString(metricName)}`;
}

/** The same, judged by the label __type__ (feature type-and-unit-labels). */
export function possibleNonCounterLabel(metricName: string, typeLabel: string): string {
  return `${info}metric might not be a counter, __type__ label is not set to "counter" or "histogram", got ${quoteString(typeLabel)}: ${quoteString(metricName)}`;
}

/** Operands an operator does not work on. */
export function incompatibleTypes(left: string, operator: string, right: string): string {
  return `${info}incompatible sample types encountered for binary operator ${quoteString(operator)}: ${left} ${operator} ${right}`;
}

/** Floats and histograms in one range, for a function that takes either. */
export function mixedFloatsHistograms(metricName: string): string {
  return `${warning}encountered a mix of histograms and floats for metric name ${quoteString(metricName)}`;
}

/** The same in a group of an aggregation. */
export function mixedInAggregation(): string {
  return `${warning}encountered a mix of histograms and floats for aggregation`;
}

/** Buckets and a native histogram of the same name and labels. */
export function mixedClassicNative(metricName: string): string {
  return `${warning}vector contains a mix of classic and native histograms${forMetric(metricName)}`;
}

/** Exponential and custom buckets together. */
export function mixedSchemas(metricName: string): string {
  return `${warning}vector contains a mix of histograms with exponential and custom buckets schemas for metric name ${quoteString(metricName)}`;
}

/** The same on both sides of an operator. */
export function incompatibleLayouts(operator: string): string {
  return `${warning}incompatible bucket layout encountered for binary operator ${operator}`;
}

/** A gauge histogram where a counter is asked for. */
export function histogramNotCounter(metricName: string): string {
  return `${warning}this native histogram metric is not a counter: ${quoteString(metricName)}`;
}

/** A counter histogram where a gauge is asked for. */
export function histogramNotGauge(metricName: string): string {
  return `${warning}this native histogram metric is not a gauge: ${quoteString(metricName)}`;
}

/** An aggregation that floats only have. */
export function histogramIgnoredIn(operator: string): string {
  return `${info}ignored histogram in ${operator} aggregation`;
}

/** A range function that floats only have, on a range that holds both. */
export function histogramsIgnoredInRange(metricName: string): string {
  return `${info}ignored histograms in a range containing both floats and histograms for metric name ${quoteString(metricName)}`;
}

/** NaN observed, the quantile beyond all buckets. */
export function quantileIsNan(metricName: string): string {
  return `${info}input to histogram_quantile has NaN observations, result is NaN${forMetric(metricName)}`;
}

/** NaN observed, the quantile within the buckets. */
export function quantileIsSkewed(metricName: string): string {
  return `${info}input to histogram_quantile has NaN observations, result is skewed higher${forMetric(metricName)}`;
}

/** NaN observed, histogram_fraction. */
export function fractionExcludesNan(metricName: string): string {
  return `${info}input to histogram_fraction has NaN observations, which are excluded from all fractions${forMetric(metricName)}`;
}

/** What was done with histograms when something was found. */
export type HistogramOperation = "addition" | "subtraction" | "aggregation";

/** Histograms with and without counter reset together. */
export function conflictingResets(operation: HistogramOperation): string {
  return `${warning}conflicting counter resets during histogram ${operation}`;
}

/** Custom bounds that differed. */
export function boundsReconciled(operation: HistogramOperation): string {
  return `${info}mismatched custom buckets were reconciled during ${operation}`;
}

function forMetric(metricName: string): string {
  return metricName === "" ? "" : ` for metric name ${quoteString(metricName)}`;
}

function details(entry: Entry): string {
  const { details: seen, occurrences = 0 } = entry;
  if (occurrences > 1) return ` (${occurrences} occurrences)`;
  if (seen === undefined) return "";
  const from = formatSecond(seen.minTimeMs);
  const to = formatSecond(seen.maxTimeMs);
  return `, from buckets ${formatGoFloat(seen.minBucket)} to ${formatGoFloat(seen.maxBucket)}, with a max diff of ${formatTwoDigits(seen.maxDifference)}, over ${seen.count} samples from ${from} to ${to}`;
}

function formatSecond(timeMs: number): string {
  return `${new Date(Math.floor(timeMs / 1000) * 1000).toISOString().slice(0, 19)}Z`;
}

/** " (line:column)" of a byte offset, both from 1. */
function position(query: string, start: number): string {
  if (start < 0) return "";
  const bytes = new TextEncoder().encode(query);
  if (start > bytes.length) return " (invalid position)";
  let line = 1;
  let lineStart = 0;
  for (let i = 0; i < start; i++) {
    if (bytes[i] !== 0x0a) continue;
    line++;
    lineStart = i + 1;
  }
  return ` (${line}:${start - lineStart + 1})`;
}

function shorten(lines: string[], kind: string): string[] {
  if (lines.length <= annotationsMax) return lines;
  const omitted = lines.length - annotationsMax;
  return [...lines.slice(0, annotationsMax), `${omitted} more ${kind} annotations omitted`];
}
