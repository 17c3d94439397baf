import { describe, expect, it } from "vitest";
import { seriesStatistics } from "./series-statistics.ts";

describe("seriesStatistics", () => {
  it("gives last, min, mean and max", () => {
    expect(seriesStatistics(Float64Array.of(3, -1, 4))).toEqual({
      last: 4,
      min: -1,
      mean: 2,
      max: 4,
    });
  });

  it("leaves NaN out of all but the last", () => {
    const figures = seriesStatistics(Float64Array.of(Number.NaN, 2, Number.NaN));
    expect([figures.last, figures.min, figures.max]).toEqual([Number.NaN, 2, 2]);
  });

  it("gives NaN for no samples", () => {
    expect(Object.values(seriesStatistics(new Float64Array()))).toEqual([NaN, NaN, NaN, NaN]);
  });
});
