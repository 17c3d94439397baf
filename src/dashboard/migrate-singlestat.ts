/** The Angular singlestat panel as stat, or as gauge where its gauge was shown (recorded in Grafana's own migration). */

import { asNumber, asObject, asString, type JsonObject, optional } from "./json-reader.ts";
import type { MigratedPanel } from "./panel.ts";
import { convertAngularMappings } from "./value-mapping.ts";

/** `valueName` → reducer; anything else (name, last_time) is the mean. */
const reducers: Readonly<Record<string, string>> = {
  current: "lastNotNull",
  avg: "mean",
  total: "sum",
  min: "min",
  max: "max",
  first: "first",
  delta: "delta",
  diff: "diff",
  range: "range",
};

export function migrateSinglestat(raw: JsonObject): MigratedPanel {
  const gauge = asObject(raw["gauge"]);
  const isGauge = gauge["show"] === true;
  const tableColumn = asString(raw["tableColumn"]);
  const mappings = convertAngularMappings(raw);
  const thresholds = readAngularThresholds(raw);
  return {
    type: isGauge ? "gauge" : "stat",
    options: {
      reduceOptions: {
        calcs: [reducers[asString(raw["valueName"])] ?? "mean"],
        ...optional("fields", tableColumn === "" ? undefined : `/^${escapeRegExp(tableColumn)}$/`),
      },
      orientation: "horizontal",
      ...(isGauge
        ? { showThresholdMarkers: gauge["thresholdMarkers"] !== false }
        : statOptions(raw)),
    },
    fieldConfig: {
      defaults: {
        ...optional("unit", asString(raw["format"]) || undefined),
        ...optional("noValue", asString(raw["nullText"]) || undefined),
        ...optional("decimals", asNumber(raw["decimals"])),
        ...optional("thresholds", thresholds),
        ...(mappings.length === 0 ? {} : { mappings }),
        ...(isGauge
          ? { min: asNumber(gauge["minValue"]) ?? 0, max: asNumber(gauge["maxValue"]) ?? 100 }
          : {}),
        ...(thresholds === undefined ? {} : { color: { mode: "thresholds" } }),
      },
      overrides: [],
    },
    problems: hasAffixes(raw) ? ["prefix and postfix of the old singlestat are not shown"] : [],
  };
}

function statOptions(raw: JsonObject): JsonObject {
  const colorMode =
    raw["colorBackground"] === true ? "background" : raw["colorValue"] === true ? "value" : "none";
  const hasSparkline = asObject(raw["sparkline"])["show"] === true;
  return { colorMode, graphMode: hasSparkline ? "area" : "none" };
}

/** "10,20" with three colours → steps, the first at -Infinity. */
function readAngularThresholds(raw: JsonObject): JsonObject | undefined {
  const colors = Array.isArray(raw["colors"]) ? (raw["colors"] as unknown[]) : [];
  const text = asString(raw["thresholds"]);
  if (text === "" || colors.length === 0) return undefined;
  const values = [null, ...text.split(",").map((value) => asNumber(value) ?? null)];
  const steps = colors.map((color, index) => ({
    value: values[index] ?? null,
    color: asString(color, "green"),
  }));
  return { mode: "absolute", steps };
}

function hasAffixes(raw: JsonObject): boolean {
  return asString(raw["prefix"]) !== "" || asString(raw["postfix"]) !== "";
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
