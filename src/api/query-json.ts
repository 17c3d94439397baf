/**
 * Query results as Prometheus' JSON, in pieces of bounded size so that a large matrix is never one
 * string. Samples print as plain decimals, with an exponent where they are tiny or huge; a scalar
 * never has one. Times are seconds with three digits where needed.
 */

import { type Bucket, type FloatHistogram, histogramBuckets } from "../model/histogram.ts";
import type { Labels } from "../model/labels.ts";
import { formatPlainDecimal, formatSampleValue } from "../model/value-format.ts";
import type { MatrixSeries, QueryValue, VectorSample } from "../promql/engine/query-result.ts";
import { AsciiTexts, JsonBytes } from "./json-bytes.ts";
import { jsonText } from "./json-text.ts";

/** A piece of text is handed on once it holds this many characters. */
const pieceLength = 64 * 1024;
/** The same of bytes, and what is made room for beyond: a series is never cut. */
const pieceBytes = 256 * 1024;
const pieceRoom = 64 * 1024;
/** A point takes about so many bytes, the labels of a series so many. */
const pointBytes = 36;
const labelBytes = 512;

/** The `data` member of a query's answer; `stats` is JSON beside the result. O(result). */
export function* queryValueJson(
  value: QueryValue,
  stats?: string,
): Generator<string | Uint8Array, void> {
  const tail = stats === undefined ? "}" : `,"stats":${stats}}`;
  switch (value.type) {
    case "scalar":
      yield `{"resultType":"scalar","result":[${seconds(value.timestampMs)},"${formatPlainDecimal(value.value)}"]${tail}`;
      return;
    case "string":
      yield `{"resultType":"string","result":[${seconds(value.timestampMs)},${jsonText(value.value)}]${tail}`;
      return;
    case "vector":
      yield* resultList("vector", value.samples, vectorSampleJson);
      yield tail;
      return;
    case "matrix":
      yield* matrixJson(value.series, tail);
  }
}

function* resultList<T>(
  resultType: string,
  items: readonly T[],
  write: (item: T) => string,
): Generator<string, void> {
  let piece = `{"resultType":"${resultType}","result":[`;
  for (let i = 0; i < items.length; i++) {
    piece += (i === 0 ? "" : ",") + write(items[i] as T);
    if (piece.length >= pieceLength) {
      yield piece;
      piece = "";
    }
  }
  yield `${piece}]`;
}

function vectorSampleJson(sample: VectorSample): string {
  const { labels, timestampMs, histogram } = sample;
  if (histogram !== undefined) {
    return `{"metric":${labelsJson(labels)},"histogram":${histogramPoint(timestampMs, histogram)}}`;
  }
  return `{"metric":${labelsJson(sample.labels)},"value":${point(sample.timestampMs, sample.value)}}`;
}

/** The matrix and what stands behind it. Series without gaps share their times, which are then bytes already. */
function* matrixJson(series: readonly MatrixSeries[], tail: string): Generator<Uint8Array, void> {
  const points = series.reduce((sum, { values }) => sum + values.length, 0);
  const expected = points * pointBytes + series.length * labelBytes;
  const bytes = new JsonBytes(Math.min(pieceBytes, expected) + pieceRoom);
  bytes.text('{"resultType":"matrix","result":[');
  let times: Float64Array | undefined;
  let heads = new AsciiTexts([]);
  for (let i = 0; i < series.length; i++) {
    const one = series[i] as MatrixSeries;
    if (one.timestampsMs !== times) {
      times = one.timestampsMs;
      heads = new AsciiTexts(Array.from(times, pointHead));
    }
    if (i > 0) bytes.text(",");
    writeMatrixSeries(bytes, one, heads);
    if (bytes.length >= pieceBytes) yield bytes.take();
  }
  bytes.text(`]${tail}`);
  yield bytes.take();
}

/** What stands before the value of a point, the end of the point before included. */
function pointHead(timestampMs: number, index: number): string {
  return `${index === 0 ? "[" : '"],['}${seconds(timestampMs)},"`;
}

/** Floats and native histograms in members of their own; one that would be empty is left out. */
function writeMatrixSeries(
  bytes: JsonBytes,
  { labels, values, histograms = [] }: MatrixSeries,
  heads: AsciiTexts,
): void {
  bytes.text(`{"metric":${labelsJson(labels)}`);
  if (values.length > 0) {
    bytes.text(',"values":[');
    for (let i = 0; i < values.length; i++) bytes.value(heads, i, values[i] as number);
    bytes.text('"]]');
  }
  if (histograms.length > 0) {
    const points = histograms.map(({ timestampMs, histogram }) =>
      histogramPoint(timestampMs, histogram),
    );
    bytes.text(`,"histograms":[${points.join()}]`);
  }
  bytes.text("}");
}

function histogramPoint(timestampMs: number, histogram: FloatHistogram): string {
  return `[${seconds(timestampMs)},${histogramJson(histogram)}]`;
}

/**
 * `{"count":"4","sum":"5","buckets":[[0,"1","2","4"]]}`, empty buckets left out. A bucket's first
 * number tells which bounds belong to it: 0 the upper, 1 the lower, 2 neither, 3 both.
 */
function histogramJson(histogram: FloatHistogram): string {
  const buckets: string[] = [];
  // Of the zero bucket Prometheus shows positive counts only, of the others negative ones too.
  const shown = histogram.zeroCount > 0 ? histogram : { ...histogram, zeroCount: 0 };
  for (const bucket of histogramBuckets(shown)) {
    if (bucket.count === 0) continue;
    const { lower, upper } = outsideZero(bucket, histogram.zeroThreshold);
    const numbers = [lower, upper, bucket.count].map((number) => `"${formatSampleValue(number)}"`);
    buckets.push(`[${boundaryCode(bucket)},${numbers.join()}]`);
  }
  const count = formatSampleValue(histogram.count);
  const list = buckets.length === 0 ? "" : `,"buckets":[${buckets.join()}]`;
  return `{"count":"${count}","sum":"${formatSampleValue(histogram.sum)}"${list}}`;
}

/** A bucket that reaches into the zero bucket is cut there. */
function outsideZero({ lower, upper }: Bucket, zeroThreshold: number) {
  if (lower > 0 && lower < zeroThreshold) return { lower: zeroThreshold, upper };
  if (upper < 0 && upper > -zeroThreshold) return { lower, upper: -zeroThreshold };
  return { lower, upper };
}

function boundaryCode({ isLowerInclusive, isUpperInclusive }: Bucket): number {
  if (isLowerInclusive) return isUpperInclusive ? 3 : 1;
  return isUpperInclusive ? 0 : 2;
}

function labelsJson(labels: Labels): string {
  return jsonText(labels.toObject());
}

function point(timestampMs: number, value: number): string {
  return `[${seconds(timestampMs)},"${formatSampleValue(value)}"]`;
}

/** Seconds with up to three digits: 1763701200, 1763701200.5. */
export function seconds(timestampMs: number): string {
  return String(timestampMs / 1000);
}
