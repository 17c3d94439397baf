/** Reads fieldConfig: defaults and overrides, numbers also as strings, old mappings rewritten. */

import {
  asArray,
  asNumber,
  asObject,
  asObjects,
  asString,
  isObject,
  type JsonObject,
  optional,
} from "./json-reader.ts";
import { readLinks } from "./links.ts";
import type { FieldColor, FieldConfig, FieldOptions, FieldOverride, Thresholds } from "./model.ts";
import { readMappings } from "./value-mapping.ts";

export function readFieldConfig(raw: JsonObject): FieldConfig {
  return {
    defaults: readFieldOptions(asObject(raw["defaults"])),
    overrides: asObjects(raw["overrides"]).map(readOverride),
  };
}

export function readFieldOptions(raw: JsonObject): FieldOptions {
  const mappings = asArray(raw["mappings"]);
  return {
    ...optional("unit", text(raw["unit"])),
    ...optional("decimals", asNumber(raw["decimals"])),
    ...optional("min", asNumber(raw["min"])),
    ...optional("max", asNumber(raw["max"])),
    ...optional("fieldMinMax", raw["fieldMinMax"] === true ? true : undefined),
    ...optional("displayName", text(raw["displayName"] ?? raw["title"])),
    ...optional("nullValueMode", readNullMode(raw["nullValueMode"])),
    ...optional("noValue", text(raw["noValue"])),
    ...optional("color", readColor(raw["color"])),
    ...optional("thresholds", readThresholds(raw["thresholds"])),
    ...optional("mappings", mappings.length === 0 ? undefined : readMappings(mappings)),
    ...optional("links", Array.isArray(raw["links"]) ? readLinks(raw["links"]) : undefined),
    custom: asObject(raw["custom"]),
  };
}

function readNullMode(value: unknown): FieldOptions["nullValueMode"] {
  return value === "connected" || value === "null" || value === "null as zero" ? value : undefined;
}

export function readColor(value: unknown): FieldColor | undefined {
  if (!isObject(value)) return undefined;
  return {
    mode: asString(value["mode"], "palette-classic"),
    ...optional("fixedColor", text(value["fixedColor"])),
    ...optional("seriesBy", text(value["seriesBy"])),
  };
}

/** {mode, steps}, or the bare list of steps of Grafana 6. */
export function readThresholds(value: unknown): Thresholds | undefined {
  const steps = Array.isArray(value) ? value : isObject(value) ? value["steps"] : undefined;
  if (steps === undefined) return undefined;
  const isPercentage = isObject(value) && value["mode"] === "percentage";
  return {
    mode: isPercentage ? "percentage" : "absolute",
    steps: asObjects(steps).map((step) => ({
      value: asNumber(step["value"]) ?? null,
      color: asString(step["color"], "green"),
    })),
  };
}

function readOverride(raw: JsonObject): FieldOverride {
  const matcher = asObject(raw["matcher"]);
  return {
    matcher: {
      id: asString(matcher["id"]),
      options: matcher["options"],
      ...optional("scope", asString(matcher["scope"]) || undefined),
    },
    properties: asObjects(raw["properties"]).map((property) => ({
      id: asString(property["id"]),
      value: readOverrideValue(asString(property["id"]), property["value"]),
    })),
  };
}

/** Structured values in the model's form, as those of the defaults; null unsets and stays. */
function readOverrideValue(id: string, value: unknown): unknown {
  if (value === null || value === undefined) return value;
  if (id === "mappings") return readMappings(value);
  if (id === "links") return readLinks(value);
  return id === "thresholds" ? readThresholds(value) : value;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" && value !== "" ? value : undefined;
}
