/** Where series come from: growth by metric, what each label of a metric costs, and what dropping would save. Pure. */

import type { QuerySeries } from "../api/query-series.ts";

/** A name and a count, as status/tsdb has them. */
export interface NamedCount {
  readonly name: string;
  readonly value: number;
}

/** The answer of /api/v1/status/tsdb. */
export interface TsdbStatus {
  readonly headStats: {
    readonly numSeries: number;
    readonly numLabelPairs: number;
    readonly chunkCount: number;
    readonly minTime: number;
    readonly maxTime: number;
  };
  readonly seriesCountByMetricName: readonly NamedCount[];
  readonly labelValueCountByLabelName: readonly NamedCount[];
  readonly memoryInBytesByLabelName: readonly NamedCount[];
  readonly seriesCountByLabelValuePair: readonly NamedCount[];
}

/** A metric with its growth since the window began. */
export interface MetricRow {
  readonly name: string;
  readonly series: number;
  /** Series more than at the window's start; undefined where that is not known. */
  readonly growth: number | undefined;
}

/** Metrics counted at the window's start and end, for those of `names`. */
export function growthQuery(names: readonly string[], spanMs: number): string {
  const selector = `{__name__=~"${names.map((name) => escapeRegexp(name)).join("|")}"}`;
  const seconds = Math.round(spanMs / 1000);
  return `label_replace(count by (__name__) (${selector}), "at", "end", "", "") or label_replace(count by (__name__) (${selector} offset ${seconds}s), "at", "start", "", "")`;
}

function escapeRegexp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\\\$&").replaceAll('"', '\\"');
}

/** Rows of metrics, by series or by growth. */
export function metricRows(
  status: TsdbStatus,
  counts: readonly QuerySeries[] | undefined,
  sort: "series" | "growth",
): readonly MetricRow[] {
  const read = (name: string, at: string) =>
    counts?.find(({ labels }) => labels["__name__"] === name && labels["at"] === at)?.values[0];
  const rows = status.seriesCountByMetricName.map(({ name, value }): MetricRow => {
    const end = read(name, "end");
    const growth = end === undefined ? undefined : end - (read(name, "start") ?? 0);
    return { name, series: value, growth };
  });
  return sort === "series"
    ? rows
    : [...rows].sort(
        (a, b) => (b.growth ?? Number.NEGATIVE_INFINITY) - (a.growth ?? Number.NEGATIVE_INFINITY),
      );
}

/** What a label does to one metric. */
export interface LabelRow {
  readonly label: string;
  readonly values: number;
  /** Series that would be left without the label. */
  readonly withoutIt: number;
  /** The values with most series, most first. */
  readonly top: readonly NamedCount[];
}

/** Values shown of a label. */
const topMax = 8;

/** Labels of a metric's series, those that multiply it most first. O(series x labels). */
export function labelRows(
  series: readonly Readonly<Record<string, string>>[],
): readonly LabelRow[] {
  const names = [...new Set(series.flatMap((one) => Object.keys(one)))].filter(
    (name) => name !== "__name__",
  );
  return names
    .map((label) => {
      const counts = new Map<string, number>();
      const rest = new Set<string>();
      for (const one of series) {
        const { [label]: value = "", ...others } = one;
        counts.set(value, (counts.get(value) ?? 0) + 1);
        rest.add(JSON.stringify(Object.entries(others).sort(([a], [b]) => (a < b ? -1 : 1))));
      }
      const top = [...counts]
        .map(([name, value]) => ({ name, value }))
        .sort((a, b) => b.value - a.value)
        .slice(0, topMax);
      return { label, values: counts.size, withoutIt: rest.size, top };
    })
    .sort((a, b) => a.withoutIt - b.withoutIt || b.values - a.values);
}

/** What to drop: a whole metric, or its series with one value of a label. */
export interface DropChoice {
  readonly metric: string;
  readonly label?: string;
  readonly value?: string;
}

/** The relabel config that does it, for metric_relabel_configs of the job. */
export function dropSnippet({ metric, label, value }: DropChoice): string {
  const names = label === undefined ? "[__name__]" : `[__name__, ${quoteIfNeeded(label)}]`;
  const regex = [metric, ...(label === undefined ? [] : [value ?? ""])]
    .map((text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
    .join(";");
  return [
    "metric_relabel_configs:",
    `  - source_labels: ${names}`,
    `    regex: ${yamlSingle(regex)}`,
    "    action: drop",
    "",
  ].join("\n");
}

function quoteIfNeeded(label: string): string {
  return /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label) ? label : yamlSingle(label);
}

function yamlSingle(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
