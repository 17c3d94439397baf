import { describe, expect, it } from "vitest";
import {
  centred,
  fitted,
  isSeen,
  viewOf,
  viewportOf,
  zoomedBy,
  zoomMax,
  zoomMin,
} from "./map-viewport.ts";

const frame = { width: 1200, height: 800, above: 40 };
const box = (x: number, y: number) => ({ x, y, width: 136, height: 44 });

describe("the map's viewport", () => {
  it("fits all boxes into what toolbar and legend leave", () => {
    for (const places of [
      { a: box(0, 0), b: box(5000, 200) },
      { a: box(-300, -9000), b: box(10, 10) },
      { a: box(70, 70) },
    ]) {
      const viewport = fitted({ islands: {}, places }, frame);
      for (const one of Object.values(places)) expect(isSeen(one, viewport, frame)).toBe(true);
    }
    expect(fitted({ islands: {}, places: {} }, frame)).toEqual({ x: 0, y: 0, zoom: 1 });
  });

  it("keeps the middle where it is while zooming, within the bounds", () => {
    const now = { x: 100, y: -50, zoom: 0.5 };
    const middle = ({ x, y, zoom }: typeof now) => [(600 - x) / zoom, (400 - y) / zoom];
    expect(middle(zoomedBy(now, 1.5, frame))).toEqual(middle(now));
    expect(zoomedBy(now, 100, frame).zoom).toBe(zoomMax);
    expect(zoomedBy(now, 0.0001, frame).zoom).toBe(zoomMin);
  });

  it("puts a box into the middle, large enough to be read", () => {
    const viewport = centred(box(5000, 5000), 0.1, frame);
    expect(viewport.zoom).toBeGreaterThan(0.5);
    expect(isSeen(box(5000, 5000), viewport, frame)).toBe(true);
  });

  it("gives the same viewport back from the address", () => {
    const viewport = { x: 120, y: -40, zoom: 0.25 };
    expect(viewportOf(viewOf(viewport))).toEqual(viewport);
  });
});
