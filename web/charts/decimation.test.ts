import { describe, expect, it } from "vitest";
import { decimate } from "./decimation.ts";

describe("decimate", () => {
  it("keeps everything while points are few", () => {
    expect(decimate([1, 2, 3], 100)).toEqual([0, 1, 2]);
  });

  it("keeps a spike of one sample, the lowest value and both ends", () => {
    const values = Array.from({ length: 10_000 }, () => 1);
    values[5077] = 99;
    values[123] = -5;
    const kept = decimate(values, 100);
    expect(kept.length).toBeLessThanOrEqual(500);
    expect(kept).toEqual(expect.arrayContaining([0, 123, 5077, 9999]));
    expect(kept).toEqual([...kept].sort((a, b) => a - b));
  });

  it("keeps a hole so that the line breaks", () => {
    const values: (number | null)[] = Array.from({ length: 1000 }, () => 1);
    values[500] = null;
    expect(decimate(values, 10)).toContain(500);
  });
});
