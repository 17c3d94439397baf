/** grafana/reduce.json: every reducer alone and all of them together over lists of values. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { FieldType } from "../../src/dashboard/frame.ts";
import {
  findReducer,
  type ReduceOptions,
  reducers,
  reduceValue,
  reduceValues,
} from "../../src/dashboard/reduce.ts";
import { reportCase, type Suite } from "../suite.ts";
import { compareJson, decodeRecorded } from "./grafana-compare.ts";

interface RecordedCase {
  readonly type: FieldType;
  readonly values: unknown[];
  readonly nullValueMode: ReduceOptions["nullValueMode"] | null;
  readonly result: Readonly<Record<string, unknown>>;
  readonly whenAllComputedTogether?: Readonly<Record<string, unknown>>;
}

interface RecordedFile {
  readonly reducers: {
    readonly id: string;
    readonly name: string;
    readonly aliasIds?: string[];
  }[];
  readonly cases: RecordedCase[];
}

function checkCase(recorded: RecordedCase): string | undefined {
  const values = decodeRecorded(recorded.values) as unknown[];
  const options: ReduceOptions = {
    type: recorded.type,
    nullValueMode: recorded.nullValueMode ?? undefined,
  };
  const ids = Object.keys(recorded.result);
  const alone = ids.map((id) => [id, reduceValue(values, id, options)]);
  const together = { ...recorded.result, ...recorded.whenAllComputedTogether };
  return (
    compareJson(decodeRecorded(recorded.result), Object.fromEntries(alone), "alone") ??
    compareJson(decodeRecorded(together), reduceValues(values, ids, options), "together")
  );
}

function checkList(file: RecordedFile): string | undefined {
  const want = file.reducers.map(({ id, name }) => ({ id, name }));
  for (const { id, aliasIds = [] } of file.reducers) {
    for (const alias of aliasIds) {
      const found = findReducer(alias)?.id;
      if (found !== id) return `want ${alias} to be ${id}, got ${found}`;
    }
  }
  return compareJson(want, reducers);
}

async function readRecorded(dataDir: string): Promise<RecordedFile> {
  return JSON.parse(await readFile(join(dataDir, "grafana", "reduce.json"), "utf8"));
}

export const grafanaReduceSuite: Suite = {
  name: "grafana/reduce",
  countCases: async (dataDir) => (await readRecorded(dataDir)).cases.length + 1,
  run: async (dataDir, reporter) => {
    const file = await readRecorded(dataDir);
    await reportCase(reporter, "the list of reducers", () => checkList(file));
    for (const [index, recorded] of file.cases.entries()) {
      await reportCase(reporter, `${recorded.type} ${index}`, () => checkCase(recorded));
    }
  },
};
