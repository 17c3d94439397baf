/** Reads one dashboard variable of any schema. */

import { storedFilters } from "./adhoc-filters.ts";
import {
  asBoolean,
  asNumber,
  asObject,
  asObjects,
  asString,
  isObject,
  type JsonObject,
  optional,
} from "./json-reader.ts";
import type { Variable } from "./model.ts";
import { readDataSource } from "./target.ts";

const knownTypes = new Set([
  "query",
  "datasource",
  "custom",
  "interval",
  "constant",
  "textbox",
  "adhoc",
]);

/** The value that stands for All. */
export const allVariableValue = "$__all";

export function readVariable(raw: JsonObject): Variable {
  const type = asString(raw["type"], "query");
  const allValue = asString(raw["allValue"]);
  return {
    name: asString(raw["name"]),
    label: asString(raw["label"]),
    type: knownTypes.has(type) ? (type as Variable["type"]) : "other",
    query: readQuery(raw),
    regex: asString(raw["regex"]),
    isMulti: asBoolean(raw["multi"]),
    includesAll: asBoolean(raw["includeAll"]),
    ...optional("allValue", allValue === "" ? undefined : allValue),
    sort: asNumber(raw["sort"]) ?? 0,
    refresh: raw["refresh"] === 2 ? "time" : "load",
    // 2 hides the variable; 1 hides its label alone.
    isHidden: raw["hide"] === 2 || (type === "constant" && raw["hide"] !== 0),
    current: type === "adhoc" ? storedFilters(raw) : readCurrent(asObject(raw["current"])["value"]),
    options: asObjects(raw["options"]).map((option) => ({
      text: String(option["text"] ?? option["value"] ?? ""),
      value: String(option["value"] ?? ""),
    })),
    ...optional("datasource", readDataSource(raw["datasource"])),
    ...optional("auto", type === "interval" && raw["auto"] === true ? readAuto(raw) : undefined),
  };
}

function readAuto(raw: JsonObject): { stepCount: number; minInterval: string } {
  return {
    stepCount: asNumber(raw["auto_count"]) ?? 30,
    minInterval: asString(raw["auto_min"]) || "10s",
  };
}

/** A string, or {query, refId, qryType} as newer files have it. */
function readQuery(raw: JsonObject): string {
  const { query, definition } = raw as { query?: unknown; definition?: unknown };
  if (typeof query === "string") return query;
  if (isObject(query) && typeof query["query"] === "string") return query["query"];
  return asString(definition);
}

function readCurrent(value: unknown): string[] {
  const values = Array.isArray(value)
    ? value
    : value === undefined || value === null
      ? []
      : [value];
  return values.filter((item) => typeof item === "string" || typeof item === "number").map(String);
}
