/**
 * Changes to a dashboard's classic JSON: panels replaced, added, removed, moved. Each gives a new
 * object; what the model does not know of stays as the file has it. Pure.
 */

import { parseDashboard } from "./dashboard.ts";
import { asNumber, asObject, asObjects, type JsonObject } from "./json-reader.ts";
import type { GridPosition, Panel } from "./model.ts";
import { writePanel } from "./write-panel.ts";

const gridColumns = 24;

/** A dashboard ready to be edited: every panel has an id; rows of old files are on the grid. */
export function openDraft(json: JsonObject): JsonObject {
  const { dashboard } = parseDashboard(json);
  const isOld = asObjects(json["rows"]).length > 0;
  if (isOld) {
    const { rows, ...rest } = json;
    return { ...rest, panels: dashboard.panels.map(writePanel) };
  }
  const panels = asObjects(json["panels"]).map((panel, index) => {
    const id = asNumber(panel["id"]) ?? index + 1;
    const children = asObjects(panel["panels"]);
    if (children.length === 0) return { ...panel, id };
    // As readPanel numbers children without an id.
    const numbered = children.map((child, at) => ({
      ...child,
      id: asNumber(child["id"]) ?? (index + 1) * 1000 + at,
    }));
    return { ...panel, id, panels: numbered };
  });
  return { ...json, panels };
}

/** Changes the panel with this id wherever it stands; undefined takes it away. */
export function changePanel(
  draft: JsonObject,
  id: number,
  change: (panel: JsonObject) => JsonObject | undefined,
): JsonObject {
  const walk = (panels: readonly JsonObject[]): JsonObject[] =>
    panels.flatMap((panel): JsonObject[] => {
      if (panel["id"] === id) {
        const changed = change(panel);
        return changed === undefined ? [] : [changed];
      }
      const children = asObjects(panel["panels"]);
      return [children.length === 0 ? panel : { ...panel, panels: walk(children) }];
    });
  return { ...draft, panels: walk(asObjects(draft["panels"])) };
}

/** Puts `panel` in the place of the one with its id. */
export function replacePanel(draft: JsonObject, panel: Panel): JsonObject {
  return changePanel(draft, panel.id, () => writePanel(panel));
}

/** Takes a panel away; a row goes alone, its panels stay. */
export function removePanel(draft: JsonObject, id: number): JsonObject {
  return changePanel(draft, id, () => undefined);
}

/** Adds an empty time series above all others; returns its id too. */
export function addPanel(draft: JsonObject): { readonly draft: JsonObject; readonly id: number } {
  const panels = asObjects(draft["panels"]);
  const ids = panels
    .flatMap((panel) => [panel, ...asObjects(panel["panels"])])
    .map(({ id }) => asNumber(id) ?? 0);
  const id = Math.max(0, ...ids) + 1;
  const height = 8;
  const panel = {
    id,
    type: "timeseries",
    title: "New panel",
    gridPos: { x: 0, y: 0, w: gridColumns / 2, h: height },
    targets: [{ refId: "A", expr: "", legendFormat: "__auto", range: true }],
    fieldConfig: { defaults: {}, overrides: [] },
    options: {},
  };
  const below = panels.map((one) => ({ ...one, gridPos: shifted(one, height) }));
  return { draft: { ...draft, panels: [panel, ...below] }, id };
}

function shifted(panel: JsonObject, lines: number): JsonObject {
  const gridPos = asObject(panel["gridPos"]);
  return { ...gridPos, y: (asNumber(gridPos["y"]) ?? 0) + lines };
}

/** A copy of a panel below it. */
export function duplicatePanel(draft: JsonObject, panel: Panel): JsonObject {
  const added = addPanel(draft);
  const panels = asObjects(added.draft["panels"]).slice(1);
  const { x, y, w, h } = panel.gridPos;
  const copy = { ...writePanel(panel), id: added.id, title: `${panel.title} copy` };
  const restored = panels.map((one) => ({ ...one, gridPos: shifted(one, -8) }));
  return settle(
    { ...draft, panels: [...restored, { ...copy, gridPos: { x, y: y + h, w, h } }] },
    added.id,
  );
}

/** Moves or resizes a panel; what it then covers moves down. */
export function movePanel(draft: JsonObject, id: number, to: GridPosition): JsonObject {
  const w = Math.max(2, Math.min(gridColumns, Math.round(to.w)));
  const gridPos = {
    x: Math.max(0, Math.min(gridColumns - w, Math.round(to.x))),
    y: Math.max(0, Math.round(to.y)),
    w,
    h: Math.max(2, Math.round(to.h)),
  };
  return settle(
    changePanel(draft, id, (panel) => ({ ...panel, gridPos })),
    id,
  );
}

/** Pushes panels down until none covers another; the one with `fixedId` stays where it is. */
function settle(draft: JsonObject, fixedId: number): JsonObject {
  const panels = asObjects(draft["panels"]).map((panel) => ({
    panel,
    at: { ...readPlace(panel) },
  }));
  const order = [...panels].sort(
    (a, b) =>
      a.at.y - b.at.y ||
      Number(b.panel["id"] === fixedId) - Number(a.panel["id"] === fixedId) ||
      a.at.x - b.at.x,
  );
  const placed: { at: { x: number; y: number; w: number; h: number } }[] = [];
  const fixed = order.find(({ panel }) => panel["id"] === fixedId);
  if (fixed !== undefined) placed.push(fixed);
  for (const one of order) {
    if (one === fixed) continue;
    let hit = placed.find(({ at }) => overlaps(at, one.at));
    while (hit !== undefined) {
      one.at.y = hit.at.y + hit.at.h;
      hit = placed.find(({ at }) => overlaps(at, one.at));
    }
    placed.push(one);
  }
  return { ...draft, panels: panels.map(({ panel, at }) => ({ ...panel, gridPos: at })) };
}

function readPlace(panel: JsonObject): { x: number; y: number; w: number; h: number } {
  const place = asObject(panel["gridPos"]);
  return {
    x: asNumber(place["x"]) ?? 0,
    y: asNumber(place["y"]) ?? 0,
    w: asNumber(place["w"]) ?? gridColumns / 2,
    h: asNumber(place["h"]) ?? 8,
  };
}

function overlaps(a: GridPosition, b: GridPosition): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h;
}
