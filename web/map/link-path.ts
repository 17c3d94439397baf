/**
 * The curve of an edge between two boxes, px. Leaves on the side that faces
 * the other box; two edges of one pair run side by side; within a column the curve swings out. Pure.
 */

import type { LayoutBox } from "./map-layout.ts";

/** One curve. */
export interface LinkPath {
  readonly d: string;
  /** x and y of start, both handles and end. */
  readonly curve: readonly number[];
}

/** Edges of one pair are that far apart. */
const pairGap = 9;
/** Room for the arrow's head. */
const headGap = 3;

/**
 * From `source` to `destination`; `hasTwin`: there is an edge in the other direction too; `bulge`: how far
 * the handles are pulled down (or up), to pass a box between.
 */
export function linkPath(
  source: LayoutBox,
  destination: LayoutBox,
  hasTwin: boolean,
  bulge = 0,
): LinkPath {
  if (source === destination) return loop(source);
  const isForward = destination.x > source.x + source.width;
  const isBackward = destination.x + destination.width < source.x;
  if (!isForward && !isBackward) return vertical(source, destination, hasTwin);
  const shift = hasTwin ? (isForward ? -pairGap / 2 : pairGap / 2) : 0;
  const x1 = isForward ? source.x + source.width : source.x;
  const x2 = isForward ? destination.x - headGap : destination.x + destination.width + headGap;
  const y1 = source.y + source.height / 2 + shift;
  const y2 = destination.y + destination.height / 2 + shift;
  const reach = Math.max(36, Math.abs(x2 - x1) / 2);
  const c1 = isForward ? x1 + reach : x1 - reach;
  const c2 = isForward ? x2 - reach : x2 + reach;
  return cubic([x1, y1, c1, y1 + bulge, c2, y2 + bulge, x2, y2]);
}

function vertical(source: LayoutBox, destination: LayoutBox, hasTwin: boolean): LinkPath {
  const isDown = destination.y > source.y;
  const gap = isDown
    ? destination.y - (source.y + source.height)
    : source.y - (destination.y + destination.height);
  const isNext = gap < source.height;
  if (isNext && source.x === destination.x) {
    const x = source.x + source.width / 2 + (hasTwin ? (isDown ? -pairGap : pairGap) : 0);
    const y1 = isDown ? source.y + source.height : source.y;
    const y2 = isDown ? destination.y - headGap : destination.y + destination.height + headGap;
    return cubic([x, y1, x, y1, x, y2, x, y2]);
  }
  // Past the boxes between: out on the right going down, on the left going up.
  const sign = isDown ? 1 : -1;
  const x1 = isDown ? source.x + source.width : source.x;
  const x2 = isDown ? destination.x + destination.width + headGap : destination.x - headGap;
  const y1 = source.y + source.height / 2;
  const y2 = destination.y + destination.height / 2;
  const swing = Math.min(64, 26 + Math.abs(y2 - y1) / 12) * sign;
  const c1 = (isDown ? Math.max(x1, x2) : Math.min(x1, x2)) + swing;
  return cubic([x1, y1, c1, y1, c1, y2, x2, y2]);
}

function loop({ x, y, width }: LayoutBox): LinkPath {
  const [left, right] = [x + width - 34, x + width - 10];
  return cubic([left, y, left, y - 24, right, y - 24, right, y - headGap]);
}

function cubic(curve: readonly number[]): LinkPath {
  const [x1, y1, ...rest] = curve.map((value) => Math.round(value * 10) / 10);
  return { d: `M${x1} ${y1}C${rest.join(" ")}`, curve };
}

/** A point of a curve, `t` from 0 to 1. */
export function pointAt(curve: readonly number[], t: number): { x: number; y: number } {
  const u = 1 - t;
  const at = (axis: 0 | 1) => {
    const [a = 0, b = 0, c = 0, d = 0] = [0, 2, 4, 6].map((index) => curve[index + axis]);
    return u * u * u * a + 3 * u * u * t * b + 3 * u * t * t * c + t * t * t * d;
  };
  return { x: at(0), y: at(1) };
}
