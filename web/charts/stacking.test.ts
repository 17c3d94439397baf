import { describe, expect, it } from "vitest";
import { stackColumns } from "./stacking.ts";

const member = (group: string | undefined, isVisible = true, isPercent = false) => ({
  group,
  isVisible,
  isPercent,
});

describe("stackColumns", () => {
  it("adds each series onto those before it and says what it lies on", () => {
    const { columns, below } = stackColumns(
      [
        [1, 2],
        [10, 20],
        [5, 5],
      ],
      [member("A"), member(undefined), member("A")],
    );
    expect(columns).toEqual([
      [1, 2],
      [10, 20],
      [6, 7],
    ]);
    expect(below).toEqual([undefined, undefined, 0]);
  });

  it("counts a hole as nothing but leaves it a hole", () => {
    const { columns } = stackColumns(
      [
        [null, 2],
        [3, null],
      ],
      [member("A"), member("A")],
    );
    expect(columns).toEqual([
      [null, 2],
      [3, null],
    ]);
  });

  it("leaves hidden series out of the sum", () => {
    const { columns, below } = stackColumns(
      [[1], [2], [3]],
      [member("A"), member("A", false), member("A")],
    );
    expect([columns[2], below[2]]).toEqual([[4], 0]);
  });

  it("stacks series below zero downwards on their own", () => {
    const { columns } = stackColumns(
      [[1], [-2], [3], [-4]],
      [1, 2, 3, 4].map(() => member("A")),
    );
    expect(columns).toEqual([[1], [-2], [4], [-6]]);
  });

  it("stacks shares of the whole for percent", () => {
    const { columns } = stackColumns(
      [
        [1, 0],
        [3, 0],
      ],
      [member("A", true, true), member("A", true, true)],
    );
    expect(columns).toEqual([
      [0.25, 0],
      [1, 0],
    ]);
  });
});
