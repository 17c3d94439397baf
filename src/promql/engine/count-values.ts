/** count_values: as many series a group as there are distinct values, each counting how often. */

import { QueryError } from "../../base/errors.ts";
import { histogramToString } from "../../model/histogram.ts";
import { type Labels, LabelsBuilder, quoteString } from "../../model/labels.ts";
import { formatPlainDecimal } from "../../model/value-format.ts";
import { toFloatHistogram } from "./histogram/histogram-value.ts";
import type { AggregateNode } from "./plan-node.ts";
import type { QueryRun } from "./query-run.ts";
import { groupingProjection } from "./series-groups.ts";
import { cellKind, StepVector } from "./step-vector.ts";

/** Evaluates count_values; `label` names the label that takes the value. */
export async function countValues(
  node: AggregateNode,
  label: string,
  input: StepVector,
  run: QueryRun,
): Promise<StepVector> {
  if (label === "" || /[\ud800-\udfff]/u.test(label)) {
    throw new QueryError("execution", `invalid label name ${quoteString(label)}`);
  }
  const grouped = node.isWithout ? node : { ...node, grouping: [...node.grouping, label] };
  const counters = new Counters(input.stepCount, label, groupingProjection(grouped));
  const held = run.samples;
  for (let row = 0; row < input.rowCount; row++) {
    if (run.isPauseDue()) await run.pause();
    counters.countRow(input, row);
    run.holdSamples(held + counters.result.rowCount);
    run.holdCells(counters.result.rowCount * input.stepCount);
  }
  return counters.result;
}

class Counters {
  readonly result: StepVector;
  readonly #label: string;
  readonly #project: (labels: Labels) => Labels;
  readonly #rowByKey = new Map<string, number>();

  constructor(stepCount: number, label: string, project: (labels: Labels) => Labels) {
    this.result = new StepVector(stepCount);
    this.#label = label;
    this.#project = project;
  }

  countRow(input: StepVector, row: number): void {
    const labels = input.labels[row] as Labels;
    const { stepCount } = input;
    // Most series have few distinct values. -0 and 0 are one key here but two labels.
    const known = new Map<number, number>();
    for (let step = 0; step < stepCount; step++) {
      const at = row * stepCount + step;
      if (input.kinds[at] === cellKind.absent) continue;
      const histogram = input.histogramAt(at);
      const value = input.values[at]!;
      let target = value === 0 ? undefined : known.get(value);
      if (histogram !== undefined) {
        target = this.#rowOf(labels, histogramToString(toFloatHistogram(histogram)));
      } else if (target === undefined) {
        target = this.#rowOf(labels, formatPlainDecimal(value));
        known.set(value, target);
      }
      this.result.values[target * stepCount + step]!++;
      this.result.kinds[target * stepCount + step] = cellKind.float;
    }
  }

  #rowOf(labels: Labels, text: string): number {
    const projected = this.#project(new LabelsBuilder(labels).set(this.#label, text).labels());
    let row = this.#rowByKey.get(projected.key);
    if (row === undefined) {
      row = this.result.rowCount;
      this.result.addRow(projected);
      this.#rowByKey.set(projected.key, row);
    }
    return row;
  }
}
