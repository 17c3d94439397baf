/**
 * The four kinds of metric families: counter, gauge, histogram, summary. A child's inc, set and
 * observe allocate nothing (exemplars aside); a family without labels takes them itself.
 */

import { assert } from "../base/assert.ts";
import { LimitError } from "../base/errors.ts";
import type { Labels } from "../model/labels.ts";
import type { Exemplar } from "../model/sample.ts";
import { type FamilyOptions, MetricChild, MetricFamily } from "./metric-family.ts";

/** OpenMetrics: the label names and values of an exemplar together have at most so many code points. */
export const exemplarCodePointsMax = 128;
/** The buckets of Prometheus' client libraries, in seconds. */
export const defaultBuckets: readonly number[] = [
  0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];
/** A summary computes its quantiles over so many latest observations. */
const summaryWindowObservations = 512;

/** The trace that an increment or observation belongs to; the value is that of the increment or observation. */
export interface ExemplarContext {
  readonly labels: Labels;
  /** When it was seen, ms since the epoch. */
  readonly timestampMs: number;
}

/** One counter. */
export class Counter extends MetricChild {
  value = 0;
  exemplar: Exemplar | undefined;

  /**
   * Adds `by` (>= 0). `exemplar` replaces the one before; over-long exemplar labels throw LimitError
   * after the addition, as the Go client does.
   */
  inc(by = 1, exemplar?: ExemplarContext): void {
    assert(by >= 0, "a counter cannot decrease");
    this.value += by;
    if (exemplar !== undefined) this.exemplar = makeExemplar(exemplar, by);
  }

  /** The same as `inc`. */
  add(by: number): void {
    this.inc(by);
  }

  /** Mirrors a total counted elsewhere (the kernel's, say), which may have restarted from a lower one. */
  setTotal(total: number): void {
    this.value = total;
  }
}

/** One gauge. */
export class Gauge extends MetricChild {
  value = 0;

  set(value: number): void {
    this.value = value;
  }

  inc(by = 1): void {
    this.value += by;
  }

  dec(by = 1): void {
    this.value -= by;
  }

  /** Adds `by`, which may be negative. */
  add(by: number): void {
    this.value += by;
  }
}

/** One classic histogram. */
export class Histogram extends MetricChild {
  /** Upper bounds, inclusive, ascending, without +Inf. Shared with the family. */
  readonly bounds: readonly number[];
  /** Observations per bucket, not cumulative; the last one is +Inf's. */
  readonly counts: Float64Array;
  /** The latest exemplar of each bucket. */
  readonly exemplars: (Exemplar | undefined)[];
  sum = 0;
  count = 0;

  constructor(labelValues: readonly string[], bounds: readonly number[]) {
    super(labelValues);
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
    this.exemplars = new Array<Exemplar | undefined>(bounds.length + 1).fill(undefined);
  }

  /** Counts `value`; O(buckets). An exemplar with over-long labels throws LimitError after the counting. */
  observe(value: number, exemplar?: ExemplarContext): void {
    const { bounds, counts } = this;
    let bucket = 0;
    // Written so that NaN falls through to +Inf, as in the Go client.
    while (bucket < bounds.length && !(value <= (bounds[bucket] as number))) bucket++;
    counts[bucket] = (counts[bucket] as number) + 1;
    this.sum += value;
    this.count++;
    if (exemplar !== undefined) this.exemplars[bucket] = makeExemplar(exemplar, value);
  }
}

/** One summary; quantiles over the latest observations. */
export class Summary extends MetricChild {
  sum = 0;
  count = 0;
  readonly #window: Float64Array;

  constructor(labelValues: readonly string[]) {
    super(labelValues);
    this.#window = new Float64Array(summaryWindowObservations);
  }

  observe(value: number): void {
    this.#window[this.count % summaryWindowObservations] = value;
    this.sum += value;
    this.count++;
  }

