import { describe, expect, it } from "vitest";
import { parseSampleValue, readQueryData, seriesText } from "./query-series.ts";

describe("readQueryData", () => {
  it("reads a matrix with special values and counts samples", () => {
    const result = readQueryData(
      {
        resultType: "matrix",
        result: [
          {
            metric: { __name__: "x", a: "b" },
            values: [
              [1.5, "1"],
              [2.5, "+Inf"],
              [3.5, "NaN"],
            ],
          },
        ],
      },
      "A",
    );
    expect(result.sampleCount).toBe(3);
    expect([...(result.series[0]?.timesMs ?? [])]).toEqual([1500, 2500, 3500]);
    expect([...(result.series[0]?.values ?? [])]).toEqual([
      1,
      Number.POSITIVE_INFINITY,
      Number.NaN,
    ]);
  });

  it("reads vectors, scalars and strings", () => {
    const vector = readQueryData(
      { resultType: "vector", result: [{ metric: {}, value: [1, "2"] }] },
      "B",
    );
    expect(vector.series[0]).toMatchObject({ refId: "B", labels: {} });
    expect(
      readQueryData({ resultType: "scalar", result: [1, "4"] }, "A").series[0]?.values[0],
    ).toBe(4);
    expect(readQueryData({ resultType: "string", result: [1, "hi"] }, "A").text).toBe("hi");
  });

  it("counts native histograms it does not draw", () => {
    const result = readQueryData(
      { resultType: "matrix", result: [{ metric: {}, histograms: [[1, {}]] }] },
      "A",
    );
    expect(result.series[0]?.histogramCount).toBe(1);
  });

  it("keeps negative infinity", () => expect(parseSampleValue("-Inf")).toBe(-Infinity));
});

describe("seriesText", () => {
  it("writes what PromQL reads", () => {
    expect(seriesText({ __name__: "up", job: 'a"b' })).toBe('up{job="a\\"b"}');
    expect(seriesText({ __name__: "up" })).toBe("up");
    expect(seriesText({ "k8s.pod": "x" })).toBe('{"k8s.pod"="x"}');
    expect(seriesText({})).toBe("{}");
  });
});
