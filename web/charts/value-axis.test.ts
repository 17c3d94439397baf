import { describe, expect, it } from "vitest";
import { niceScale, scaleTicks, tickCount } from "./value-axis.ts";

const ends = (low: number, high: number, options = {}) => {
  const scale = niceScale(low, high, { ticks: 4, ...options });
  return `${scale.min} ${scale.max} by ${scale.step}`;
};

describe("niceScale", () => {
  it("draws values that differ by rounding alone as a flat line", () => {
    const scale = niceScale(0.08999999999999998, 0.09000000000000001, { ticks: 5 });
    expect(scale).toEqual({ min: 0, max: 0.125, step: 0.025 });
    expect(niceScale(1e16, 1e16 + 2, { ticks: 5 }).min).toBe(0);
  });

  it("starts at zero where the data comes near it", () => {
    expect(ends(0.2, 9.7)).toBe("0 10 by 2.5");
    expect(ends(3, 5.1)).toBe("0 6 by 2");
  });

  it("shows the detail of a line far from zero", () =>
    expect(ends(990, 1003)).toBe("988 1004 by 4"));

  it("starts bars and stacks at zero however far the data", () => {
    expect(ends(990, 1003, { startsAtZero: true })).toBe("0 1200 by 300");
  });

  it("draws a line of zeros at the foot, and a constant below the top", () => {
    expect(ends(0, 0)).toBe("0 1 by 0.25");
    expect(ends(4, 4)).toBe("0 6 by 2");
    expect(ends(Infinity, -Infinity)).toBe("0 1 by 0.25");
  });

  it("keeps given ends exactly", () => {
    expect(ends(12, 70, { min: 0, max: 100 })).toBe("0 100 by 25");
    expect(ends(0, 0.4, { max: 1 })).toBe("0 1 by 0.25");
  });

  it("ends at a ceiling that data comes near but not above", () => {
    expect(ends(0.9, 1, { ceiling: 1, startsAtZero: true })).toBe("0 1 by 0.25");
    expect(ends(0, 0.03, { ceiling: 1 })).toBe("0 0.03 by 0.01");
    expect(ends(0, 1.5, { ceiling: 1 })).toBe("0 1.6 by 0.4");
  });

  it("steps round in the unit that bytes are written in", () => {
    expect(ends(0, 3_000_000_000, { base: 1024 })).toBe("0 3221225472 by 1073741824");
    const mebi = 1024 ** 2;
    const scale = niceScale(1250 * mebi, 1300 * mebi, { ticks: 4, base: 1024 });
    expect(scale.step / 1024 ** 3).toBeCloseTo(0.02);
  });

  it("gives ticks on round values, zero without a sign", () => {
    const scale = niceScale(-3, 5, { ticks: 4 });
    expect(scaleTicks(scale)).toEqual([-4, -2, 0, 2, 4, 6]);
    expect(Object.is(scaleTicks(scale)[2], 0)).toBe(true);
  });

  it("has 2 to 5 lines by height", () => {
    expect([60, 120, 200, 400].map(tickCount)).toEqual([2, 3, 4, 5]);
  });
});
