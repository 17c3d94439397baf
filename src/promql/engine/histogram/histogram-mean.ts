/**
 * The mean of native histograms: a compensated sum divided at the end, or, once a number of the sum
 * would be infinite, a running mean (as Prometheus does for avg and avg_over_time).
 */

import {
  addFinding,
  divideHistogram,
  type HistogramAccumulator,
  HistogramSum,
} from "./histogram-sum.ts";
import type { HistogramValue } from "./histogram-value.ts";

/** See the head comment. */
export class HistogramMean implements HistogramAccumulator {
  #sum: HistogramSum;
  #members = 1;
  #isRunning = false;

  constructor(first: HistogramValue) {
    this.#sum = new HistogramSum(first, true);
  }

  add(value: HistogramValue): number {
    this.#members++;
    if (!this.#isRunning) {
      const next = this.#sum.clone();
      const findings = next.add(value);
      if ((findings & addFinding.incompatible) !== 0) return findings;
      if (!next.hasOverflow()) {
        this.#sum = next;
        return findings;
      }
      this.#isRunning = true;
      this.#sum.divide(this.#members - 1);
    }
    this.#sum.scale((this.#members - 1) / this.#members);
    return this.#sum.add(divideHistogram(value, this.#members));
  }

  total(): HistogramValue {
    if (!this.#isRunning) this.#sum.divide(this.#members);
    this.#isRunning = true;
    return this.#sum.total();
  }
}
