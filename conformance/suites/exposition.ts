/**
 * prom/exposition: bodies parsed by Prometheus 3.14 entry by entry, errors and Content-Type
 * warnings included: cases.json, and whole real bodies under fixtures/.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { histogramToString } from "../../src/model/histogram.ts";
import type { Labels } from "../../src/model/labels.ts";
import type { Exemplar } from "../../src/model/sample.ts";
import { type ExpositionParser, entryKind } from "../../src/textparse/exposition-parser.ts";
import { findRepeatedLabel } from "../../src/textparse/label-reader.ts";
import { createTextParser } from "../../src/textparse/parser-factory.ts";
import { reportCase, type Suite } from "../suite.ts";

type Pairs = readonly (readonly [string, string])[];

interface RecordedExemplar {
  readonly labels: Pairs;
  readonly value: string;
  readonly timestampMs?: number;
}

/** One entry, as recorded; ours are brought into the same shape. */
interface RecordedEntry {
  readonly kind: string;
  readonly labels?: Pairs | Readonly<Record<string, string>>;
  readonly value?: string;
  readonly bits?: string;
  readonly exemplars?: readonly RecordedExemplar[];
  readonly customValues?: readonly number[] | null;
  readonly [field: string]: unknown;
}

interface RecordedResult {
  readonly entries?: readonly RecordedEntry[] | null;
  readonly error?: string;
  readonly noParser?: boolean;
  readonly parserWarning?: string;
}

interface RecordedCase {
  readonly name: string;
  readonly contentType: string;
  readonly fallbackContentType?: string;
  readonly input?: string;
  readonly inputBase64?: string;
  readonly options?: {
    readonly typeAndUnitLabels?: boolean;
    readonly skipCreatedSeries?: boolean;
    readonly convertToNHCB?: boolean;
    readonly keepClassic?: boolean;
  };
  readonly result: RecordedResult;
}

interface RecordedFixture {
  readonly name: string;
  readonly contentType: string;
  readonly inputFile: string;
  readonly entries: readonly RecordedEntry[];
  readonly error?: string;
}

const ordinaryNanBits = "7ff8000000000001";

function suiteDir(dataDir: string): string {
  return join(dataDir, "prom", "exposition");
}

function readCases(dataDir: string): RecordedCase[] {
  const dir = suiteDir(dataDir);
  const cases = JSON.parse(readFileSync(join(dir, "cases.json"), "utf8")) as RecordedCase[];
  return [...cases, ...fixtureFiles(dataDir).map((file) => readFixture(dir, file))];
}

function fixtureFiles(dataDir: string): string[] {
  const files = readdirSync(join(suiteDir(dataDir), "fixtures"));
  return files.filter((file) => file.endsWith(".expected.json")).sort();
}

function readFixture(dir: string, file: string): RecordedCase {
  const text = readFileSync(join(dir, "fixtures", file), "utf8");
  const { name, contentType, inputFile, entries, error } = JSON.parse(text) as RecordedFixture;
  const inputBase64 = readFileSync(join(dir, inputFile)).toString("base64");
  const result = { entries, ...(error === undefined ? {} : { error }) };
  return { name, contentType, inputBase64, result };
}

/** The recorded outcome as one line an entry, in a spelling that ours can share. */
function describeRecorded(result: RecordedResult): string[] {
  const lines = (result.entries ?? []).map((entry) => describe({ ...entry }));
  if (result.parserWarning !== undefined) lines.unshift(`warning ${result.parserWarning}`);
  if (result.noParser === true) lines.push("no parser");
  if (result.error !== undefined) lines.push(`error ${result.error}`);
  return lines;
}

/** Fields in order of their names; numbers compared as numbers; labels as pairs. */
function describe(entry: Record<string, unknown>): string {
  const plain: Record<string, unknown> = {};
  for (const name of Object.keys(entry).sort()) {
    const value = entry[name];
    if (value === undefined) continue;
    if (name === "value") plain[name] = numberText(value as string);
    else if (name === "labels") plain[name] = Array.isArray(value) ? value : sortedPairs(value);
    else if (name === "exemplars") plain[name] = (value as Record<string, unknown>[]).map(describe);
    else plain[name] = value;
  }
  return JSON.stringify(plain);
}

function sortedPairs(labels: unknown): Pairs {
  return Object.entries(labels as Record<string, string>).sort(([a], [b]) => (a < b ? -1 : 1));
}

