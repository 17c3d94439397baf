import { describe, expect, it } from "vitest";
import type { FloatHistogram } from "../model/histogram.ts";
import { labelsFromObject } from "../model/labels.ts";
import type { QueryValue } from "../promql/engine/query-result.ts";
import { queryValueJson } from "./query-json.ts";

const labels = labelsFromObject({ __name__: "h" });

const exponential: FloatHistogram = {
  kind: "float",
  counterResetHint: "gauge",
  schema: 0,
  zeroThreshold: 0.75,
  zeroCount: 1,
  count: 7.5,
  sum: 12,
  positiveSpans: [{ offset: 0, length: 3 }],
  negativeSpans: [{ offset: 1, length: 1 }],
  positiveBuckets: [2, 0, 3.5],
  negativeBuckets: [1],
  customValues: undefined,
};

const custom: FloatHistogram = {
  ...exponential,
  schema: -53,
  zeroThreshold: 0,
  zeroCount: 0,
  negativeSpans: [],
  negativeBuckets: [],
  customValues: [1, 5],
};

const decoder = new TextDecoder();
const toText = (value: QueryValue) =>
  Array.from(queryValueJson(value), (piece) =>
    typeof piece === "string" ? piece : decoder.decode(piece),
  ).join("");

describe("queryValueJson", () => {
  it("writes an instant vector's histogram in place of the value", () => {
    const sample = { labels, timestampMs: 1500, value: Number.NaN, histogram: exponential };
    expect(toText({ type: "vector", samples: [sample] })).toBe(
      '{"resultType":"vector","result":[{"metric":{"__name__":"h"},"histogram":[1.5,{"count":"7.5","sum":"12","buckets":[[1,"-2","-1","1"],[3,"-0.75","0.75","1"],[0,"0.75","1","2"],[0,"2","4","3.5"]]}]}]}',
    );
  });

  it("shows a zero bucket only where it holds something", () => {
    const histogram = { ...exponential, zeroCount: -1, positiveBuckets: [-2, 0, 0] };
    const sample = { labels, timestampMs: 0, value: Number.NaN, histogram };
    expect(toText({ type: "vector", samples: [sample] })).toContain(
      '"buckets":[[1,"-2","-1","1"],[0,"0.75","1","-2"]]',
    );
  });

  it("writes what is no UTF-8 as U+FFFD", () => {
    const value = "\\udc80 \udc80😀";
    expect(toText({ type: "string", timestampMs: 0, value })).toBe(
      '{"resultType":"string","result":[0,"\\\\udc80 \ufffd😀"]}',
    );
  });

  it("writes floats and histograms of a series in members of their own", () => {
    const floats = { labels, timestampsMs: Float64Array.of(1000), values: Float64Array.of(2) };
    const histograms = [{ timestampMs: 2000, histogram: custom }];
    const text = toText({ type: "matrix", series: [{ ...floats, histograms }] });
    expect(JSON.parse(text)).toEqual({
      resultType: "matrix",
      result: [
        {
          metric: { __name__: "h" },
          values: [[1, "2"]],
          histograms: [
            [
              2,
              {
                count: "7.5",
                sum: "12",
                buckets: [
                  [3, "-Inf", "1", "2"],
                  [0, "5", "+Inf", "3.5"],
                ],
              },
            ],
          ],
        },
      ],
    });
  });

  it("leaves out the member that would be empty", () => {
    const none = { labels, timestampsMs: new Float64Array(0), values: new Float64Array(0) };
    const empty = { ...custom, count: 0, sum: 0, positiveSpans: [], positiveBuckets: [] };
    const histograms = [{ timestampMs: 2000, histogram: empty }];
    expect(toText({ type: "matrix", series: [{ ...none, histograms }] })).toBe(
      '{"resultType":"matrix","result":[{"metric":{"__name__":"h"},"histograms":[[2,{"count":"0","sum":"0"}]]}]}',
    );
  });
});
