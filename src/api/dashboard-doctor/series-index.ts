/**
 * What the doctor asks storage: which names, labels and values there are in a window. Each question is
 * asked once; all of a diagnosis share the answers. Closed by its owner.
 */

import { metricNameLabel } from "../../model/labels.ts";
import { createMatcher, type Matcher } from "../../model/matcher.ts";
import type { Querier, Queryable } from "../../storage/storage.ts";

/** Values looked at where a sentence lists them. */
const valuesMax = 10_000;

/** Series of one window. */
export class SeriesIndex {
  #querier: Querier;
  #names: Promise<readonly string[]> | undefined;

  constructor(queryable: Queryable, fromMs: number, toMs: number) {
    this.#querier = queryable.querier(fromMs, toMs);
  }

  /** Names of all metrics. */
  names(): Promise<readonly string[]> {
    this.#names ??= this.#querier
      .labelValues(metricNameLabel, [], valuesMax)
      .then(({ values }) => values);
    return this.#names;
  }

  /** Whether any series matches. */
  async has(matchers: readonly Matcher[]): Promise<boolean> {
    // A window's postings may name series without samples in it: reading one sample would cost more than it tells.
    const names = await this.#querier.labelValues(metricNameLabel, matchers, 1);
    return names.values.length > 0;
  }

  /** Label names of the series of one metric. */
  async labelsOf(metric: string): Promise<readonly string[]> {
    const { values } = await this.#querier.labelNames([nameMatcher(metric)]);
    return values;
  }

  /** Values of a label on the series of one metric; of all series where the metric is "". */
  async valuesOf(label: string, metric: string): Promise<readonly string[]> {
    const matchers = metric === "" ? [] : [nameMatcher(metric)];
    return (await this.#querier.labelValues(label, matchers, valuesMax)).values;
  }

  close(): void {
    this.#querier.close();
  }
}

/** `__name__="metric"` */
export function nameMatcher(metric: string): Matcher {
  return createMatcher("=", metricNameLabel, metric);
}
