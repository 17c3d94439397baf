import { describe, expect, it } from "vitest";
import { durationProblem, formatDuration, parseDuration } from "./duration.ts";
import { formatGoFloat, formatPlainDecimal } from "./value-format.ts";

describe("durations", () => {
  it("parse as Prometheus parses them", () => {
    const check = (text: string, want: number | undefined) =>
      expect([text, parseDuration(text)]).toEqual([text, want]);
    check("5m", 300_000);
    check("1h30m", 5_400_000);
    check("1y2w3d", 31_536_000_000 + 14 * 86_400_000 + 3 * 86_400_000);
    check("500ms", 500);
    check("0", 0);
    check("", undefined);
    check("5", undefined);
    check("1m1h", undefined);
    check("-1s", undefined);
    check("300y", undefined);
  });

  it("that are none are refused in Prometheus' words", () => {
    const check = (text: string, want: string | undefined) =>
      expect([text, durationProblem(text)]).toEqual([text, want]);
    check("1m30s", undefined);
    check("0", undefined);
    check("", "empty duration string");
    check("s", 'not a valid duration string: "s"');
    check("5", 'not a valid duration string: "5"');
    check("1s1m", 'not a valid duration string: "1s1m"');
    check("5x", 'unknown unit "x" in duration "5x"');
    check("1h5x", 'unknown unit "x" in duration "1h5x"');
    check("300y5x", "duration out of range");
    check("99999999999999999999h", 'not a valid duration string: "99999999999999999999h"');
  });

  it("print in the shortest spelling, years and weeks only when exact", () => {
    const check = (ms: number, want: string) => expect(formatDuration(ms)).toBe(want);
    check(0, "0s");
    check(5_400_000, "1h30m");
    check(86_400_000 * 7, "1w");
    check(86_400_000 * 8, "8d");
    check(1500, "1s500ms");
    check(-60_000, "-1m");
  });
});

describe("values as text", () => {
  it("print as plain decimals in API answers", () => {
    const check = (value: number, want: string) => expect(formatPlainDecimal(value)).toBe(want);
    check(1e21, "1000000000000000000000");
    check(1.5e-7, "0.00000015");
    check(-1.25e22, "-12500000000000000000000");
    check(Number.NEGATIVE_INFINITY, "-Inf");
    check(Number.NaN, "NaN");
    check(-0, "-0");
    check(0.1, "0.1");
  });

  it("print in Go's shortest %g in expositions", () => {
    const check = (value: number, want: string) => expect(formatGoFloat(value)).toBe(want);
    check(100_000, "100000");
    check(1_000_000, "1e+06");
    check(1_234_567, "1.234567e+06");
    check(0.0001, "0.0001");
    check(0.00001, "1e-05");
    check(1e100, "1e+100");
    check(-2.5, "-2.5");
  });
});
