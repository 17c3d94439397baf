/** Functions that read native histograms alone: floats are left out. */

import type { Labels } from "../../../model/labels.ts";
import { histogramVarianceOf } from "../histogram/histogram-estimates.ts";
import type { HistogramValue } from "../histogram/histogram-value.ts";
import { cellKind, mergeEqualRows, type StepVector } from "../step-vector.ts";
import { type ValueCall, type ValueFunction, vectorArg } from "./function-call.ts";

export const nativeHistogramFunctions = {
  histogram_avg: ofHistogram(({ sum, count }) => sum / count),
  histogram_count: ofHistogram(({ count }) => count),
  histogram_sum: ofHistogram(({ sum }) => sum),
  histogram_stddev: ofHistogram((value) => Math.sqrt(histogramVarianceOf(value))),
  histogram_stdvar: ofHistogram(histogramVarianceOf),
} as const satisfies Record<string, ValueFunction>;

/** Type and unit stay: what these functions give is of the same metric. */
const droppedLabels: ReadonlySet<string> = new Set(["__name__"]);

function ofHistogram(apply: (value: HistogramValue) => number): ValueFunction {
  return { kind: "value", evaluate: (call) => evaluate(call, apply) };
}

async function evaluate(
  call: ValueCall,
  apply: (value: HistogramValue) => number,
): Promise<StepVector> {
  const vector = vectorArg(call, 0);
  const { kinds, values, stepCount } = vector;
  for (let row = 0; row < vector.rowCount; row++) {
    if ((row & 63) === 0 && call.run.isPauseDue()) await call.run.pause();
    for (let at = row * stepCount, end = at + stepCount; at < end; at++) {
      const histogram = vector.histogramAt(at);
      kinds[at] = histogram === undefined ? cellKind.absent : cellKind.float;
      if (histogram !== undefined) values[at] = apply(histogram);
    }
  }
  vector.dropHistograms();
  if (call.run.isNameRemovalDelayed) {
    vector.isNamePending.fill(true);
    return vector;
  }
  for (const [row, labels] of vector.labels.entries()) {
    vector.labels[row] = (labels as Labels).without(droppedLabels);
  }
  return mergeEqualRows(vector);
}
