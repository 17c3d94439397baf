/**
 * Layouts of the v2 form on the classic 24-column grid: grids as they are, automatic grids filled row
 * by row, rows as rows, tabs as rows of which the first is open (the classic form has no tabs).
 */

import {
  asBoolean,
  asNumber,
  asObject,
  asObjects,
  asString,
  type JsonObject,
} from "../json-reader.ts";

const gridColumns = 24;
/** Height of a grid unit with its gap, px. */
const unitHeightPx = 38;
const columnWidthsPx: Readonly<Record<string, number>> = { narrow: 192, standard: 448, wide: 768 };
const rowHeightsPx: Readonly<Record<string, number>> = { short: 168, standard: 320, tall: 512 };
/** Width for which automatic grids are laid out, px. */
const pageWidthPx = 1400;

/** Classic JSON of an element by its name. */
type ElementReader = (name: string) => JsonObject;

/** Panels and rows of a layout, with gridPos. */
export function placeLayout(layout: JsonObject, read: ElementReader): JsonObject[] {
  return placeAt({ layout, read, y: 0, path: [] }).panels;
}

interface PlaceInput {
  readonly layout: JsonObject;
  readonly read: ElementReader;
  readonly y: number;
  /** Titles of the rows and tabs around it. */
  readonly path: readonly string[];
}

interface Placed {
  readonly panels: JsonObject[];
  readonly endY: number;
}

function placeAt(input: PlaceInput): Placed {
  const { layout } = input;
  const spec = asObject(layout["spec"]);
  switch (layout["kind"]) {
    case "GridLayout":
      return placeGrid(asObjects(spec["items"]), input);
    case "AutoGridLayout":
    case "ResponsiveGridLayout":
      return placeAutoGrid(spec, input);
    case "RowsLayout":
      return placeSections(asObjects(spec["rows"]), input, false);
    case "TabsLayout":
      return placeSections(asObjects(spec["tabs"]), input, true);
    default: {
      const kind = asString(layout["kind"], "none");
      const content = `The layout ${JSON.stringify(kind)} is not known; what it holds is not shown.`;
      const gridPos = { x: 0, y: input.y, w: gridColumns, h: 4 };
      const panel = {
        type: "text",
        title: "Unknown layout",
        options: { mode: "code", content },
        gridPos,
      };
      return { panels: [panel], endY: input.y + 4 };
    }
  }
}

function placeGrid(items: readonly JsonObject[], { read, y }: PlaceInput): Placed {
  const panels: JsonObject[] = [];
  let endY = y;
  const keep = (panel: JsonObject, bottom: number) => {
    panels.push(panel);
    endY = Math.max(endY, bottom);
  };
  for (const item of items) {
    const spec = asObject(item["spec"]);
    const top = y + (asNumber(spec["y"]) ?? 0);
    if (item["kind"] === "GridLayoutRow") {
      const isCollapsed = asBoolean(spec["collapsed"]);
      const children = asObjects(spec["elements"]).map((child) => gridItem(child, read, top + 1));
      const row = {
        type: "row",
        title: spec["title"],
        collapsed: isCollapsed,
        gridPos: { x: 0, y: top, w: gridColumns, h: 1 },
        panels: isCollapsed ? children : [],
        ...repeatOf(spec),
      };
      keep(row, top + 1);
      if (!isCollapsed) for (const child of children) keep(child, bottomOf(child));
    } else {
      const panel = gridItem(item, read, y);
      keep(panel, bottomOf(panel));
    }
  }
  return { panels, endY };
}

function gridItem(item: JsonObject, read: ElementReader, offsetY: number): JsonObject {
  const spec = asObject(item["spec"]);
  return {
    ...read(elementName(spec)),
    ...repeatOf(spec),
    gridPos: {
      x: asNumber(spec["x"]) ?? 0,
      y: offsetY + (asNumber(spec["y"]) ?? 0),
      w: asNumber(spec["width"]) ?? gridColumns / 2,
      h: asNumber(spec["height"]) ?? 8,
    },
  };
}

