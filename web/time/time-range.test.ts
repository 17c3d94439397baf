import { describe, expect, it } from "vitest";
import { isRelative, parseRangeWords, parseTime, rangeLabel, resolveRange } from "./time-range.ts";

const nowMs = Date.UTC(2026, 0, 15, 17, 41, 8);
const at = (text: string, isEnd = false) => {
  const instant = parseTime(text, nowMs, { isEnd, zone: "utc" });
  return instant === undefined ? undefined : new Date(instant).toISOString();
};

describe("parseTime", () => {
  const cases: readonly (readonly [string, string | undefined])[] = [
    ["now", "2026-01-15T17:41:08.000Z"],
    ["now-5m", "2026-01-15T17:36:08.000Z"],
    ["now-1h+30m", "2026-01-15T17:11:08.000Z"],
    ["now/d", "2026-01-15T00:00:00.000Z"],
    ["now-1d/d", "2026-01-14T00:00:00.000Z"],
    ["now/w", "2026-01-11T00:00:00.000Z"],
    ["now/M", "2026-01-01T00:00:00.000Z"],
    ["now-1M", "2025-12-15T17:41:08.000Z"],
    ["1768498868000", "2026-01-15T17:41:08.000Z"],
    ["2026-01-15", "2026-01-15T00:00:00.000Z"],
    ["2026-01-15 17:00", "2026-01-15T17:00:00.000Z"],
    ["2026-01-15T17:00:00+02:00", "2026-01-15T15:00:00.000Z"],
    ["yesterday", undefined],
    ["now-5", undefined],
    ["now-9999999999y", undefined],
    ["", undefined],
  ];
  for (const [input, want] of cases) {
    it(`reads ${JSON.stringify(input)}`, () => expect(at(input)).toBe(want));
  }

  it("rounds the end of a range up", () => {
    expect(at("now/d", true)).toBe("2026-01-15T23:59:59.999Z");
    expect(at("now-1d/d", true)).toBe("2026-01-14T23:59:59.999Z");
  });
});

describe("resolveRange", () => {
  it("ends a week on Saturday, as Grafana's default does", () => {
    const range = resolveRange({ from: "now/w", to: "now/w" }, nowMs, "utc");
    expect(range).toEqual({ fromMs: Date.UTC(2026, 0, 11), toMs: Date.UTC(2026, 0, 18) - 1 });
  });

  it("refuses an empty or turned range", () => {
    expect(resolveRange({ from: "now", to: "now-1h" }, nowMs)).toBeUndefined();
    expect(resolveRange({ from: "now-1h", to: "soon" }, nowMs)).toBeUndefined();
  });

  it("gives yesterday 24 hours", () => {
    const range = resolveRange({ from: "now-1d/d", to: "now-1d/d" }, nowMs, "utc");
    expect(range && range.toMs - range.fromMs).toBe(86_400_000 - 1);
  });
});

describe("rangeLabel", () => {
  const label = (from: string, to: string) => rangeLabel({ from, to }, nowMs, "utc");
  it("names ranges as the picker does", () => {
    expect(label("now-5m", "now")).toBe("Last 5 minutes");
    expect(label("now-90m", "now")).toBe("Last 90 minutes");
    expect(label("now-1d/d", "now-1d/d")).toBe("Yesterday");
    expect(label("now/w", "now/w")).toBe("This week");
    expect(label("now-1d/d", "now")).toBe("14 Jan 00:00 to 15 Jan 17:41");
    expect(label("now-2h", "now-1h")).toBe("15 Jan 15:41 to 16:41");
    expect(label("1768496400000", "1768500000000")).toBe("15 Jan 17:00 to 18:00");
  });
});

describe("parseRangeWords", () => {
  const words = (text: string) => parseRangeWords(text, nowMs, "utc");
  it("keeps relative words relative", () => {
    expect(words("last 3 hours")).toEqual({ from: "now-3h", to: "now" });
    expect(words("15m")).toEqual({ from: "now-15m", to: "now" });
    expect(words("yesterday")).toEqual({ from: "now-1d/d", to: "now-1d/d" });
    expect(words("now-2h to now-1h")).toEqual({ from: "now-2h", to: "now-1h" });
  });

  it("reads clock times of a day", () => {
    const range = words("yesterday 9-10:30");
    expect(new Date(Number(range?.from)).toISOString()).toBe("2026-01-14T09:00:00.000Z");
    expect(new Date(Number(range?.to)).toISOString()).toBe("2026-01-14T10:30:00.000Z");
    expect(words("2026-01-15 17:00 to 18:00")?.to).toBe(String(Date.UTC(2026, 0, 15, 18)));
  });

  it("refuses what it does not understand", () => {
    expect(words("some time ago")).toBeUndefined();
  });

  it("knows what moves with the clock", () => {
    expect(isRelative({ from: "now-1h", to: "now" })).toBe(true);
    expect(isRelative({ from: "1", to: "2" })).toBe(false);
  });
});
