/** histogram: how many values of each number column fall into buckets of one size. */

import type { Field, FieldSettings, Frame } from "../frame.ts";
import { asNumber } from "../json-reader.ts";
import type { TransformStep } from "./step.ts";

/** Buckets wanted where their size is not given. */
const bucketCount = 30;
const boundDecimals = 9;
const sizeSteps = [1, 2, 2.5, 4, 5];

/** xMin, xMax and a count a column; buckets without any value are left out. */
export const histogram: TransformStep = (frames, options) => {
  const sources = frames.flatMap((frame) =>
    frame.fields.filter((field) => field.type === "number").map((field) => ({ field, frame })),
  );
  const [first] = sources;
  if (first === undefined) return [];
  const columns = sources.map(({ field }) => numbersOf(field));
  const givenSize = asNumber(options["bucketSize"]) ?? 0;
  const size = givenSize > 0 ? givenSize : bestSize(columns.flat());
  const offset = asNumber(options["bucketOffset"]) ?? 0;
  const counts = columns.map((column) => countBuckets(column, size, offset));
  const mins = [...new Set(counts.flatMap((count) => [...count.keys()]))].sort((a, b) => a - b);
  const config = boundConfig(sources.find(({ field }) => field.config.unit)?.field, size);
  const countOf = (index: number) => mins.map((min) => counts[index]?.get(min) ?? 0);
  const { fields, ...head } = histogramFrame(mins, size, config);
  const countFields =
    options["combine"] === true
      ? [combinedField(first.field, mins, counts)]
      : sources.map(({ field }, index) => countField(field, countOf(index)));
  return [{ ...head, fields: [...fields, ...countFields] }];
};

function histogramFrame(mins: readonly number[], size: number, config: FieldSettings): Frame {
  const maxes = mins.map((min) => min + size);
  return {
    refId: "histogram",
    meta: { type: "histogram" },
    fields: [
      { name: "xMin", type: "number", config, values: mins },
      { name: "xMax", type: "number", config, values: maxes },
    ],
    length: mins.length,
  };
}

function countField(field: Field, values: readonly number[]): Field {
  const { unit, ...config } = field.config;
  return {
    name: field.name,
    type: "number",
    ...(field.labels === undefined ? {} : { labels: field.labels }),
    config: unit === "short" ? field.config : config,
    values,
  };
}

function combinedField(
  field: Field,
  mins: readonly number[],
  counts: readonly ReadonlyMap<number, number>[],
): Field {
  const values = mins.map((min) => counts.reduce((sum, count) => sum + (count.get(min) ?? 0), 0));
  return {
    ...countField(field, values),
    name: "count",
    state: { displayName: "Count", seriesIndex: 0 },
  };
}

/** Null counts as what is shown for it, where that is a number. */
function numbersOf(field: Field): number[] {
  const { noValue } = field.config;
  const forNull = noValue === undefined ? Number.NaN : Number(noValue);
  const values = [...field.values].map((value: unknown) =>
    value === null || value === undefined ? forNull : value,
  );
  return values.filter(
    (value): value is number => typeof value === "number" && Number.isFinite(value),
  );
}

function countBuckets(
  values: readonly number[],
  size: number,
  offset: number,
): Map<number, number> {
  const counts = new Map<number, number>();
  for (const value of values) {
    const min = roundBound(Math.floor((value - offset) / size) * size + offset);
    counts.set(min, (counts.get(min) ?? 0) + 1);
  }
  return counts;
}

/** Bounds that fall together stay together: 0.1 + 0.2 is 0.3. */
function roundBound(value: number): number {
  const factor = 10 ** boundDecimals;
  return Math.round(value * factor * (1 + Number.EPSILON)) / factor;
}

/** The smallest round size that tells neighbours apart and gives fewer buckets than wanted. */
function bestSize(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const [min = 0, max = 0] = [sorted[0], sorted.at(-1)];
  let smallestStep = sorted.length === 1 ? 1 : Number.POSITIVE_INFINITY;
  for (let index = 1; index < sorted.length; index++) {
    const step = (sorted[index] ?? 0) - (sorted[index - 1] ?? 0);
    if (step > 0) smallestStep = Math.min(smallestStep, step);
  }
  if (!Number.isFinite(smallestStep)) return 1;
  for (let power = -9; power < 19; power++) {
    for (const step of sizeSteps) {
      const size = Number(`${step}e${power}`);
      // Grafana's list has no size of 2.5 alone.
      if (size === 2.5) continue;
      if (size >= smallestStep && (max - min) / bucketCount < size) return size;
    }
  }
  return max - min;
}

/** Bounds are written as the first field that has a unit is, with as many decimals as the size has. */
function boundConfig(field: Field | undefined, size: number): FieldSettings {
  const decimals = (String(size).split(".")[1] ?? "").length;
  return { ...field?.config, ...(decimals === 0 ? {} : { decimals }) };
}
