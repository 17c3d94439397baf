/**
 * Random PromQL that is right by its types, for asking two servers the same: seeded, over the metrics
 * named below. Left out is what no two servers need to agree on: ties of topk and limitk, and functions
 * that make much of the last bit.
 */

import { seededRandom } from "../src/base/seeded-random.ts";

/** Metrics that queries ask for: counters, gauges, classic and native histograms, floats beside histograms. */
export const askedMetrics = {
  counter: "asked_total",
  gauge: "asked",
  buckets: "asked_bucket",
  shape: "asked_shape",
  mixed: "asked_mixed",
} as const;

const durations = ["30s", "1m", "90s", "5m", "10m", "31s", "step()*2", "max_of(1m, step())"];
const offsets = ["", "", "", " offset 1m", " offset -30s", " @ end()", " @ start() offset 45s"];
const matchers = ['job="a"', 'job!="a"', 'i=~"1|2"', 'i!~"3"', 'none=""', 'le!="1"'];
const groupings = ["", " by (job)", " by (job, le)", " without (i)", " by ()"];
const matchings = [
  "",
  " on (job, i)",
  " ignoring (le)",
  " on (job) group_left",
  " on (i) group_right (job)",
];
const rangeFunctions = [
  ...["rate", "increase", "delta", "irate", "idelta", "resets", "changes", "deriv"],
  ...["avg_over_time", "sum_over_time", "min_over_time", "max_over_time", "count_over_time"],
  ...["last_over_time", "first_over_time", "stddev_over_time", "present_over_time"],
];
const valueFunctions = [
  ...["abs", "ceil", "floor", "sgn", "sqrt", "timestamp", "sort_desc", "minute"],
  ...["histogram_count", "histogram_sum", "histogram_avg", "histogram_stddev"],
];
const aggregators = ["sum", "avg", "min", "max", "count", "stddev", "group"];
const operators = ["+", "-", "*", "/", "%", "==", "!=", ">", "<= bool", "and", "or", "unless"];
const setOperators: ReadonlySet<string> = new Set(["and", "or", "unless"]);

/** Queries of one seed. */
export class RandomQueries {
  readonly #random: () => number;

  constructor(seed: number) {
    this.#random = seededRandom(seed);
  }

  next(): string {
    return this.#vector(1 + this.#below(3));
  }

  /** A whole number below `end`. */
  #below(end: number): number {
    return Math.floor(this.#random() * end);
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.#below(choices.length)] as T;
  }

  #selector(): string {
    const name = this.pick(Object.values(askedMetrics));
    return this.#below(3) === 0 ? `${name}{${this.pick(matchers)}}` : name;
  }

  #range(depth: number): string {
    if (depth > 0 && this.#below(5) === 0) {
      return `(${this.#vector(depth - 1)})[${this.pick(durations)}:${this.pick(["", "15s", "1m"])}]`;
    }
    return `${this.#selector()}[${this.pick(durations)}]${this.pick(offsets)}`;
  }

  #vector(depth: number): string {
    if (depth <= 0) return `${this.#selector()}${this.pick(offsets)}`;
    const inner = () => this.#vector(depth - 1);
    switch (this.#below(8)) {
      case 0:
      case 1:
        return `${this.pick(rangeFunctions)}(${this.#range(depth - 1)})`;
      case 2:
        return `${this.pick(valueFunctions)}(${inner()})`;
      case 3:
        return `${this.pick(aggregators)}${this.pick(groupings)} (${inner()})`;
      case 4:
        return `histogram_quantile(${this.pick([0.5, 0.99, 0, 2])}, ${inner()})`;
      case 5:
        return `histogram_fraction(${this.pick([0, 0.5])}, ${this.pick([1, "Inf"])}, ${inner()})`;
      case 6:
        return `quantile_over_time(0.7, ${this.#range(depth - 1)})`;
      default:
        return this.#binary(inner);
    }
  }

  #binary(inner: () => string): string {
    const operator = this.pick(operators);
    if (this.#below(3) === 0 && !setOperators.has(operator)) {
      return `(${inner()}) ${operator} ${this.pick([0, 1.5, -2])}`;
    }
    const matching = this.pick(matchings);
    const isLegal = !setOperators.has(operator) || !matching.includes("group");
    return `(${inner()}) ${operator}${isLegal ? matching : ""} (${inner()})`;
  }
}
