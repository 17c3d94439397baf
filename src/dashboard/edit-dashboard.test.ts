import { describe, expect, it } from "vitest";
import { parseDashboard } from "./dashboard.ts";
import {
  addPanel,
  changePanel,
  duplicatePanel,
  movePanel,
  openDraft,
  removePanel,
  replacePanel,
} from "./edit-dashboard.ts";
import type { JsonObject } from "./json-reader.ts";
import type { Panel } from "./model.ts";

const place = (x: number, y: number, w: number, h: number) => ({ x, y, w, h });
const draft = openDraft({
  title: "T",
  unknownToUs: { kept: true },
  panels: [
    { id: 1, type: "stat", title: "a", gridPos: place(0, 0, 12, 4) },
    { id: 2, type: "stat", title: "b", gridPos: place(12, 0, 12, 4) },
    { type: "row", collapsed: true, gridPos: place(0, 4, 24, 1), panels: [{ title: "c" }] },
  ],
});
const shape = (json: JsonObject) =>
  parseDashboard(json).dashboard.panels.map(
    ({ id, gridPos: { x, y, w, h } }) => `${id}: ${x},${y} ${w}x${h}`,
  );

describe("a dashboard being edited", () => {
  it("has ids for all panels, as the model numbers them", () => {
    const model = parseDashboard(draft).dashboard.panels;
    expect([model[2]?.id, model[2]?.panels[0]?.id]).toEqual([3, 3000]);
  });

  it("pushes down what a moved panel covers and keeps what we do not know", () => {
    const moved = movePanel(draft, 2, place(6, 0, 12, 6));
    expect(shape(moved)).toEqual(["1: 0,6 12x4", "2: 6,0 12x6", "3: 0,10 24x1"]);
    expect(moved["unknownToUs"]).toEqual({ kept: true });
    expect(shape(movePanel(draft, 1, place(-5, 0, 99, 1)))[0]).toBe("1: 0,0 24x2");
  });

  it("adds, copies, changes and removes panels, those of folded rows too", () => {
    const added = addPanel(draft);
    expect(added.id).toBe(3001);
    expect(shape(added.draft)[0]).toBe("3001: 0,0 12x8");
    const first = parseDashboard(draft).dashboard.panels[0] as Panel;
    expect(shape(duplicatePanel(draft, first))).toContain("3001: 0,4 12x4");
    const renamed = changePanel(draft, 3000, (panel) => ({ ...panel, title: "new" }));
    expect(parseDashboard(renamed).dashboard.panels[2]?.panels[0]?.title).toBe("new");
    expect(shape(removePanel(draft, 1)).length).toBe(2);
  });

  it("writes a panel of any age so that it reads the same again", () => {
    const old = {
      title: "T",
      panels: [
        {
          id: 5,
          type: "graph",
          title: "G",
          yaxes: [{ format: "s" }, {}],
          seriesOverrides: [{ alias: "x", color: "red" }],
          targets: [{ expr: "up", legendFormat: "{{job}}", interval: "30s", hide: true }],
          links: [{ title: "l", url: "https://a.example", targetBlank: true }],
        },
      ],
    };
    const panel = parseDashboard(old).dashboard.panels[0] as Panel;
    const { originalType: _, ...wanted } = panel;
    const again = parseDashboard(replacePanel(openDraft(old), panel)).dashboard.panels[0];
    expect({ ...again, problems: [] }).toEqual({ ...wanted, problems: [] });
  });
});
