/** grafana/units.json and units-timezones.json: every unit over a list of values and decimals; a case = one (unit, value, decimals). */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { openTimeZone, utcZone } from "../../src/dashboard/time-zone.ts";
import { formatValue } from "../../src/dashboard/units/format-value.ts";
import type { FormattedValue } from "../../src/dashboard/units/number-text.ts";
import type { UnitContext } from "../../src/dashboard/units/unit-format.ts";
import { reportCase, type Suite } from "../suite.ts";
import { compareJson, decodeRecorded } from "./grafana-compare.ts";

type RecordedText = string | readonly [string, (string | null)?, (string | null)?];

interface UnitsFile {
  readonly clock: string;
  readonly values: unknown[];
  readonly decimals: unknown[];
  readonly result: Readonly<Record<string, RecordedText[][]>>;
}

interface ZonesFile {
  readonly clock: string;
  readonly cases: {
    readonly timeZone: string;
    readonly rows: {
      readonly id: string;
      readonly out: { readonly v: number; readonly text: FormattedValue }[];
    }[];
  }[];
}

interface UnitCase {
  readonly name: string;
  readonly unit: string;
  readonly value: number | null;
  readonly decimals: number | undefined;
  readonly context: UnitContext;
  readonly want: FormattedValue;
}

function toFormatted(recorded: RecordedText): FormattedValue {
  if (typeof recorded === "string") return { text: recorded };
  const [text, suffix, prefix] = recorded;
  return {
    text,
    ...(suffix === undefined || suffix === null ? {} : { suffix }),
    ...(prefix === undefined || prefix === null ? {} : { prefix }),
  };
}

function contextAt(clock: string, timeZone: string): UnitContext {
  const zone = openTimeZone(timeZone);
  return { zone, nowMs: Date.parse(clock), todayZone: utcZone, locale: "en-US" };
}

function unitCases(file: UnitsFile): UnitCase[] {
  const context = contextAt(file.clock, "utc");
  const cases: UnitCase[] = [];
  for (const [unit, byValue] of Object.entries(file.result)) {
    for (const [valueIndex, byDecimals] of byValue.entries()) {
      for (const [decimalsIndex, recorded] of byDecimals.entries()) {
        const [value, decimals] = [file.values[valueIndex], file.decimals[decimalsIndex]];
        cases.push({
          name: `${JSON.stringify(unit)} ${value} decimals ${decimals}`.replaceAll(": ", ":_"),
          unit,
          value: decodeRecorded(value) as number | null,
          decimals: decodeRecorded(decimals) as number | undefined,
          context,
          want: toFormatted(recorded),
        });
      }
    }
  }
  return cases;
}

function zoneCases(file: ZonesFile): UnitCase[] {
  return file.cases.flatMap(({ timeZone, rows }) =>
    rows.flatMap(({ id, out }) =>
      out.map(({ v, text }) => ({
        name: `${JSON.stringify(id)} ${v} in ${timeZone}`,
        unit: id,
        value: v,
        decimals: undefined,
        context: contextAt(file.clock, timeZone),
        want: text,
      })),
    ),
  );
}

async function readCases(dataDir: string): Promise<UnitCase[]> {
  const read = async (name: string) =>
    JSON.parse(await readFile(join(dataDir, "grafana", name), "utf8"));
  return [
    ...unitCases((await read("units.json")) as UnitsFile),
    ...zoneCases((await read("units-timezones.json")) as ZonesFile),
  ];
}

export const grafanaUnitsSuite: Suite = {
  name: "grafana/units",
  countCases: async (dataDir) => (await readCases(dataDir)).length,
  run: async (dataDir, reporter) => {
    for (const { name, unit, value, decimals, context, want } of await readCases(dataDir)) {
      await reportCase(reporter, name, () =>
        compareJson(want, formatValue(value, unit, decimals, context)),
      );
    }
  },
};
