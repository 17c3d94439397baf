/**
 * load_with_nhcb: classic histograms (`_bucket`, `_count`, `_sum`) as native ones with custom bounds,
 * stored under the name without suffix.
 */

import { customBucketsSchema, type FloatHistogram } from "../../model/histogram.ts";
import { type Labels, LabelsBuilder } from "../../model/labels.ts";
import { parseGoFloat } from "../engine/go-math.ts";
import { toFloatHistogram } from "../engine/histogram/histogram-value.ts";
import type { LoadedSeries } from "./promql-script.ts";

/** What is known of one classic histogram at one time. */
interface ClassicHistogram {
  /** Bound → observations up to it. */
  readonly buckets: Map<number, number>;
  count: number | undefined;
  sum: number;
}

/** A native histogram series; one sample for each step that has any. */
export interface CustomSeries {
  readonly labels: Labels;
  readonly samples: readonly { readonly step: number; readonly histogram: FloatHistogram }[];
}

const suffixPattern = /_(bucket|count|sum)$/;

/** Converts the classic histograms among the series of a load. */
export function customBucketSeries(loaded: readonly LoadedSeries[]): CustomSeries[] {
  const found = new Map<string, { labels: Labels; bySteps: Map<number, ClassicHistogram> }>();
  for (const series of loaded) {
    const suffix = suffixPattern.exec(series.labels.metricName)?.[1];
    if (suffix === undefined) continue;
    const labels = baseLabels(series.labels);
    const known = found.get(labels.key) ?? { labels, bySteps: new Map() };
    found.set(labels.key, known);
    noteSeries(series, suffix, known.bySteps);
  }
  return [...found.values()].map(({ labels, bySteps }) => ({
    labels,
    samples: [...bySteps]
      .sort(([a], [b]) => a - b)
      .map(([step, classic]) => ({ step, histogram: toNative(classic) })),
  }));
}

/** What one classic series tells of its histograms. */
function noteSeries(
  { labels, points }: LoadedSeries,
  suffix: string,
  bySteps: Map<number, ClassicHistogram>,
): void {
  const bound = suffix === "bucket" ? parseGoFloat(labels.get("le")) : Infinity;
  if (bound === undefined || Number.isNaN(bound)) return;
  for (const [step, point] of points.entries()) {
    if (point.kind !== "float") continue;
    const classic = classicAt(bySteps, step);
    if (suffix === "bucket") classic.buckets.set(bound, point.value);
    else if (suffix === "count") classic.count = point.value;
    else classic.sum = point.value;
  }
}

function baseLabels(labels: Labels): Labels {
  return new LabelsBuilder(labels)
    .set("__name__", labels.metricName.replace(suffixPattern, ""))
    .delete("le")
    .labels();
}

function classicAt(bySteps: Map<number, ClassicHistogram>, step: number): ClassicHistogram {
  let classic = bySteps.get(step);
  if (classic === undefined) {
    classic = { buckets: new Map(), count: undefined, sum: 0 };
    bySteps.set(step, classic);
  }
  return classic;
}

function toNative({ buckets, count: told, sum }: ClassicHistogram): FloatHistogram {
  const sorted = [...buckets].sort(([a], [b]) => a - b);
  const count = told ?? sorted.at(-1)?.[1] ?? 0;
  if (sorted.at(-1)?.[0] !== Infinity) sorted.push([Infinity, count]);
  const counts = sorted.map(([, upTo], index) => upTo - (sorted[index - 1]?.[1] ?? 0));
  return toFloatHistogram({
    hint: "unknown",
    schema: customBucketsSchema,
    zeroThreshold: 0,
    zeroCount: 0,
    count,
    sum,
    positive: { indexes: counts.map((_, index) => index), counts },
    negative: { indexes: [], counts: [] },
    bounds: sorted.slice(0, -1).map(([bound]) => bound),
  });
}
