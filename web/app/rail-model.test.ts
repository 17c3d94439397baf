import { describe, expect, it } from "vitest";
import type { QuerySeries } from "../api/query-series.ts";
import { railBars, railWindow } from "./rail-model.ts";

const nowMs = 1_768_498_868_000;
const series = (times: readonly number[], values: readonly number[]): QuerySeries => ({
  refId: "",
  labels: {},
  timesMs: Float64Array.from(times),
  values: Float64Array.from(values),
  histogramCount: 0,
});

describe("time rail", () => {
  it("spans at least twice the page's window and ends now", () => {
    const rail = railWindow({ fromMs: nowMs - 300_000, toMs: nowMs }, nowMs);
    expect(rail.toMs - rail.fromMs).toBe(15 * 60_000);
    expect(nowMs - rail.toMs).toBeLessThan(rail.stepMs);
  });

  it("puts a window of the past in the middle", () => {
    const page = { fromMs: nowMs - 86_400_000, toMs: nowMs - 86_400_000 + 300_000 };
    const rail = railWindow(page, nowMs);
    expect(rail.fromMs).toBeLessThan(page.fromMs);
    expect(rail.toMs).toBeGreaterThan(page.toMs);
    expect(rail.toMs).toBeLessThan(nowMs);
  });

  it("leaves a hole where nothing was recorded and shows the share that was down", () => {
    const window = { fromMs: 0, toMs: 40_000, stepMs: 10_000 };
    const bars = railBars(
      series([10_000, 20_000, 40_000], [50, 100, 100]),
      series([10_000, 20_000, 40_000], [1, 0.75, 1]),
      window,
    );
    expect(bars.map((bar) => bar.height)).toEqual([0.5, 1, undefined, 1]);
    expect(bars.map((bar) => bar.down)).toEqual([0, 0.25, 0, 0]);
  });
});
