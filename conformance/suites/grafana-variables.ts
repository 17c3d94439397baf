/** grafana/variables.json: every format of a variable, texts, values of a query and of a data point. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { createDataResolver } from "../../src/dashboard/data-context.ts";
import { createFrame, type Field, type Frame } from "../../src/dashboard/frame.ts";
import {
  interpolate,
  type VariableScope,
  type VariableState,
} from "../../src/dashboard/interpolate.ts";
import { utcZone } from "../../src/dashboard/time-zone.ts";
import {
  formatPrometheus,
  formatPrometheusQuoted,
  type VariableFormat,
} from "../../src/dashboard/variable-format.ts";
import { reportCase, type Suite } from "../suite.ts";
import { compareJson } from "./grafana-compare.ts";

interface RecordedVariable {
  readonly name: string;
  readonly value: string | number | string[];
  readonly text: string | string[];
  readonly isMulti?: boolean;
  readonly includeAll?: boolean;
  readonly allValue?: string;
  readonly options?: { readonly value: string }[];
}

interface RecordedFile {
  readonly timeRange: { readonly from: string; readonly to: string };
  readonly variables: RecordedVariable[];
  readonly otherVariables: Readonly<Record<string, OtherVariable>>;
  readonly dataFrame: Omit<Frame, "length">;
  readonly cases: RecordedCase[];
}

interface OtherVariable {
  readonly type: string;
  readonly value: string;
  readonly text?: string;
  readonly autoStepCount?: number;
  readonly autoMinInterval?: string;
}

interface RecordedCase {
  readonly kind: "formats" | "text" | "scopedVars" | "dataContext";
  readonly variable?: RecordedVariable;
  readonly input?: string;
  readonly output: string | Readonly<Record<string, string>>;
  readonly withPrometheusFormatter?: string;
  readonly scopedVars?: Readonly<Record<string, { text: unknown; value: unknown }>>;
  readonly fieldIndex?: number;
  readonly rowIndex?: number;
}

function toState(recorded: RecordedVariable): VariableState {
  const { includeAll, ...rest } = recorded;
  return { ...rest, includesAll: includeAll ?? false };
}

function otherState(name: string, other: OtherVariable): VariableState {
  const { type, value, text, autoStepCount, autoMinInterval } = other;
  return {
    name,
    value,
    ...(text === undefined ? {} : { text }),
    isOutOfUrl: type === "constant",
    ...(autoStepCount === undefined
      ? {}
      : { auto: { stepCount: autoStepCount, minInterval: autoMinInterval ?? "10s" } }),
  };
}

function readScope(file: RecordedFile): VariableScope {
  const states = [
    ...file.variables.map(toState),
    ...Object.entries(file.otherVariables).map(([name, other]) => otherState(name, other)),
  ];
  const { from, to } = file.timeRange;
  return {
    variables: new Map(states.map((state) => [state.name, state])),
    range: { fromMs: Date.parse(from), toMs: Date.parse(to) },
    zone: utcZone,
  };
}

/** The recorded names of outputs → reference and format. */
function writeFormat(name: string, key: string, scope: VariableScope): string {
  const prometheus: Readonly<Record<string, [string, VariableFormat]>> = {
    prometheus: [`$${name}`, formatPrometheus],
    "prometheus ${x:raw}": [`\${${name}:raw}`, formatPrometheus],
    "prometheus ${x:regex}": [`\${${name}:regex}`, formatPrometheus],
    "prometheus, toggle prometheusSpecialCharsInLabelValues": [`$${name}`, formatPrometheusQuoted],
  };
  const special = prometheus[key];
  if (special !== undefined) return interpolate(special[0], scope, special[1]);
  const texts: Readonly<Record<string, string>> = {
    default: `$${name}`,
    braces: `\${${name}}`,
    brackets: `[[${name}]]`,
    "brackets:csv": `[[${name}:csv]]`,
    unknownFormat: `\${${name}:nosuchformat}`,
  };
  return interpolate(texts[key] ?? `\${${name}:${key}}`, scope);
}

function dataScope(recorded: RecordedCase, file: RecordedFile): VariableScope {
  const fields = file.dataFrame.fields.map((field) => ({ ...field, config: field.config ?? {} }));
  const frame = createFrame(fields, file.dataFrame);
  const field = frame.fields[recorded.fieldIndex ?? 0] as Field;
  const place = { frame, field, rowIndex: recorded.rowIndex ?? 0, context: { zone: utcZone } };
  return { ...readScope(file), resolve: createDataResolver(place) };
}

function runCase(recorded: RecordedCase, file: RecordedFile): unknown {
  const { input = "", scopedVars } = recorded;
  const scope = readScope(file);
  switch (recorded.kind) {
    case "dataContext":
      return { output: interpolate(input, dataScope(recorded, file)) };
    case "formats": {
      const name = recorded.variable?.name ?? "";
      const keys = Object.keys(recorded.output);
      return Object.fromEntries(keys.map((key) => [key, writeFormat(name, key, scope)]));
    }
    default: {
      const inScope = scopedVars === undefined ? scope : { ...scope, scoped: scopedVars };
      return {
        output: interpolate(input, inScope),
        withPrometheusFormatter: interpolate(input, inScope, formatPrometheus),
      };
    }
  }
}

function wantOf(recorded: RecordedCase): unknown {
  if (recorded.kind === "formats") return recorded.output;
  const { output, withPrometheusFormatter } = recorded;
  return { output, withPrometheusFormatter };
}

async function readRecorded(dataDir: string): Promise<RecordedFile> {
  return JSON.parse(await readFile(join(dataDir, "grafana", "variables.json"), "utf8"));
}

export const grafanaVariablesSuite: Suite = {
  name: "grafana/variables",
  countCases: async (dataDir) => (await readRecorded(dataDir)).cases.length,
  run: async (dataDir, reporter) => {
    const file = await readRecorded(dataDir);
    for (const [index, recorded] of file.cases.entries()) {
      await reportCase(reporter, `${recorded.kind} ${index}`, () =>
        compareJson(wantOf(recorded), runCase(recorded, file)),
      );
    }
  },
};
