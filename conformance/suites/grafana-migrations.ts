/** grafana/migrations.json: panels of the stat family and value mappings of the past. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { JsonObject } from "../../src/dashboard/json-reader.ts";
import { migrateFieldOptions } from "../../src/dashboard/migrate-field-options.ts";
import { migrateGraphToStat } from "../../src/dashboard/migrate-graph.ts";
import { migrateSharedStat } from "../../src/dashboard/migrate-singlestat.ts";
import { convertAngularMappings } from "../../src/dashboard/value-mapping.ts";
import { reportCase, type Suite } from "../suite.ts";
import { compareJson, decodeRecorded } from "./grafana-compare.ts";

interface RecordedCase {
  readonly kind: string;
  readonly name: string;
  readonly from?: string;
  readonly before: JsonObject;
  readonly after: unknown;
}

function runCase({ kind, from, before }: RecordedCase): unknown {
  switch (kind) {
    case "sharedSingleStatPanelChangedHandler":
      return from === "graph" ? migrateGraphToStat(before) : migrateSharedStat(before);
    case "sharedSingleStatMigrationHandler":
      return migrateFieldOptions(before);
    default:
      return convertAngularMappings(before);
  }
}

/** The model writes the base threshold's -Infinity as null, as saved dashboards do. */
function baseAsNull(value: unknown): unknown {
  if (value === Number.NEGATIVE_INFINITY) return null;
  if (Array.isArray(value)) return value.map(baseAsNull);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, baseAsNull(item)]));
}

async function readCases(dataDir: string): Promise<RecordedCase[]> {
  const text = await readFile(join(dataDir, "grafana", "migrations.json"), "utf8");
  return (JSON.parse(text) as { cases: RecordedCase[] }).cases;
}

export const grafanaMigrationsSuite: Suite = {
  name: "grafana/migrations",
  countCases: async (dataDir) => (await readCases(dataDir)).length,
  run: async (dataDir, reporter) => {
    for (const [index, recorded] of (await readCases(dataDir)).entries()) {
      await reportCase(reporter, `${index} ${recorded.name}`, () =>
        compareJson(baseAsNull(decodeRecorded(recorded.after)), runCase(recorded)),
      );
    }
  },
};
