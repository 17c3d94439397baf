/** From evaluated steps to the result types: rows without a value are left out, matrices are sorted by labels. */

import { compareLabels, Labels } from "../../model/labels.ts";
import type { MatrixResult, MatrixSeries, VectorResult, VectorSample } from "./query-result.ts";
import type { QueryRun } from "./query-run.ts";
import type { RangeSeries } from "./sample-windows.ts";
import type { StepGrid } from "./step-grid.ts";
import { cellKind, type StepVector } from "./step-vector.ts";

/** A vector of one step. */
export function instantValue(vector: StepVector, timestampMs: number): VectorResult {
  const samples: VectorSample[] = [];
  for (const [row, labels] of vector.labels.entries()) {
    if (vector.kinds[row] !== cellKind.float) continue;
    samples.push({ labels, timestampMs, value: vector.values[row]! });
  }
  return { type: "vector", samples };
}

/** A vector of many steps. Rows that are full share one array of times; their values are views. */
export async function matrixOfSteps(
  vector: StepVector,
  grid: StepGrid,
  run: QueryRun,
): Promise<MatrixResult> {
  const times = stepTimes(grid);
  const series: MatrixSeries[] = [];
  for (const [row, labels] of vector.labels.entries()) {
    if ((row & 255) === 0 && run.isPauseDue()) await run.pause();
    const present = vector.presentInRow(row);
    if (present === 0) continue;
    const base = row * vector.stepCount;
    if (present === vector.stepCount) {
      const values = vector.values.subarray(base, base + vector.stepCount);
      series.push({ labels, timestampsMs: times, values });
    } else {
      series.push(sparseSeries(vector, base, labels, { times, present }));
    }
  }
  return { type: "matrix", series: sortSeries(series) };
}

function sparseSeries(
  vector: StepVector,
  base: number,
  labels: Labels,
  from: { readonly times: Float64Array; readonly present: number },
): MatrixSeries {
  const timestampsMs = new Float64Array(from.present);
  const values = new Float64Array(from.present);
  let count = 0;
  for (let step = 0; step < vector.stepCount; step++) {
    if (vector.kinds[base + step] === cellKind.absent) continue;
    timestampsMs[count] = from.times[step]!;
    values[count] = vector.values[base + step]!;
    count++;
  }
  return { labels, timestampsMs, values };
}

/** Scalars at each step: one series without labels. */
export function scalarMatrix(values: Float64Array, grid: StepGrid): MatrixResult {
  const series =
    values.length === 0 ? [] : [{ labels: Labels.empty, timestampsMs: stepTimes(grid), values }];
  return { type: "matrix", series };
}

/** Samples of a range selector. */
export function matrixOfRange(collected: readonly RangeSeries[]): MatrixResult {
  return { type: "matrix", series: sortSeries([...collected]) };
}

function stepTimes(grid: StepGrid): Float64Array {
  const times = new Float64Array(grid.stepCount);
  for (let step = 0; step < grid.stepCount; step++) times[step] = grid.startMs + step * grid.stepMs;
  return times;
}

function sortSeries(series: MatrixSeries[]): MatrixSeries[] {
  return series.sort((a, b) => compareLabels(a.labels, b.labels));
}
