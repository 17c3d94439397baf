/** Reads one row or panel: migrates its kind by shape (graph, singlestat, old tables and texts), fills the defaults. */

import { readFieldConfig } from "./field-config.ts";
import {
  asBoolean,
  asNumber,
  asObject,
  asObjects,
  asString,
  type JsonObject,
  optional,
} from "./json-reader.ts";
import { readLinks } from "./links.ts";
import { migrateStatPanel } from "./migrate-field-options.ts";
import { migrateGraph } from "./migrate-graph.ts";
import { migrateSinglestat } from "./migrate-singlestat.ts";
import { isAngularTable, migrateTable } from "./migrate-table.ts";
import type { MigratedPanel } from "./migrated-panel.ts";
import type { GridPosition, Panel } from "./model.ts";
import { readDataSource, readTarget } from "./target.ts";

/** Kinds of the past; each rewrites the raw panel. A map: the kind is outside text ("constructor", "__proto__"). */
const migrations: ReadonlyMap<string, (raw: JsonObject) => MigratedPanel> = new Map([
  ["graph", migrateGraph],
  ["singlestat", migrateSinglestat],
  ["grafana-singlestat-panel", migrateSinglestat],
  ["text", migrateText],
  ["text2", migrateText],
  ["table-old", migrateTable],
  ["table", (raw) => (isAngularTable(raw) ? migrateTable(raw) : keepPanel(raw, "table"))],
  ["stat", migrateStatPanel],
  ["gauge", migrateStatPanel],
  ["bargauge", migrateStatPanel],
]);

/** Reads a panel; `id` serves where the file has none. */
export function readPanel(raw: JsonObject, id: number): Panel {
  const originalType = asString(raw["type"], "graph");
  const migrated = migrations.get(originalType)?.(raw) ?? keepPanel(raw, originalType);
  const { type, options, fieldConfig, transformations, problems } = migrated;
  const repeat = asString(raw["repeat"]);
  return {
    id: asNumber(raw["id"]) ?? id,
    type,
    ...optional("originalType", type === originalType ? undefined : originalType),
    title: asString(raw["title"]),
    description: asString(raw["description"]),
    isTransparent: asBoolean(raw["transparent"]),
    gridPos: readGridPosition(raw["gridPos"]),
    ...optional("datasource", readDataSource(raw["datasource"])),
    targets: asObjects(raw["targets"]).map(readTarget),
    transformations: readTransformations(transformations ?? raw["transformations"]),
    fieldConfig: readFieldConfig(fieldConfig),
    options,
    links: readLinks(raw["links"]),
    ...optional("repeat", repeat === "" ? undefined : repeat),
    repeatDirection: raw["repeatDirection"] === "v" ? "v" : "h",
    ...optional("maxPerRow", readMaxPerRow(raw)),
    ...optional("interval", nonEmpty(raw["interval"])),
    ...optional("maxDataPoints", asNumber(raw["maxDataPoints"])),
    ...optional("timeFrom", nonEmpty(raw["timeFrom"])),
    ...optional("timeShift", nonEmpty(raw["timeShift"])),
    isCollapsed: asBoolean(raw["collapsed"]),
    panels: asObjects(raw["panels"]).map((child, index) => readPanel(child, id * 1000 + index)),
    problems,
  };
}

function keepPanel(raw: JsonObject, type: string): MigratedPanel {
  return {
    type,
    options: asObject(raw["options"]),
    fieldConfig: asObject(raw["fieldConfig"]),
    problems: [],
  };
}

/** Old text panels have mode and content on the panel itself. */
function migrateText(raw: JsonObject): MigratedPanel {
  const options = asObject(raw["options"]);
  const merged = {
    mode: asString(options["mode"]) || asString(raw["mode"]) || "markdown",
    content: asString(options["content"]) || asString(raw["content"]),
  };
  return {
    type: "text",
    options: { ...options, ...merged },
    fieldConfig: asObject(raw["fieldConfig"]),
    problems: [],
  };
}

function readGridPosition(value: unknown): GridPosition {
  const position = asObject(value);
  const w = Math.min(24, Math.max(1, asNumber(position["w"]) ?? 12));
  return {
    x: Math.min(24 - w, Math.max(0, asNumber(position["x"]) ?? 0)),
    y: Math.max(0, asNumber(position["y"]) ?? 0),
    w,
    h: Math.max(1, asNumber(position["h"]) ?? 8),
  };
}

function readTransformations(value: unknown): Panel["transformations"] {
  return asObjects(value).map((raw) => ({
    id: asString(raw["id"]),
    isDisabled: raw["disabled"] === true,
    options: asObject(raw["options"]),
    ...optional("filter", raw["filter"]),
  }));
}

/** `minSpan` of 24 columns was the older way to say how many fit a row. */
function readMaxPerRow(raw: JsonObject): number | undefined {
  const maxPerRow = asNumber(raw["maxPerRow"]);
  if (maxPerRow !== undefined) return maxPerRow;
  const minSpan = asNumber(raw["minSpan"]);
  if (minSpan === undefined || minSpan <= 0) return undefined;
  const most = Math.floor(24 / minSpan);
  return [24, 12, 8, 6, 4, 3, 2, 1].find((divisor) => divisor <= most);
}

function nonEmpty(value: unknown): string | undefined {
  const text = asString(value);
  return text === "" ? undefined : text;
}