function numberText(text: string): string {
  const value = Number(text.replace("Inf", "Infinity"));
  return Object.is(value, -0) ? "-0" : String(value);
}

function describeOurs(recorded: RecordedCase): string[] {
  const body =
    recorded.inputBase64 === undefined
      ? Buffer.from(recorded.input ?? "", "utf8")
      : Buffer.from(recorded.inputBase64, "base64");
  const { options = {} } = recorded;
  const { parser, warning } = createTextParser(body, recorded.contentType, {
    fallbackContentType: recorded.fallbackContentType ?? "",
    typeAndUnitLabels: options.typeAndUnitLabels ?? false,
    skipCreatedSeries: options.skipCreatedSeries ?? false,
    convertToNhcb: options.convertToNHCB ?? false,
    keepClassic: options.keepClassic ?? false,
  });
  const lines = warning === "" ? [] : [`warning ${warning}`];
  if (parser === undefined) return [...lines, "no parser"];
  for (let kind = parser.next(); kind !== entryKind.end; kind = parser.next()) {
    lines.push(describe(readEntry(parser, kind)));
  }
  if (parser.error !== undefined) lines.push(`error ${parser.error.message}`);
  return lines;
}

function readEntry(parser: ExpositionParser, kind: number): Record<string, unknown> {
  switch (kind) {
    case entryKind.type:
      return { kind: "type", metric: parser.familyName(), type: parser.metricType };
    case entryKind.help:
      return { kind: "help", metric: parser.familyName(), text: parser.text() };
    case entryKind.unit:
      return { kind: "unit", metric: parser.familyName(), unit: parser.text() };
    case entryKind.comment:
      return { kind: "comment", text: parser.text() };
    default:
      return readSample(parser, kind === entryKind.histogram);
  }
}

function readSample(parser: ExpositionParser, isHistogram: boolean): Record<string, unknown> {
  const labels = parser.labels();
  const exemplars: Record<string, unknown>[] = [];
  for (let found = parser.nextExemplar(); found !== undefined; found = parser.nextExemplar()) {
    exemplars.push(readExemplar(found));
  }
  const { value, hasTimestamp, timestampMs, histogram } = parser;
  const startTimestampMs = parser.startTimestampMs();
  return {
    labels: pairsOf(labels),
    ...(hasTimestamp ? { timestampMs } : {}),
    ...(startTimestampMs === 0 ? {} : { startTimestampMs }),
    ...(exemplars.length === 0 ? {} : { exemplars }),
    ...(isHistogram && histogram !== undefined
      ? {
          kind: "histogram",
          histogram: histogramToString(histogram),
          schema: histogram.schema,
          customValues: histogram.customValues ?? null,
        }
      : {
          kind: "series",
          value: valueText(value),
          bits: Number.isNaN(value) ? ordinaryNanBits : undefined,
          duplicateLabel: findRepeatedLabel(labels),
        }),
  };
}

function valueText(value: number): string {
  return Object.is(value, -0) ? "-0" : String(value).replace("Infinity", "Inf");
}

function readExemplar(exemplar: Exemplar): Record<string, unknown> {
  const { timestampMs } = exemplar;
  return {
    labels: pairsOf(exemplar.labels),
    value: valueText(exemplar.value),
    ...(timestampMs === undefined ? {} : { timestampMs }),
  };
}

function pairsOf(labels: Labels): Pairs {
  const pairs: [string, string][] = [];
  labels.forEach((name, value) => {
    pairs.push([name, value]);
  });
  return pairs;
}

function compare(recorded: RecordedCase): string | undefined {
  const want = describeRecorded(recorded.result);
  const have = describeOurs(recorded);
  for (let i = 0; i < Math.max(want.length, have.length); i++) {
    if (want[i] !== have[i]) return `entry ${i}\n  want ${want[i]}\n  have ${have[i]}`;
  }
  return undefined;
}

export const expositionSuite: Suite = {
  name: "prom/exposition",
  async countCases(dataDir) {
    const file = join(suiteDir(dataDir), "cases.json");
    const cases = JSON.parse(readFileSync(file, "utf8")) as unknown[];
    return cases.length + fixtureFiles(dataDir).length;
  },
  async run(dataDir, reporter) {
    for (const recorded of readCases(dataDir)) {
      await reportCase(reporter, recorded.name, () => compare(recorded));
    }
  },
};
