/**
 * Samples that each step of a query read, for `stats=all` with promql-per-step-stats. What is
 * evaluated on steps of its own (inside a subquery) counts whole at the query's last step, as in
 * Prometheus. Kept only where asked for.
 */

import { sampleWeight } from "./histogram/histogram-value.ts";
import type { StepStats } from "./query-result.ts";
import type { SampleWindows } from "./sample-windows.ts";
import type { StepGrid } from "./step-grid.ts";

/** See the head comment. */
export class StepSamples {
  readonly counts: Float64Array;
  readonly #grid: StepGrid;

  constructor(grid: StepGrid) {
    this.#grid = grid;
    this.counts = new Float64Array(grid.stepCount);
  }

  /** Adds the windows of one series, `total` samples in all. */
  addWindows(windows: SampleWindows, grid: StepGrid, total: number): void {
    if (!this.#isOwn(grid)) {
      this.addLate(total);
      return;
    }
    const { from, to, histograms } = windows;
    for (let step = 0; step < this.counts.length; step++) {
      let weight = to[step]! - from[step]!;
      for (let i = from[step]!; histograms !== undefined && i < to[step]!; i++) {
        const histogram = histograms[i];
        if (histogram !== undefined) weight += sampleWeight(histogram) - 1;
      }
      this.counts[step]! += weight;
    }
  }

  /** Adds a row of an instant selector; `weightAt` is 0 where a step has no sample. */
  addRow(grid: StepGrid, total: number, weightAt: (step: number) => number): void {
    if (!this.#isOwn(grid)) {
      this.addLate(total);
      return;
    }
    for (let step = 0; step < this.counts.length; step++) this.counts[step]! += weightAt(step);
  }

  /** Adds what has no step of the query. */
  addLate(total: number): void {
    if (this.counts.length > 0) this.counts[this.counts.length - 1]! += total;
  }

  /** What was added since `before`, a copy of `counts`, was taken. */
  since(before: Float64Array): Float64Array {
    return this.counts.map((count, step) => count - before[step]!);
  }

  /** Adds counts step by step. */
  add(counts: Float64Array): void {
    for (let step = 0; step < counts.length; step++) this.counts[step]! += counts[step]!;
  }

  /** For the answer; `stepMs` is 0 for an instant query. */
  stats(stepMs: number): StepStats {
    return { startMs: this.#grid.startMs, stepMs, samples: this.counts };
  }

  #isOwn(grid: StepGrid): boolean {
    const own = this.#grid;
    return (
      grid.startMs === own.startMs && grid.stepMs === own.stepMs && grid.stepCount === own.stepCount
    );
  }
}
