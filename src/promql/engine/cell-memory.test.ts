import { describe, expect, it } from "vitest";
import { CellMemory } from "./cell-memory.ts";

const large = 100_000;

describe("CellMemory", () => {
  it("hands out what was given back, as zeros", () => {
    const memory = new CellMemory();
    const first = memory.take(large).fill(7);
    memory.give(first);
    const second = memory.take(large - 5000);
    expect(second.buffer).toBe(first.buffer);
    expect(second).toHaveLength(large - 5000);
    expect(second.some((value) => value !== 0)).toBe(false);
    expect(memory.take(large).buffer).not.toBe(first.buffer);
  });

  it("leaves a much larger array for others, and small ones to the collector", () => {
    const memory = new CellMemory();
    const wide = memory.take(4 * large);
    memory.give(wide);
    expect(memory.take(large).buffer).not.toBe(wide.buffer);
    const small = memory.take(10);
    memory.give(small);
    expect(memory.take(10).buffer).not.toBe(small.buffer);
  });

  it("keeps no more than 16 MiB, the newest", () => {
    const memory = new CellMemory();
    const given = Array.from({ length: 5 }, () => new Float64Array(1 << 19));
    for (const cells of given) memory.give(cells);
    const taken = given.map(() => memory.take(1 << 19).buffer);
    expect(taken.filter((buffer) => given.some((cells) => cells.buffer === buffer))).toHaveLength(
      4,
    );
    expect(taken).not.toContain(given[0]?.buffer);
  });
});
