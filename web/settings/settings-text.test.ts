import { describe, expect, it } from "vitest";
import { daysText, flagRows } from "./settings-text.ts";

describe("settings", () => {
  it("put flags that were set first", () => {
    expect(flagRows({ b: "", a: "", c: "1" }).map(({ name }) => name)).toEqual(["c", "a", "b"]);
  });

  it("spell lengths and sizes", () => {
    expect([90_000, 5_400_000, 604_800_000, 97_200_000, 4000].map(daysText)).toEqual([
      "1 min",
      "1 h 30 min",
      "7 d",
      "1 d 3 h",
      "4 s",
    ]);
  });
});
