import { describe, expect, it } from "vitest";
import { readPanel } from "../../../src/dashboard/panel.ts";
import { framesFromSeries } from "../../../src/dashboard/prometheus-frames.ts";
import { buildHeatmap, cellOpacity, columnAt } from "./heatmap-model.ts";

const timesMs = Float64Array.of(10_000, 20_000);
const bucket = (le: string, ...values: number[]) => ({
  labels: { le },
  timesMs,
  values: Float64Array.from(values),
});
const buckets = [bucket("+Inf", 9, 9), bucket("0.5", 1, 4), bucket("1", 5, 4)];

function build(
  format: "heatmap" | "time_series",
  options: Record<string, unknown> = {},
  series: Parameters<typeof framesFromSeries>[0] = buckets,
) {
  const frames = framesFromSeries(series, { refId: "A", expr: "x", legendFormat: "", format });
  const panel = readPanel({ type: "heatmap", options }, 1);
  return buildHeatmap(panel, { frames, range: { fromMs: 0, toMs: 20_000 }, stepMs: 10_000 });
}

describe("heat map", () => {
  it("orders buckets by bound and counts each alone, whichever way they were asked for", () => {
    for (const format of ["heatmap", "time_series"] as const) {
      const model = build(format, { yAxis: { unit: "s" } });
      expect(model.rows.map((row) => row.name)).toEqual([
        "up to 500 ms",
        "500 ms to 1 s",
        "above 1 s",
      ]);
      expect([...model.counts]).toEqual([1, 4, 4, 0, 4, 5]);
      expect(model.max).toBe(5);
    }
  });

  it("counts values into rows of one size where series are no buckets", () => {
    const series = [0, 10, 20].map((value) => ({
      labels: { pod: `p${value}` },
      timesMs,
      values: Float64Array.of(value, 20),
    }));
    const options = { calculation: { yBuckets: { mode: "size", value: "10" } } };
    const model = build("time_series", { calculate: true, ...options }, series);
    expect(model.rows.map((row) => row.top)).toEqual(["10", "20", "30"]);
    expect([...model.counts]).toEqual([1, 0, 1, 0, 1, 3]);
  });

  it("fills from 12 to 100 % and leaves empty cells free", () => {
    const model = build("heatmap", { color: { scale: "linear" } });
    expect(cellOpacity(model, 5)).toBe(1);
    expect(cellOpacity(model, 0)).toBe(0);
    expect(cellOpacity(model, Number.NaN)).toBe(0);
    expect(cellOpacity(model, 0.0001)).toBeCloseTo(0.12, 3);
  });

  it("finds the column whose step an instant lies in", () => {
    const model = build("heatmap");
    expect([1, 10_000, 10_001, 20_001].map((at) => columnAt(model, at))).toEqual([0, 0, 1, -1]);
  });
});
