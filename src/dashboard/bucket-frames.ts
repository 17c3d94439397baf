/** Native histograms as the frames that heat maps and histograms draw: a column a bucket, a row a time. */

import { createFrame, type Field, type Frame } from "./frame.ts";

/** `[lower, upper, count]`; bounds may be infinite. */
export type Bucket = readonly [number, number, number];

/** A native histogram at one time. */
export interface HistogramPoint {
  readonly timeMs: number;
  /** Its buckets that are not empty, in any order. O(buckets). */
  readonly buckets: () => readonly Bucket[];
}

/** Counts of all points that share time and bucket added up; columns from the lowest bucket up, named for their upper bounds. */
export function bucketFrame(
  points: readonly HistogramPoint[],
  head: { readonly refId: string; readonly stepMs?: number },
): Frame {
  const timesMs = [...new Set(points.map(({ timeMs }) => timeMs))].sort((a, b) => a - b);
  const rowOf = new Map(timesMs.map((timeMs, row) => [timeMs, row]));
  const columns = new Map<string, { lower: number; upper: number; counts: Float64Array }>();
  for (const { timeMs, buckets } of points) {
    const row = rowOf.get(timeMs) ?? 0;
    for (const [lower, upper, count] of buckets()) {
      const key = `${lower} ${upper}`;
      const column = columns.get(key) ?? { lower, upper, counts: new Float64Array(timesMs.length) };
      columns.set(key, column);
      column.counts[row] = (column.counts[row] ?? 0) + count;
    }
  }
  const sorted = [...columns.values()].sort((a, b) => a.upper - b.upper || a.lower - b.lower);
  const fields = sorted.map(({ lower, upper, counts }): Field => {
    const [ge, le] = [boundText(lower), boundText(upper)];
    return {
      name: le,
      type: "number",
      labels: { ge, le },
      config: { displayNameFromDS: le },
      values: counts,
    };
  });
  const config = head.stepMs === undefined ? {} : { interval: head.stepMs };
  const time: Field = { name: "Time", type: "time", config, values: Float64Array.from(timesMs) };
  return createFrame([time, ...fields], { refId: head.refId, meta: { type: "heatmap-rows" } });
}

/** What is counted in each bucket over all times: lower and upper bounds, and the sums; undefined for a frame without buckets. */
export function bucketSums(frame: Frame): readonly Bucket[] | undefined {
  if (frame.meta?.["type"] !== "heatmap-rows") return undefined;
  let below: number | undefined;
  return frame.fields
    .filter(({ type }) => type === "number")
    .map(({ labels, values }): Bucket => {
      const upper = readBound(labels?.["le"]);
      // The lowest classic bucket begins at 0, unless it ends below.
      const start = below ?? (upper > 0 ? 0 : Number.NEGATIVE_INFINITY);
      const lower = labels?.["ge"] === undefined ? start : readBound(labels["ge"]);
      below = upper;
      let sum = 0;
      for (let row = 0; row < values.length; row++) sum += Number(values[row]) || 0;
      return [lower, upper, sum];
    });
}

function boundText(bound: number): string {
  if (Number.isFinite(bound)) return String(bound);
  return bound > 0 ? "+Inf" : "-Inf";
}

function readBound(text: string | undefined): number {
  return Number(text?.replace("Inf", "Infinity") ?? Number.NaN);
}
