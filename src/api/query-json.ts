/**
 * Query results as Prometheus' JSON, in pieces of bounded size so that a large matrix is never one
 * string. Samples print as plain decimals, with an exponent where they are tiny or huge; a scalar
 * never has one. Times are seconds with three digits where needed.
 */

import type { Labels } from "../model/labels.ts";
import { formatPlainDecimal, formatSampleValue } from "../model/value-format.ts";
import type { MatrixSeries, QueryValue, VectorSample } from "../promql/engine/query-result.ts";

/** A piece is handed on once it holds this many characters. */
const pieceLength = 64 * 1024;

/** The `data` member of a query's answer; `stats` is JSON beside the result. O(result). */
export function* queryValueJson(value: QueryValue, stats?: string): Generator<string, void> {
  const tail = stats === undefined ? "}" : `,"stats":${stats}}`;
  switch (value.type) {
    case "scalar":
      yield `{"resultType":"scalar","result":[${seconds(value.timestampMs)},"${formatPlainDecimal(value.value)}"]${tail}`;
      return;
    case "string":
      yield `{"resultType":"string","result":[${seconds(value.timestampMs)},${JSON.stringify(value.value)}]${tail}`;
      return;
    case "vector":
      yield* resultList("vector", value.samples, vectorSampleJson);
      yield tail;
      return;
    case "matrix":
      yield* resultList("matrix", value.series, matrixSeriesJson);
      yield tail;
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
  return `{"metric":${labelsJson(sample.labels)},"value":${point(sample.timestampMs, sample.value)}}`;
}

function matrixSeriesJson(series: MatrixSeries): string {
  const { timestampsMs, values } = series;
  let text = `{"metric":${labelsJson(series.labels)},"values":[`;
  for (let i = 0; i < values.length; i++) {
    text += (i === 0 ? "" : ",") + point(timestampsMs[i] as number, values[i] as number);
  }
  return `${text}]}`;
}

function labelsJson(labels: Labels): string {
  return JSON.stringify(labels.toObject());
}

function point(timestampMs: number, value: number): string {
  return `[${seconds(timestampMs)},"${formatSampleValue(value)}"]`;
}

/** Seconds with up to three digits: 1763701200, 1763701200.5. */
export function seconds(timestampMs: number): string {
  return String(timestampMs / 1000);
}
