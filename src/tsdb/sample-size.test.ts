import { describe, expect, it } from "vitest";
import { SampleSizer } from "./sample-size.ts";

describe("SampleSizer", () => {
  it("finds what a still counter takes: two bits a sample and the frame of each chunk", () => {
    const sizer = new SampleSizer();
    for (let i = 0; i < 240; i++) sizer.append(1_763_697_600_000 + i * 15_000, 7);
    expect(sizer.samples).toBe(240);
    expect(sizer.bytes).toBeGreaterThan(2 * 30);
    expect(sizer.bytes / sizer.samples).toBeLessThan(0.6);
  });

  it("finds more for values that change", () => {
    const still = new SampleSizer();
    const moving = new SampleSizer();
    for (let i = 0; i < 120; i++) {
      still.append(i * 15_000, 1);
      moving.append(i * 15_000, Math.sin(i) * 1000);
    }
    expect(moving.bytes).toBeGreaterThan(still.bytes * 5);
  });
});
