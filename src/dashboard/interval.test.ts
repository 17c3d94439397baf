import { describe, expect, it } from "vitest";
import {
  alignRange,
  calculateInterval,
  calculateStep,
  formatExactInterval,
  formatInterval,
  parseInterval,
  roundInterval,
  stepVariables,
} from "./interval.ts";

describe("intervals", () => {
  it("rounds to the ladder of steps", () => {
    expect([3, 12, 80, 44_000, 50_000_000].map(roundInterval)).toEqual([
      1, 10, 100, 30_000, 43_200_000,
    ]);
  });

  it("reads one unit or bare seconds", () => {
    expect(["2m", "90", "250ms", "1w", "1h30m"].map(parseInterval)).toEqual([
      120_000, 90_000, 250, 604_800_000, 3_600_000,
    ]);
    expect(parseInterval("soon")).toBe(undefined);
  });

  it("cuts the rest off, or keeps it exact for PromQL", () => {
    expect(formatInterval(150)).toBe("2m");
    expect(formatExactInterval(150_000)).toBe("150s");
    expect(formatExactInterval(7_200_000)).toBe("2h");
    expect(formatExactInterval(250)).toBe("250ms");
  });

  it("refuses a low limit that is no interval", () => {
    expect(calculateInterval(60_000, 100, "soon")).toBe(undefined);
    expect(calculateInterval(60_000, 100, "10s")).toEqual({ intervalMs: 10_000, interval: "10s" });
  });
});

describe("calculateStep", () => {
  it("never asks for more points than Prometheus gives", () => {
    const { stepMs } = calculateStep({
      rangeMs: 30 * 86_400_000,
      maxDataPoints: 100_000,
      minStep: "1s",
    });
    expect((30 * 86_400_000) / stepMs).toBeLessThanOrEqual(11_000);
  });

  it("takes the scrape interval as the least step and four of it as the least rate interval", () => {
    const step = calculateStep({ rangeMs: 900_000, maxDataPoints: 900, scrapeIntervalMs: 2000 });
    expect(step).toEqual({ intervalMs: 2000, stepMs: 2000, rateIntervalMs: 8000 });
    expect(stepVariables(step, 900_000)).toMatchObject({
      __interval: "2s",
      __interval_ms: "2000",
      __rate_interval: "8s",
      __range: "900s",
    });
  });

  it("strips > from a minimum step and knows $__rate_interval as one", () => {
    const request = { rangeMs: 900_000, maxDataPoints: 900 };
    expect(calculateStep({ ...request, minStep: ">30s" }).stepMs).toBe(30_000);
    expect(calculateStep({ ...request, minStep: "$__rate_interval" }).stepMs).toBe(60_000);
  });

  it("aligns a range to the step", () => {
    expect(alignRange(61_000, 125_000, 30_000)).toEqual({ fromMs: 60_000, toMs: 120_000 });
  });
});
