/**
 * Answers as CSV (RFC 4180): a range with a row a time and a column a series, an instant with a row a
 * series and a column a label. A native histogram is one cell, as Prometheus prints it. Pure, O(samples).
 */

import { type QuerySeries, seriesText } from "../api/query-series.ts";
import { csvLine } from "../ui/csv-line.ts";

/** A row a time: `time,series…`; times in ISO 8601, UTC. Holes are empty. */
export function rangeCsv(series: readonly QuerySeries[], isNamed: boolean): string {
  const times = new Set<number>();
  for (const { timesMs, histograms = [] } of series) {
    for (const time of timesMs) times.add(time);
    for (const { timeMs } of histograms) times.add(timeMs);
  }
  const sorted = [...times].sort((a, b) => a - b);
  const columns = series.map(({ timesMs, values, histograms = [] }) => {
    const column = new Map<number, string>();
    for (let index = 0; index < timesMs.length; index++) {
      column.set(timesMs[index] as number, numberText(values[index]));
    }
    for (const { timeMs, text } of histograms) column.set(timeMs, text());
    return column;
  });
  const head = series.map(({ refId, labels }) =>
    isNamed ? `${refId} ${seriesText(labels)}` : seriesText(labels),
  );
  const lines = [csvLine(["time", ...head])];
  for (const time of sorted) {
    const cells = columns.map((column) => column.get(time) ?? "");
    lines.push(csvLine([new Date(time).toISOString(), ...cells]));
  }
  return `${lines.join("\r\n")}\r\n`;
}

/** A row a series: `query,label…,time,value`. */
export function instantCsv(series: readonly QuerySeries[]): string {
  const names = [...new Set(series.flatMap(({ labels }) => Object.keys(labels)))].sort();
  const lines = [csvLine(["query", ...names, "time", "value"])];
  for (const { refId, labels, timesMs, values, histograms } of series) {
    const last = values.length - 1;
    const histogram = histograms?.at(-1);
    const time = timesMs[last] ?? histogram?.timeMs;
    lines.push(
      csvLine([
        refId,
        ...names.map((name) => labels[name] ?? ""),
        time === undefined ? "" : new Date(time).toISOString(),
        last < 0 && histogram !== undefined ? histogram.text() : numberText(values[last]),
      ]),
    );
  }
  return `${lines.join("\r\n")}\r\n`;
}

function numberText(value: number | undefined): string {
  if (value === undefined) return "";
  if (value === Number.POSITIVE_INFINITY) return "+Inf";
  return value === Number.NEGATIVE_INFINITY ? "-Inf" : String(value);
}
