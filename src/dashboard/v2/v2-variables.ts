/** Variables of the v2 form in the classic spelling: kinds, hiding, refreshing and sorting are words there. */

import { asObject, asString, type JsonObject } from "../json-reader.ts";

const types: Readonly<Record<string, string>> = {
  QueryVariable: "query",
  TextVariable: "textbox",
  ConstantVariable: "constant",
  DatasourceVariable: "datasource",
  IntervalVariable: "interval",
  CustomVariable: "custom",
  AdhocVariable: "adhoc",
};
const sorts = [
  "disabled",
  "alphabeticalAsc",
  "alphabeticalDesc",
  "numericalAsc",
  "numericalDesc",
  "alphabeticalCaseInsensitiveAsc",
  "alphabeticalCaseInsensitiveDesc",
  "naturalAsc",
  "naturalDesc",
];
const hides = ["dontHide", "hideLabel", "hideVariable"];
const refreshes = ["never", "onDashboardLoad", "onTimeRangeChanged"];

/** Classic JSON of one variable; a switch is a custom variable of its two values. */
export function readV2Variable(variable: JsonObject): JsonObject {
  const kind = asString(variable["kind"]);
  const spec = asObject(variable["spec"]);
  const base = {
    ...spec,
    type: types[kind] ?? kind,
    hide: Math.max(0, hides.indexOf(asString(spec["hide"]))),
    refresh: refreshes.indexOf(asString(spec["refresh"])),
    sort: Math.max(0, sorts.indexOf(asString(spec["sort"]))),
  };
  switch (kind) {
    case "QueryVariable":
      return { ...base, query: queryText(spec) };
    case "DatasourceVariable":
      return { ...base, query: spec["pluginId"] };
    case "SwitchVariable": {
      const values = [
        asString(spec["enabledValue"], "true"),
        asString(spec["disabledValue"], "false"),
      ];
      const value = spec["current"];
      return { ...base, type: "custom", query: values.join(","), current: { value, text: value } };
    }
    default:
      return base;
  }
}

/** The query as text, or as the object that the Prometheus source keeps. */
function queryText(spec: JsonObject): unknown {
  const query = spec["query"];
  if (typeof query === "string") return query;
  const inner = asObject(asObject(query)["spec"]);
  return inner["query"] ?? inner["__legacyStringValue"] ?? spec["definition"];
}
