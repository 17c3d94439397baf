/**
 * A heat map's cells: buckets of a histogram over time (one field a bucket), or values counted into
 * buckets of their size where the panel asks for it. Pure.
 */

import { createFieldNamer } from "../../../src/dashboard/field-name.ts";
import { type Field, type Frame, timeField } from "../../../src/dashboard/frame.ts";
import { asNumber, asObject, asString } from "../../../src/dashboard/json-reader.ts";
import type { Panel } from "../../../src/dashboard/model.ts";
import { formatValueText } from "../../../src/dashboard/units/format-value.ts";
import { niceScale } from "../../charts/value-axis.ts";
import type { PanelResult } from "../panel-props.ts";

/** Rows from the lowest up; `counts[row * columns + column]`, NaN where nothing was recorded. */
export interface HeatmapModel {
  /** End of each column: a sample tells of the step before it. */
  readonly timesMs: Float64Array;
  readonly stepMs: number;
  readonly rows: readonly HeatmapRow[];
  readonly counts: Float64Array;
  /** Ends of the colour scale. */
  readonly min: number;
  readonly max: number;
  /** Power that a share of the scale is raised to; below 1 brings out small counts. */
  readonly exponent: number;
  readonly formatCount: (count: number) => string;
}

/** One row: its name, and its upper bound where it is a bucket. */
export interface HeatmapRow {
  readonly name: string;
  readonly top: string | undefined;
}

interface Series {
  readonly name: string;
  /** Upper bound, NaN where the series is no bucket. */
  readonly bound: number;
  readonly timesMs: Field["values"];
  readonly values: Field["values"];
  readonly field: Field;
}

type Grid = Pick<HeatmapModel, "timesMs" | "rows" | "counts">;

/** Cells with less are not drawn. */
export const countMin = 1e-9;
const exponentDefault = 0.5;
const opacityMin = 0.12;
const rowsWanted = 12;
const rowsMax = 200;

/** Builds the cells of `panel` from its frames. O(samples). */
export function buildHeatmap(panel: Panel, result: PanelResult): HeatmapModel {
  const { options } = panel;
  const series = readSeries(result.frames);
  const areBuckets = series.length > 0 && series.every((one) => !Number.isNaN(one.bound));
  const isCounting =
    options["calculate"] === true || (options["calculate"] === undefined && !areBuckets);
  const unit = asString(asObject(options["yAxis"])["unit"]) || series[0]?.field.config.unit;
  const grid = isCounting
    ? countValues(series, panel, unit)
    : bucketRows(areBuckets ? [...series].sort((a, b) => a.bound - b.bound) : series, {
        unit: areBuckets ? unit : undefined,
        isCumulative:
          areBuckets && !result.frames.some((one) => one.meta?.["type"] === "heatmap-rows"),
      });
  const color = asObject(options["color"]);
  const cellUnit = asString(asObject(options["cellValues"])["unit"]) || "short";
  return {
    ...grid,
    stepMs: Math.max(1, result.stepMs),
    min: asNumber(color["min"]) ?? 0,
    max: asNumber(color["max"]) ?? largest(grid.counts),
    exponent: color["scale"] === "linear" ? 1 : (asNumber(color["exponent"]) ?? exponentDefault),
    formatCount: (count) => formatValueText(count, cellUnit),
  };
}

/** How strongly a cell is filled, 0.12 to 1 (UI.md 5); 0 where it is not drawn. */
export function cellOpacity(model: HeatmapModel, count: number): number {
  if (!(count > countMin)) return 0;
  const span = model.max - model.min;
  const share = span > 0 ? Math.min(1, Math.max(0, (count - model.min) / span)) : 1;
  return opacityMin + (1 - opacityMin) * share ** model.exponent;
}

/** The column that an instant lies in, -1 where there is none. */
export function columnAt(model: HeatmapModel, atMs: number): number {
  const { timesMs, stepMs } = model;
  let low = 0;
  let high = timesMs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((timesMs[middle] ?? 0) < atMs) low = middle + 1;
    else high = middle;
  }
  const endMs = timesMs[low];
  return endMs !== undefined && endMs - stepMs <= atMs ? low : -1;
}

function readSeries(frames: readonly Frame[]): readonly Series[] {
  const namer = createFieldNamer(frames);
  return frames.flatMap((frame) => {
    const timesMs = timeField(frame)?.values;
    if (timesMs === undefined) return [];
    return frame.fields
      .filter((field) => field.type === "number")
      .map((field) => ({
        name: namer(field, frame),
        bound: readBound(field.labels?.["le"]),
        timesMs,
        values: field.values,
        field,
      }));
  });
}