  /** The `quantile`s (each 0..1) by nearest rank, NaN where nothing was observed. O(window log window). */
  quantileValues(quantiles: readonly number[]): number[] {
    const size = Math.min(this.count, summaryWindowObservations);
    const sorted = this.#window.slice(0, size).sort();
    return quantiles.map((quantile) =>
      size === 0 ? Number.NaN : (sorted[Math.max(0, Math.ceil(quantile * size) - 1)] as number),
    );
  }
}

/** Counters of one name. Name it `..._total`: OpenMetrics shows any other as of unknown type. */
export class CounterFamily extends MetricFamily<Counter> {
  readonly type = "counter";

  constructor(options: FamilyOptions) {
    super(options, (labelValues) => new Counter(labelValues));
  }

  /** For a family without labels. */
  inc(by = 1, exemplar?: ExemplarContext): void {
    this.unlabelled().inc(by, exemplar);
  }

  /** For a family without labels. */
  setTotal(total: number): void {
    this.unlabelled().setTotal(total);
  }
}

/** Gauges of one name. */
export class GaugeFamily extends MetricFamily<Gauge> {
  readonly type = "gauge";

  constructor(options: FamilyOptions) {
    super(options, (labelValues) => new Gauge(labelValues));
  }

  /** For a family without labels. */
  set(value: number): void {
    this.unlabelled().set(value);
  }

  /** For a family without labels. */
  inc(by = 1): void {
    this.unlabelled().inc(by);
  }

  /** For a family without labels. */
  dec(by = 1): void {
    this.unlabelled().dec(by);
  }

  /** For a family without labels. */
  add(by: number): void {
    this.unlabelled().add(by);
  }
}

/** How a histogram family is declared; `buckets` are upper bounds, ascending, +Inf implied. */
export interface HistogramOptions extends FamilyOptions {
  readonly buckets?: readonly number[];
}

/** Histograms of one name. */
export class HistogramFamily extends MetricFamily<Histogram> {
  readonly type = "histogram";

  constructor(options: HistogramOptions) {
    const bounds = (options.buckets ?? defaultBuckets).filter(
      (bound) => bound !== Number.POSITIVE_INFINITY,
    );
    for (let i = 1; i < bounds.length; i++) {
      const isAscending = (bounds[i] as number) > (bounds[i - 1] as number);
      assert(isAscending, `buckets of ${options.name} are not ascending`);
    }
    assert(!options.labelNames?.includes("le"), `${options.name} cannot have a label le`);
    // Buckets with +Inf, sum and count.
    super(options, (labelValues) => new Histogram(labelValues, bounds), bounds.length + 3);
  }

  /** For a family without labels. */
  observe(value: number, exemplar?: ExemplarContext): void {
    this.unlabelled().observe(value, exemplar);
  }
}

/** How a summary family is declared; `quantiles` 0..1, ascending; default: none, only sum and count. */
export interface SummaryOptions extends FamilyOptions {
  readonly quantiles?: readonly number[];
}

/** Summaries of one name. */
export class SummaryFamily extends MetricFamily<Summary> {
  readonly type = "summary";
  readonly quantiles: readonly number[];

  constructor(options: SummaryOptions) {
    assert(
      !options.labelNames?.includes("quantile"),
      `${options.name} cannot have a label quantile`,
    );
    const series = (options.quantiles?.length ?? 0) + 2;
    super(options, (labelValues) => new Summary(labelValues), series);
    this.quantiles = [...(options.quantiles ?? [])];
  }

  /** For a family without labels. */
  observe(value: number): void {
    this.unlabelled().observe(value);
  }
}

/** Any family. */
export type AnyFamily = CounterFamily | GaugeFamily | HistogramFamily | SummaryFamily;

function makeExemplar(context: ExemplarContext, value: number): Exemplar {
  let codePoints = 0;
  for (const text of context.labels.pairs) for (const _ of text) codePoints++;
  if (codePoints > exemplarCodePointsMax) {
    throw new LimitError(
      `cannot attach exemplar: its labels have ${codePoints} characters, at most ${exemplarCodePointsMax} are allowed`,
      { limit: "exemplar label characters", actual: codePoints },
    );
  }
  return { labels: context.labels, value, timestampMs: context.timestampMs };
}
