/** Legends of Prometheus queries: `{{label}}` templates and what a series is called without one. */

import { type Labels, labelValue } from "./frame.ts";

const templatePattern = /\{\{\s*(.+?)\s*\}\}/g;
/** "Auto" of Grafana's editor: the name is left to the labels. */
const autoLegend = "__auto";

/** `{{label}}` replaced; a label that is missing or empty prints its name, as Grafana's front end does. */
export function renderLegendFormat(format: string, labels: Labels): string {
  return format.replace(
    templatePattern,
    (_match, name: string) => labelValue(labels, name) || name,
  );
}

/** `{{label}}` replaced; a missing label prints nothing, as Grafana's server does, which names Prometheus series. */
export function renderServerLegend(format: string, labels: Labels): string {
  return format.replace(templatePattern, (_match, name: string) => labelValue(labels, name) ?? "");
}

/** The legend of a series: its template, else `up{job="x"}`, else the expression; undefined: named for its labels (auto). */
export function seriesLegend(
  legendFormat: string,
  labels: Labels,
  expr: string,
): string | undefined {
  let legend = prometheusName(labels);
  if (legendFormat === autoLegend) {
    if (Object.keys(labels).length > 0) return undefined;
  } else if (legendFormat !== "") {
    legend = renderServerLegend(legendFormat, labels);
  }
  if (legend === "{}") return expr;
  return legend === "" ? undefined : legend;
}

/** `up{instance="a", job="x"}`: the metric's name and its labels sorted by name. */
export function prometheusName(labels: Labels): string {
  const { __name__: metric = "", ...others } = labels;
  const pairs = Object.keys(others)
    .sort()
    .map((name) => `${name}="${others[name]}"`);
  return metric !== "" && pairs.length === 0 ? metric : `${metric}{${pairs.join(", ")}}`;
}
