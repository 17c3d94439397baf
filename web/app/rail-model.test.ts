import { describe, expect, it } from "vitest";
import type { QuerySeries } from "../api/query-series.ts";
import {
  flowBars,
  holesOf,
  nextScale,
  railAlerts,
  railBars,
  railWindow,
  scaleLabel,
  windowText,
} from "./rail-model.ts";

const nowMs = 1_768_498_868_000;
const series = (
  times: readonly number[],
  values: readonly number[],
  labels: Readonly<Record<string, string>> = {},
): QuerySeries => ({
  refId: "",
  labels,
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

  it("takes the chosen scale unless the page's window is wider", () => {
    const page = { fromMs: nowMs - 3_600_000, toMs: nowMs };
    const span = (scale: string) => {
      const rail = railWindow(page, nowMs, scale);
      return rail.toMs - rail.fromMs;
    };
    expect(span("24h")).toBe(86_400_000);
    expect(span("15m")).toBe(3 * 3_600_000);
    expect(span("nonsense")).toBe(3 * 3_600_000);
  });

  it("puts a window of the past in the middle", () => {
    const page = { fromMs: nowMs - 86_400_000, toMs: nowMs - 86_400_000 + 300_000 };
    const rail = railWindow(page, nowMs);
    expect(rail.fromMs).toBeLessThan(page.fromMs);
    expect(rail.toMs).toBeGreaterThan(page.toMs);
    expect(rail.toMs).toBeLessThan(nowMs);
  });

  it("scrolls through the scales and stops at the ends", () => {
    expect(nextScale(3 * 3_600_000, 1)).toBe("24h");
    expect(nextScale(3 * 3_600_000, -1)).toBe("1h");
    expect(nextScale(7 * 86_400_000, 1)).toBe("7d");
    expect([900_000, 3_600_000, 86_400_000, 604_800_000].map(scaleLabel)).toEqual([
      "15 min",
      "1 h",
      "24 h",
      "7 d",
    ]);
  });

  it("draws flows with their dropped part, nothing before the first and not the bucket that still fills", () => {
    const bars = flowBars(
      {
        buckets: { startMs: 0, stepMs: 10, count: 5 },
        byVerdict: { FORWARDED: [0, 60, 0, 30, 9], DROPPED: [0, 20, 0, 10, 1] },
        off: [],
        oldestMs: 12,
        newestMs: 44,
        tookMs: 1,
      },
      45,
    );
    expect(bars.map((bar) => bar.height)).toEqual([undefined, 1, 0, 0.5, undefined]);
    expect(bars.map((bar) => bar.down)).toEqual([0, 0.25, 0, 0.25, 0.1]);
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
    expect(holesOf(bars, 10_000)).toEqual([{ fromMs: 20_000, toMs: 30_000 }]);
  });

  it("marks where alerts begin to fire, once for those on top of each other", () => {
    const window = { fromMs: 0, toMs: 100_000, stepMs: 1000 };
    const alerts = railAlerts(
      [
        series([10_000, 11_000, 12_000, 50_000], [1, 1, 1, 1], {
          alertname: "A",
          severity: "critical",
        }),
        series([10_100], [1], { alertname: "B" }),
      ],
      window,
    );
    expect(alerts).toEqual([
      { atMs: 10_000, name: "A", isCritical: true },
      { atMs: 50_000, name: "A", isCritical: true },
    ]);
  });

  it("writes a window that ends now as relative, so that it stays live", () => {
    const rail = { fromMs: nowMs - 900_000, toMs: nowMs };
    expect(windowText(nowMs - 60_000, nowMs - 1000, rail, nowMs)).toEqual({
      from: "now-1m",
      to: "now",
    });
    expect(windowText(nowMs - 60_000, nowMs - 30_000, rail, nowMs).to).toBe(String(nowMs - 30_000));
  });
});
