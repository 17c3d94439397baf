import { describe, expect, it } from "vitest";
import { formatPlainNumber, formatTick } from "./plain-number.ts";

describe("formatPlainNumber", () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, "0"],
    [0.5333333, "0.53333"],
    [2.1, "2.1"],
    [27971.26, "27\u2009971.3"],
    [1234567, "1\u2009234\u2009567"],
    [-1500, "-1\u2009500"],
    [3e-7, "3.000e-7"],
    [Number.NaN, "NaN"],
    [Number.POSITIVE_INFINITY, "+Inf"],
  ];
  for (const [value, want] of cases)
    it(`writes ${value}`, () => expect(formatPlainNumber(value)).toBe(want));
});

describe("formatTick", () => {
  it("has just the decimals that tell ticks apart", () => {
    expect([0, 0.25, 0.5].map((value) => formatTick(value, 0.25))).toEqual(["0", "0.25", "0.50"]);
    expect([100, 200].map((value) => formatTick(value, 100))).toEqual(["100", "200"]);
  });

  it("shortens large values", () => {
    expect(formatTick(20_000, 5000)).toBe("20 k");
    expect(formatTick(2_500_000, 500_000)).toBe("2.5 M");
  });
});
