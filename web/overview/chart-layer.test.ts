import { expect, it } from "vitest";
import type { QuerySeries } from "../api/query-series.ts";
import { bandPath } from "./chart-layer.ts";

function series(timesMs: readonly number[], values: readonly number[]): QuerySeries {
  return {
    refId: "",
    labels: {},
    timesMs: Float64Array.from(timesMs),
    values: Float64Array.from(values),
    histogramCount: 0,
  };
}

it("keeps the usual band within the plot while the window moves on", () => {
  const frame = { fromMs: 1000, toMs: 2000, valueMin: 0, valueMax: 10, widthPx: 100, heightPx: 50 };
  const low = series([500, 1500, 2500], [2, 2, 2]);
  const high = series([500, 1500, 2500], [4, 12, 4]);
  expect(bandPath(low, high, frame as Parameters<typeof bandPath>[2])).toBe(
    "M0.0 30.0L50.0 0.0L100.0 30.0L100.0 40.0L50.0 40.0L0.0 40.0Z",
  );
});
