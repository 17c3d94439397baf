/** What `metrics preview` and `metrics check` print for people. */

import type { Preview } from "../../flowmetrics/studio/preview.ts";
import type { SpecFinding } from "../../flowmetrics/studio/spec-check.ts";
import type { MetricsText } from "../../flowmetrics/studio/spec-count.ts";

const labelsShown = 8;
const valuesShown = 3;
const sparks = "▁▂▃▄▅▆▇█";

/** Findings, each with the line it is in and what is meant underlined; "" without any. */
export function checkText(text: MetricsText, findings: readonly SpecFinding[]): string {
  return findings.map((finding) => findingText(text, finding)).join("");
}

function findingText(text: MetricsText, finding: SpecFinding): string {
  const { item, start, end, effect, message, mend } = finding;
  const whole = "config" in text ? text.config : (text.metrics[item] ?? "");
  const lineStart = whole.lastIndexOf("\n", start - 1) + 1;
  const lineNumber = whole.slice(0, lineStart).split("\n").length;
  const line = whole.slice(lineStart).split("\n")[0] ?? "";
  const column = start - lineStart + 1;
  const marks = "^".repeat(Math.max(1, Math.min(end - start, line.length - column + 1)));
  const place = "config" in text ? `line ${lineNumber}, column ${column}` : `column ${column}`;
  return `${effect}: ${message} (${place})\n    ${line}\n    ${" ".repeat(column - 1)}${marks} ${mend}\n`;
}

/** The preview as text. */
export function previewText(preview: Preview): string {
  return [
    ...headLines(preview),
    "",
    ...metricLines(preview),
    ...growthLines(preview),
    ...costLines(preview),
    ...labelLines(preview),
    ...againstLines(preview),
    ...variantLines(preview),
    ...preview.notes.map((note) => `Note: ${note}`),
  ]
    .map((line) => `${line}\n`)
    .join("");
}

function headLines({ series, isOver, flows, firstMs, lastMs, agents }: Preview): string[] {
  if (flows === 0) return ["There is no flow in this window: nothing could be counted."];
  const span =
    firstMs === null || lastMs === null
      ? "without times"
      : `from ${new Date(firstMs).toISOString()} to ${new Date(lastMs).toISOString()}`;
  return [
    `${isOver ? "more than " : ""}${series} series, counted on ${flows} flows ${span}`,
    `${agents.series} series over ${agents.nodes} agents, each exposing its own`,
  ];
}

function metricLines({ byMetric }: Preview): string[] {
  const width = Math.max(0, ...byMetric.map(({ metric }) => metric.length));
  return byMetric.map(
    ({ metric, type, series }) =>
      `  ${metric.padEnd(width)}  ${String(series).padStart(8)}${type === "histogram" ? "  (histogram: 14 a label set)" : ""}`,
  );
}

function growthLines({ growth, flows }: Preview): string[] {
  if (flows === 0) return [];
  const { buckets, widthMs, guess } = growth;
  const most = Math.max(1, ...buckets.map(({ newSeries }) => newSeries));
  const bars = buckets
    .map(({ newSeries }) =>
      newSeries === 0 ? "·" : (sparks[Math.ceil((newSeries / most) * (sparks.length - 1))] ?? " "),
    )
    .join("");
  const lines = ["", `New series, each bar ${widthMs / 1000} s:  ${bars}`];
  if (guess === null) lines.push("The window is too short to say how it goes on.");
  else {
    lines.push(
      `${guess.newPerHour.toFixed(1)} new an hour at the end; then about ${guess.inOneDay} after a day, ${guess.inThirtyDays} after 30 (${guess.basis})`,
    );
  }
  return lines;
}

function costLines({ cost, flows }: Preview): string[] {
  if (flows === 0) return [];
  const { samplesPerSecond, intervalMs, bytesPerSample, bytesPerMonth, indexBytesPerMonth, money } =
    cost;
  const disk =
    bytesPerSample === null || bytesPerMonth === null
      ? "Bytes: the window is too short to measure them"
      : `${formatBytes(bytesPerMonth)} a month on disk (${bytesPerSample.toFixed(2)} B a sample as measured, ${formatBytes(indexBytesPerMonth)} of it index as estimated)`;
  return [
    "",
    `${samplesPerSecond.toFixed(1)} samples/s at one in ${intervalMs / 1000} s`,
    disk,
    money === null
      ? "Money: give --price"
      : `${money.perMonth.toFixed(2)} ${money.currency || "(in the price's currency)"} a month`,
  ];
}

function labelLines({ labels }: Preview): string[] {
  if (labels.length === 0) return [];
  const shown = labels.slice(0, labelsShown);
  const width = Math.max(...shown.map(({ label }) => label.length));
  return [
    "",
    "What makes the series:",
    ...shown.map(({ label, values, top }) => {
      const named = top
        .slice(0, valuesShown)
        .map(({ value, share }) => `${JSON.stringify(value)} ${Math.round(share * 100)} %`);
      return `  ${label.padEnd(width)}  ${String(values).padStart(6)} values  ${named.join(", ")}`;
    }),
  ];
}

function againstLines({ against }: Preview): string[] {
  if (against === null) return [];
  const { series, change, added, removed } = against;
  return [
    "",
    `Enabled now: ${series} series; this is ${change >= 0 ? "+" : ""}${change}`,
    ...removed.map((metric) => `  - ${metric}`),
    ...added.map((metric) => `  + ${metric}`),
  ];
}

function variantLines({ variants, suggestion }: Preview): string[] {
  if (variants.length === 0) return [];
  if (suggestion === null) return ["", "No other way was found that saves a fifth."];
  return ["", `Cheaper: ${suggestion.what}: ${suggestion.series} series`, `  ${suggestion.metric}`];
}

function formatBytes(bytes: number): string {
  if (bytes >= 1e9) return `${(bytes / 1e9).toFixed(1)} GB`;
  if (bytes >= 1e6) return `${(bytes / 1e6).toFixed(1)} MB`;
  return `${(bytes / 1e3).toFixed(1)} kB`;
}
