/** Which label values make the series: for each label its values, and those that most series have. */

import type { AnyFamily } from "../../metrics/families.ts";
import { seriesPerChild } from "./spec-count.ts";

const valuesShown = 10;

/** One label over all metrics that have it. */
export interface LabelShare {
  readonly label: string;
  /** Different values. */
  readonly values: number;
  /** Series of metrics that have the label. */
  readonly series: number;
  /** Most series first; `share` of the label's series, 0..1. */
  readonly top: readonly {
    readonly value: string;
    readonly series: number;
    readonly share: number;
  }[];
}

/** Labels with most values first. O(series × labels). */
export function labelShares(families: readonly AnyFamily[]): LabelShare[] {
  const labels = new Map<string, Map<string, number>>();
  for (const family of families) {
    const weight = seriesPerChild(family);
    const counts = family.labelNames.map((name) => {
      const known = labels.get(name) ?? new Map<string, number>();
      labels.set(name, known);
      return known;
    });
    for (const { labelValues } of family.sortedChildren()) {
      for (let i = 0; i < counts.length; i++) {
        const value = labelValues[i] as string;
        const count = counts[i] as Map<string, number>;
        count.set(value, (count.get(value) ?? 0) + weight);
      }
    }
  }
  return [...labels]
    .map(([label, counts]) => toShare(label, counts))
    .sort((a, b) => b.values - a.values || (a.label < b.label ? -1 : 1));
}

function toShare(label: string, counts: ReadonlyMap<string, number>): LabelShare {
  let series = 0;
  for (const count of counts.values()) series += count;
  const top = [...counts]
    .sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
    .slice(0, valuesShown)
    .map(([value, count]) => ({ value, series: count, share: count / series }));
  return { label, values: counts.size, series, top };
}
