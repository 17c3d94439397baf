import { describe, expect, it } from "vitest";
import { diffLines } from "./line-diff.ts";

describe("diffLines", () => {
  it("tells lines that came, lines that went and where, and lines that stayed", () => {
    const diff = diffLines("a\nb\nc\nd", "a\nx\nc\nd\ne");
    expect([...diff.added]).toEqual([2, 5]);
    expect(diff.removed).toEqual([{ before: 2, lines: [{ line: 2, text: "b" }] }]);
    expect([...diff.kept]).toEqual([
      [1, 1],
      [3, 3],
      [4, 4],
    ]);
  });

  it("finds nothing in equal texts, and lines gone at the end after the last", () => {
    expect(diffLines("a\nb", "a\nb")).toMatchObject({ removed: [] });
    expect(diffLines("a\nb\nc", "a").removed).toEqual([
      {
        before: 2,
        lines: [
          { line: 2, text: "b" },
          { line: 3, text: "c" },
        ],
      },
    ]);
  });
});
