import { describe, expect, it } from "vitest";
import type { WireLineHit } from "../../src/api/wire/policy.ts";
import { diffLines } from "./line-diff.ts";
import { marksOf, marksOfDraft } from "./line-marks.ts";

function hit(line: number, part: WireLineHit["part"], allowed = 0, denied = 0): WireLineHit {
  return { line, part, title: "", allowed, denied };
}

describe("marksOf", () => {
  it("tells parts, not the rule that they belong to, and rules that nothing needed", () => {
    const marks = marksOf([
      hit(6, "subject", 0, 2),
      hit(10, "rule", 7),
      hit(11, "peer", 7),
      hit(15, "port", 7),
      hit(19, "request", 3, 1),
      hit(21, "rule"),
      hit(21, "peer"),
    ]);
    expect(
      [...marks].map(([line, mark]) => [line, mark.allowed, mark.denied, mark.isUnused]),
    ).toEqual([
      [6, 0, 2, false],
      [11, 7, 0, false],
      [15, 7, 0, false],
      [19, 3, 1, false],
      [21, 0, 0, true],
    ]);
  });

  it("moves with the lines of a draft, and leaves what is new without", () => {
    const marks = marksOf([hit(2, "peer", 5), hit(3, "port", 5)]);
    const moved = marksOfDraft(marks, diffLines("a\nb\nc", "a\nx\ny\nc"));
    expect([...moved.keys()]).toEqual([4]);
  });
});
