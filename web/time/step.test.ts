import { describe, expect, it } from "vitest";
import { autoStepMs, chosenStepMs } from "./step.ts";

describe("step", () => {
  it("is round and gives at most 240 points", () => {
    const spans = [60, 300, 3600, 86_400, 7 * 86_400, 400 * 86_400];
    expect(spans.map((span) => autoStepMs(span * 1000) / 1000)).toEqual([
      1, 2, 15, 600, 3600, 172_800,
    ]);
  });

  it("takes a typed step unless the server would refuse it", () => {
    expect(chosenStepMs("10s", 3_600_000)).toBe(10_000);
    expect(chosenStepMs("1s", 86_400_000)).toBe(7855);
    expect(chosenStepMs("auto", 3_600_000)).toBe(15_000);
    expect(chosenStepMs("0s", 3_600_000)).toBe(15_000);
  });
});
