/**
 * The cursor of the keyboard: from a box along an edge to the next box. Right takes the edges that leave
 * to the server, left those that come in; up and down change the edge, or the box where none is held. Pure.
 */

import type { LayoutBox } from "./map-layout.ts";
import type { MapLink } from "./map-model.ts";

/** A key of the map. */
export type WalkKey = "ArrowRight" | "ArrowLeft" | "ArrowUp" | "ArrowDown";

/** What the walk needs to know of the map. */
export interface WalkGround {
  readonly links: readonly MapLink[];
  readonly boxes: Readonly<Record<string, LayoutBox>>;
}

/** Where the cursor stands: a box, or an edge with the box it was entered from. */
export interface WalkCursor {
  readonly id: string;
  /** Of an edge: its end that was left. */
  readonly from?: string;
}

/** Where `key` leads; the same cursor where there is no way. */
export function walk(ground: WalkGround, cursor: WalkCursor | undefined, key: WalkKey): WalkCursor {
  if (cursor === undefined || !isKnown(ground, cursor.id)) return { id: firstBox(ground) };
  const link = ground.links.find((one) => one.id === cursor.id);
  if (link === undefined) return walkFromBox(ground, cursor, key);
  if (key === "ArrowRight") return { id: link.destination };
  if (key === "ArrowLeft") return { id: link.source };
  const from = cursor.from ?? link.source;
  const isOut = from === link.source;
  const edges = edgesOf(ground, from, isOut);
  const index = edges.findIndex((one) => one.id === link.id);
  const next = edges[index + (key === "ArrowDown" ? 1 : -1)];
  return next === undefined ? cursor : { id: next.id, from };
}

/** True where the cursor stands on something that is drawn. */
export function isKnown({ boxes, links }: WalkGround, id: string): boolean {
  return boxes[id] !== undefined || links.some((link) => link.id === id);
}

function walkFromBox(ground: WalkGround, cursor: WalkCursor, key: WalkKey): WalkCursor {
  const { id } = cursor;
  if (key === "ArrowUp" || key === "ArrowDown") {
    return { id: nearestBox(ground, id, key === "ArrowDown" ? 1 : -1) ?? id };
  }
  const edges = edgesOf(ground, id, key === "ArrowRight");
  const busiest = edges.reduce<MapLink | undefined>(
    (best, link) => (best === undefined || link.edge.flows > best.edge.flows ? link : best),
    undefined,
  );
  return busiest === undefined ? cursor : { id: busiest.id, from: id };
}

/** Edges that leave (or reach) a box, by the height of their other end. */
function edgesOf({ links, boxes }: WalkGround, id: string, isOut: boolean): readonly MapLink[] {
  const other = (link: MapLink) => (isOut ? link.destination : link.source);
  return links
    .filter((link) => (isOut ? link.source : link.destination) === id)
    .filter((link) => boxes[other(link)] !== undefined)
    .sort(
      (a, b) => (boxes[other(a)]?.y ?? 0) - (boxes[other(b)]?.y ?? 0) || (a.id < b.id ? -1 : 1),
    );
}

/** The closest box above or below; sideways counts double. */
function nearestBox({ boxes }: WalkGround, id: string, sign: 1 | -1): string | undefined {
  const own = boxes[id];
  if (own === undefined) return undefined;
  let best: string | undefined;
  let bestFar = Number.POSITIVE_INFINITY;
  for (const [other, box] of Object.entries(boxes)) {
    const down = (box.y - own.y) * sign;
    if (down <= 0) continue;
    const far = down + Math.abs(box.x - own.x) * 2;
    if (far < bestFar) {
      bestFar = far;
      best = other;
    }
  }
  return best;
}

/** The box nearest to the upper left corner. */
function firstBox({ boxes }: WalkGround): string {
  let best = "";
  let bestSum = Number.POSITIVE_INFINITY;
  for (const [id, { x, y }] of Object.entries(boxes)) {
    if (x + y < bestSum) {
      bestSum = x + y;
      best = id;
    }
  }
  return best;
}
