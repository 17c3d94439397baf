import { describe, expect, it } from "vitest";
import { type LayoutRequest, layoutMap } from "./map-layout.ts";

const request = (
  islands: Readonly<Record<string, readonly string[]>>,
  lines: readonly string[],
  slots: LayoutRequest["slots"] = { places: {}, islands: {} },
): LayoutRequest => ({
  islands: Object.entries(islands).map(([id, placeIds]) => ({ id, isFramed: true, placeIds })),
  lines: lines.map((line) => {
    const [source = "", destination = ""] = line.split(">");
    return { source, destination, weight: 1 };
  }),
  slots,
});

const chain = request({ shop: ["web", "cart", "redis"] }, ["web>cart", "cart>redis"]);

describe("layoutMap", () => {
  it("puts callers left of whom they call", () => {
    const { web, cart, redis } = layoutMap(chain).places;
    expect(web!.x).toBeLessThan(cart!.x);
    expect(cart!.x).toBeLessThan(redis!.x);
  });

  it("keeps every place where it stood when one comes and when one goes", () => {
    const before = layoutMap(chain);
    const more = layoutMap(
      request(
        { shop: ["new", "web", "cart", "redis"] },
        ["web>cart", "cart>redis", "web>new"],
        before.slots,
      ),
    );
    for (const id of ["web", "cart", "redis"]) expect(more.places[id]).toEqual(before.places[id]);
    expect(more.places["new"]!.x).toBe(before.places["cart"]!.x);
    const less = layoutMap(request({ shop: ["web", "redis"] }, [], more.slots));
    for (const id of ["web", "redis"]) expect(less.places[id]).toEqual(before.places[id]);
    const again = layoutMap(
      request({ shop: ["web", "cart", "redis", "new"] }, ["web>cart"], less.slots),
    );
    expect(again.places["new"]).toEqual(more.places["new"]);
  });

  it("gives the same layout for the same names, whatever the order of lines", () => {
    const turned = request({ shop: ["web", "cart", "redis"] }, ["cart>redis", "web>cart"]);
    expect(layoutMap(turned).places).toEqual(layoutMap(chain).places);
  });

  it("covers no box by another, with cycles, loose places and many of them", () => {
    const ids = Array.from({ length: 120 }, (_, index) => `s${index}`);
    const lines = ids.flatMap((id, index) => [
      `${id}>s${(index * 7 + 3) % 90}`,
      `${id}>s${(index * 13 + 1) % 90}`,
    ]);
    const { places } = layoutMap(request({ a: ids.slice(0, 100), b: ids.slice(100) }, lines));
    const seen = new Set(Object.values(places).map(({ x, y }) => `${x} ${y}`));
    expect(seen.size).toBe(120);
  });

  it("keeps places inside their island", () => {
    const { places, islands } = layoutMap(
      request({ a: ["a1", "a2", "a3"], b: ["b1"] }, ["a1>a2", "a1>a3", "a3>b1"]),
    );
    for (const id of ["a1", "a2", "a3"]) {
      const [box, island] = [places[id]!, islands["a"]!];
      expect(box.x).toBeGreaterThanOrEqual(island.x);
      expect(box.x + box.width).toBeLessThanOrEqual(island.x + island.width);
      expect(box.y + box.height).toBeLessThanOrEqual(island.y + island.height);
    }
    expect(islands["b"]!.x).toBeGreaterThan(islands["a"]!.x);
  });
});
