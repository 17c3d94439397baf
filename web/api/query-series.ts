/** Answers of query and query_range as series in typed arrays. The one place that knows the JSON's shape. Pure. */

import type { Bucket } from "../../src/dashboard/bucket-frames.ts";
import { histogramText, type WireHistogram } from "./histogram-text.ts";

/** A native histogram at one time; read when somebody asks for its text. */
export interface HistogramSample {
  readonly timeMs: number;
  text(): string;
  buckets(): readonly Bucket[];
}

/** One series of an answer: sorted times and as many values. */
export interface QuerySeries {
  /** Letter of the query that gave it. */
  readonly refId: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
  /** Native histogram samples of this series,, which heat maps and histograms draw. */
  readonly histogramCount: number;
  /** Those, where there are any. */
  readonly histograms?: readonly HistogramSample[];
}

/** A range or instant answer, whatever its type. */
export interface QueryResult {
  readonly resultType: "matrix" | "vector" | "scalar" | "string";
  readonly series: readonly QuerySeries[];
  /** Value of a string result. */
  readonly text?: string;
  readonly sampleCount: number;
}

/** `data` of an answer to query or query_range. */
export interface QueryData {
  readonly resultType: QueryResult["resultType"];
  readonly result: unknown;
}

type WirePair = readonly [number, string];

interface WireSeries {
  readonly metric?: Readonly<Record<string, string>>;
  readonly values?: readonly WirePair[];
  readonly value?: WirePair;
  readonly histograms?: readonly WireHistogramPair[];
  readonly histogram?: WireHistogramPair;
}

type WireHistogramPair = readonly [number, WireHistogram];

/** A number as Prometheus writes it: `+Inf`, `-Inf` and `NaN` included. */
export function parseSampleValue(text: string): number {
  if (text === "+Inf" || text === "Inf") return Number.POSITIVE_INFINITY;
  if (text === "-Inf") return Number.NEGATIVE_INFINITY;
  return Number(text);
}

/** Reads `data`; `refId` goes to every series. O(samples). */
export function readQueryData(data: QueryData, refId: string): QueryResult {
  const { resultType } = data;
  if (resultType === "scalar" || resultType === "string") {
    const pair = data.result as WirePair;
    if (resultType === "string") return { resultType, series: [], text: pair[1], sampleCount: 1 };
    return { resultType, series: [readSeries({ value: pair }, refId)], sampleCount: 1 };
  }
  const series = (data.result as readonly WireSeries[]).map((one) => readSeries(one, refId));
  let sampleCount = 0;
  for (const one of series) sampleCount += one.values.length + one.histogramCount;
  return { resultType, series, sampleCount };
}

function readSeries(wire: WireSeries, refId: string): QuerySeries {
  const pairs = wire.values ?? (wire.value === undefined ? [] : [wire.value]);
  const timesMs = new Float64Array(pairs.length);
  const values = new Float64Array(pairs.length);
  for (let index = 0; index < pairs.length; index++) {
    const pair = pairs[index];
    if (pair === undefined) continue;
    timesMs[index] = Math.round(pair[0] * 1000);
    values[index] = parseSampleValue(pair[1]);
  }
  const found = wire.histograms ?? (wire.histogram === undefined ? [] : [wire.histogram]);
  const series = { refId, labels: wire.metric ?? {}, timesMs, values };
  if (found.length === 0) return { ...series, histogramCount: 0 };
  const histograms = found.map(([seconds, histogram]) => ({
    timeMs: Math.round(seconds * 1000),
    text: () => histogramText(histogram),
    buckets: () =>
      (histogram.buckets ?? []).map(
        ([, lower, upper, count]): Bucket => [
          parseSampleValue(lower),
          parseSampleValue(upper),
          Number(count),
        ],
      ),
  }));
  return { ...series, histogramCount: histograms.length, histograms };
}

/** A series' name as PromQL writes it: `up{job="x"}`; label names that are no identifiers are quoted. */
export function seriesText(labels: Readonly<Record<string, string>>): string {
  const name = labels["__name__"] ?? "";
  const pairs = Object.entries(labels)
    .filter(([label]) => label !== "__name__")
    .map(([label, value]) => `${quoteName(label)}=${JSON.stringify(value)}`);
  if (pairs.length === 0) return name === "" ? "{}" : name;
  return `${name}{${pairs.join(", ")}}`;
}

function quoteName(label: string): string {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label) ? label : JSON.stringify(label);
}
