import { describe, expect, it } from "vitest";
import type { QuerySeries } from "../api/query-series.ts";
import { alignSeries, limitSeries } from "./chart-columns.ts";

function series(...pairs: readonly (readonly [number, number])[]): QuerySeries {
  return {
    refId: "A",
    labels: {},
    timesMs: Float64Array.from(pairs, ([time]) => time),
    values: Float64Array.from(pairs, ([, value]) => value),
    histogramCount: 0,
  };
}
const window = { fromMs: 1000, toMs: 3000, stepMs: 1000 };

describe("alignSeries", () => {
  it("leaves a hole where a series has no sample, so that its line breaks", () => {
    const { times, columns } = alignSeries(
      [series([1000, 1], [3000, 3]), series([2000, 9])],
      window,
    );
    expect(times).toEqual([1, 2, 3]);
    expect(columns).toEqual([
      [1, null, 3],
      [null, 9, null],
    ]);
  });

  it("keeps holes that all series share: nothing is drawn over a gap", () => {
    const { columns } = alignSeries([series([0, 1], [5000, 2])], window);
    expect(columns[0]).toEqual([1, null, null, null, null, 2]);
  });

  it("covers the whole window, so that the crosshair finds no value where there is none", () => {
    const { times, columns } = alignSeries([series([5100, 1])], {
      fromMs: 3000,
      toMs: 7000,
      stepMs: 1000,
    });
    expect(times).toEqual([3.1, 4.1, 5.1, 6.1]);
    expect(columns[0]).toEqual([null, null, 1, null]);
  });

  it("draws queries of different steps on the union of their times", () => {
    const { times, columns } = alignSeries(
      [series([0, 1], [1000, 2], [2000, 3]), series([0, 7], [1500, 8])],
      window,
    );
    expect(times).toEqual([0, 1, 1.5, 2]);
    expect(columns[1]).toEqual([7, null, 8, null]);
  });

  it("turns NaN and infinities into holes", () => {
    const { columns } = alignSeries(
      [series([1000, Number.NaN], [2000, Infinity], [3000, 4])],
      window,
    );
    expect(columns[0]).toEqual([null, null, 4]);
  });

  it("gives nothing for nothing", () => {
    expect(alignSeries([], window)).toEqual({ times: [], columns: [] });
    expect(alignSeries([series()], window).columns).toEqual([[]]);
  });
});

describe("limitSeries", () => {
  it("keeps the 50 with the largest peaks above 300, and says how many are left out", () => {
    const many = Array.from({ length: 301 }, (_, index) => series([0, index]));
    const { drawn, leftOut } = limitSeries(many);
    expect([drawn.length, leftOut]).toEqual([50, 251]);
    expect(drawn[0]?.values[0]).toBe(251);
    expect(limitSeries(many.slice(1)).leftOut).toBe(0);
  });
});
