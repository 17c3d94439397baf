import { describe, expect, it } from "vitest";
import { openTimeZone, utcZone } from "../time-zone.ts";
import { formatValue, formatValueText } from "./format-value.ts";

describe("formatValueText", () => {
  function check(
    value: number | null,
    unit: string | undefined,
    decimals: number | undefined,
    want: string,
  ) {
    it(`writes ${value} in ${unit ?? "no unit"} with ${decimals ?? "any"} decimals`, () => {
      expect(formatValueText(value, unit, decimals, { zone: utcZone, locale: "en-US" })).toBe(want);
    });
  }
  check(0.04567, undefined, undefined, "0.0457");
  check(0.0123, undefined, undefined, "0.0123");
  check(1234.5, undefined, undefined, "1235");
  check(2, "none", 2, "2.00");
  check(45_678, "short", undefined, "45.7 K");
  check(2048, "bytes", undefined, "2 KiB");
  check(2_500_000, "Bps", 1, "2.5 MB/s");
  check(0.1234, "percentunit", undefined, "12.3%");
  check(12_345, "reqps", undefined, "12.3K req/s");
  check(0.0000042, "s", undefined, "4.20 µs");
  check(5400, "s", undefined, "1.50 hours");
  check(90, "m", undefined, "1.50 hours");
  check(-1234, "currencyUSD", undefined, "-$1.23K");
  check(3_725, "dthms", undefined, "01:02:05");
  check(-90_061, "dtdhms", undefined, "1 d 01:01:01 ago");
  check(93_784, "dtdurations", 1, "1 day, 2 hours");
  check(7_265_004, "clockms", 2, "2h:01m:05s");
  check(255, "hex0x", undefined, "0xFF");
  check(1, "bool:open/closed", undefined, "open");
  check(1_700_000_000_000, "time:YYYY-MM-DD", undefined, "2023-11-14");
  check(1500, "si:mV", undefined, "1.50 V");
  check(1500, "suffix:pods", undefined, "1500 pods");
  check(5, "pods/s", undefined, "5 pods/s");
  check(null, "bytes", undefined, "");
  check(Number.POSITIVE_INFINITY, "short", undefined, "∞");
  check(Number.NaN, "bytes", undefined, "NaN");
  check(1234.567, "locale", 1, "1,234.6");
});

describe("dates", () => {
  const nowMs = Date.parse("2024-03-10T12:00:00Z");

  it("leaves the date out for today", () => {
    const context = { zone: utcZone, todayZone: utcZone, nowMs };
    const write = (value: number) =>
      formatValue(value, "dateTimeAsIsoNoDateIfToday", undefined, context).text;
    expect(write(nowMs - 3_600_000)).toBe("11:00:00");
    expect(write(nowMs - 86_400_000)).toBe("2024-03-09 12:00:00");
  });

  it("shows a zone's own time", () => {
    const zone = openTimeZone("Asia/Tokyo");
    expect(formatValueText(nowMs, "dateTimeAsIso", undefined, { zone })).toBe(
      "2024-03-10 21:00:00",
    );
  });

  it("says how long ago", () => {
    const { text } = formatValue(nowMs - 40 * 86_400_000, "dateTimeFromNow", null, { nowMs });
    expect(text).toBe("a month ago");
  });
});
