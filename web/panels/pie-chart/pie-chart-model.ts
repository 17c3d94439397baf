/** A pie's slices: figures with their shares, the smallest ones beyond a limit as one. Pure. */

import { joinFormatted } from "../../../src/dashboard/units/format-value.ts";
import type { FieldFigure } from "../field-figures.ts";

/** One slice; `from` and `to` are shares of the turn, from the top clockwise. */
export interface PieSlice {
  readonly key: string;
  readonly label: string;
  readonly color: string;
  readonly from: number;
  readonly to: number;
  readonly value: string;
  readonly percent: string;
}

/** Slices, and how many figures are none (missing, zero or negative). */
export interface PieModel {
  readonly slices: readonly PieSlice[];
  readonly leftOut: number;
}

/** Beyond so many no slice can be told from another. */
const slicesMax = 24;

/** Slices of `figures`, hidden ones left out of the whole; `sort` as Grafana names it: "desc", "asc", "none". */
export function buildPie(
  figures: readonly FieldFigure[],
  sort: string,
  hidden: ReadonlySet<string> = new Set(),
): PieModel {
  const positive = figures.filter((figure) => sizeOf(figure) > 0);
  const shown = positive.filter((figure) => !hidden.has(figure.key));
  const total = shown.reduce((sum, figure) => sum + sizeOf(figure), 0);
  const bySize = [...shown].sort((a, b) => sizeOf(b) - sizeOf(a));
  const drawn = shown.length > slicesMax ? bySize.slice(0, slicesMax - 1) : shown;
  const others = shown.length > slicesMax ? bySize.slice(slicesMax - 1) : [];
  const ordered = sortFigures(drawn, sort);
  const slices: PieSlice[] = [];
  let from = 0;
  const add = (size: number, head: Pick<PieSlice, "key" | "label" | "color" | "value">) => {
    const to = from + size / total;
    slices.push({ ...head, from, to, percent: percentText(size / total) });
    from = to;
  };
  for (const figure of ordered) {
    const { key, name: label, color } = figure;
    add(sizeOf(figure), { key, label, color, value: joinFormatted(figure.display) });
  }
  if (others.length > 0) {
    const size = others.reduce((sum, figure) => sum + sizeOf(figure), 0);
    const label = `${others.length} others`;
    add(size, { key: "others", label, color: "--fg-4", value: "" });
  }
  return { slices, leftOut: figures.length - positive.length };
}

/** A ring's piece as a path around 0,0; a whole turn is two halves, since an arc cannot end where it starts. */
export function slicePath(
  slice: Pick<PieSlice, "from" | "to">,
  outer: number,
  inner: number,
): string {
  if (slice.to - slice.from > 0.9999) {
    return `${slicePath({ from: 0, to: 0.5 }, outer, inner)}${slicePath({ from: 0.5, to: 1 }, outer, inner)}`;
  }
  const isLong = slice.to - slice.from > 0.5 ? 1 : 0;
  const outerArc = `M${point(slice.from, outer)}A${outer} ${outer} 0 ${isLong} 1 ${point(slice.to, outer)}`;
  if (inner <= 0) return `${outerArc}L0 0Z`;
  return `${outerArc}L${point(slice.to, inner)}A${inner} ${inner} 0 ${isLong} 0 ${point(slice.from, inner)}Z`;
}

/** The point at a share of the turn, "x y". */
export function point(share: number, radius: number): string {
  const angle = (share - 0.25) * 2 * Math.PI;
  return `${(radius * Math.cos(angle)).toFixed(3)} ${(radius * Math.sin(angle)).toFixed(3)}`;
}

function sizeOf(figure: FieldFigure): number {
  return figure.value !== undefined && Number.isFinite(figure.value) ? figure.value : 0;
}

function sortFigures(figures: readonly FieldFigure[], sort: string): readonly FieldFigure[] {
  if (sort === "none") return figures;
  const sign = sort === "asc" ? 1 : -1;
  return [...figures].sort((a, b) => sign * (sizeOf(a) - sizeOf(b)));
}

/** Whole percents, one decimal below ten. */
function percentText(share: number): string {
  const percent = share * 100;
  if (percent > 0 && percent < 0.1) return "< 0.1 %";
  return `${percent < 9.95 && percent > 0 ? percent.toFixed(1) : Math.round(percent)} %`;
}
