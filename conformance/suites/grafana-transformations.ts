/** grafana/transformations.json: pipelines of transformations, frames in and out with their display names. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createFieldNamer } from "../../src/dashboard/field-name.ts";
import type { Field, Frame } from "../../src/dashboard/frame.ts";
import type { Transformation } from "../../src/dashboard/model.ts";
import { utcZone } from "../../src/dashboard/time-zone.ts";
import { applyTransformations } from "../../src/dashboard/transform/apply-transformations.ts";
import { reportCase, type Suite } from "../suite.ts";
import { compareJson, decodeRecorded } from "./grafana-compare.ts";

interface RecordedFrame extends Omit<Frame, "fields"> {
  readonly fields: readonly (Omit<Field, "config"> & { readonly config?: Field["config"] })[];
}

interface RecordedCase {
  readonly name: string;
  readonly transformations: readonly (Omit<Transformation, "isDisabled"> & {
    readonly disabled?: boolean;
  })[];
  readonly input: readonly RecordedFrame[];
  readonly output?: unknown;
  readonly error?: string;
}

function readFrame(frame: RecordedFrame): Frame {
  const fields = frame.fields.map((field) => ({
    ...field,
    config: field.config ?? {},
    values: decodeRecorded(field.values) as unknown[],
  }));
  return { ...frame, fields, length: fields[0]?.values.length ?? 0 };
}

/** In the recording's form: an empty `config` and what is undefined left out, cells kept. */
function showFrames(frames: readonly Frame[]): unknown {
  const namer = createFieldNamer(frames);
  return frames.map((frame) => ({
    ...frame,
    fields: frame.fields.map((whole) => {
      const { config, state: _state, ...field } = whole;
      return {
        ...field,
        ...(Object.keys(config).length === 0 ? {} : { config }),
        values: [...field.values].map((cell) =>
          field.type === "nestedFrames" ? showFrames(cell as Frame[]) : cell,
        ),
        displayName: namer(whole, frame),
      };
    }),
  }));
}

/** The recording shows an empty config sometimes as {} and sometimes not at all. */
function dropEmptyConfigs(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(dropEmptyConfigs);
  if (value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).filter(
    ([key, item]) =>
      !(key === "config" && item !== null && Object.keys(item as object).length === 0),
  );
  return Object.fromEntries(entries.map(([key, item]) => [key, dropEmptyConfigs(item)]));
}

function checkCase(recorded: RecordedCase): string | undefined {
  const transformations = recorded.transformations.map(({ disabled, ...rest }) => ({
    ...rest,
    isDisabled: disabled ?? false,
  }));
  const scope = { variables: new Map(), zone: utcZone };
  const { frames, problems } = applyTransformations(
    recorded.input.map(readFrame),
    transformations,
    scope,
  );
  if (recorded.error !== undefined) {
    return problems.length > 0 ? undefined : `want ${recorded.error}, got no problem`;
  }
  return compareJson(dropEmptyConfigs(decodeRecorded(recorded.output)), showFrames(frames));
}

async function readCases(dataDir: string): Promise<RecordedCase[]> {
  const text = await readFile(join(dataDir, "grafana", "transformations.json"), "utf8");
  return (JSON.parse(text) as { cases: RecordedCase[] }).cases;
}

export const grafanaTransformationsSuite: Suite = {
  name: "grafana/transformations",
  countCases: async (dataDir) => (await readCases(dataDir)).length,
  run: async (dataDir, reporter) => {
    for (const [index, recorded] of (await readCases(dataDir)).entries()) {
      const name = `${index} ${recorded.name.replaceAll(": ", ", ")}`;
      await reportCase(reporter, name, () => checkCase(recorded));
    }
  },
};
