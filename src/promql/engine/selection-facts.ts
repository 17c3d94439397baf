/**
 * What is worked out from the labels of a list of series alone. Storage gives the same list again while
 * the same series match (SeriesSet), and a dashboard asks the same query again and again: groups of
 * aggregations and the like are then there already. Kept for as long as the list itself.
 */

import type { Labels } from "../../model/labels.ts";
import type { Series } from "../../storage/storage.ts";
import type { AggregateNode } from "./plan-node.ts";
import { groupLabels, type SeriesGroups } from "./series-groups.ts";
import { hasOneMetric, withoutMetadata } from "./step-vector.ts";

/** Groupings kept of one list: 4 bytes a series each. */
const groupingsMax = 8;

/** Facts of one list. */
export class SelectionFacts {
  readonly labels: readonly Labels[];
  #isOneMetric: boolean | undefined;
  readonly #groups = new Map<string, SeriesGroups>();

  constructor(series: readonly Series[]) {
    this.labels = series.map((one) => one.labels);
  }

  /** All series share name, type and unit, so that they stay distinct without. */
  get isOneMetric(): boolean {
    this.#isOneMetric ??= hasOneMetric(this.labels);
    return this.#isOneMetric;
  }

  /** The series in the groups of an aggregation; no name is still to be dropped. */
  groups(node: AggregateNode, dropsMetadata: boolean): SeriesGroups {
    const { isWithout, grouping } = node;
    const key = JSON.stringify([isWithout, dropsMetadata, grouping]);
    const known = this.#groups.get(key);
    if (known !== undefined) return known;
    const labels = dropsMetadata ? this.labels.map(withoutMetadata) : this.labels;
    const groups = groupLabels(node, labels, []);
    if (this.#groups.size === groupingsMax) this.#groups.clear();
    this.#groups.set(key, groups);
    return groups;
  }
}

/** Facts by list. One for an engine. */
export class KnownSelections {
  readonly #facts = new WeakMap<readonly Series[], SelectionFacts>();

  of(series: readonly Series[]): SelectionFacts {
    let facts = this.#facts.get(series);
    if (facts === undefined) {
      facts = new SelectionFacts(series);
      this.#facts.set(series, facts);
    }
    return facts;
  }
}
