import { describe, expect, it } from "vitest";
import { type QuerySeries, readQueryData } from "../api/query-series.ts";
import { instantCsv, rangeCsv } from "./series-csv.ts";

const series = (labels: Record<string, string>, pairs: [number, number][]): QuerySeries => ({
  refId: "A",
  labels,
  timesMs: Float64Array.from(pairs, ([time]) => time),
  values: Float64Array.from(pairs, ([, value]) => value),
  histogramCount: 0,
});

describe("CSV", () => {
  it("puts a range on its times, with holes", () => {
    const text = rangeCsv(
      [
        series({ __name__: "up", job: 'a"b' }, [
          [0, 1],
          [1000, Number.POSITIVE_INFINITY],
        ]),
        series({ __name__: "up" }, [[1000, Number.NaN]]),
      ],
      false,
    );
    expect(text.split("\r\n")).toEqual([
      'time,"up{job=""a\\""b""}",up',
      "1970-01-01T00:00:00.000Z,1,",
      "1970-01-01T00:00:01.000Z,+Inf,NaN",
      "",
    ]);
  });

  it("writes a native histogram into one cell", () => {
    const data = {
      resultType: "matrix" as const,
      result: [
        {
          metric: { __name__: "h" },
          values: [[2, "5"]],
          histograms: [[1, { count: "3", sum: "4.5", buckets: [[3, "-Inf", "1", "3"]] }]],
        },
      ],
    };
    const { series: found } = readQueryData(data, "A");
    expect(rangeCsv(found, false).split("\r\n")).toEqual([
      "time,h",
      '1970-01-01T00:00:01.000Z,"{count:3, sum:4.5, [-Inf,1]:3}"',
      "1970-01-01T00:00:02.000Z,5",
      "",
    ]);
    const instant = { resultType: "vector" as const, result: [] as unknown[] };
    instant.result.push({ metric: { a: "b" }, histogram: [7, { count: "0", sum: "0" }] });
    expect(instantCsv(readQueryData(instant, "A").series)).toContain(
      'A,b,1970-01-01T00:00:07.000Z,"{count:0, sum:0}"',
    );
  });

  it("puts an instant by labels, and hands no formula to a spreadsheet", () => {
    const text = instantCsv([
      series({ job: "=cmd()" }, [[0, -2]]),
      series({ a: "x" }, [[0, 1e-9]]),
    ]);
    expect(text.split("\r\n")).toEqual([
      "query,a,job,time,value",
      "A,,'=cmd(),1970-01-01T00:00:00.000Z,-2",
      "A,x,,1970-01-01T00:00:00.000Z,1e-9",
      "",
    ]);
  });
});
