/**
 * Label values too long to be one of a series, watched: flows that have one are counted, and each metric
 * and label is said once, with the mend, until there was none for ten minutes.
 */

import type { Logger } from "../base/logger.ts";
import type { Registry } from "../metrics/registry.ts";
import {
  labelValueBytesMax,
  type OverlongValue,
  type SeriesBudget,
} from "../metrics/series-budget.ts";
import { type BudgetSurroundings, optionOfLabel } from "./flow-budget-watch.ts";

/** Looks without an over-long value after which it is over: ten minutes of looks a second apart. */
const quietLooksMax = 600;

/** Says which labels have values that are too long, and counts the flows. */
export class LabelWatch {
  readonly #series: SeriesBudget;
  readonly #logger: Logger;
  readonly #countFlow: () => void;
  /** Where the metrics are written. */
  readonly #place: () => string;
  /** What was said, by metric and label. */
  readonly #said = new Map<string, string>();
  #quietLooks = 0;

  constructor(series: SeriesBudget, { own, logger, place }: Omit<BudgetSurroundings, "page">) {
    this.#series = series;
    this.#logger = logger;
    this.#place = place;
    this.#countFlow = countOf(own);
  }

  look(): void {
    const values = this.#series.takeOverlong();
    this.#quietLooks = values.length === 0 ? this.#quietLooks + 1 : 0;
    if (this.#quietLooks >= quietLooksMax) this.#said.clear();
    for (const value of values) this.#say(value);
  }

  countFlow(): void {
    this.#countFlow();
  }

  /** The metrics are others now: what is still too long is said anew. */
  forget(): void {
    this.#series.takeOverlong();
    this.#said.clear();
  }

  /** One at most: the rest is in the log. */
  warnings(): string[] {
    const [first] = this.#said.values();
    if (first === undefined) return [];
    const others = this.#said.size - 1;
    return [others === 0 ? first : `${first} The log names ${others} more like it.`];
  }

  #say({ family, label, bytes }: OverlongValue): void {
    const key = `${family} ${label}`;
    if (this.#said.has(key)) return;
    const option = optionOfLabel(label);
    const leaveOut =
      option === undefined ? "" : `Leave the label out (${option}) ${this.#place()}, or leave`;
    const sentence = `${family} does not count flows whose label ${label} is longer than ${labelValueBytesMax} bytes: one has ${bytes}. All others are counted. ${leaveOut === "" ? "Leave" : leaveOut} such flows out with --flows.deny.`;
    this.#said.set(key, sentence);
    this.#logger.warn({ metric: family, label, bytes }, sentence);
  }
}

function countOf(own: Registry): () => void {
  const flows = own.counter({
    name: "ciliascope_flow_metrics_overlong_flows_total",
    help: "Flows that some flow metric did not count, since a label value of theirs is too long.",
  });
  return () => flows.inc();
}
