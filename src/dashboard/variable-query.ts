/**
 * What the query of a variable asks of Prometheus (`label_values(up, job)`, `query_result(…)`…), as a
 * plan that whoever can fetch executes, and how the answers become options.
 */

import type { VariableOption } from "./variable-options.ts";

/** One request to the API. Selectors and expressions are as written, their variables replaced before parsing. */
export type VariableQuery =
  | { readonly kind: "none" }
  /** /labels, restricted to series that match. */
  | { readonly kind: "labelNames"; readonly match?: string }
  /** /label/<label>/values, restricted to series that match. */
  | { readonly kind: "labelValues"; readonly label: string; readonly match?: string }
  /** /label/__name__/values, of these the ones `pattern` finds. */
  | { readonly kind: "metricNames"; readonly pattern: string }
  /** /query at the end of the range; each result is an option with its labels, value and time. */
  | { readonly kind: "queryResult"; readonly expr: string }
  /** /series; each series is an option with its labels. */
  | { readonly kind: "series"; readonly match: string };

/** Reads a query of the Prometheus data source. */
export function parseVariableQuery(text: string): VariableQuery {
  const query = text.trim();
  if (query === "") return { kind: "none" };
  const call = /^(label_names|label_values|metrics|query_result)\((.*)\)$/s.exec(query);
  if (call === null) return { kind: "series", match: query };
  const inner = (call[2] ?? "").trim();
  switch (call[1]) {
    case "label_names":
      return inner === "" ? { kind: "labelNames" } : { kind: "labelNames", match: inner };
    case "label_values":
      return labelValues(inner);
    case "metrics":
      return { kind: "metricNames", pattern: inner };
    default:
      return { kind: "queryResult", expr: inner };
  }
}

/** `label` or `selector, label`; the label is after the last comma outside braces and quotes. */
function labelValues(inner: string): VariableQuery {
  const match = /^(?:(.+),)?\s*("[^"]+"|[^\s,{}()"]+)$/s.exec(inner);
  if (match === null) return { kind: "series", match: `label_values(${inner})` };
  const label = (match[2] ?? "").replace(/^"(.*)"$/, "$1");
  const selector = (match[1] ?? "").trim();
  return selector === ""
    ? { kind: "labelValues", label }
    : { kind: "labelValues", label, match: selector };
}

/** Metric names that the regexp of `metrics(…)` finds; all where it is no regexp. */
export function filterMetricNames(names: readonly string[], pattern: string): string[] {
  let regexp: RegExp;
  try {
    regexp = new RegExp(pattern);
  } catch {
    // Half-typed patterns are common; an empty list would hide why.
    return [...names];
  }
  return names.filter((name) => regexp.test(name));
}

type LabelMap = Readonly<Record<string, string>>;

/** Options of `query_result`: `name{a="1"} value timeMs`, for a variable's regex to pick from. */
export function queryResultOptions(data: {
  readonly resultType: string;
  readonly result: unknown;
}): VariableOption[] {
  if (data.resultType === "scalar" || data.resultType === "string") {
    const [, value] = data.result as readonly [number, string];
    return [{ text: value, value }];
  }
  const results = data.result as readonly {
    metric: LabelMap;
    value?: readonly [number, string];
    values?: readonly (readonly [number, string])[];
  }[];
  return results.map(({ metric, value, values }) => {
    const [seconds, sample] = value ?? values?.at(-1) ?? [0, ""];
    const text = `${metric["__name__"] ?? ""}{${labelPairs(metric)}} ${sample} ${seconds * 1000}`;
    return { text, value: text };
  });
}

/** Options of a plain selector: `name{a="1",b="2"}`. */
export function seriesOptions(series: readonly LabelMap[]): VariableOption[] {
  return series.map((labels) => {
    const text = `${labels["__name__"] ?? ""}{${labelPairs(labels)}}`;
    return { text, value: text };
  });
}

function labelPairs(labels: LabelMap): string {
  return Object.entries(labels)
    .filter(([name]) => name !== "__name__")
    .map(([name, value]) => `${name}="${value}"`)
    .join(",");
}
