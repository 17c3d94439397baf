/** Dashboards before schema 16: rows of panels with a span of 12 columns become panels on the 24-column grid. */

import { asNumber, asObjects, asString, type JsonObject } from "./json-reader.ts";

const gridColumns = 24;
/** Height of a grid unit with its gap, px. */
const unitHeightPx = 38;
const rowHeightDefaultPx = 250;
const heightMinPx = 90;

/** The panels of all rows in one list, with headers where any row shows one. */
export function flattenRows(rows: readonly JsonObject[]): JsonObject[] {
  const needsHeaders = rows.some(
    (row) =>
      row["showTitle"] === true || row["collapse"] === true || asString(row["repeat"]) !== "",
  );
  const flat: JsonObject[] = [];
  let y = 0;
  for (const row of rows) {
    const isCollapsed = row["collapse"] === true;
    const placed = placeRow(row, needsHeaders ? y + 1 : y);
    if (needsHeaders) {
      flat.push({
        type: "row",
        title: row["title"],
        collapsed: isCollapsed,
        repeat: row["repeat"],
        gridPos: { x: 0, y, w: gridColumns, h: 1 },
        panels: isCollapsed ? placed.panels : [],
      });
    }
    if (!isCollapsed) flat.push(...placed.panels);
    y = isCollapsed ? y + 1 : placed.endY;
  }
  return flat;
}

function placeRow(row: JsonObject, startY: number): { panels: JsonObject[]; endY: number } {
  const panels: JsonObject[] = [];
  let x = 0;
  let y = startY;
  let lineHeight = 0;
  for (const panel of asObjects(row["panels"])) {
    const w = Math.floor(asNumber(panel["span"]) ?? 4) * 2;
    const h = gridHeight(panel["height"] ?? row["height"]);
    if (x + w > gridColumns) {
      x = 0;
      y += lineHeight;
      lineHeight = 0;
    }
    panels.push({ ...panel, gridPos: { x, y, w, h } });
    x += w;
    lineHeight = Math.max(lineHeight, h);
  }
  return { panels, endY: y + lineHeight };
}

/** "250px", 250 or nothing, in grid units. */
function gridHeight(value: unknown): number {
  const px =
    asNumber(typeof value === "string" ? value.replace("px", "") : value) ?? rowHeightDefaultPx;
  return Math.ceil(Math.max(px, heightMinPx) / unitHeightPx);
}
