/**
 * Answers of /query and /query_range as frames, as Grafana's Prometheus data source makes them: a
 * frame a series, one table of all, or a heatmap's buckets.
 */

import { bucketFrame, type HistogramPoint } from "./bucket-frames.ts";
import { createFrame, type Field, type Frame, type Labels } from "./frame.ts";
import { seriesLegend } from "./legend-format.ts";
import type { Target } from "./model.ts";

/** One series of an answer: sorted times (ms) and as many values. */
export interface PrometheusSeries {
  readonly labels: Labels;
  readonly timesMs: Float64Array;
  readonly values: Float64Array;
  /** Native histograms of the series, where it has any. */
  readonly histograms?: readonly HistogramPoint[];
}

/** `data` of an API answer. */
export interface PrometheusData {
  readonly resultType: "matrix" | "vector" | "scalar" | "string";
  readonly result: unknown;
}

/** What frames take from their query. */
export type FrameTarget = Pick<Target, "refId" | "expr" | "legendFormat" | "format">;

export interface FrameOptions {
  /** Step of a range query, ms: longer distances are gaps. */
  readonly stepMs?: number;
  /** How many queries of the panel give tables; with more than one the columns are "Value #A"… */
  readonly tableCount?: number;
  /** The panel draws buckets: native histograms become their columns; else they are passed over. */
  readonly drawsBuckets?: boolean;
}

/** Frames of the API's JSON. Histogram samples are passed over. O(samples). */
export function framesFromPrometheus(
  data: PrometheusData,
  target: FrameTarget,
  options: FrameOptions = {},
): Frame[] {
  return framesFromSeries(readPrometheusSeries(data), target, options);
}

/** Frames of series already read. */
export function framesFromSeries(
  series: readonly PrometheusSeries[],
  target: FrameTarget,
  options: FrameOptions = {},
): Frame[] {
  const points = options.drawsBuckets === true ? series.flatMap((one) => one.histograms ?? []) : [];
  if (points.length > 0) {
    const step = options.stepMs === undefined ? {} : { stepMs: options.stepMs };
    return [bucketFrame(points, { refId: target.refId, ...step })];
  }
  if (target.format === "table") return [tableFrame(series, target, options.tableCount ?? 1)];
  if (target.format === "heatmap") return heatmapFrames(series, target, options);
  return series.map((one) => seriesFrame(one, target, options));
}

type WirePair = readonly [number, string];

interface WireSeries {
  readonly metric?: Labels;
  readonly values?: readonly WirePair[];
  readonly value?: WirePair;
}

/** Series of the API's JSON; a scalar is one series without labels, a string none. */
export function readPrometheusSeries(data: PrometheusData): PrometheusSeries[] {
  if (data.resultType === "string") return [];
  if (data.resultType === "scalar") return [readSeries({ value: data.result as WirePair })];
  return (data.result as readonly WireSeries[]).map(readSeries);
}

function readSeries(wire: WireSeries): PrometheusSeries {
  const pairs = wire.values ?? (wire.value === undefined ? [] : [wire.value]);
  const timesMs = new Float64Array(pairs.length);
  const values = new Float64Array(pairs.length);
  for (let index = 0; index < pairs.length; index++) {
    const pair = pairs[index] as WirePair;
    timesMs[index] = Math.round(pair[0] * 1000);
    values[index] = readSampleValue(pair[1]);
  }
  return { labels: wire.metric ?? {}, timesMs, values };
}

function readSampleValue(text: string): number {
  if (text === "+Inf" || text === "Inf") return Number.POSITIVE_INFINITY;
  return text === "-Inf" ? Number.NEGATIVE_INFINITY : Number(text);
}

function timeColumn(values: Float64Array, stepMs: number | undefined): Field {
  const config = stepMs === undefined ? {} : { interval: stepMs };
  return { name: "Time", type: "time", config, values };
}

