/**
 * A dashboard as sections, one a row and one for what stands before the first: each is a grid of its
 * own, so folding a row moves the rest up by itself. Keeps Grafana's gridPos within a section. Pure.
 */

import type { Panel } from "../../src/dashboard/model.ts";

/** A row's heading (none for the first section) and its panels, placed from y = 0. */
export interface GridSection {
  readonly key: string;
  readonly row: Panel | undefined;
  readonly panels: readonly PlacedPanel[];
}

/** A panel and its place on the section's grid; lines count from 1 as CSS has them. */
export interface PlacedPanel {
  readonly panel: Panel;
  readonly column: number;
  readonly columnSpan: number;
  readonly line: number;
  readonly lineSpan: number;
}

const gridColumns = 24;

/** Splits at rows; the panels of a collapsed row are those it holds. */
export function gridSections(panels: readonly Panel[]): readonly GridSection[] {
  const sections: { row: Panel | undefined; panels: Panel[] }[] = [{ row: undefined, panels: [] }];
  const ordered = [...panels].sort(
    (a, b) => a.gridPos.y - b.gridPos.y || a.gridPos.x - b.gridPos.x,
  );
  for (const panel of ordered) {
    if (panel.type === "row") sections.push({ row: panel, panels: [...panel.panels] });
    else sections.at(-1)?.panels.push(panel);
  }
  return sections
    .filter((section) => section.row !== undefined || section.panels.length > 0)
    .map((section, index) => ({
      key: section.row === undefined ? "top" : `row ${section.row.id} ${index}`,
      row: section.row,
      panels: placePanels(section.panels),
    }));
}

/** Lines a section is high. */
export function sectionLines(panels: readonly PlacedPanel[]): number {
  return Math.max(0, ...panels.map((placed) => placed.line - 1 + placed.lineSpan));
}

/** Panels that a hand-written file puts over each other are moved down, as Grafana's grid does. */
function placePanels(panels: readonly Panel[]): PlacedPanel[] {
  const top = Math.min(...panels.map((panel) => panel.gridPos.y));
  const placed: PlacedPanel[] = [];
  for (const panel of panels) {
    const { x, y, w, h } = panel.gridPos;
    const column = Math.min(gridColumns - 1, Math.max(0, Math.round(x)));
    const place = {
      panel,
      column: column + 1,
      columnSpan: Math.max(1, Math.min(gridColumns - column, Math.round(w))),
      line: Math.round(y - top) + 1,
      lineSpan: Math.max(1, Math.round(h)),
    };
    placed.push({ ...place, line: freeLine(place, placed) });
  }
  return placed;
}

/** The first line from its own on where a panel covers none of those placed before it. */
function freeLine(place: PlacedPanel, placed: readonly PlacedPanel[]): number {
  const neighbours = placed
    .filter(
      (other) =>
        other.column < place.column + place.columnSpan &&
        place.column < other.column + other.columnSpan,
    )
    .sort((a, b) => a.line - b.line);
  let { line } = place;
  for (const other of neighbours) {
    const isOver = line < other.line + other.lineSpan && other.line < line + place.lineSpan;
    if (isOver) line = other.line + other.lineSpan;
  }
  return line;
}

/** Cells of the grid that no panel covers, as rectangles to paint in the canvas' colour. */
export function gridHoles(panels: readonly PlacedPanel[]): readonly Omit<PlacedPanel, "panel">[] {
  const lines = sectionLines(panels);
  const holes: Omit<PlacedPanel, "panel">[] = [];
  for (let line = 1; line <= lines; line++) {
    const covered = new Array<boolean>(gridColumns + 2).fill(false);
    for (const placed of panels) {
      if (line < placed.line || line >= placed.line + placed.lineSpan) continue;
      covered.fill(true, placed.column, placed.column + placed.columnSpan);
    }
    covered[gridColumns + 1] = true;
    let start = 0;
    for (let column = 1; column <= gridColumns + 1; column++) {
      if (!covered[column]) start ||= column;
      else if (start > 0) {
        holes.push({ column: start, columnSpan: column - start, line, lineSpan: 1 });
        start = 0;
      }
    }
  }
  return mergeHoles(holes);
}

/** Joins holes of the same columns on consecutive lines, so that no hairline crosses a hole. */
function mergeHoles(holes: readonly Omit<PlacedPanel, "panel">[]): Omit<PlacedPanel, "panel">[] {
  const merged: Omit<PlacedPanel, "panel">[] = [];
  for (const hole of holes) {
    const above = merged.findIndex(
      (one) =>
        one.column === hole.column &&
        one.columnSpan === hole.columnSpan &&
        one.line + one.lineSpan === hole.line,
    );
    const upper = merged[above];
    if (upper === undefined) merged.push(hole);
    else merged[above] = { ...upper, lineSpan: upper.lineSpan + hole.lineSpan };
  }
  return merged;
}
