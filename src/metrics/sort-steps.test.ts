import { describe, expect, it } from "vitest";
import { sortSteps } from "./sort-steps.ts";

interface Item {
  readonly key: number;
  readonly place: number;
}

function run(known: readonly Item[], fresh: Item[]): { items: readonly Item[]; steps: number } {
  const work = sortSteps(known, fresh, (a, b) => a.key - b.key);
  for (let steps = 0; ; steps++) {
    const step = work.next();
    if (step.done === true) return { items: step.value, steps };
  }
}

describe("sortSteps", () => {
  it("sorts as Array.sort does, equal items in their order, whatever the lengths", () => {
    let state = 3;
    const items = (count: number, keys: number): Item[] =>
      Array.from({ length: count }, (_, place) => {
        state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
        return { key: (state >>> 8) % keys, place };
      });
    for (const [knownCount, freshCount, keys] of [
      [0, 0, 1],
      [1, 0, 9],
      [0, 1, 9],
      [5, 7, 3],
      [4000, 3, 1e6],
      [3, 4000, 10],
      [2500, 5000, 1e6],
    ] as const) {
      const known = items(knownCount, keys).sort((a, b) => a.key - b.key);
      const fresh = items(freshCount, keys);
      const wanted = [...known, ...fresh].sort((a, b) => a.key - b.key);
      expect(run(known, [...fresh]).items).toEqual(wanted);
    }
  });

  it("yields between pieces of long work", () => {
    const fresh = Array.from({ length: 20_000 }, (_, place) => ({ key: -place, place }));
    expect(run([], fresh).steps).toBeGreaterThan(30);
  });
});
