/** histogram: how many values of each number column fall into buckets of one size. */

import type { Field, FieldSettings, Frame } from "../frame.ts";
import { asNumber } from "../json-reader.ts";
import type { TransformStep } from "./step.ts";

/** Buckets wanted where their size is not given. */
const bucketCountDefault = 30;
const sizeSteps = [1, 2, 2.5, 4, 5];

/** xMin, xMax and a count a column; buckets without any value are left out. */
export const histogram: TransformStep = (frames, options) => {
  const sources = frames.flatMap((frame) =>
    frame.fields.filter((field) => field.type === "number").map((field) => ({ field, frame })),
  );
  const [first] = sources;
  if (first === undefined) return [];
  const columns = sources.map(({ field }) => numbersOf(field));
  const size =
    asNumber(options["bucketSize"]) || bestSize(columns.flat(), asNumber(options["bucketCount"]));
  const offset = asNumber(options["bucketOffset"]) ?? 0;
  const counts = columns.map((column) => countBuckets(column, size, offset));
  const mins = [...new Set(counts.flatMap((count) => [...count.keys()]))].sort((a, b) => a - b);
  const config = boundConfig(first.field, size);
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
  const { unit: _unit, ...config } = field.config;
  return {
    name: field.name,
    type: "number",
    ...(field.labels === undefined ? {} : { labels: field.labels }),
    config,
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

function numbersOf(field: Field): number[] {
  return [...field.values].filter(
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
    const min = Math.floor((value - offset) / size) * size + offset;
    counts.set(min, (counts.get(min) ?? 0) + 1);
  }
  return counts;
}

/** The smallest round size that tells neighbours apart and gives fewer buckets than wanted. */
function bestSize(values: readonly number[], bucketCount = bucketCountDefault): number {
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
      if (size >= smallestStep && (max - min) / size < bucketCount) return size;
    }
  }
  return max - min;
}

/** Bounds are written in the field's unit with as many decimals as the size has. */
function boundConfig(field: Field, size: number): FieldSettings {
  const decimals = (String(size).split(".")[1] ?? "").length;
  const { unit } = field.config;
  return {
    ...(unit === undefined ? {} : { unit }),
    ...(decimals === 0 ? {} : { decimals }),
  };
}
