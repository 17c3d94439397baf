import { describe, expect, it } from "vitest";
import { findReducer, reduceField, reduceValue, reduceValues } from "./reduce.ts";

describe("reduceValues", () => {
  const series = Float64Array.of(2, 4, 1, 7, Number.NaN);

  function check(id: string, want: unknown) {
    it(`${id} of 2 4 1 7 NaN is ${want}`, () => expect(reduceValue(series, id)).toBe(want));
  }
  check("lastNotNull", 7);
  check("last", Number.NaN);
  check("first", 2);
  check("min", 1);
  check("max", 7);
  check("mean", 3.5);
  check("sum", 14);
  check("count", 5);
  check("range", 6);
  check("diff", 5);
  check("delta", 2);
  check("step", -3);
  check("diffperc", 250);
  check("avg", 3.5);

  it("picks percentiles instead of interpolating", () => {
    expect(reduceValues([4, 1, 3, 2], ["p50", "p99", "median"])).toEqual({
      p50: 3,
      p99: 4,
      median: 2.5,
    });
  });

  it("leaves out, keeps or zeroes null", () => {
    const values = [null, 4];
    expect(reduceValue(values, "count")).toBe(1);
    expect(reduceValue(values, "count", { nullValueMode: "null" })).toBe(2);
    expect(reduceValue(values, "mean", { nullValueMode: "null as zero" })).toBe(2);
  });

  it("counts texts and leaves the rest to numbers", () => {
    const texts = reduceValues(["a", "b", "b"], ["count", "distinctCount", "changeCount", "mean"], {
      type: "string",
    });
    expect(texts).toEqual({ count: 3, distinctCount: 2, changeCount: 1, mean: null });
  });

  it("has nothing for an empty column but its counts", () => {
    expect(reduceValues([], ["sum", "count", "max"])).toEqual({ sum: 0, count: 0, max: undefined });
  });

  it("reads a field's own null mode and knows names of reducers", () => {
    const config = { nullValueMode: "null as zero" } as const;
    expect(reduceField({ name: "x", type: "number", config, values: [null, 3] }, ["min"])).toEqual({
      min: 0,
    });
    expect(findReducer("current")?.name).toBe("Last *");
    expect(findReducer("p92")?.name).toBe("92nd %");
    expect(findReducer("none")).toBe(undefined);
  });
});
