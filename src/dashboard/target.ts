/** Reads the queries of a panel and the data sources they name. */

import { asNumber, asString, isObject, type JsonObject, optional } from "./json-reader.ts";
import type { DataSourceRef, Target } from "./model.ts";

/** A name, a uid, `$variable` or {type, uid}; undefined is the default one. */
export function readDataSource(value: unknown): DataSourceRef | undefined {
  if (typeof value === "string")
    return value === "" || value === "default" ? undefined : { uid: value };
  if (!isObject(value)) return undefined;
  return {
    ...optional("type", typeof value["type"] === "string" ? value["type"] : undefined),
    ...optional("uid", typeof value["uid"] === "string" ? value["uid"] : undefined),
  };
}

/** Reads one target; old ones have neither `range` nor `instant` and mean a range. */
export function readTarget(raw: JsonObject, index: number): Target {
  const isInstant = raw["instant"] === true;
  const format = asString(raw["format"]);
  const interval = asString(raw["interval"]) || asString(raw["step"]);
  return {
    refId: asString(raw["refId"]) || String.fromCharCode(65 + (index % 26)),
    expr: asString(raw["expr"]),
    legendFormat: asString(raw["legendFormat"]),
    isInstant,
    isRange: raw["range"] === true || !isInstant,
    format: format === "table" || format === "heatmap" ? format : "time_series",
    ...optional("interval", interval === "" ? undefined : interval),
    intervalFactor: asNumber(raw["intervalFactor"]) || 1,
    isHidden: raw["hide"] === true,
    ...optional("datasource", readDataSource(raw["datasource"])),
  };
}
