import { describe, expect, it } from "vitest";
import { formatGoFloat, formatPlainDecimal, formatSampleValue } from "./value-format.ts";

describe("formatPlainDecimal", () => {
  const check = (value: number, want: string) => expect(formatPlainDecimal(value)).toBe(want);

  it("never writes an exponent", () => {
    check(1e22, "10000000000000000000000");
    check(1.5e-7, "0.00000015");
    check(-0, "-0");
    check(Number.NEGATIVE_INFINITY, "-Inf");
  });
});

describe("formatSampleValue", () => {
  const check = (value: number, want: string) => expect(formatSampleValue(value)).toBe(want);

  it("writes plain decimals from 1e-6 to 1e21", () => {
    check(0.000001, "0.000001");
    check(123456789012345680000, "123456789012345680000");
    check(0, "0");
    check(-0, "-0");
  });

  it("writes an exponent of two digits or more beyond", () => {
    check(1e-7, "1e-07");
    check(-2.5e21, "-2.5e+21");
    check(3.7707e-320, "3.7707e-320");
  });

  it("spells NaN and the infinities as Prometheus does", () => {
    check(Number.NaN, "NaN");
    check(Number.POSITIVE_INFINITY, "+Inf");
  });
});

describe("formatGoFloat", () => {
  it("switches to an exponent at 1e6, as Go's %g with the shortest digits", () => {
    expect(formatGoFloat(999999)).toBe("999999");
    expect(formatGoFloat(1e6)).toBe("1e+06");
    expect(formatGoFloat(0.00001)).toBe("1e-05");
  });
});
