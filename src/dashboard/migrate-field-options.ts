/** Options of stat, gauge and bar gauge as Grafana 6 wrote them: `fieldOptions` becomes reduceOptions and fieldConfig. */

import { asObject, asString, isObject, type JsonObject, optional } from "./json-reader.ts";
import { migrateSharedStat } from "./migrate-singlestat.ts";
import type { MigratedPanel } from "./migrated-panel.ts";

/** The panel with its options in today's form. As Grafana's model does, a panel without options gets empty ones first. */
export function migrateStatPanel(raw: JsonObject): MigratedPanel {
  const type = asString(raw["type"]);
  const { options, fieldConfig } = migrateFieldOptions({
    ...raw,
    options: asObject(raw["options"]),
  });
  return { type, options, fieldConfig: asObject(fieldConfig), problems: [] };
}

/** Options and fieldConfig of a panel of the stat family; one without any options is read as an Angular singlestat; fieldConfig stays undefined where there is none. */
export function migrateFieldOptions(raw: JsonObject): {
  readonly options: JsonObject;
  readonly fieldConfig: unknown;
} {
  if (raw["options"] === undefined) {
    const shared = migrateSharedStat(raw);
    const isEmpty = Object.keys(shared.fieldConfig.defaults).length === 0;
    return {
      options: shared.options,
      fieldConfig: raw["fieldConfig"] ?? (isEmpty ? undefined : shared.fieldConfig),
    };
  }
  const { fieldOptions, ...options } = asObject(raw["options"]);
  if (!isObject(fieldOptions)) return { options, fieldConfig: raw["fieldConfig"] };
  const { values, limit, calcs, overrides } = fieldOptions;
  const reduceOptions = {
    ...optional("values", values),
    ...optional("limit", limit),
    ...optional("calcs", calcs),
  };
  return {
    options: { ...options, reduceOptions },
    fieldConfig: {
      defaults: migrateDefaults(fieldOptions),
      overrides: Array.isArray(overrides) ? overrides : [],
    },
  };
}

/** Mappings and thresholds stood beside the defaults; `title` was what displayName is. */
function migrateDefaults(fieldOptions: JsonObject): JsonObject {
  const { title, ...defaults } = asObject(fieldOptions["defaults"]);
  const { mappings, thresholds } = fieldOptions;
  const isList = Array.isArray(thresholds);
  return {
    ...defaults,
    ...optional("displayName", title),
    ...optional("mappings", mappings),
    ...(isList ? { thresholds: { mode: "absolute", steps: thresholds } } : {}),
    ...(isList && defaults["color"] === undefined ? { color: { mode: "thresholds" } } : {}),
  };
}
