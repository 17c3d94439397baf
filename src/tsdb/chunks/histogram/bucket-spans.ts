/**
 * Buckets of native histograms by index: what it takes to bring two layouts together. Lists of
 * indexes are ascending. O(buckets) each; only used when a layout changes.
 */

import type { FloatHistogram, Histogram, Span } from "../../../model/histogram.ts";

/** The index of every bucket that the spans cover. */
export function bucketIndexes(spans: readonly Span[]): number[] {
  const indexes: number[] = [];
  let index = 0;
  for (const { offset, length } of spans) {
    index += offset;
    for (let i = 0; i < length; i++) indexes.push(index++);
  }
  return indexes;
}

/** The shortest spans that cover exactly these buckets. */
export function spansOf(indexes: readonly number[]): Span[] {
  const spans: { offset: number; length: number }[] = [];
  let next = 0;
  for (const index of indexes) {
    const last = spans.at(-1);
    if (last !== undefined && index === next) last.length++;
    else spans.push({ offset: index - next, length: 1 });
    next = index + 1;
  }
  return spans;
}

/** The buckets that are in either list. */
export function uniteIndexes(a: readonly number[], b: readonly number[]): number[] {
  const united: number[] = [];
  let i = 0;
  let k = 0;
  while (i < a.length || k < b.length) {
    const left = a[i] ?? Number.POSITIVE_INFINITY;
    const right = b[k] ?? Number.POSITIVE_INFINITY;
    united.push(Math.min(left, right));
    if (left <= right) i++;
    if (right <= left) k++;
  }
  return united;
}

/** Absolute counts of the buckets `from`, laid out as `to`, which holds all of them. */
export function spreadCounts(
  counts: readonly number[],
  from: readonly number[],
  to: readonly number[],
): number[] {
  let k = 0;
  return to.map((index) => (index === from[k] ? (counts[k++] ?? 0) : 0));
}

/** Deltas to absolute counts. */
export function absoluteCounts(deltas: readonly number[]): number[] {
  let running = 0;
  return deltas.map((delta) => {
    running += delta;
    return running;
  });
}

/** Absolute counts to deltas. */
export function deltasOf(counts: readonly number[]): number[] {
  return counts.map((count, i) => count - (counts[i - 1] ?? 0));
}

/** How many buckets the spans cover. */
export function countBuckets(spans: readonly Span[]): number {
  let count = 0;
  for (const { length } of spans) count += length;
  return count;
}

/** The finest exponential schema that is kept as it is; finer ones (up to 52) are reduced to it on reading. */
export const schemaMax = 8;
const schemaReservedMax = 52;

/** Whether a schema is one of those that exist: custom bounds, -4..8, and 9..52, which are reduced. */
export function isKnownSchema(schema: number): boolean {
  return schema === -53 || (schema >= -4 && schema <= schemaReservedMax);
}

/** One side at a coarser schema: 2^`steps` buckets become one. Counts are absolute. */
export function coarsen(
  spans: readonly Span[],
  counts: readonly number[],
  steps: number,
): { readonly spans: Span[]; readonly counts: number[] } {
  const indexes: number[] = [];
  const merged: number[] = [];
  for (const [i, index] of bucketIndexes(spans).entries()) {
    const target = Math.floor((index - 1) / 2 ** steps) + 1;
    const count = counts[i] ?? 0;
    if (indexes.at(-1) === target) merged[merged.length - 1] = (merged.at(-1) ?? 0) + count;
    else {
      indexes.push(target);
      merged.push(count);
    }
  }
  return { spans: spansOf(indexes), counts: merged };
}

/** The histogram at a schema that we keep: itself, or a coarser copy where its schema is above 8. */
export function withKnownSchema<H extends Histogram | FloatHistogram>(histogram: H): H {
  if (histogram.schema <= schemaMax) return histogram;
  const isInteger = histogram.kind === "integer";
  const steps = histogram.schema - schemaMax;
  const side = (spans: readonly Span[], buckets: readonly number[]) => {
    const coarse = coarsen(spans, isInteger ? absoluteCounts(buckets) : buckets, steps);
    return {
      spans: coarse.spans,
      buckets: isInteger ? deltasOf(coarse.counts) : coarse.counts,
    };
  };
  const positive = side(histogram.positiveSpans, histogram.positiveBuckets);
  const negative = side(histogram.negativeSpans, histogram.negativeBuckets);
  return {
    ...histogram,
    schema: schemaMax,
    positiveSpans: positive.spans,
    negativeSpans: negative.spans,
    positiveBuckets: positive.buckets,
    negativeBuckets: negative.buckets,
  };
}