function seriesFrame(
  series: PrometheusSeries,
  target: FrameTarget,
  { stepMs }: FrameOptions,
): Frame {
  const { labels } = series;
  const legend = seriesLegend(target.legendFormat, labels, target.expr);
  const value: Field = {
    name: "Value",
    type: "number",
    labels,
    config: legend === undefined ? {} : { displayNameFromDS: legend },
    values: series.values,
  };
  return createFrame([timeColumn(series.timesMs, stepMs), value], {
    refId: target.refId,
    ...(legend === undefined ? {} : { name: legend }),
  });
}

/** A row a sample: Time, a column for each label of any series (sorted as they first come), the value. */
function tableFrame(
  series: readonly PrometheusSeries[],
  target: FrameTarget,
  tableCount: number,
): Frame {
  const columns = new Map<string, unknown[]>();
  for (const { labels } of series) {
    for (const name of Object.keys(labels).sort()) {
      if (!columns.has(name)) columns.set(name, []);
    }
  }
  const rowCount = series.reduce((count, { values }) => count + values.length, 0);
  const timesMs = new Float64Array(rowCount);
  const values = new Float64Array(rowCount);
  let row = 0;
  for (const one of series) {
    timesMs.set(one.timesMs, row);
    values.set(one.values, row);
    row += one.values.length;
    for (const [name, column] of columns) {
      const cell = labelCell(name, one.labels[name]);
      for (let index = 0; index < one.values.length; index++) column.push(cell);
    }
  }
  const labelFields = [...columns].map(
    ([name, cells]): Field => ({
      name,
      type: name === bucketLabel ? "number" : "string",
      config: { filterable: true },
      values: cells,
    }),
  );
  const valueName = tableCount > 1 ? `Value #${target.refId}` : "Value";
  const value: Field = { name: valueName, type: "number", config: {}, values };
  return createFrame([timeColumn(timesMs, undefined), ...labelFields, value], {
    refId: target.refId,
    meta: { preferredVisualisationType: "table" },
  });
}

const bucketLabel = "le";

function labelCell(name: string, value: string | undefined): string | number {
  if (name !== bucketLabel) return value ?? "";
  return value === undefined ? Number.NaN : readSampleValue(value);
}

/** Cumulative `le` buckets as counts of their own, lowest first, each named for its bound. */
function heatmapFrames(
  series: readonly PrometheusSeries[],
  target: FrameTarget,
  { stepMs }: FrameOptions,
): Frame[] {
  const bounded = series.filter(({ labels }) => labels[bucketLabel] !== undefined);
  if (bounded.length === 0)
    return series.map((one) =>
      seriesFrame(one, target, { ...(stepMs === undefined ? {} : { stepMs }) }),
    );
  const bound = (one: PrometheusSeries) => readSampleValue(one.labels[bucketLabel] ?? "");
  const sorted = [...bounded].sort((a, b) => bound(a) - bound(b));
  const allTimes = [...new Set(sorted.flatMap(({ timesMs }) => [...timesMs]))].sort(
    (a, b) => a - b,
  );
  const timesMs = Float64Array.from(allTimes);
  let below: Float64Array = new Float64Array(timesMs.length);
  const buckets = sorted.map((one): Field => {
    const cumulative = alignValues(one, timesMs, below);
    const values = cumulative.map((value, index) => value - (below[index] ?? 0));
    below = cumulative;
    const name = one.labels[bucketLabel] ?? "";
    return {
      name,
      type: "number",
      labels: one.labels,
      config: { displayNameFromDS: name },
      values,
    };
  });
  return [
    createFrame([timeColumn(timesMs, stepMs), ...buckets], {
      refId: target.refId,
      meta: { type: "heatmap-rows" },
    }),
  ];
}

/** The values of `one` at each of `timesMs`; where it has none, as many as in the buckets below. */
function alignValues(
  one: PrometheusSeries,
  timesMs: Float64Array,
  below: Float64Array,
): Float64Array {
  const aligned = Float64Array.from(below);
  let next = 0;
  for (let index = 0; index < timesMs.length; index++) {
    if (one.timesMs[next] !== timesMs[index]) continue;
    aligned[index] = one.values[next] ?? 0;
    next++;
  }
  return aligned;
}
