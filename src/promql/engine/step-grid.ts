/** The times at which an expression is evaluated: evenly spaced steps. An instant query has one. */

/** Steps startMs, startMs + stepMs, … up to endMs; `stepCount` of them. */
export interface StepGrid {
  readonly startMs: number;
  /** As asked for; the last step may lie before it. */
  readonly endMs: number;
  readonly stepMs: number;
  readonly stepCount: number;
  /** start = end: results keep their order, sort works. */
  readonly isInstant: boolean;
}

/** Steps from start to end; none where end lies before start. `stepMs` must be positive. */
export function createGrid(startMs: number, endMs: number, stepMs: number): StepGrid {
  const stepCount = endMs < startMs ? 0 : Math.floor((endMs - startMs) / stepMs) + 1;
  return { startMs, endMs, stepMs, stepCount, isInstant: startMs === endMs };
}

/** A single step. */
export function instantGrid(timeMs: number): StepGrid {
  return createGrid(timeMs, timeMs, 1);
}

/** Time of the last step; of the start where there is none. */
export function lastStepMs(grid: StepGrid): number {
  return grid.startMs + Math.max(0, grid.stepCount - 1) * grid.stepMs;
}
