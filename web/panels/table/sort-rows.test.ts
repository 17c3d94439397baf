import { describe, expect, it } from "vitest";
import { sortRows } from "./sort-rows.ts";

describe("sortRows", () => {
  it("sorts numbers by value and texts by their numbers, stable", () => {
    expect(sortRows(3, [10, 9, 10], false)).toEqual([1, 0, 2]);
    expect(sortRows(3, ["n10", "n9", "n9"], true)).toEqual([0, 1, 2]);
  });

  it("keeps what is empty last in both directions", () => {
    expect(sortRows(3, [null, 1, Number.NaN], false)[0]).toBe(1);
    expect(sortRows(3, [null, 1, 2], true)).toEqual([2, 1, 0]);
  });

  it("leaves rows as they come without a column", () =>
    expect(sortRows(2, undefined, true)).toEqual([0, 1]));
});
