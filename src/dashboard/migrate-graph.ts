/**
 * The Angular graph panel as a timeseries, bar chart or histogram panel. Written from the description
 * of the published model (no package has the original migration); sizes marked assumed are.
 */

import {
  asBoolean,
  asNumber,
  asObject,
  asObjects,
  asString,
  asStrings,
  type JsonObject,
  optional,
} from "./json-reader.ts";
import type { MigratedPanel } from "./migrated-panel.ts";
import { findReducer } from "./reduce.ts";

interface RawOverride {
  readonly matcher: { readonly id: string; readonly options: string };
  readonly properties: readonly { readonly id: string; readonly value: unknown }[];
}

export function migrateGraph(raw: JsonObject): MigratedPanel {
  const xaxis = asObject(raw["xaxis"]);
  if (xaxis["mode"] === "series" && asObject(raw["legend"])["values"] === true) {
    return { type: "bargauge", ...migrateGraphToStat(raw), problems: [] };
  }
  const yaxes = asObjects(raw["yaxes"]);
  const problems: string[] = [];
  if (isObjectList(raw["timeRegions"]))
    problems.push("time regions of the old graph are not drawn");
  const type =
    { series: "barchart", histogram: "histogram" }[asString(xaxis["mode"])] ?? "timeseries";
  return {
    type,
    options: {
      legend: graphLegend(asObject(raw["legend"])),
      tooltip: graphTooltip(asObject(raw["tooltip"])),
    },
    fieldConfig: {
      defaults: {
        ...axisDefaults(yaxes[0] ?? {}),
        ...optional("thresholds", graphThresholds(raw)),
        color: { mode: "palette-classic" },
        custom: { ...drawing(raw), ...axisCustom(yaxes[0] ?? {}), ...thresholdStyle(raw) },
      },
      overrides: [
        ...colorOverrides(asObject(raw["aliasColors"])),
        ...asObjects(raw["seriesOverrides"]).flatMap((override) =>
          seriesOverride(override, yaxes[1] ?? {}),
        ),
      ],
    },
    problems,
  };
}

/** A graph of one value a series as bars: recorded in Grafana's own migration to the stat family. */
export function migrateGraphToStat(
  raw: JsonObject,
): Pick<MigratedPanel, "options" | "fieldConfig"> {
  const xaxis = asObject(raw["xaxis"]);
  const isBySeries = xaxis["mode"] === "series";
  const calcs = asStrings(xaxis["values"]).flatMap((id) => findReducer(id)?.id ?? []);
  const showLegend = asObject(raw["legend"])["show"] !== false;
  return {
    options: {
      orientation: "auto",
      reduceOptions: { values: false, calcs },
      legend: { displayMode: "list", showLegend, placement: "bottom", calcs: [] },
    },
    fieldConfig: {
      defaults: isBySeries ? { color: { mode: "palette-classic" } } : {},
      overrides: [],
    },
  };
}

function isObjectList(value: unknown): boolean {
  return asObjects(value).length > 0;
}

function axisDefaults(axis: JsonObject): JsonObject {
  return {
    unit: asString(axis["format"], "short"),
    ...optional("decimals", asNumber(axis["decimals"])),
    ...optional("min", asNumber(axis["min"])),
    ...optional("max", asNumber(axis["max"])),
  };
}

function axisCustom(axis: JsonObject): JsonObject {
  const logBase = asNumber(axis["logBase"]) ?? 1;
  return {
    axisLabel: asString(axis["label"]),
    ...(axis["show"] === false ? { axisPlacement: "hidden" } : {}),
    ...(logBase > 1 ? { scaleDistribution: { type: "log", log: logBase } } : {}),
  };
}

function drawing(raw: JsonObject): JsonObject {
  const isBars = asBoolean(raw["bars"]);
  const isLines = asBoolean(raw["lines"], true);
  const drawStyle = isBars ? "bars" : isLines ? "line" : "points";
  const fill = asNumber(raw["fill"]) ?? 1;
  const gradient = asNumber(raw["fillGradient"]) ?? 0;
  const nulls = asString(raw["nullPointMode"]);
  return {
    drawStyle,
    lineWidth: asNumber(raw["linewidth"]) ?? 1,
    fillOpacity: isBars ? 100 : gradient > 0 ? gradient * 10 : fill * 10,
    gradientMode: gradient > 0 ? "opacity" : "none",
    showPoints: asBoolean(raw["points"]) ? "always" : "never",
    // 2 + 2 r is assumed.
    pointSize: 2 + 2 * (asNumber(raw["pointradius"]) ?? 2),
    lineInterpolation: asBoolean(raw["steppedLine"]) ? "stepAfter" : "linear",
    spanNulls: nulls === "connected",
    ...(nulls === "null as zero" ? { nullsAsZero: true } : {}),
    stacking: { mode: stackingMode(raw), group: "A" },
    ...(asBoolean(raw["dashes"]) ? { lineStyle: lineStyle(raw) } : {}),
  };
}

function lineStyle(raw: JsonObject): JsonObject {
  const dash = [asNumber(raw["dashLength"]) ?? 10, asNumber(raw["spaceLength"]) ?? 10];
  return { fill: "dash", dash };
}

function stackingMode(raw: JsonObject): string {
  if (!asBoolean(raw["stack"])) return "none";
  return asBoolean(raw["percentage"]) ? "percent" : "normal";
}

const legendCalcs: Readonly<Record<string, string>> = {
  min: "min",
  max: "max",
  avg: "mean",
  current: "lastNotNull",
  total: "sum",
};

