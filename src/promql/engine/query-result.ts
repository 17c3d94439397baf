/**
 * What a query evaluates to, and the remarks beside it. Vectors carry one value a series; matrices
 * parallel typed arrays of floats, native histograms in a list of their own.
 */

import type { FloatHistogram } from "../../model/histogram.ts";
import type { Labels } from "../../model/labels.ts";

/** A scalar at one time. */
export interface ScalarResult {
  readonly type: "scalar";
  readonly timestampMs: number;
  readonly value: number;
}

export interface StringResult {
  readonly type: "string";
  readonly timestampMs: number;
  readonly value: string;
}

export interface VectorSample {
  readonly labels: Labels;
  readonly timestampMs: number;
  /** NaN without meaning where `histogram` is set. */
  readonly value: number;
  readonly histogram?: FloatHistogram;
}

/** Order means something only after sort, topk and the like. */
export interface VectorResult {
  readonly type: "vector";
  readonly samples: readonly VectorSample[];
}

/** A native histogram at one time. */
export interface HistogramPoint {
  readonly timestampMs: number;
  readonly histogram: FloatHistogram;
}

/** Points of one series, oldest first; the arrays may be views, owned by the result. */
export interface MatrixSeries {
  readonly labels: Labels;
  /** Of the floats. */
  readonly timestampsMs: Float64Array;
  readonly values: Float64Array;
  /** Absent where there are none; a series may have both kinds, at different times. */
  readonly histograms?: readonly HistogramPoint[];
}

/** Sorted by labels. */
export interface MatrixResult {
  readonly type: "matrix";
  readonly series: readonly MatrixSeries[];
}

export type QueryValue = ScalarResult | StringResult | VectorResult | MatrixResult;

/** A finished query. */
export interface QueryResult {
  readonly value: QueryValue;
  /** Prometheus' texts with positions, distinct, at most ten of each. */
  readonly warnings: readonly string[];
  readonly infos: readonly string[];
  readonly stats: QueryStats;
}

/** Costs of a query. */
export interface QueryStats {
  /** As Prometheus counts them (sample-tally.ts). */
  readonly totalQueryableSamples: number;
  readonly samplesRead: number;
  readonly peakSamples: number;
  /** Wall time in the line of queries, ms; absent where there was no line. */
  readonly queueMs?: number;
  /** Wall time, ms: parsing and planning, reading series, evaluating. */
  readonly prepareMs: number;
  readonly selectMs: number;
  readonly evaluateMs: number;
  /** Only where asked for: by position in the query, an outer node before what is inside it. */
  readonly nodes?: readonly NodeStats[];
  /** Only where asked for: samples read for each step of the query. */
  readonly perStep?: StepStats;
}

/** The same by step. */
export interface StepStats {
  readonly startMs: number;
  /** 0 for an instant query. */
  readonly stepMs: number;
  readonly queryable: Float64Array;
  readonly read: Float64Array;
}

/** What a part of the query cost. */
export interface NodeStats {
  /** Byte offsets of its text in the query, end exclusive: those of the syntax tree. */
  readonly start: number;
  readonly end: number;
  /** Series it gave, or a range selector read; 1 for a scalar. */
  readonly seriesCount: number;
  /** Samples it gave over all steps; of a range selector those in its windows. */
  readonly samples: number;
  /** Wall time with what is inside it, ms; that of a range selector is in its function. */
  readonly timeMs: number;
}
