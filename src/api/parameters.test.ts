import { describe, expect, it } from "vitest";
import {
  engineTimeMs,
  matcherSets,
  optionalLimit,
  parseDurationParameter,
  parseTime,
  readParameters,
  requiredTime,
} from "./parameters.ts";

describe("times", () => {
  it("are seconds or RFC 3339, to the millisecond", () => {
    const check = (text: string, want: number | undefined) =>
      expect([text, parseTime(text)]).toEqual([text, want]);
    check("1763704800", 1_763_704_800_000);
    check("1763701200.5", 1_763_701_200_500);
    check("1.7637012001234e9", 1_763_701_200_123);
    check("-5", -5000);
    check("2025-11-21T05:00:00.123+01:00", Date.parse("2025-11-21T04:00:00.123Z"));
    check("2025-11-21T05:00:00.123456789Z", Date.parse("2025-11-21T05:00:00.123Z"));
    check("2025-11-21T05:00:00,5Z", Date.parse("2025-11-21T05:00:00.5Z"));
    check("2025-11-21", undefined);
    check("now", undefined);
    check("1_0.5e0", 10_500);
    check("NaN", 0);
    check("1e400", undefined);
    check("2025-11-21T24:00:00Z", undefined);
    check("2025-02-30T00:00:00Z", undefined);
    check("-292273086-05-16T16:47:06Z", -8.64e15);
    check("", undefined);
  });

  it("begin anew for the engine where Go's nanoseconds end", () => {
    expect(engineTimeMs(1_763_704_800_000)).toBe(1_763_704_800_000);
    expect(engineTimeMs(1_763_700_000_000_000)).toBe(-7_187_431_076_116);
  });

  it("that are missing or broken name the parameter", () => {
    expect(() => requiredTime(new URLSearchParams("start=x"), "start")).toThrow(
      'invalid parameter "start": cannot parse "x" to a valid timestamp',
    );
  });
});

describe("durations and limits", () => {
  it("are seconds or Prometheus durations", () => {
    expect(parseDurationParameter("1.5")).toBe(1500);
    expect(parseDurationParameter("1h30m")).toBe(5_400_000);
    expect(parseDurationParameter("0.0001")).toBeCloseTo(0.1);
    expect(() => parseDurationParameter("Inf")).toThrow(/overflows int64/);
    expect(() => parseDurationParameter("1e20")).toThrow(/overflows int64/);
    expect(() => parseDurationParameter("")).toThrow('cannot parse "" to a valid duration');
  });

  it("give Go's words for a limit that is no number", () => {
    expect(() => optionalLimit(new URLSearchParams("limit=x"))).toThrow(
      'strconv.Atoi: parsing "x": invalid syntax',
    );
    expect(() => optionalLimit(new URLSearchParams("limit=-1"))).toThrow(
      "limit must be non-negative",
    );
    expect(() => optionalLimit(new URLSearchParams("limit=9223372036854775808"))).toThrow(
      'strconv.Atoi: parsing "9223372036854775808": value out of range',
    );
    expect(optionalLimit(new URLSearchParams())).toBe(0);
  });
});

describe("selectors", () => {
  it("must select something", () => {
    expect(matcherSets(new URLSearchParams({ "match[]": 'up{job="a"}' }))[0]).toHaveLength(2);
    expect(() => matcherSets(new URLSearchParams({ "match[]": '{job=~".*"}' }))).toThrow(
      "match[] must contain at least one non-empty matcher",
    );
  });
});

describe("requests", () => {
  it("put the form before the query string", async () => {
    const request = new Request("http://x/api/v1/query?time=1&query=a", {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: "query=b",
    });
    const parameters = await readParameters(request);
    expect(parameters.get("query")).toBe("b");
    expect(parameters.get("time")).toBe("1");
  });
});