function bottomOf(panel: JsonObject): number {
  const { y, h } = asObject(panel["gridPos"]) as { y: number; h: number };
  return y + h;
}

function elementName(spec: JsonObject): string {
  return asString(asObject(spec["element"])["name"]);
}

function repeatOf(spec: JsonObject): JsonObject {
  const repeat = asObject(spec["repeat"]);
  const value = asString(repeat["value"]);
  if (value === "") return {};
  return {
    repeat: value,
    repeatDirection: repeat["direction"] === "v" ? "v" : "h",
    ...(asNumber(repeat["maxPerRow"]) === undefined ? {} : { maxPerRow: repeat["maxPerRow"] }),
  };
}

function placeAutoGrid(spec: JsonObject, { read, y }: PlaceInput): Placed {
  const widthPx =
    asNumber(spec["columnWidth"]) ??
    columnWidthsPx[asString(spec["columnWidthMode"] ?? spec["columnWidth"], "standard")] ??
    448;
  const heightPx =
    asNumber(spec["rowHeight"]) ??
    rowHeightsPx[asString(spec["rowHeightMode"] ?? spec["rowHeight"], "standard")] ??
    320;
  const columnsMax = asNumber(spec["maxColumnCount"]) ?? 3;
  const fitting = Math.max(1, Math.min(columnsMax, Math.floor(pageWidthPx / widthPx)));
  const columns = [24, 12, 8, 6, 4, 3, 2, 1].find((count) => count <= fitting) ?? 1;
  const w = gridColumns / columns;
  const h = Math.max(3, Math.round(heightPx / unitHeightPx));
  const panels = asObjects(spec["items"]).map((item, index) => {
    const itemSpec = asObject(item["spec"]);
    return {
      ...read(elementName(itemSpec)),
      ...repeatOf(itemSpec),
      gridPos: { x: (index % columns) * w, y: y + Math.floor(index / columns) * h, w, h },
    };
  });
  return { panels, endY: y + Math.ceil(panels.length / columns) * h };
}

/** Rows and tabs; what is nested in a section becomes rows of its own with the outer title before theirs. */
function placeSections(
  sections: readonly JsonObject[],
  { read, y, path }: PlaceInput,
  areTabs: boolean,
): Placed {
  const panels: JsonObject[] = [];
  let endY = y;
  for (const [index, section] of sections.entries()) {
    const spec = asObject(section["spec"]);
    const title = asString(spec["title"], areTabs ? `Tab ${index + 1}` : "");
    const layout = asObject(spec["layout"]);
    const isNested = layout["kind"] === "RowsLayout" || layout["kind"] === "TabsLayout";
    const isCollapsed = isFolded(spec, areTabs ? index : undefined);
    if (isNested) {
      const inner = placeAt({ layout, read, y: endY, path: [...path, title] });
      panels.push(...inner.panels);
      endY = inner.endY;
      continue;
    }
    const hasHead = !(asBoolean(spec["hideHeader"]) && !isCollapsed);
    const top = hasHead ? endY + 1 : endY;
    const inner = placeAt({ layout, read, y: top, path });
    if (hasHead) {
      const children = isCollapsed ? inner.panels : [];
      panels.push({ ...rowHead([...path, title], endY, children), ...repeatOf(spec) });
    }
    if (!isCollapsed) panels.push(...inner.panels);
    endY = isCollapsed ? endY + 1 : inner.endY;
  }
  return { panels, endY };
}

/** Tabs but the first are folded; rows as the file says. */
function isFolded(spec: JsonObject, tabIndex: number | undefined): boolean {
  return tabIndex === undefined ? asBoolean(spec["collapse"] ?? spec["collapsed"]) : tabIndex > 0;
}

/** A row, collapsed where it holds its panels. */
function rowHead(path: readonly string[], y: number, children: readonly JsonObject[]): JsonObject {
  return {
    type: "row",
    title: path.filter((part) => part !== "").join(" / "),
    collapsed: children.length > 0,
    gridPos: { x: 0, y, w: gridColumns, h: 1 },
    panels: children,
  };
}
