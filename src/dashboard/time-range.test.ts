import { describe, expect, it } from "vitest";
import { formatDate, formatDistance, formatIso } from "./date-format.ts";
import { parseDateMath } from "./date-math.ts";
import { describeTimeRange, resolvePanelRange, resolveTimeRange } from "./time-range.ts";
import { openTimeZone, utcZone } from "./time-zone.ts";

const nowMs = Date.parse("2024-05-15T12:34:56.789Z");
const sydney = openTimeZone("Australia/Sydney");

function iso(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : new Date(ms).toISOString();
}

describe("parseDateMath", () => {
  function check(text: string, want: string | undefined, isEnd = false, zone = utcZone) {
    it(`reads ${text} in ${zone.name}${isEnd ? " as an end" : ""}`, () => {
      expect(iso(parseDateMath(text, { nowMs, zone, isEnd, absoluteZone: utcZone }))).toBe(want);
    });
  }
  check("now-5m", "2024-05-15T12:29:56.789Z");
  check("now - 5m", "2024-05-15T12:29:56.789Z");
  check("now/d", "2024-05-15T00:00:00.000Z");
  check("now/d", "2024-05-15T23:59:59.999Z", true);
  check("now/d", "2024-05-14T14:00:00.000Z", false, sydney);
  check("now-1M/M", "2024-04-30T23:59:59.999Z", true);
  check("2024-03-31||-1M", "2024-02-29T00:00:00.000Z");
  check("now/2d", undefined);
  check("yesterday", undefined);
  check("2024-02-30", undefined);
  check("2024-02-03 04:05:06+02:00", "2024-02-03T02:05:06.000Z");
});

describe("calendar arithmetic", () => {
  it("keeps the wall clock over a change of daylight saving time for days, not for hours", () => {
    const berlin = openTimeZone("Europe/Berlin");
    const afterChange = Date.parse("2024-03-31T10:00:00Z");
    const at = (text: string) => iso(parseDateMath(text, { nowMs: afterChange, zone: berlin }));
    expect(at("now-1d")).toBe("2024-03-30T11:00:00.000Z");
    expect(at("now-24h")).toBe("2024-03-30T10:00:00.000Z");
  });
});

describe("resolveTimeRange", () => {
  it("takes epoch milliseconds, which a link carries", () => {
    const range = resolveTimeRange({ from: "1700000000000", to: "now" }, { nowMs, zone: utcZone });
    expect(range).toEqual({ fromMs: 1_700_000_000_000, toMs: nowMs });
  });

  it("is undefined where a side is no time", () => {
    expect(resolveTimeRange({ from: "soon", to: "now" }, { nowMs, zone: utcZone })).toBe(undefined);
  });

  it("moves a panel's range by its timeFrom and timeShift", () => {
    const range = resolvePanelRange(
      { fromMs: nowMs - 3_600_000, toMs: nowMs },
      { timeFrom: "2h", timeShift: "1d" },
      { nowMs, zone: utcZone },
    );
    expect(range).toEqual({ fromMs: nowMs - 26 * 3_600_000, toMs: nowMs - 24 * 3_600_000 });
  });
});

describe("words", () => {
  it("says ranges in words", () => {
    const words = (from: string, to: string) =>
      describeTimeRange({ from, to }, { nowMs, zone: utcZone });
    expect(words("now-2d", "now")).toBe("Last 2 days");
    expect(words("now/w", "now")).toBe("This week so far");
    expect(words("now-3h", "now-2h")).toBe("now-3h to now-2h");
  });

  it("writes dates after a pattern, with zones and brackets", () => {
    expect(formatDate(nowMs, "dddd, MMMM Do YYYY [at] h:mm a z", utcZone)).toBe(
      "Wednesday, May 15th 2024 at 12:34 pm UTC",
    );
    expect(formatDate(nowMs, "YYYY-MM-DD HH:mm ZZ", sydney)).toBe("2024-05-15 22:34 +1000");
    expect(formatIso(nowMs, sydney)).toBe("2024-05-15T22:34:56+10:00");
    expect(formatDate(Number.NaN, "YYYY")).toBe("Invalid date");
    expect(formatDate(Date.parse("2024-12-30T00:00:00Z"), "GGGG W w")).toBe("2025 1 1");
  });

  it("says distances in words", () => {
    expect(formatDistance(nowMs - 7_200_000, nowMs)).toBe("2 hours ago");
    expect(formatDistance(nowMs + 86_400_000, nowMs)).toBe("in a day");
  });
});
