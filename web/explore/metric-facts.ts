/** What the metric explorer tells of one metric: its labels with their values, and queries that suit it. Pure. */

/** A label of a metric. */
export interface LabelFacts {
  readonly name: string;
  /** By number of series, the most first. */
  readonly values: readonly { readonly value: string; readonly seriesCount: number }[];
  /** Series that have the label. */
  readonly seriesCount: number;
}

/** Labels of the series of one metric, those with most values first. O(labels of all series). */
export function labelFacts(
  series: readonly Readonly<Record<string, string>>[],
): readonly LabelFacts[] {
  const labels = new Map<string, Map<string, number>>();
  for (const one of series) {
    for (const [name, value] of Object.entries(one)) {
      if (name === "__name__") continue;
      const values = labels.get(name) ?? new Map<string, number>();
      values.set(value, (values.get(value) ?? 0) + 1);
      labels.set(name, values);
    }
  }
  const facts = [...labels].map(([name, values]) => ({
    name,
    values: [...values]
      .map(([value, seriesCount]) => ({ value, seriesCount }))
      .sort((a, b) => b.seriesCount - a.seriesCount || (a.value < b.value ? -1 : 1)),
    seriesCount: [...values.values()].reduce((sum, count) => sum + count, 0),
  }));
  return facts.sort((a, b) => b.values.length - a.values.length || (a.name < b.name ? -1 : 1));
}

/** The family whose metadata describes a series name: itself, or without the suffix of its kind. */
export function familyOf(name: string, hasMetadata: (family: string) => boolean): string {
  if (hasMetadata(name)) return name;
  const family = name.replace(/_(?:bucket|sum|count|total|created|info)$/, "");
  return hasMetadata(family) ? family : name;
}

/** A selector as PromQL writes it, names that are no identifiers in quotes. */
export function selectorText(name: string, label?: string, value = ""): string {
  const isPlain = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name);
  const parts = isPlain ? [] : [JSON.stringify(name)];
  if (label !== undefined) {
    const written = /^[a-zA-Z_][a-zA-Z0-9_]*$/.test(label) ? label : JSON.stringify(label);
    parts.push(`${written}=${JSON.stringify(value)}`);
  }
  return `${isPlain ? name : ""}${parts.length === 0 ? "" : `{${parts.join(", ")}}`}`;
}

/** Queries to begin with for a metric of this type, the best first. */
export function suggestedQueries(
  name: string,
  type: string | undefined,
  selector = selectorText(name),
): readonly { readonly label: string; readonly expr: string }[] {
  const rate = { label: "Rate", expr: `sum(rate(${selector}[5m]))` };
  if (name.endsWith("_bucket")) {
    return [
      {
        label: "95th percentile",
        expr: `histogram_quantile(0.95, sum by (le) (rate(${selector}[5m])))`,
      },
      rate,
    ];
  }
  const isCounter = type === "counter" || /_(?:total|sum|count)$/.test(name);
  if (isCounter) {
    return [rate, { label: "Increase in an hour", expr: `sum(increase(${selector}[1h]))` }];
  }
  return [
    { label: "Sum", expr: `sum(${selector})` },
    { label: "Series", expr: selector },
  ];
}
