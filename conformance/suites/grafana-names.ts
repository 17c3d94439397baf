/** grafana/names.json: display names of fields and frames, legends, labels as text. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import {
  createFieldNamer,
  fieldDisplayName,
  findCommonLabels,
  formatLabels,
  frameDisplayName,
  parseLabels,
  uniqueLabels,
} from "../../src/dashboard/field-name.ts";
import type { Frame, Labels } from "../../src/dashboard/frame.ts";
import { renderLegendFormat } from "../../src/dashboard/legend-format.ts";
import { reportCase, type Suite } from "../suite.ts";
import { compareJson } from "./grafana-compare.ts";

interface RecordedCase {
  readonly kind: string;
  readonly name?: string;
  // biome-ignore lint/suspicious/noExplicitAny: each kind has inputs and outputs of its own.
  readonly [property: string]: any;
}

function namesOfFrames(frames: readonly Frame[]): Record<string, unknown> {
  const namer = createFieldNamer(frames);
  return {
    fields: frames.map((frame) => frame.fields.map((field) => namer(field, frame))),
    fieldsWithoutAllFrames: frames.map((frame) =>
      frame.fields.map((field) => fieldDisplayName(field, frame)),
    ),
    frameNames: frames.map((frame, index) => frameDisplayName(frame, index)),
    frameNamesNoIndex: frames.map((frame) => frameDisplayName(frame)),
  };
}

function runCase(recorded: RecordedCase): Record<string, unknown> {
  switch (recorded.kind) {
    case "displayName":
      return namesOfFrames(recorded["frames"]);
    case "renderLegendFormat":
      return { output: renderLegendFormat(recorded["legendFormat"], recorded["labels"]) };
    case "formatLabels":
      return {
        output: formatLabels(recorded["labels"]),
        withoutBraces: formatLabels(recorded["labels"], { withoutBraces: true }),
      };
    case "parseLabels":
      return { output: parseLabels(recorded["input"]) };
    case "findCommonLabels": {
      const common = findCommonLabels(recorded["labels"]);
      const sets: readonly Labels[] = recorded["labels"];
      return { common, unique: sets.map((labels) => uniqueLabels(labels, common)) };
    }
    default:
      return {};
  }
}

const outputKeys = [
  "fields",
  "fieldsWithoutAllFrames",
  "frameNames",
  "frameNamesNoIndex",
  "output",
  "withoutBraces",
  "common",
  "unique",
];

async function readCases(dataDir: string): Promise<RecordedCase[]> {
  const text = await readFile(join(dataDir, "grafana", "names.json"), "utf8");
  return (JSON.parse(text) as { cases: RecordedCase[] }).cases;
}

export const grafanaNamesSuite: Suite = {
  name: "grafana/names",
  countCases: async (dataDir) => (await readCases(dataDir)).length,
  run: async (dataDir, reporter) => {
    for (const [index, recorded] of (await readCases(dataDir)).entries()) {
      const name = `${recorded.kind} ${index}${recorded.name === undefined ? "" : ` ${recorded.name}`}`;
      await reportCase(reporter, name, () => {
        const want = outputKeys
          .filter((key) => recorded[key] !== undefined)
          .map((key) => [key, recorded[key]]);
        return compareJson(Object.fromEntries(want), runCase(recorded));
      });
    }
  },
};
