/**
 * Where the map's layer stands and how large it is drawn: fitted, zoomed about the middle, centred on a
 * box, and the same in the map's own units, as the address has it. Pure.
 */

import type { Viewport } from "@xyflow/react";
import type { LayoutBox, MapLayout } from "./map-layout.ts";
import type { MapView } from "./map-state.ts";

/** How far one can zoom. */
export const zoomMin = 0.06;
export const zoomMax = 2;
/** Small maps are not blown up. */
const fitZoomMax = 1.1;
/** A box that is searched for is drawn at least so large. */
const centredZoomMin = 0.8;
/** A margin, and room for the legend, px; above it is the toolbar's height. */
const inset = { top: 20, right: 24, bottom: 64, left: 24 } as const;
/** Rooms smaller than this are no room, px. */
const roomMin = 80;

/** What the map is drawn in, px; over its top lies the toolbar, `above` high. */
export interface MapFrame {
  readonly width: number;
  readonly height: number;
  readonly above: number;
}

/** The viewport in which everything is seen. */
export function fitted(
  { islands, places }: Pick<MapLayout, "islands" | "places">,
  { width, height, above }: MapFrame,
): Viewport {
  const boxes = [...Object.values(islands), ...Object.values(places)];
  if (boxes.length === 0) return { x: 0, y: 0, zoom: 1 };
  const left = Math.min(...boxes.map((box) => box.x));
  const top = Math.min(...boxes.map((box) => box.y));
  const wide = Math.max(...boxes.map((box) => box.x + box.width)) - left;
  const high = Math.max(...boxes.map((box) => box.y + box.height)) - top;
  const room = {
    width: Math.max(roomMin, width - inset.left - inset.right),
    height: Math.max(roomMin, height - inset.top - above - inset.bottom),
  };
  const zoom = Math.max(
    zoomMin,
    Math.min(fitZoomMax, room.width / Math.max(1, wide), room.height / Math.max(1, high)),
  );
  return {
    x: inset.left + (room.width - wide * zoom) / 2 - left * zoom,
    y: inset.top + above + (room.height - high * zoom) / 2 - top * zoom,
    zoom,
  };
}

/** The address has the corner of what is seen, in the map's own units. */
export function viewOf({ x, y, zoom }: Viewport): MapView {
  return { x: -x / zoom, y: -y / zoom, zoom };
}

export function viewportOf({ x, y, zoom }: MapView): Viewport {
  return { x: -x * zoom, y: -y * zoom, zoom };
}

/** Larger or smaller about the middle of the frame. */
export function zoomedBy(
  { x, y, zoom }: Viewport,
  factor: number,
  { width, height }: Pick<MapFrame, "width" | "height">,
): Viewport {
  const next = Math.min(zoomMax, Math.max(zoomMin, zoom * factor));
  const scale = next / zoom;
  const [middleX, middleY] = [width / 2, height / 2];
  return {
    x: middleX - (middleX - x) * scale,
    y: middleY - (middleY - y) * scale,
    zoom: next,
  };
}

/** Whether all of the box is in sight, beside toolbar and legend. */
export function isSeen(box: LayoutBox, { x, y, zoom }: Viewport, frame: MapFrame): boolean {
  const left = box.x * zoom + x;
  const top = box.y * zoom + y;
  return (
    left >= 0 &&
    top >= inset.top + frame.above &&
    left + box.width * zoom <= frame.width &&
    top + box.height * zoom <= frame.height - inset.bottom
  );
}

/** The box in the middle, large enough to be read. */
export function centred(box: LayoutBox, zoomNow: number, { width, height }: MapFrame): Viewport {
  const zoom = Math.max(zoomNow, centredZoomMin);
  return {
    x: width / 2 - (box.x + box.width / 2) * zoom,
    y: height / 2 - (box.y + box.height / 2) * zoom,
    zoom,
  };
}
