/**
 * sum and avg of native histograms. Floats and histograms of one group at one step give nothing but a
 * warning, and so do exponential with custom buckets. Accumulators exist only for cells that have met
 * a histogram.
 */

import {
  boundsReconciled,
  conflictingResets,
  mixedInAggregation,
  mixedSchemas,
} from "./annotations.ts";
import { HistogramMean } from "./histogram/histogram-mean.ts";
import { addFinding, type HistogramAccumulator, HistogramSum } from "./histogram/histogram-sum.ts";
import { compactHistogram, type HistogramValue } from "./histogram/histogram-value.ts";
import { HintWatch } from "./histogram/histograms-over-time.ts";
import type { QueryRun } from "./query-run.ts";
import { cellKind, type StepVector } from "./step-vector.ts";

/** What one cell of the result has met. */
interface CellFold {
  /** Undefined where a float came first: then the rest does not matter. */
  readonly fold: HistogramAccumulator | undefined;
  readonly hints: HintWatch;
  /** Buckets that cannot be added were met: the group is dead from there on. */
  isDead: boolean;
  /** A float was there before the group died. */
  hadFloat: boolean;
}

/** The histograms of an aggregation. */
export class HistogramFold {
  readonly #cells = new Map<number, CellFold>();
  readonly #isMean: boolean;
  readonly #run: QueryRun;
  /** Position of what is aggregated. */
  readonly #start: number;

  constructor(isMean: boolean, run: QueryRun, start: number) {
    this.#isMean = isMean;
    this.#run = run;
    this.#start = start;
  }

  /** Adds the histograms of a row; `result` holds the floats met so far, its row begins at `base`. */
  addRow(
    input: StepVector,
    source: { readonly base: number; readonly metricName: string },
    result: StepVector,
    base: number,
  ): void {
    for (let step = 0; step < input.stepCount; step++) {
      const value = input.histogramAt(source.base + step);
      if (value === undefined) continue;
      const hasFloat = result.kinds[base + step] === cellKind.float;
      this.#addCell(base + step, value, hasFloat, source.metricName);
    }
  }

  /** Puts the results into their cells. */
  finish(result: StepVector): void {
    const { annotations } = this.#run;
    for (const [at, cell] of this.#cells) {
      const hasFloat = cell.isDead ? cell.hadFloat : result.kinds[at] === cellKind.float;
      result.kinds[at] = cellKind.absent;
      if (hasFloat) {
        annotations.add(mixedInAggregation(), this.#start);
        continue;
      }
      if (cell.isDead || cell.fold === undefined) continue;
      if (cell.hints.isConflict) annotations.add(conflictingResets("aggregation"), this.#start);
      result.setHistogram(at, compactHistogram(cell.fold.total()));
    }
  }

  #addCell(at: number, value: HistogramValue, hasFloat: boolean, metricName: string): void {
    const cell = this.#cells.get(at);
    if (cell === undefined) {
      this.#cells.set(at, this.#createCell(value, hasFloat));
      return;
    }
    if (cell.isDead || cell.fold === undefined) return;
    cell.hints.see(value);
    const findings = cell.fold.add(value);
    const { annotations } = this.#run;
    if ((findings & addFinding.incompatible) !== 0) {
      annotations.add(mixedSchemas(metricName), this.#start);
      cell.isDead = true;
      cell.hadFloat = hasFloat;
    } else if ((findings & addFinding.reconciled) !== 0) {
      annotations.add(boundsReconciled("aggregation"), this.#start);
    }
  }

  #createCell(value: HistogramValue, hasFloat: boolean): CellFold {
    const hints = new HintWatch();
    const cell = { hints, isDead: false, hadFloat: false };
    if (hasFloat) return { ...cell, fold: undefined };
    hints.see(value);
    const fold = this.#isMean ? new HistogramMean(value) : new HistogramSum(value, true);
    return { ...cell, fold };
  }
}
