/** The Angular singlestat panel as stat, or as gauge where its gauge was shown (recorded in Grafana's own migration). */

import { asNumber, asObject, asString, type JsonObject, optional } from "./json-reader.ts";
import type { MigratedPanel } from "./migrated-panel.ts";
import { findReducer } from "./reduce.ts";
import { convertAngularMappings } from "./value-mapping.ts";

/** What the recorded migration makes of an Angular singlestat, before stat or gauge add their own. */
export interface SharedStat {
  readonly options: JsonObject;
  readonly fieldConfig: { readonly defaults: JsonObject; readonly overrides: readonly unknown[] };
}

export function migrateSinglestat(raw: JsonObject): MigratedPanel {
  const gauge = asObject(raw["gauge"]);
  const isGauge = gauge["show"] === true;
  const { options, fieldConfig } = migrateSharedStat(raw);
  const own = isGauge
    ? { showThresholdMarkers: gauge["thresholdMarkers"] !== false }
    : statOptions(raw);
  return {
    type: isGauge ? "gauge" : "stat",
    options: { ...options, ...own },
    fieldConfig,
    problems: hasAffixes(raw) ? ["prefix and postfix of the old singlestat are not shown"] : [],
  };
}

/** Reducer, unit, thresholds, mappings and range of an Angular singlestat; an unknown `valueName` is the mean. */
export function migrateSharedStat(raw: JsonObject): SharedStat {
  const tableColumn = asString(raw["tableColumn"]);
  const gauge = asObject(raw["gauge"]);
  const mappings = convertAngularMappings(raw);
  return {
    options: {
      reduceOptions: {
        calcs: [findReducer(asString(raw["valueName"]))?.id ?? "mean"],
        ...optional("fields", tableColumn === "" ? undefined : `/^${tableColumn}$/`),
      },
      orientation: "horizontal",
    },
    fieldConfig: {
      defaults: {
        ...optional("unit", asString(raw["format"]) || undefined),
        ...optional("nullValueMode", asString(raw["nullPointMode"]) || undefined),
        ...optional("noValue", asString(raw["nullText"]) || undefined),
        ...optional("decimals", asNumber(raw["decimals"])),
        ...optional("thresholds", readAngularThresholds(raw)),
        ...(mappings.length === 0 ? {} : { mappings }),
        ...(gauge["show"] === true ? gaugeRange(gauge) : {}),
      },
      overrides: [],
    },
  };
}

function gaugeRange(gauge: JsonObject): JsonObject {
  return {
    ...optional("min", asNumber(gauge["minValue"])),
    ...optional("max", asNumber(gauge["maxValue"])),
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
