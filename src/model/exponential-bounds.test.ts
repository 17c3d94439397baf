import { describe, expect, it } from "vitest";
import { exponentialBound } from "./exponential-bounds.ts";

describe("exponentialBound", () => {
  const check = (index: number, schema: number, want: number) =>
    expect(exponentialBound(index, schema), `${index} of schema ${schema}`).toBe(want);

  it("is a power of two at whole doublings", () => {
    check(0, 0, 1);
    check(1, 0, 2);
    check(-3, 0, 0.125);
    check(1, -1, 4);
    check(1, -4, 65_536);
    check(16, 3, 4);
    check(-256, 8, 0.5);
  });

  it("lies between doublings as everyone computes it, last bit included", () => {
    check(3, 1, 2.82842712474619);
    check(-1, 2, 0.8408964152537144);
    check(257, 8, 2 * 1.0027112750502025);
  });

  it("stays within a few units in the last place of the exact power", () => {
    for (let index = -600; index <= 600; index++) {
      const exact = 2 ** (index / 256);
      expect(Math.abs(exponentialBound(index, 8) / exact - 1)).toBeLessThan(1e-15);
    }
  });

  it("ends ordinary numbers at the largest double and what comes after at infinity", () => {
    check(1024, 0, Number.MAX_VALUE);
    check(1025, 0, Infinity);
    check(64, -4, Number.MAX_VALUE);
    check(65, -4, Infinity);
    check(1024 * 8, 3, Number.MAX_VALUE);
  });
});