function graphLegend(legend: JsonObject): JsonObject {
  const showsValues = legend["values"] !== false;
  const calcs = Object.entries(legendCalcs)
    .filter(([key]) => showsValues && legend[key] === true)
    .map(([, calc]) => calc);
  return {
    showLegend: legend["show"] !== false,
    displayMode: legend["alignAsTable"] === true ? "table" : "list",
    placement: legend["rightSide"] === true ? "right" : "bottom",
    calcs,
  };
}

function graphTooltip(tooltip: JsonObject): JsonObject {
  const sort = ["none", "asc", "desc"][asNumber(tooltip["sort"]) ?? 0] ?? "none";
  return { mode: tooltip["shared"] === false ? "single" : "multi", sort };
}

const thresholdColors: Readonly<Record<string, string>> = {
  critical: "red",
  warning: "orange",
  ok: "green",
};

/** Old thresholds each colour one side of a value; today's steps colour upwards. */
function graphThresholds(raw: JsonObject): JsonObject | undefined {
  const thresholds = asObjects(raw["thresholds"]).filter(
    (entry) => asNumber(entry["value"]) !== undefined,
  );
  if (thresholds.length === 0) return undefined;
  const steps: { value: number | null; color: string }[] = [{ value: null, color: "transparent" }];
  for (const entry of [...thresholds].sort((a, b) => Number(a["value"]) - Number(b["value"]))) {
    const custom = asString(entry["fillColor"]) || asString(entry["lineColor"]);
    const color = thresholdColors[asString(entry["colorMode"])] ?? (custom || "red");
    const value = asNumber(entry["value"]) as number;
    if (entry["op"] === "lt") {
      (steps.at(-1) as { color: string }).color = color;
      steps.push({ value, color: "transparent" });
    } else {
      steps.push({ value, color });
    }
  }
  return { mode: "absolute", steps };
}

function thresholdStyle(raw: JsonObject): JsonObject {
  const thresholds = asObjects(raw["thresholds"]);
  if (thresholds.length === 0) return {};
  const hasLine = thresholds.some((entry) => entry["line"] === true);
  const hasFill = thresholds.some((entry) => entry["fill"] === true);
  const mode = hasLine && hasFill ? "line+area" : hasLine ? "line" : hasFill ? "area" : "off";
  return { thresholdsStyle: { mode } };
}

function colorOverrides(aliasColors: JsonObject): RawOverride[] {
  return Object.entries(aliasColors).map(([alias, color]) => ({
    matcher: { id: "byName", options: alias },
    properties: [{ id: "color", value: { mode: "fixed", fixedColor: asString(color) } }],
  }));
}

function seriesOverride(raw: JsonObject, rightAxis: JsonObject): RawOverride[] {
  const alias = asString(raw["alias"]);
  if (alias === "") return [];
  const isPattern = alias.length > 2 && alias.startsWith("/") && alias.lastIndexOf("/") > 0;
  const properties = [...axisProperties(raw, rightAxis), ...drawProperties(raw)];
  return properties.length === 0
    ? []
    : [{ matcher: { id: isPattern ? "byRegexp" : "byName", options: alias }, properties }];
}

function axisProperties(raw: JsonObject, rightAxis: JsonObject): { id: string; value: unknown }[] {
  if (raw["yaxis"] !== 2) return [];
  const { unit, decimals, min, max } = axisDefaults(rightAxis) as Record<string, unknown>;
  const label = asString(rightAxis["label"]);
  const placement = rightAxis["show"] === false ? "hidden" : "right";
  return [
    { id: "custom.axisPlacement", value: placement },
    { id: "unit", value: unit },
    ...(decimals === undefined ? [] : [{ id: "decimals", value: decimals }]),
    ...(min === undefined ? [] : [{ id: "min", value: min }]),
    ...(max === undefined ? [] : [{ id: "max", value: max }]),
    ...(label === "" ? [] : [{ id: "custom.axisLabel", value: label }]),
  ];
}

/** Old key → new property; a function turns the old value into the new one (undefined: nothing to set). */
const drawRewrites: readonly (readonly [string, string, (value: unknown) => unknown])[] = [
  ["color", "color", (value) => ({ mode: "fixed", fixedColor: asString(value) })],
  ["fill", "custom.fillOpacity", (value) => (asNumber(value) ?? 0) * 10],
  ["linewidth", "custom.lineWidth", asNumber],
  ["lines", "custom.lineWidth", (value) => (value === false ? 0 : undefined)],
  ["bars", "custom.drawStyle", (value) => (value === true ? "bars" : undefined)],
  ["points", "custom.showPoints", (value) => (value === true ? "always" : "never")],
  ["steppedLine", "custom.lineInterpolation", (value) => (value === true ? "stepAfter" : "linear")],
  ["fillBelowTo", "custom.fillBelowTo", (value) => asString(value) || undefined],
  ["transform", "custom.transform", (value) => asString(value) || undefined],
  ["stack", "custom.stacking", stackOverride],
  [
    "legend",
    "custom.hideFrom",
    (value) => (value === false ? { legend: true, tooltip: false, viz: false } : undefined),
  ],
  [
    "hideTooltip",
    "custom.hideFrom",
    (value) => (value === true ? { legend: false, tooltip: true, viz: false } : undefined),
  ],
];

function drawProperties(raw: JsonObject): { id: string; value: unknown }[] {
  const properties: { id: string; value: unknown }[] = [];
  for (const [key, id, rewrite] of drawRewrites) {
    if (raw[key] === undefined) continue;
    const value = rewrite(raw[key]);
    if (value !== undefined) properties.push({ id, value });
  }
  if (raw["dashes"] === true) properties.push({ id: "custom.lineStyle", value: lineStyle(raw) });
  return properties;
}

function stackOverride(value: unknown): JsonObject {
  if (value === false) return { mode: "none", group: "A" };
  return { mode: "normal", group: typeof value === "string" ? value : "A" };
}
