import { describe, expect, it } from "vitest";
import { formatValue } from "../../src/dashboard/units/format-value.ts";
import { unitTail, withoutTail } from "./unit-tail.ts";

const bare = (value: number, unit: string) => {
  const { text, suffix = "" } = withoutTail(formatValue(value, unit), unitTail(unit) ?? "?");
  return text + suffix;
};

describe("unit tail", () => {
  it("is what every value of the unit ends with", () => {
    expect(unitTail("reqps")).toBe("req/s");
    expect(unitTail("suffix: flows/s")).toBe("flows/s");
    expect([unitTail("bytes"), unitTail("s"), unitTail(undefined)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("leaves the thousands", () => {
    expect(bare(2.14, "suffix: flows/s")).toBe("2.14");
    expect(bare(12_300, "reqps")).toBe("12.3K");
  });
});
