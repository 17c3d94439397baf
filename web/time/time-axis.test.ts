import { describe, expect, it } from "vitest";
import { timestampLabel, timeTickLabel, timeTickStep, timeTicks } from "./time-axis.ts";

const fromMs = Date.UTC(2026, 0, 14, 23, 58, 20);

describe("time axis", () => {
  it("keeps ticks apart by at least a label's width", () => {
    for (const widthPx of [120, 300, 700, 1400]) {
      for (const spanMs of [60_000, 300_000, 3_600_000, 86_400_000, 40 * 86_400_000]) {
        const step = timeTickStep(spanMs, widthPx);
        expect((step / spanMs) * widthPx).toBeGreaterThanOrEqual(Math.min(74, widthPx) - 1);
      }
    }
  });

  it("puts ticks on round instants within the range", () => {
    const ticks = timeTicks(fromMs, fromMs + 300_000, { widthPx: 400, zone: "utc" });
    expect(ticks.map((tick) => new Date(tick).toISOString().slice(11, 19))).toEqual([
      "23:59:00",
      "00:00:00",
      "00:01:00",
      "00:02:00",
      "00:03:00",
    ]);
  });

  it("shows the date only at midnight, and only where steps are long enough to need it", () => {
    const midnight = Date.UTC(2026, 0, 15);
    expect(timeTickLabel(midnight, 7_200_000, "utc")).toBe("Thu 15");
    expect(timeTickLabel(midnight, 60_000, "utc")).toBe("00:00");
    expect(timeTickLabel(midnight + 3_600_000, 3_600_000, "utc")).toBe("01:00");
    expect(timeTickLabel(midnight + 30_000, 30_000, "utc")).toBe("00:00:30");
    expect(timeTickLabel(midnight, 86_400_000, "utc")).toBe("15 Jan");
  });

  it("writes milliseconds only where there are some", () => {
    expect(timestampLabel(Date.UTC(2026, 0, 15, 17, 13, 30), "utc")).toBe("Thu 15 Jan 17:13:30");
    expect(timestampLabel(Date.UTC(2026, 0, 15, 17, 13, 30, 50), "utc")).toBe(
      "Thu 15 Jan 17:13:30.050",
    );
  });
});
