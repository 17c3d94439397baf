/**
 * Collects the series of one classic histogram (buckets, count, sum) and makes a native histogram
 * with custom buckets of them, as Prometheus does: integer where all counts are whole, else float.
 */

import {
  customBucketsSchema,
  type FloatHistogram,
  type Histogram,
  type Span,
} from "../model/histogram.ts";

/** Runs of empty buckets up to this length stay inside a span of an integer histogram. */
const integerEmptyBucketsMax = 2;
const floatEmptyBucketsMax = 0;
const int64Limit = 2 ** 63;

interface ClassicBucket {
  readonly upperBound: number;
  /** Observations up to the bound. */
  readonly count: number;
}

/** Parts of a classic histogram as they come; a contradiction makes it unusable until `reset`. */
export class ClassicHistogram {
  #buckets: ClassicBucket[] = [];
  #count: number | undefined;
  #sum = 0;
  #isBroken = false;

  reset(): void {
    this.#buckets = [];
    this.#count = undefined;
    this.#sum = 0;
    this.#isBroken = false;
  }

  /** Adds a bucket; the second one of a bound is ignored. `upperBound` is no NaN. */
  addBucket(upperBound: number, count: number): void {
    if (this.#isBroken) return;
    const at = this.#buckets.findIndex((bucket) => bucket.upperBound >= upperBound);
    const index = at < 0 ? this.#buckets.length : at;
    const next = this.#buckets[index];
    if (count < 0) this.#isBroken = true;
    else if (next?.upperBound !== upperBound) {
      const previous = this.#buckets[index - 1];
      // Counts are cumulative, so they cannot fall from one bound to the next.
      if (previous !== undefined && count < previous.count) this.#isBroken = true;
      else if (next !== undefined && count > next.count) this.#isBroken = true;
      else this.#buckets.splice(index, 0, { upperBound, count });
    }
  }

  setCount(count: number): void {
    if (this.#isBroken) return;
    if (count < 0) this.#isBroken = true;
    else this.#count = count;
  }

  setSum(sum: number): void {
    if (!this.#isBroken) this.#sum = sum;
  }

  /** The native histogram, undefined where the parts contradict each other. */
  toNative(): Histogram | FloatHistogram | undefined {
    if (this.#isBroken) return undefined;
    const buckets = [...this.#buckets];
    const last = buckets.at(-1);
    const count = this.#count ?? last?.count ?? 0;
    if (last?.upperBound !== Number.POSITIVE_INFINITY) {
      buckets.push({ upperBound: Number.POSITIVE_INFINITY, count });
    } else if (last.count !== count) return undefined;
    if (Number.isNaN(count)) return undefined;
    const isInteger = buckets.every((bucket) => isWhole(bucket.count)) && isWhole(count);
    const absolute = buckets.map((bucket, i) => bucket.count - (buckets[i - 1]?.count ?? 0));
    // A count below the last bucket's. Prometheus would mix these parts into the next histogram.
    if (absolute.some((bucketCount) => bucketCount < 0)) return undefined;
    const { spans, counts } = compactBuckets(
      absolute,
      isInteger ? integerEmptyBucketsMax : floatEmptyBucketsMax,
    );
    const bounds = buckets.slice(0, -1).map((bucket) => bucket.upperBound);
    return {
      kind: isInteger ? "integer" : "float",
      counterResetHint: "unknown",
      schema: customBucketsSchema,
      zeroThreshold: 0,
      zeroCount: 0,
      count,
      sum: this.#sum,
      positiveSpans: spans,
      negativeSpans: [],
      positiveBuckets: isInteger ? toDeltas(counts) : counts,
      negativeBuckets: [],
      customValues: bounds.length === 0 ? undefined : bounds,
    };
  }
}

function isWhole(value: number): boolean {
  return Number.isInteger(value) && Math.abs(value) < int64Limit;
}

/** Cuts empty buckets at both ends, and inside where more than `emptyMax` follow each other. */
function compactBuckets(
  absolute: readonly number[],
  emptyMax: number,
): { spans: Span[]; counts: number[] } {
  const spans: { offset: number; length: number }[] = [];
  const counts: number[] = [];
  let empty = 0;
  for (const count of absolute) {
    if (count === 0) {
      empty++;
      continue;
    }
    const last = spans.at(-1);
    if (last === undefined || empty > emptyMax) spans.push({ offset: empty, length: 1 });
    else {
      for (let i = 0; i < empty; i++) counts.push(0);
      last.length += empty + 1;
    }
    counts.push(count);
    empty = 0;
  }
  return { spans, counts };
}

function toDeltas(counts: readonly number[]): number[] {
  return counts.map((count, i) => count - (counts[i - 1] ?? 0));
}
