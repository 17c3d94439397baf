/**
 * The budget of series of the flow metrics, watched: what is refused is counted flow by flow; that it is used up is said
 * once until there is room again, with the metric and the label that make most of it and where to take them off.
 */

import type { Logger } from "../base/logger.ts";
import type { AnyFamily } from "../metrics/families.ts";
import type { MetricChild } from "../metrics/metric-family.ts";
import type { Registry } from "../metrics/registry.ts";
import type { SeriesBudget } from "../metrics/series-budget.ts";

/** What a watch tells, and by what. */
export interface BudgetSurroundings {
  readonly page: Registry;
  readonly own: Registry;
  readonly logger: Logger;
  /** Where the metrics are written: "in --flows.metrics". */
  readonly place: () => string;
}

/** Says when the budget of series is used up, once until there is room again, and counts what it costs. */
export class BudgetWatch {
  readonly #series: SeriesBudget;
  readonly #page: Registry;
  readonly #logger: Logger;
  readonly #countFlow: () => void;
  /** Where the metrics are written. */
  readonly #place: () => string;
  #refusedBefore = 0;
  /** Something was refused since the last look, or since there was no room. */
  #isShort = false;
  #said = "";

  constructor(series: SeriesBudget, { page, own, logger, place }: BudgetSurroundings) {
    this.#place = place;
    this.#series = series;
    this.#page = page;
    this.#logger = logger;
    const flows = own.counter({
      name: "ciliascope_flow_metrics_refused_flows_total",
      help: "Flows that some flow metric did not count, since their series would have been new and beyond the budget.",
    });
    this.#countFlow = () => flows.inc();
    const gauge = own.gauge({
      name: "ciliascope_flow_metrics_series",
      help: "Series of the flow metrics, buckets of histograms included.",
    });
    own.onCollect(() => gauge.set(series.used));
  }

  look(): void {
    const { refused, used, max } = this.#series;
    const isShort = refused > this.#refusedBefore || (this.#isShort && used >= max * 0.98);
    this.#refusedBefore = refused;
    if (isShort && !this.#isShort) {
      this.#said = this.#sentence();
      this.#logger.error({ series: used }, this.#said);
    }
    this.#isShort = isShort;
  }

  countFlow(): void {
    this.#countFlow();
  }

  warnings(): string[] {
    return this.#isShort ? [this.#said] : [];
  }

  #sentence(): string {
    const { max, lastRefused } = this.#series;
    const most = this.#largest();
    const label = most === undefined ? "" : widestLabel(most);
    const where =
      label === ""
        ? ""
        : ` Its label ${label} has most values: take it off (${optionOfLabel(label) ?? "an option of the metric"}) ${this.#place()}`;
    return `The flow metrics have all the ${max} series that they may: flows that need a new one are not counted there, series that exist go on. ${most?.name ?? lastRefused} has most.${where}, or leave flows out with --flows.deny.`;
  }

  #largest(): AnyFamily | undefined {
    let largest: AnyFamily | undefined;
    let most = 0;
    for (const family of this.#page.families()) {
      const series = family.seriesCount * family.seriesPerChild;
      if (series <= most) continue;
      most = series;
      largest = family;
    }
    return largest;
  }
}

/** Children that are looked at to find the label that makes most of the series. */
const sampledChildren = 20_000;

/** The label with most values; "" where there is none. */
function widestLabel(family: AnyFamily): string {
  const children: readonly MetricChild[] = family.children();
  const step = Math.max(1, Math.floor(children.length / sampledChildren));
  let widest = "";
  let most = 0;
  for (const [index, label] of family.labelNames.entries()) {
    const values = new Set<string>();
    for (let i = 0; i < children.length; i += step)
      values.add(children[i]?.labelValues[index] ?? "");
    if (values.size <= most) continue;
    most = values.size;
    widest = label;
  }
  return widest;
}

/** The option of a metric that makes a label; undefined where none is known to. */
export function optionOfLabel(label: string): string | undefined {
  if (label === "source" || label === "destination") return `${label}Context`;
  if (label === "query") return "query";
  return /^(source|destination)_/.test(label) ? "labelsContext" : undefined;
}