function readBound(text: string | undefined): number {
  if (text === undefined) return Number.NaN;
  return text === "+Inf" ? Number.POSITIVE_INFINITY : Number(text);
}

/** A row a series; cumulative buckets lose what lies in the bucket below. */
function bucketRows(
  series: readonly Series[],
  options: { readonly unit: string | undefined; readonly isCumulative: boolean },
): Grid {
  const { timesMs, columnOf } = joinTimes(series);
  const columns = timesMs.length;
  const counts = new Float64Array(series.length * columns).fill(Number.NaN);
  series.forEach((one, row) => {
    for (let index = 0; index < one.values.length; index++) {
      const value = one.values[index];
      if (typeof value !== "number") continue;
      counts[row * columns + (columnOf.get(one.timesMs[index] as number) ?? 0)] = value;
    }
  });
  if (options.isCumulative) subtractBelow(counts, columns);
  const spell = (bound: number) =>
    Number.isFinite(bound) ? formatValueText(bound, options.unit ?? "short") : "∞";
  const rows = series.map((one, row): HeatmapRow => {
    if (Number.isNaN(one.bound)) return { name: one.name, top: undefined };
    const below = series[row - 1]?.bound;
    const top = spell(one.bound);
    if (below === undefined) return { name: `up to ${top}`, top };
    return {
      name:
        one.bound === Number.POSITIVE_INFINITY
          ? `above ${spell(below)}`
          : `${spell(below)} to ${top}`,
      top,
    };
  });
  return { timesMs, rows, counts };
}

/** From the highest row down, so that each row still finds the cumulative one below it. */
function subtractBelow(counts: Float64Array, columns: number): void {
  for (let index = counts.length - 1; index >= columns; index--) {
    const below = counts[index - columns] ?? Number.NaN;
    if (!Number.isNaN(below)) counts[index] = (counts[index] ?? Number.NaN) - below;
  }
}

/** Every value of every series counts one, in a bucket of values of the same size. */
function countValues(series: readonly Series[], panel: Panel, unit: string | undefined): Grid {
  const { timesMs, columnOf } = joinTimes(series);
  const columns = timesMs.length;
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const { values } of series) {
    for (let index = 0; index < values.length; index++) {
      const value = values[index];
      if (typeof value !== "number" || !Number.isFinite(value)) continue;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  if (low > high) return { timesMs, rows: [], counts: new Float64Array(0) };
  const scale = rowScale(low, high, panel);
  const counts = new Float64Array(scale.count * columns);
  for (const one of series) {
    for (let index = 0; index < one.values.length; index++) {
      const value = one.values[index];
      if (typeof value !== "number" || !Number.isFinite(value)) continue;
      const row = Math.min(scale.count - 1, Math.floor((value - scale.start) / scale.size));
      const cell = row * columns + (columnOf.get(one.timesMs[index] as number) ?? 0);
      counts[cell] = (counts[cell] ?? 0) + 1;
    }
  }
  const spell = (value: number) => formatValueText(Number(value.toPrecision(12)), unit ?? "short");
  const rows = Array.from({ length: scale.count }, (_, row) => {
    const from = scale.start + row * scale.size;
    const top = spell(from + scale.size);
    return { name: `${spell(from)} to ${top}`, top };
  });
  return { timesMs, rows, counts };
}

function rowScale(low: number, high: number, panel: Panel) {
  const buckets = asObject(asObject(panel.options["calculation"])["yBuckets"]);
  const wanted = asNumber(buckets["value"]);
  const isSized = buckets["mode"] === "size" && wanted !== undefined && wanted > 0;
  const ticks =
    buckets["mode"] === "count" && wanted !== undefined ? Math.max(1, wanted) : rowsWanted;
  let size = isSized ? wanted : niceScale(low, high, { ticks: Math.min(rowsMax, ticks) }).step;
  size = Math.max(size, (high - low) / (rowsMax - 1));
  const start = Math.floor(low / size) * size;
  return {
    size,
    start,
    count: Math.max(1, Math.min(rowsMax, Math.floor((high - start) / size) + 1)),
  };
}

function joinTimes(series: readonly Series[]) {
  const all = new Set<number>();
  let last: Series["timesMs"] | undefined;
  for (const { timesMs } of series) {
    if (timesMs === last) continue;
    last = timesMs;
    for (let index = 0; index < timesMs.length; index++) all.add(timesMs[index] as number);
  }
  const timesMs = Float64Array.from(all).sort();
  return { timesMs, columnOf: new Map(Array.from(timesMs, (time, column) => [time, column])) };
}

function largest(counts: Float64Array): number {
  let max = 0;
  for (let index = 0; index < counts.length; index++) {
    const count = counts[index] ?? 0;
    if (count > max && Number.isFinite(count)) max = count;
  }
  return max;
}
