/** From evaluated steps to the result types: rows without a value are left out, matrices are sorted by labels. */

import { compareLabels, Labels } from "../../model/labels.ts";
import { toFloatHistogram } from "./histogram/histogram-value.ts";
import type {
  HistogramPoint,
  MatrixResult,
  MatrixSeries,
  VectorResult,
  VectorSample,
} from "./query-result.ts";
import type { QueryRun } from "./query-run.ts";
import type { RangeSeries } from "./sample-windows.ts";
import type { StepGrid } from "./step-grid.ts";
import { cellKind, type StepVector } from "./step-vector.ts";

/** A vector of one step. */
export function instantValue(vector: StepVector, timestampMs: number): VectorResult {
  const samples: VectorSample[] = [];
  for (const [row, labels] of vector.labels.entries()) {
    if (vector.kinds[row] === cellKind.absent) continue;
    const histogram = vector.histogramAt(row);
    const sample = { labels, timestampMs, value: vector.values[row]! };
    samples.push(
      histogram === undefined ? sample : { ...sample, histogram: toFloatHistogram(histogram) },
    );
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
    if (vector.hasHistograms) {
      series.push(mixedSeries(vector, base, labels, times));
    } else if (present === vector.stepCount) {
      const values = vector.values.subarray(base, base + vector.stepCount);
      series.push({ labels, timestampsMs: times, values });
    } else {
      series.push(sparseSeries(vector, base, labels, { times, present }));
    }
  }
  return { type: "matrix", series: sortSeries(series) };
}

/** Floats and histograms of a row that may have either. */
function mixedSeries(
  vector: StepVector,
  base: number,
  labels: Labels,
  times: Float64Array,
): MatrixSeries {
  const timestampsMs = new Float64Array(vector.stepCount);
  const values = new Float64Array(vector.stepCount);
  const histograms: HistogramPoint[] = [];
  let count = 0;
  for (let step = 0; step < vector.stepCount; step++) {
    const kind = vector.kinds[base + step];
    if (kind === cellKind.absent) continue;
    const timestampMs = times[step]!;
    const histogram = vector.histogramAt(base + step);
    if (histogram !== undefined) {
      histograms.push({ timestampMs, histogram: toFloatHistogram(histogram) });
      continue;
    }
    timestampsMs[count] = timestampMs;
    values[count++] = vector.values[base + step]!;
  }
  const floats = {
    labels,
    timestampsMs: timestampsMs.slice(0, count),
    values: values.slice(0, count),
  };
  return histograms.length === 0 ? floats : { ...floats, histograms };
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
  const series = collected.map(({ histograms, ...floats }): MatrixSeries => {
    if (histograms === undefined) return floats;
    const points = histograms.map(({ timestampMs, histogram }) => ({
      timestampMs,
      histogram: toFloatHistogram(histogram),
    }));
    return { ...floats, histograms: points };
  });
  return { type: "matrix", series: sortSeries(series) };
}

function stepTimes(grid: StepGrid): Float64Array {
  const times = new Float64Array(grid.stepCount);
  for (let step = 0; step < grid.stepCount; step++) times[step] = grid.startMs + step * grid.stepMs;
  return times;
}

function sortSeries(series: MatrixSeries[]): MatrixSeries[] {
  return series.sort((a, b) => compareLabels(a.labels, b.labels));
}
