/** A histogram's bars: values of all series counted into buckets of one size, by the model's own transformation. Pure. */

import { bucketSums } from "../../../src/dashboard/bucket-frames.ts";
import { createFieldNamer } from "../../../src/dashboard/field-name.ts";
import { createFrame, type Field, type Frame } from "../../../src/dashboard/frame.ts";
import type { Panel } from "../../../src/dashboard/model.ts";
import { histogram } from "../../../src/dashboard/transform/histogram.ts";
import { joinFormatted } from "../../../src/dashboard/units/format-value.ts";
import type { TimeZone } from "../../time/time-range.ts";
import { createFieldDisplay } from "../field-display.ts";

/** Buckets in ascending order; those without any value are left out of all lists. */
export interface HistogramModel {
  readonly mins: readonly number[];
  readonly maxes: readonly number[];
  readonly series: readonly HistogramSeries[];
  /** The largest count. */
  readonly high: number;
  readonly formatBound: (value: number) => string;
}

/** Counts of one series, or of all where the panel combines them. */
export interface HistogramSeries {
  readonly label: string;
  readonly color: string;
  readonly counts: readonly number[];
  readonly field: Field;
}

/** The transformation reads none: variables in options are replaced before. */
const noVariables = { variables: new Map() };

/** Counts the frames' values; undefined where there is no number. */
export function buildHistogram(
  panel: Panel,
  frames: readonly Frame[],
  zone: TimeZone,
): HistogramModel | undefined {
  const counted =
    frames.find((frame) => frame.meta?.["type"] === "histogram") ?? bucketCounts(frames);
  const frame = counted ?? histogram(frames, panel.options, noVariables)[0];
  const [min, max, ...countFields] = frame?.fields ?? [];
  if (frame === undefined || min === undefined || max === undefined) return undefined;
  const names = countNames(frame, countFields, counted === undefined ? frames : [frame]);
  const bound = createFieldDisplay(min, { name: min.name, slot: 0, zone });
  const series = countFields
    .filter((field) => field.type === "number")
    .map((field, slot): HistogramSeries => {
      const label = names[slot] ?? field.name;
      const at = { name: label, slot, zone, modeDefault: "palette-classic" };
      const counts = Array.from(field.values, (value) => (typeof value === "number" ? value : 0));
      return { label, field, counts, color: createFieldDisplay(field, at).color(counts[0]) };
    });
  return {
    mins: min.values as readonly number[],
    maxes: max.values as readonly number[],
    series,
    high: Math.max(0, ...series.flatMap((one) => one.counts)),
    formatBound: (value) => joinFormatted(bound.format(value)),
  };
}

/** Buckets that the first query's answer holds, over all times; undefined where there are none. */
function bucketCounts(frames: readonly Frame[]): Frame | undefined {
  const sums = frames.flatMap((frame) => {
    const buckets = bucketSums(frame);
    return buckets === undefined ? [] : [{ name: frame.refId ?? "Count", buckets }];
  });
  const [first] = sums;
  if (first === undefined) return undefined;
  // A bucket without an end has no place on the axis.
  const drawn = first.buckets.filter(([lower, upper]) => Number.isFinite(lower + upper));
  const column = (name: string, values: number[]): Field => ({
    name,
    type: "number",
    config: {},
    values,
  });
  const fields = [
    column(
      "xMin",
      drawn.map(([lower]) => lower),
    ),
    column(
      "xMax",
      drawn.map(([, upper]) => upper),
    ),
    column(
      "count",
      drawn.map(([, , count]) => count),
    ),
  ];
  return createFrame(fields, { meta: { type: "histogram" } });
}

/** Names that the series had before they were counted. */
function countNames(
  frame: Frame,
  fields: readonly Field[],
  sources: readonly Frame[],
): readonly string[] {
  if (sources[0] === frame || fields[0]?.name === "count") {
    return fields.map((field) => field.state?.displayName ?? field.name);
  }
  const namer = createFieldNamer(sources);
  return sources.flatMap((source) =>
    source.fields.filter((field) => field.type === "number").map((field) => namer(field, source)),
  );
}
