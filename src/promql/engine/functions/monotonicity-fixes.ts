/**
 * Classic histograms whose counts had to be made monotonic during one call, for the info beside the
 * result: the extent of all corrections of a metric, and how many Prometheus says there were.
 */

import type { Annotations } from "../annotations.ts";
import type { StepGrid } from "../step-grid.ts";

/** What was done to the buckets of one histogram at one step. */
export interface MonotonicityFix {
  readonly minBucket: number;
  readonly maxBucket: number;
  readonly maxDifference: number;
}

interface FixesOfMetric {
  minStep: number;
  maxStep: number;
  minBucket: number;
  maxBucket: number;
  maxDifference: number;
  readonly countByStep: Uint32Array;
}

/** Collects the corrections of one call. */
export class MonotonicityFixes {
  readonly #grid: StepGrid;
  readonly #byMetric = new Map<string, FixesOfMetric>();
  /** Per histogram: 1 at the steps whose correction is known. */
  readonly #seen = new Map<object, Uint8Array>();

  constructor(grid: StepGrid) {
    this.#grid = grid;
  }

  /** `source` is the histogram; of several quantiles of it only the first has something to correct. */
  add(source: { readonly metricName: string }, step: number, fix: MonotonicityFix): void {
    const seen = this.#seen.get(source) ?? new Uint8Array(this.#grid.stepCount);
    this.#seen.set(source, seen);
    if (seen[step] === 1) return;
    seen[step] = 1;
    const { metricName } = source;
    let known = this.#byMetric.get(metricName);
    if (known === undefined) {
      const countByStep = new Uint32Array(this.#grid.stepCount);
      known = { minStep: step, maxStep: step, ...fix, countByStep };
      this.#byMetric.set(metricName, known);
    }
    known.minStep = Math.min(known.minStep, step);
    known.maxStep = Math.max(known.maxStep, step);
    known.minBucket = Math.min(known.minBucket, fix.minBucket);
    known.maxBucket = Math.max(known.maxBucket, fix.maxBucket);
    known.maxDifference = Math.max(known.maxDifference, fix.maxDifference);
    known.countByStep[step]!++;
  }

  /** Adds an info for each metric; `start` is the byte offset of the argument. */
  report(annotations: Annotations, start: number): void {
    const { startMs, stepMs } = this.#grid;
    for (const [metricName, fixes] of this.#byMetric) {
      const { minStep, maxStep, minBucket, maxBucket, maxDifference, countByStep } = fixes;
      annotations.addForcedMonotonicity(start, metricName, {
        minTimeMs: startMs + minStep * stepMs,
        maxTimeMs: startMs + maxStep * stepMs,
        minBucket,
        maxBucket,
        maxDifference,
        count: toldCount(countByStep),
      });
    }
  }
}

/**
 * The number that Prometheus tells. From the second step on it merges what the call has found so far
 * into itself, which doubles the count at each step, in 64 bits: 1, 4, 10, 22 for one histogram.
 */
function toldCount(countByStep: Uint32Array): bigint {
  let told = 0n;
  let isBegun = false;
  for (const count of countByStep) {
    told += BigInt(count);
    if (isBegun) told = BigInt.asIntN(64, told * 2n);
    isBegun ||= count > 0;
  }
  return told;
}
