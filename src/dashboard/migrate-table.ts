/**
 * The Angular table as today's: its column styles become overrides, its way to lay out series a
 * transformation. Grafana does the same when it opens such a panel.
 */

import {
  asArray,
  asNumber,
  asObjects,
  asString,
  type JsonObject,
  optional,
} from "./json-reader.ts";
import type { MigratedPanel } from "./migrated-panel.ts";

/** What a style's `colorMode` colours. */
const cellTypes: Readonly<Record<string, string>> = {
  cell: "color-background",
  row: "color-background",
  value: "color-text",
};
/** The style of all columns that no other style names. */
const everyColumn = "/.*/";

/** True for a `table` whose columns are still styled as in the Angular panel. */
export function isAngularTable(raw: JsonObject): boolean {
  return Array.isArray(raw["styles"]) && raw["fieldConfig"] === undefined;
}

/** The Angular panel in today's spelling; a `transform` that Grafana does not know is left out. */
export function migrateTable(raw: JsonObject): MigratedPanel {
  const styles = asObjects(raw["styles"]);
  const general = styles.find((style) => style["pattern"] === everyColumn);
  const transformation = transformationOf(raw);
  return {
    type: "table",
    options: { showHeader: raw["showHeader"] !== false },
    fieldConfig: {
      defaults: general === undefined ? {} : Object.fromEntries(columnProperties(general, true)),
      overrides: styles
        .filter((style) => style !== general && asString(style["pattern"]) !== "")
        .map(styleOverride),
    },
    ...(transformation === undefined
      ? {}
      : { transformations: [transformation, ...asArray(raw["transformations"])] }),
    problems: [],
  };
}

function transformationOf(raw: JsonObject): JsonObject | undefined {
  switch (raw["transform"]) {
    case "table":
      return { id: "merge", options: {} };
    case "timeseries_to_rows":
      return { id: "seriesToRows", options: {} };
    case "timeseries_to_columns":
      return { id: "seriesToColumns", options: { byField: "Time" } };
    case "timeseries_aggregations": {
      const names = asObjects(raw["columns"]).map(({ value }) => asString(value));
      const reducers = names.map((name) => angularReducers[name] ?? name);
      return { id: "reduce", options: { reducers, includeTimeField: false } };
    }
    default:
      return undefined;
  }
}

/** Names of aggregated columns that differ from those of today's reducers. */
const angularReducers: Readonly<Record<string, string>> = {
  avg: "mean",
  total: "sum",
  current: "lastNotNull",
};

function styleOverride(style: JsonObject): JsonObject {
  const pattern = asString(style["pattern"]);
  const isPattern = pattern.length > 1 && pattern.startsWith("/") && pattern.endsWith("/");
  return {
    matcher: { id: isPattern ? "byRegexp" : "byName", options: pattern },
    properties: columnProperties(style, false).map(([id, value]) => ({ id, value })),
  };
}

/** What a style sets, by the ids of overrides; as parts of the defaults where `isNested`. */
function columnProperties(style: JsonObject, isNested: boolean): [string, unknown][] {
  const alias = asString(style["alias"]);
  const cellType = cellTypes[asString(style["colorMode"])];
  const align = asString(style["align"]);
  const custom = {
    ...(style["type"] === "hidden" ? { hidden: true } : {}),
    ...(cellType === undefined ? {} : { cellOptions: { type: cellType } }),
    ...(align === "" || align === "auto" ? {} : { align }),
  };
  const plain = {
    ...(alias === "" ? {} : { displayName: alias }),
    ...optional("unit", unitOf(style)),
    ...optional("decimals", asNumber(style["decimals"])),
    ...optional("thresholds", thresholdsOf(style)),
    ...optional("links", linksOf(style)),
  };
  const nested = isNested
    ? [["custom", custom] as [string, unknown]]
    : Object.entries(custom).map(([id, value]): [string, unknown] => [`custom.${id}`, value]);
  return [...Object.entries(plain), ...nested];
}

function unitOf(style: JsonObject): string | undefined {
  const dateFormat = asString(style["dateFormat"]);
  if (style["type"] === "date") return dateFormat === "" ? undefined : `time: ${dateFormat}`;
  return style["type"] === "number" ? asString(style["unit"]) || undefined : undefined;
}

/** The colours begin below the first limit. */
function thresholdsOf(style: JsonObject): JsonObject | undefined {
  const limits = asArray(style["thresholds"]);
  const colors = asArray(style["colors"]);
  if (limits.length === 0 || colors.length === 0) return undefined;
  const steps = [null, ...limits.map(Number)].map((value, index) => ({
    value,
    color: asString(colors[Math.min(index, colors.length - 1)]),
  }));
  return { mode: "absolute", steps: steps.filter(({ value }) => !Number.isNaN(value)) };
}

/** `$__cell` is the cell's text; `$__cell_2` is the row's third column. */
function linksOf(style: JsonObject): readonly JsonObject[] | undefined {
  const url = asString(style["linkUrl"]);
  if (style["link"] !== true || url === "") return undefined;
  const today = (text: string) =>
    text
      .replace(/\$__cell_(\d+)|\$\{__cell_(\d+)(?::raw)?\}/g, (_, bare, braced) => {
        return `\${__data.fields[${bare ?? braced}]}`;
      })
      .replace(/\$__cell\b|\$\{__cell(?::raw)?\}/g, `\${__value.text}`);
  return [
    {
      title: today(asString(style["linkTooltip"])),
      url: today(url),
      targetBlank: style["linkTargetBlank"] === true,
    },
  ];
}
