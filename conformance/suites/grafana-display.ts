/** grafana/display.json (values as they are shown) and grafana/colors.json (names, palettes, modes). */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { rampColors } from "../../src/dashboard/color/color-ramp.ts";
import { isColoredByValue } from "../../src/dashboard/color/color-scale.ts";
import {
  fallbackColor,
  resolveColor,
  type ThemeName,
} from "../../src/dashboard/color/named-color.ts";
import { colorNameOfText, paletteColors } from "../../src/dashboard/color/palette.ts";
import { createDisplay } from "../../src/dashboard/display.ts";
import type { Field, FieldSettings, FieldType } from "../../src/dashboard/frame.ts";
import { openTimeZone, utcZone } from "../../src/dashboard/time-zone.ts";
import { joinFormatted } from "../../src/dashboard/units/format-value.ts";
import { reportCase, type Suite } from "../suite.ts";
import { compareJson, decodeRecorded } from "./grafana-compare.ts";

interface DisplayFile {
  readonly clock: string;
  readonly cases: {
    readonly name: string;
    readonly theme: ThemeName;
    readonly timeZone: string;
    readonly field: {
      readonly type?: FieldType;
      readonly config: FieldSettings;
      readonly values?: unknown[];
      readonly state?: { readonly seriesIndex?: number; readonly displayName?: string };
    };
    readonly inputs: unknown[];
    readonly output: Record<string, unknown>[];
  }[];
}

async function readDisplay(dataDir: string): Promise<DisplayFile> {
  return JSON.parse(await readFile(join(dataDir, "grafana", "display.json"), "utf8"));
}

function runDisplay(file: DisplayFile, recorded: DisplayFile["cases"][number]): unknown[] {
  const { field, inputs, theme, timeZone } = recorded;
  const values = decodeRecorded(field.values ?? inputs) as unknown[];
  const ours: Field = { name: "", type: field.type ?? "other", config: field.config, values };
  const display = createDisplay(ours, {
    theme,
    zone: openTimeZone(timeZone),
    nowMs: Date.parse(file.clock),
    todayZone: utcZone,
    locale: "en-US",
    ...field.state,
  });
  const decoded = decodeRecorded(inputs) as unknown[];
  return decoded.map((input) => {
    const shown = display(input);
    return { ...shown, formatted: joinFormatted(shown) };
  });
}

export const grafanaDisplaySuite: Suite = {
  name: "grafana/display",
  countCases: async (dataDir) => (await readDisplay(dataDir)).cases.length,
  run: async (dataDir, reporter) => {
    const file = await readDisplay(dataDir);
    for (const [index, recorded] of file.cases.entries()) {
      await reportCase(reporter, `${index} ${recorded.name}`, () =>
        compareJson(decodeRecorded(recorded.output), runDisplay(file, recorded)),
      );
    }
  },
};

type ByTheme<T> = Readonly<Record<ThemeName, T>>;

interface ColorsFile {
  readonly fallback: string;
  readonly namedColors: ({ readonly name: string } & ByTheme<string>)[];
  readonly lookups: ({ readonly name: string } & ByTheme<string>)[];
  readonly modes: {
    readonly id: string;
    readonly isByValue: boolean;
    readonly colors: ByTheme<string[]>;
  }[];
  readonly hashColors: { readonly string: string; readonly color: string }[];
}

interface ColorCase {
  readonly name: string;
  readonly check: () => string | undefined;
}

function colorCases(file: ColorsFile): ColorCase[] {
  const named = [...file.namedColors, ...file.lookups].map(({ name, dark, light }, index) => ({
    name: `name ${index} ${name}`,
    check: () =>
      compareJson([dark, light], [resolveColor(name, "dark"), resolveColor(name, "light")]),
  }));
  const modes = file.modes.map(({ id, isByValue, colors }) => ({
    name: `mode ${id}`,
    check: () => {
      const find = (theme: ThemeName) => paletteColors(id, theme) ?? rampColors(id, theme) ?? [];
      const got = { isByValue: isColoredByValue(id), dark: find("dark"), light: find("light") };
      return compareJson({ isByValue, dark: colors.dark, light: colors.light }, got);
    },
  }));
  const hashes = file.hashColors.map(({ string, color }) => ({
    name: `text ${JSON.stringify(string)}`,
    check: () => compareJson(color, colorNameOfText(string)),
  }));
  const fallback = { name: "fallback", check: () => compareJson(file.fallback, fallbackColor) };
  return [fallback, ...named, ...modes, ...hashes];
}

async function readColors(dataDir: string): Promise<ColorCase[]> {
  const text = await readFile(join(dataDir, "grafana", "colors.json"), "utf8");
  return colorCases(JSON.parse(text) as ColorsFile);
}

export const grafanaColorsSuite: Suite = {
  name: "grafana/colors",
  countCases: async (dataDir) => (await readColors(dataDir)).length,
  run: async (dataDir, reporter) => {
    for (const { name, check } of await readColors(dataDir)) {
      await reportCase(reporter, name, check);
    }
  },
};
