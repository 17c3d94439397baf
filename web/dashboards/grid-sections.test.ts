import { describe, expect, it } from "vitest";
import type { Panel } from "../../src/dashboard/model.ts";
import { gridHoles, gridSections, sectionLines } from "./grid-sections.ts";

let nextId = 0;
function panel(
  place: readonly [number, number, number, number],
  extra: Partial<Panel> = {},
): Panel {
  const [x, y, w, h] = place;
  return {
    id: nextId++,
    type: "stat",
    gridPos: { x, y, w, h },
    panels: [],
    ...extra,
  } as unknown as Panel;
}
const row = (y: number, panels: Panel[] = []) => panel([0, y, 24, 1], { type: "row", panels });

describe("gridSections", () => {
  it("gives each row its panels, placed from the section's own top", () => {
    const sections = gridSections([
      panel([12, 0, 12, 4]),
      panel([0, 0, 12, 4]),
      row(4),
      panel([0, 5, 24, 8]),
      row(13, [panel([0, 40, 8, 3])]),
    ]);
    expect(
      sections.map((one) =>
        one.panels.map((p) => `${p.column}+${p.columnSpan} ${p.line}+${p.lineSpan}`),
      ),
    ).toEqual([["1+12 1+4", "13+12 1+4"], ["1+24 1+8"], ["1+8 1+3"]]);
    expect(sections[0]?.row).toBeUndefined();
  });

  it("keeps a panel that hangs over the right edge on the grid", () => {
    const [section] = gridSections([panel([20, 0, 12, 4]), panel([30, 4, 2, 1])]);
    expect(section?.panels.map((p) => [p.column, p.columnSpan])).toEqual([
      [21, 4],
      [24, 1],
    ]);
  });

  it("moves a panel that lies over another below it", () => {
    const [section] = gridSections([
      panel([0, 0, 12, 4]),
      panel([6, 2, 12, 4]),
      panel([18, 2, 6, 4]),
      panel([0, 4, 6, 1]),
      panel([0, 4, 24, 3]),
    ]);
    expect(section?.panels.map((p) => `${p.column} ${p.line}+${p.lineSpan}`)).toEqual([
      "1 1+4",
      "7 5+4",
      "19 3+4",
      "1 5+1",
      "1 9+3",
    ]);
  });

  it("finds holes, joined over lines", () => {
    const [section] = gridSections([panel([0, 0, 12, 4]), panel([12, 0, 12, 2])]);
    expect(sectionLines(section?.panels ?? [])).toBe(4);
    expect(gridHoles(section?.panels ?? [])).toEqual([
      { column: 13, columnSpan: 12, line: 3, lineSpan: 2 },
    ]);
  });
});
