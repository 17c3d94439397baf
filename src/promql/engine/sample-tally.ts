/**
 * What selectors gave and read, counted as Prometheus does (util/stats). "Queryable" are the samples of each
 * window, whole at each step; "read" those that no window of the step before had. What is evaluated
 * over steps of its own has a tally of its own: a value that holds for all steps was read once and is given at
 * each; a subquery's samples were read at the step that needed them first, and what its function is given
 * are the values of the subquery.
 */

import { sampleWeight } from "./histogram/histogram-value.ts";
import type { WindowWeights } from "./mixed-windows.ts";
import type { SubqueryNode } from "./plan-node.ts";
import type { SampleWindows } from "./sample-windows.ts";
import type { StepGrid } from "./step-grid.ts";
import { cellKind, type StepVector } from "./step-vector.ts";

/** Counts, whole and, where they are kept, by step. */
export interface SampleCounts {
  readonly queryable: number;
  readonly read: number;
  readonly steps: StepCounts | undefined;
}

/** One number a step. */
export interface StepCounts {
  readonly queryable: Float64Array;
  readonly read: Float64Array;
}

/** See the head comment. One for each evaluation over a grid. */
export class SampleTally implements SampleCounts {
  queryable = 0;
  read = 0;
  readonly steps: StepCounts | undefined;
  readonly #grid: StepGrid;

  constructor(grid: StepGrid, hasSteps: boolean) {
    const { stepCount } = grid;
    this.#grid = grid;
    this.steps = hasSteps
      ? { queryable: new Float64Array(stepCount), read: new Float64Array(stepCount) }
      : undefined;
  }

  /** Adds the row of an instant selector that begins at cell `base`; its samples weigh `weight` in all. O(steps) where steps are kept. */
  addRow(vector: StepVector, base: number, weight: number): void {
    this.queryable += weight;
    this.read += weight;
    const { steps } = this;
    if (steps === undefined) return;
    for (let step = 0; step < steps.read.length; step++) {
      if (vector.kinds[base + step] === cellKind.absent) continue;
      const histogram = vector.histogramAt(base + step);
      const own = histogram === undefined ? 1 : sampleWeight(histogram);
      steps.queryable[step]! += own;
      steps.read[step]! += own;
    }
  }

  /** Adds the windows of one series; those of a subquery's values (`isStored` false) read nothing more. */
  addWindows(windows: SampleWindows, { total, before }: WindowWeights, isStored: boolean): void {
    const { steps } = this;
    this.queryable += total;
    if (steps === undefined && before === undefined) {
      if (isStored) this.read += windows.fresh;
      return;
    }
    const { from, to } = windows;
    const between = (first: number, end: number) =>
      before === undefined ? end - first : before[end]! - before[first]!;
    let seen = 0;
    for (let step = 0; step < from.length; step++) {
      const first = from[step]!;
      const end = to[step]!;
      const fresh = isStored && end > seen ? between(Math.max(first, seen), end) : 0;
      seen = end;
      this.read += fresh;
      if (steps === undefined) continue;
      steps.queryable[step]! += between(first, end);
      steps.read[step]! += fresh;
    }
  }

  /** Adds what was evaluated at one step and holds for all; nothing where there is none. */
  addInvariant({ queryable, read }: SampleCounts): void {
    const { stepCount } = this.#grid;
    if (stepCount === 0) return;
    this.queryable += queryable * stepCount;
    this.#addRead(0, read);
    for (let step = 0; this.steps !== undefined && step < stepCount; step++) {
      this.steps.queryable[step]! += queryable;
    }
  }

  /** Adds what a subquery read, whose tally keeps steps. Steps in no window of its function do not count. */
  addSubquery(inner: SampleTally, { shift, rangeMs }: SubqueryNode): void {
    const { startMs, stepMs, stepCount } = this.#grid;
    if (stepCount === 0) return;
    if (stepCount === 1) {
      this.#addRead(0, inner.read);
      return;
    }
    const counts = inner.steps?.read ?? [];
    for (const [index, count] of counts.entries()) {
      const atMs = inner.#grid.startMs + index * inner.#grid.stepMs + shift.offsetMs;
      const wanted = Math.max(0, Math.ceil((atMs - startMs) / stepMs));
      const step = Math.min(wanted, stepCount - 1);
      if (atMs > startMs + step * stepMs - rangeMs) this.#addRead(step, count);
    }
  }

  /** Adds a subquery that is the result itself: all it was given counts at the last step. */
  addResult({ queryable }: SampleCounts): void {
    this.queryable += queryable;
    const last = this.#grid.stepCount - 1;
    if (this.steps !== undefined && last >= 0) this.steps.queryable[last]! += queryable;
  }

  /** Adds what a part that is evaluated once would have counted here. */
  add({ queryable, read, steps }: SampleCounts): void {
    this.queryable += queryable;
    this.read += read;
    if (this.steps === undefined || steps === undefined) return;
    for (let step = 0; step < steps.read.length; step++) {
      this.steps.queryable[step]! += steps.queryable[step]!;
      this.steps.read[step]! += steps.read[step]!;
    }
  }

  /** A copy of the counts. */
  counts(): SampleCounts {
    const { queryable, read, steps } = this;
    const copy = steps && { queryable: steps.queryable.slice(), read: steps.read.slice() };
    return { queryable, read, steps: copy };
  }

  /** What was added since the copy was taken. */
  since(before: SampleCounts): SampleCounts {
    const { steps } = this;
    const minus = (counts: Float64Array, other: Float64Array | undefined) =>
      counts.map((count, step) => count - (other?.[step] ?? 0));
    return {
      queryable: this.queryable - before.queryable,
      read: this.read - before.read,
      steps: steps && {
        queryable: minus(steps.queryable, before.steps?.queryable),
        read: minus(steps.read, before.steps?.read),
      },
    };
  }

  #addRead(step: number, count: number): void {
    this.read += count;
    if (this.steps !== undefined) this.steps.read[step]! += count;
  }
}
