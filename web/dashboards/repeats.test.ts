import { describe, expect, it } from "vitest";
import type { Panel } from "../../src/dashboard/model.ts";
import { expandRepeats } from "./repeats.ts";

function panel(
  id: number,
  place: readonly [number, number, number, number],
  extra: Partial<Panel> = {},
): Panel {
  const [x, y, w, h] = place;
  return {
    id,
    type: "stat",
    gridPos: { x, y, w, h },
    panels: [],
    repeatDirection: "h",
    ...extra,
  } as unknown as Panel;
}
const scope = {
  variables: new Map([["pod", { name: "pod", value: ["a", "b", "c"], isMulti: true }]]),
};
const expand = (panels: readonly Panel[]) => {
  const { panels: expanded, scopedOf } = expandRepeats(panels, scope);
  return expanded.map(
    (one) =>
      `${one.type} ${Object.values(one.gridPos).join(",")} ${String(scopedOf.get(one)?.["pod"]?.value ?? "-")}`,
  );
};

describe("expandRepeats", () => {
  it("leaves panels that are not repeated alone", () => {
    expect(expand([panel(1, [0, 0, 12, 4])])).toEqual(["stat 0,0,12,4 -"]);
  });

  it("lays copies side by side and moves what is below them", () => {
    expect(
      expand([panel(1, [0, 0, 24, 4], { repeat: "pod", maxPerRow: 2 }), panel(2, [0, 4, 24, 2])]),
    ).toEqual(["stat 0,0,12,4 a", "stat 12,0,12,4 b", "stat 0,4,12,4 c", "stat 0,8,24,2 -"]);
  });

  it("lays copies one below the other", () => {
    const copies = expand([panel(1, [0, 0, 8, 3], { repeat: "pod", repeatDirection: "v" })]);
    expect(copies).toEqual(["stat 0,0,8,3 a", "stat 0,3,8,3 b", "stat 0,6,8,3 c"]);
  });

  it("repeats a row with its panels, which know the row's value", () => {
    const row = panel(1, [0, 0, 24, 1], { type: "row", repeat: "pod" });
    expect(expand([row, panel(2, [0, 1, 24, 4])])).toEqual([
      "row 0,0,24,1 a",
      "stat 0,1,24,4 a",
      "row 0,5,24,1 b",
      "stat 0,6,24,4 b",
      "row 0,10,24,1 c",
      "stat 0,11,24,4 c",
    ]);
  });

  it("gives every copy an id of its own", () => {
    const { panels } = expandRepeats([panel(7, [0, 0, 24, 4], { repeat: "pod" })], scope);
    expect(new Set(panels.map((one) => one.id)).size).toBe(3);
  });
});
