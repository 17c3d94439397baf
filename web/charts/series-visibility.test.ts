import { describe, expect, it } from "vitest";
import { pickSeries } from "./series-visibility.ts";

const all = ["a", "b", "c"];
const pick = (shown: string[] | undefined, label: string, isAdding = false) => {
  const next = pickSeries(shown && new Set(shown), label, { isAdding, all });
  return next === undefined ? "all" : [...next].sort().join("");
};

describe("pickSeries", () => {
  it("isolates with a click and shows all again with the second", () => {
    expect(pick(undefined, "b")).toBe("b");
    expect(pick(["b"], "a")).toBe("a");
    expect(pick(["b"], "b")).toBe("all");
  });

  it("adds and takes away with shift", () => {
    expect(pick(["b"], "a", true)).toBe("ab");
    expect(pick(undefined, "a", true)).toBe("bc");
    expect(pick(["a", "b"], "c", true)).toBe("all");
    expect(pick(["a"], "a", true)).toBe("all");
  });
});
