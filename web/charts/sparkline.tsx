/** A line without axes on its own scale, for stats and table rows (UI.md 6). SVG, thinned to its width. */

import { useId } from "react";
import type { Column } from "./chart-columns.ts";
import { cssColor } from "./chart-theme.ts";
import { decimate } from "./decimation.ts";

interface SparklineProps {
  readonly column: Column;
  readonly color: string;
  readonly isFilled?: boolean;
}

/** Width of the drawing's own units; it is stretched to its place. */
const width = 200;
const height = 40;

/** Fills its parent; holes break the line. */
export function Sparkline({ column, color, isFilled = true }: SparklineProps) {
  const id = useId();
  const { line, area } = sparkPaths(column);
  return (
    <svg
      className="sparkline"
      viewBox={`0 0 ${width} ${height}`}
      preserveAspectRatio="none"
      aria-hidden="true"
      style={{ color: cssColor(color) }}
    >
      {isFilled && <path id={id} d={area} fill="currentColor" opacity="0.13" />}
      <path
        d={line}
        fill="none"
        stroke="currentColor"
        strokeWidth="1.4"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  );
}

/** The line and the area under it. The foot is zero unless all values lie far from it. */
export function sparkPaths(column: Column): { readonly line: string; readonly area: string } {
  let low = Number.POSITIVE_INFINITY;
  let high = Number.NEGATIVE_INFINITY;
  for (const value of column) {
    if (value === null) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) return { line: "", area: "" };
  if (low > 0 && low < high * 0.9) low = 0;
  if (low === high)
    [low, high] = low === 0 ? [0, 1] : [Math.min(0, low * 2), Math.max(0, high * 2)];
  const x = (index: number) => round((index / Math.max(1, column.length - 1)) * width);
  const y = (value: number) => round(height - 2 - ((value - low) / (high - low)) * (height - 5));
  let line = "";
  let area = "";
  let startX: number | undefined;
  let lastX = 0;
  const close = () => {
    if (startX !== undefined) area += `L${lastX} ${height}L${startX} ${height}Z`;
    startX = undefined;
  };
  for (const index of decimate(column, width)) {
    const value = column[index] ?? null;
    if (value === null) {
      close();
      continue;
    }
    const point = `${startX === undefined ? "M" : "L"}${x(index)} ${y(value)}`;
    startX ??= x(index);
    lastX = x(index);
    line += point;
    area += point;
  }
  close();
  return { line, area };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
