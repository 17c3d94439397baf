import { describe, expect, it } from "vitest";
import { parseExpr } from "../../src/promql/parser.ts";
import {
  dropSnippet,
  growthQuery,
  labelRows,
  metricRows,
  type TsdbStatus,
} from "./cardinality-model.ts";

const status: TsdbStatus = {
  headStats: { numSeries: 30, numLabelPairs: 9, chunkCount: 30, minTime: 0, maxTime: 1 },
  seriesCountByMetricName: [
    { name: "a", value: 20 },
    { name: "b", value: 10 },
  ],
  labelValueCountByLabelName: [],
  memoryInBytesByLabelName: [],
  seriesCountByLabelValuePair: [],
};
const count = (name: string, at: string, value: number) => ({
  refId: "",
  labels: { __name__: name, at },
  timesMs: Float64Array.of(0),
  values: Float64Array.of(value),
  histogramCount: 0,
});

describe("cardinality", () => {
  it("asks with names of any letters", () => {
    expect(() => parseExpr(growthQuery(["a:b", 'x.y"z'], 60_000))).not.toThrow();
  });

  it("orders metrics by series or by what grew", () => {
    const counts = [count("a", "end", 20), count("a", "start", 20), count("b", "end", 10)];
    expect(metricRows(status, counts, "series").map(({ name }) => name)).toEqual(["a", "b"]);
    expect(metricRows(status, counts, "growth")).toEqual([
      { name: "b", series: 10, growth: 10 },
      { name: "a", series: 20, growth: 0 },
    ]);
    expect(metricRows(status, undefined, "series")[0]?.growth).toBeUndefined();
  });

  it("tells how many series are left without a label, the costliest first", () => {
    const series = ["x", "y", "z"].flatMap((le) =>
      ["1", "2"].map((pod) => ({ __name__: "m", le, pod, job: "j" })),
    );
    expect(
      labelRows(series).map(({ label, values, withoutIt }) => [label, values, withoutIt]),
    ).toEqual([
      ["le", 3, 2],
      ["pod", 2, 3],
      ["job", 1, 6],
    ]);
  });

  it("writes the relabel config that drops a metric, or one value of a label", () => {
    expect(dropSnippet({ metric: "m_total" })).toContain("regex: 'm_total'");
    const one = dropSnippet({ metric: "m", label: "path", value: "/it's.x" });
    expect(one).toContain("source_labels: [__name__, path]");
    expect(one).toContain("regex: 'm;/it''s\\.x'");
  });
});
