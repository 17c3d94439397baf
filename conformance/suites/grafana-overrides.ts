/** grafana/overrides.json: settings of a panel and its overrides on frames, with names, ranges, colours and shown values. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { seriesColor } from "../../src/dashboard/color/color-scale.ts";
import { colorParts } from "../../src/dashboard/color/named-color.ts";
import { resolveLinks } from "../../src/dashboard/data-context.ts";
import { createDisplay } from "../../src/dashboard/display.ts";
import { applyFieldConfig } from "../../src/dashboard/field-overrides.ts";
import { createFrame, type Field, type Frame } from "../../src/dashboard/frame.ts";
import type { FieldConfig } from "../../src/dashboard/model.ts";
import { utcZone } from "../../src/dashboard/time-zone.ts";
import { joinFormatted } from "../../src/dashboard/units/format-value.ts";
import { reportCase, type Suite } from "../suite.ts";
import { compareJson, decodeRecorded } from "./grafana-compare.ts";

interface RecordedCase {
  readonly name: string;
  readonly fieldConfig: FieldConfig;
  readonly frames: readonly Frame[];
  readonly output: unknown;
}

const scope = {
  variables: new Map([["env", { name: "env", value: "prod" }]]),
  range: {
    fromMs: Date.parse("2026-03-28T08:00:00.000Z"),
    toMs: Date.parse("2026-03-28T14:00:00.000Z"),
  },
  zone: utcZone,
};

function readFrame(frame: Frame): Frame {
  const fields = frame.fields.map((field) => ({
    ...field,
    config: field.config ?? {},
    values: decodeRecorded(field.values) as unknown[],
  }));
  return createFrame(fields, frame);
}

/** The recorded fields cache what they show, colours as hex digits. */
function hexColor(color: string): string {
  if (!color.startsWith("rgb(")) return color;
  const digits = colorParts(color)?.map((part) => part.toString(16).padStart(2, "0")) ?? [];
  return `#${digits.join("")}`;
}

function showLinks(field: Field, frame: Frame): unknown {
  if (field.config.links === undefined) return undefined;
  const place = { field, frame, rowIndex: 0, context: { zone: utcZone } };
  return resolveLinks(place, scope).map(({ title, href }) => ({ title, href }));
}

function showField(field: Field, frame: Frame): unknown {
  const { name, type, config, state } = field;
  const display = createDisplay(field, { zone: utcZone });
  return {
    name,
    type,
    displayName: state?.displayName,
    config,
    seriesIndex: state?.seriesIndex,
    range: state?.range,
    ...(type === "number" ? { seriesColor: seriesColor(field).color } : {}),
    links: showLinks(field, frame),
    display: [...field.values].map((value) => {
      const shown = display(value);
      return { text: joinFormatted(shown), color: hexColor(shown.color), percent: shown.percent };
    }),
  };
}

function runCase({ frames, fieldConfig }: RecordedCase): unknown {
  const applied = applyFieldConfig(frames.map(readFrame), fieldConfig, scope);
  return applied.map((frame) => ({
    refId: frame.refId,
    fields: frame.fields.map((field) => showField(field, frame)),
  }));
}

async function readCases(dataDir: string): Promise<RecordedCase[]> {
  const text = await readFile(join(dataDir, "grafana", "overrides.json"), "utf8");
  return (JSON.parse(text) as { cases: RecordedCase[] }).cases;
}

export const grafanaOverridesSuite: Suite = {
  name: "grafana/overrides",
  countCases: async (dataDir) => (await readCases(dataDir)).length,
  run: async (dataDir, reporter) => {
    for (const [index, recorded] of (await readCases(dataDir)).entries()) {
      await reportCase(reporter, `${index} ${recorded.name.replaceAll(": ", ", ")}`, () =>
        compareJson(decodeRecorded(recorded.output), runCase(recorded)),
      );
    }
  },
};
