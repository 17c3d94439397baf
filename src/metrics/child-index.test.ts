import { describe, expect, it } from "vitest";
import { ChildIndex } from "./child-index.ts";

interface Child {
  readonly labelValues: readonly string[];
}

const make = (labelValues: readonly string[]): Child => ({ labelValues });

/** The same sequence on every run. */
function numbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (state >>> 8) % below;
  };
}

describe("ChildIndex", () => {
  it("does what a Map over joined values does, through growth and removal", () => {
    const next = numbers(7);
    const index = new ChildIndex<Child>(3);
    const oracle = new Map<string, Child>();
    for (let round = 0; round < 20_000; round++) {
      const values = [`a${next(9)}`, `b${next(30)}`, `a${next(9)}`];
      const key = values.join(" ");
      if (next(3) === 0) {
        expect(index.remove(values)).toBe(oracle.delete(key));
        continue;
      }
      const child = index.findOrMake(values, make);
      expect(child).toBe(oracle.get(key) ?? child);
      oracle.set(key, child);
      expect(index.size).toBe(oracle.size);
    }
    expect(new Set(index.all())).toEqual(new Set(oracle.values()));
  });

  it("keeps the values of a child when the caller's array changes", () => {
    const index = new ChildIndex<Child>(1);
    const values = ["x"];
    const child = index.findOrMake(values, make);
    values[0] = "y";
    expect(child.labelValues).toEqual(["x"]);
    expect(index.findOrMake(["x"], make)).toBe(child);
  });

  it("tells values apart that a joined key would mix up", () => {
    const index = new ChildIndex<Child>(2);
    const child = index.findOrMake(["a", "ba"], make);
    expect(index.findOrMake(["ab", "a"], make)).not.toBe(child);
    expect(index.remove(["ba", "a"])).toBe(false);
    expect(index.size).toBe(2);
  });
});
