/** Figures of the studio in words. */

import { groupThousands } from "../charts/plain-number.ts";

/** From here on a metric is dear, and from there on it is a danger to storage and agents. */
export const seriesWarn = 10_000;
export const seriesCrit = 100_000;

/** Three digits or so. */
export function shortNumber(value: number): string {
  if (value >= 100 || value === 0) return groupThousands(value);
  return value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** "over 250 000" where counting stopped. */
export function seriesText({ series, isOver }: { series: number; isOver: boolean }): string {
  return `${isOver ? "over " : ""}${groupThousands(series)}`;
}

/** "+1 604 on now". */
export function changeText(change: number): string {
  if (change === 0) return "as many as now";
  return `${change > 0 ? "+" : "\u2212"}${groupThousands(Math.abs(change))} on now`;
}

/** How many times as many: "×67", "×0.2"; "" where nothing can be said. */
export function factorText(series: number, now: number): string {
  if (now === 0 || series === 0) return "";
  const factor = series / now;
  return `\u00d7${factor >= 10 ? Math.round(factor) : Number(factor.toPrecision(2))}`;
}

/** Share of a bar on a log scale up to a million, 0..1. */
export function logShare(series: number): number {
  return series <= 0 ? 0 : Math.min(1, Math.log10(series + 1) / 6);
}

/** The state of so many series. */
export function seriesState(series: number, isOver: boolean): "crit" | "warn" | "" {
  if (isOver || series >= seriesCrit) return "crit";
  return series >= seriesWarn ? "warn" : "";
}

/** Lines of `after`, marked where `before` has not got them, and those that went in between. */
export function diffLines(
  before: string,
  after: string,
): readonly { readonly text: string; readonly mark: "+" | "-" | "" }[] {
  const old = before.trimEnd().split("\n");
  const now = after.trimEnd().split("\n");
  const lines: { text: string; mark: "+" | "-" | "" }[] = [];
  let at = 0;
  for (const text of now) {
    const found = old.indexOf(text, at);
    if (found < 0) {
      lines.push({ text, mark: "+" });
      continue;
    }
    for (const gone of old.slice(at, found)) lines.push({ text: gone, mark: "-" });
    lines.push({ text, mark: "" });
    at = found + 1;
  }
  for (const gone of old.slice(at)) lines.push({ text: gone, mark: "-" });
  return lines;
}
