/**
 * Runs the commands of a PromQL test script against an engine and a storage in memory, and checks
 * each eval as Prometheus' harness does: the result, the annotations, again with every selector
 * pinned by `@` at other times, and each of these once more as the middle of a range query.
 */

import { errorMessage } from "../../base/errors.ts";
import { type FloatHistogram, histogramToString } from "../../model/histogram.ts";
import { compareLabels, type Labels } from "../../model/labels.ts";
import { compileRe2 } from "../../model/regexp.ts";
import { MemoryStorage } from "../../storage/memory-storage.ts";
import type { Appender, Queryable } from "../../storage/storage.ts";
import {
  type HistogramValue,
  toFloatHistogram,
  toHistogramValue,
} from "../engine/histogram/histogram-value.ts";
import type {
  MatrixSeries,
  QueryResult,
  QueryValue,
  VectorSample,
} from "../engine/query-result.ts";
import { type ParserOptions, parseExpr } from "../parser.ts";
import { printExpr } from "../printer.ts";
import { pinToTime } from "./at-modifier.ts";
import { customBucketSeries } from "./custom-buckets.ts";
import {
  histogramOfPoint,
  isExpectedHistogram,
  storedHint,
  storedHistogram,
} from "./histogram-literal.ts";
import {
  type EvalCommand,
  type LoadCommand,
  type LoadedSeries,
  type MessageMatch,
  parseScript,
} from "./promql-script.ts";
import type { HistogramLiteral, SeriesPoint } from "./series-notation.ts";

/** Relative difference that results may have. */
const tolerance = 0.000001;
const minNormal = 2 ** -1022;
const minuteMs = 60_000;

/** All that the scripts use is switched on. */
export const scriptParserOptions: ParserOptions = {
  enableExperimentalFunctions: true,
  enableDurationExpressions: true,
  enableExtendedRangeSelectors: true,
  enableBinopFillModifiers: true,
};

/** The engine as the scripts need it. */
export interface ScriptEngine {
  instantQuery(queryable: Queryable, query: string, timeMs: number): Promise<QueryResult>;
  rangeQuery(
    queryable: Queryable,
    query: string,
    range: { readonly startMs: number; readonly endMs: number; readonly stepMs: number },
  ): Promise<QueryResult>;
}

/** What became of one eval; `difference` is undefined where it went as expected. */
export interface EvalOutcome {
  readonly command: EvalCommand;
  readonly difference: string | undefined;
}

/** Runs a script and tells the outcome of each eval, in order. Throws ParseError for a bad script. */
export async function runScript(
  text: string,
  engine: ScriptEngine,
): Promise<readonly EvalOutcome[]> {
  const outcomes: EvalOutcome[] = [];
  let storage = new MemoryStorage({ allowOutOfOrder: true });
  for (const command of parseScript(text)) {
    if (command.kind === "clear") storage = new MemoryStorage({ allowOutOfOrder: true });
    else if (command.kind === "load") loadSeries(storage, command);
    else {
      const difference = await checkEval(command, engine, storage);
      outcomes.push({ command, difference });
    }
  }
  return outcomes;
}

/** Appends the samples of a load, with start timestamps and converted histograms where it has them. */
export function loadSeries(storage: MemoryStorage, command: LoadCommand): void {
  const appender = storage.appender();
  for (const series of command.series) appendSeries(appender, series, command.stepMs);
  if (command.withCustomBuckets) {
    for (const { labels, samples } of customBucketSeries(command.series)) {
      let previous: HistogramValue | undefined;
      for (const { step, histogram } of samples) {
        const value = toHistogramValue(histogram);
        const stored = storedHistogram(value, storedHint(value, previous));
        appender.appendHistogram(0, labels, step * command.stepMs, stored);
        previous = value;
      }
    }
  }
  appender.commit();
}

function appendSeries(appender: Appender, series: LoadedSeries, stepMs: number): void {
  const { labels, points, startOffsetsMs = [] } = series;
  const sums = new Map<HistogramLiteral, HistogramValue[]>();
  let previous: HistogramValue | undefined;
  for (const [index, point] of points.entries()) {
    if (point.kind === "omitted") continue;
    const timestampMs = index * stepMs;
    let ref: number;
    if (point.kind === "histogram") {
      const value = histogramOfPoint(point, sums);
      const stored = storedHistogram(value, storedHint(value, previous));
      ref = appender.appendHistogram(0, labels, timestampMs, stored);
      previous = value;
    } else {
      previous = undefined;
      ref =
        point.kind === "float"
          ? appender.append(0, labels, timestampMs, point.value)
          : appender.appendStale(0, labels, timestampMs);
    }
    const offsetMs = startOffsetsMs[index];
    if (offsetMs !== undefined) appender.appendStartTimestamp?.(ref, timestampMs + offsetMs);
  }
}

/** What is wrong with the answer to one eval, or undefined. */
export async function checkEval(
  command: EvalCommand,
  engine: ScriptEngine,
  queryable: Queryable,
): Promise<string | undefined> {
  if (command.isRange) {
    const run = () => engine.rangeQuery(queryable, command.query, command);
    return describe(command.query, await checkAnswer(command, run));
  }
  for (const [query, timeMs] of instantQueries(command)) {
    const difference = await checkInstant(command, { engine, queryable, query, timeMs });
    if (difference !== undefined) return difference;
  }
  return undefined;
}

/** The query itself, and the query pinned by `@`, at several times. */
function instantQueries(command: EvalCommand): (readonly [string, number])[] {
  const { query, timeMs } = command;
  const queries: (readonly [string, number])[] = [[query, timeMs]];
  const pinned = pinToTime(parseExpr(query, scriptParserOptions), timeMs);
  if (pinned === undefined) return queries;
  const text = printExpr(pinned);
  const otherTimes =
    timeMs === 0
      ? [-1000, 0, 1000]
      : [-10 * timeMs, 0, Math.trunc(timeMs / 5), timeMs, 10 * timeMs];
  for (const otherMs of otherTimes) queries.push([text, otherMs]);
  return queries;
}

interface InstantRun {
  readonly engine: ScriptEngine;
  readonly queryable: Queryable;
  readonly query: string;
  readonly timeMs: number;
}

async function checkInstant(command: EvalCommand, run: InstantRun): Promise<string | undefined> {
  const { engine, queryable, query, timeMs } = run;
  let answer: QueryResult | undefined;
  const difference = await checkAnswer(command, async () => {
    answer = await engine.instantQuery(queryable, query, timeMs);
    return answer;
  });
  if (difference !== undefined) return describe(`${query} at ${timeMs} ms`, difference);
  const dependsOnQuery = /(start|end|range|step)\(\)/.test(query);
  if (answer === undefined || command.isInstantOnly || dependsOnQuery) return undefined;
  const range = { startMs: timeMs - minuteMs, endMs: timeMs + minuteMs, stepMs: minuteMs };
  let result: QueryResult;
  try {
    result = await engine.rangeQuery(queryable, query, range);
  } catch (thrown) {
    return describe(`${query} as a range`, `failed: ${errorMessage(thrown)}`);
  }
  if (command.expectations.has("ordered")) return undefined;
  const middle = valueAt(result.value, timeMs, answer.value.type);
  return describe(`${query} as a range around ${timeMs} ms`, compareValue(command, middle));
}

function describe(query: string, difference: string | undefined): string | undefined {
  return difference === undefined ? undefined : `${query}\n  ${difference}`;
}

/** The vector or scalar that a range query gives at one of its steps. */
function valueAt(value: QueryValue, timeMs: number, wanted: QueryValue["type"]): QueryValue {
  if (value.type !== "matrix") return value;
  const samples: VectorSample[] = [];
  for (const { labels, timestampsMs, values, histograms = [] } of value.series) {
    const index = timestampsMs.indexOf(timeMs);
    const sample = values[index];
    if (sample !== undefined) samples.push({ labels, timestampMs: timeMs, value: sample });
    const point = histograms.find(({ timestampMs }) => timestampMs === timeMs);
    if (point !== undefined) samples.push({ labels, value: Number.NaN, ...point });
  }
  const [first] = samples;
  return wanted === "scalar" && first !== undefined
    ? { type: "scalar", timestampMs: timeMs, value: first.value }
    : { type: "vector", samples };
}

async function checkAnswer(
  command: EvalCommand,
  run: () => Promise<QueryResult>,
): Promise<string | undefined> {
  const failure = command.expectations.get("fail");
  let answer: QueryResult;
  try {
    answer = await run();
  } catch (thrown) {
    const message = errorMessage(thrown);
    if (failure === undefined) return `failed: ${message}`;
    if (failure.every((expected) => matchesMessage(expected, message))) return undefined;
    return `want the error ${describeMatches(failure)}, have ${message}`;
  }
  if (failure !== undefined) return `want the error ${describeMatches(failure)}, have none`;
  return checkAnnotations(command, answer) ?? compareValue(command, answer.value);
}

function checkAnnotations(command: EvalCommand, answer: QueryResult): string | undefined {
  const { expectations } = command;
  return (
    checkRemarks("warning", expectations.get("warn"), answer.warnings) ??
    checkRemarks("info", expectations.get("info"), answer.infos) ??
    checkNone("warning", expectations.has("no_warn"), answer.warnings) ??
    checkNone("info", expectations.has("no_info"), answer.infos)
  );
}

function checkRemarks(
  what: string,
  expected: readonly MessageMatch[] | undefined,
  actual: readonly string[],
): string | undefined {
  if (expected === undefined) return undefined;
  const found = actual.length === 0 ? "none" : actual.join(" | ");
  for (const match of expected) {
    if (actual.some((text) => matchesMessage(match, text))) continue;
    return `want the ${what} ${describeMatches([match])}, have ${found}`;
  }
  const surplus = actual.find((text) => !expected.some((match) => matchesMessage(match, text)));
  return surplus === undefined ? undefined : `unexpected ${what} ${surplus}`;
}

function checkNone(
  what: string,
  isForbidden: boolean,
  actual: readonly string[],
): string | undefined {
  return isForbidden && actual.length > 0
    ? `want no ${what}, have ${actual.join(" | ")}`
    : undefined;
}

function matchesMessage(expected: MessageMatch, actual: string): boolean {
  if (expected.kind === "exact") return expected.text === actual;
  return compileRe2(expected.pattern).matcher(actual).find();
}

function describeMatches(matches: readonly MessageMatch[]): string {
  return matches
    .map((match) => (match.kind === "exact" ? match.text : `/${match.pattern}/`))
    .join(" and ");
}

function compareValue(command: EvalCommand, value: QueryValue): string | undefined {
  switch (value.type) {
    case "string":
      if (value.value === (command.expectedString ?? "")) return undefined;
      return `want the string ${command.expectedString}, have ${value.value}`;
    case "scalar":
      if (command.expectedScalar === undefined)
        return `want series, have the scalar ${value.value}`;
      if (almostEqual(value.value, command.expectedScalar)) return undefined;
      return `want the scalar ${command.expectedScalar}, have ${value.value}`;
    case "vector":
      return compareVector(command, value.samples);
    default:
      return compareMatrix(command, value.series);
  }
}

function compareVector(command: EvalCommand, samples: readonly VectorSample[]): string | undefined {
  if (command.expectedScalar !== undefined) return "want a scalar, have a vector";
  const expected = new Map(command.expectedSeries.map((series) => [series.labels.key, series]));
  const isOrdered = command.expectations.has("ordered");
  const seen = new Set<string>();
  for (const [index, { labels, value, histogram }] of samples.entries()) {
    const series = expected.get(labels.key);
    const sample = histogram ?? value;
    if (series === undefined) return `unexpected ${labels} ${describeSample(sample)}`;
    if (isOrdered && series.position !== index + 1) {
      return `want ${labels} at ${series.position}, have it at ${index + 1}`;
    }
    const [point] = series.points;
    if (point?.kind !== "omitted" && !isExpected(point, sample)) {
      return `want ${labels} ${describePoint(point)}, have ${describeSample(sample)}`;
    }
    seen.add(labels.key);
  }
  return describeMissing(command, seen);
}

function compareMatrix(command: EvalCommand, actual: readonly MatrixSeries[]): string | undefined {
  if (command.expectations.has("ordered")) return "want an ordered result, have a matrix";
  if (command.expectedScalar !== undefined) return "want a scalar, have a matrix";
  const expected = new Map(command.expectedSeries.map((series) => [series.labels.key, series]));
  const seen = new Set<string>();
  let before: Labels | undefined;
  for (const series of actual) {
    if (before !== undefined && compareLabels(before, series.labels) > 0) {
      return `${series.labels} comes after ${before}: series must be sorted by labels`;
    }
    before = series.labels;
    const wanted = expected.get(series.labels.key);
    if (wanted === undefined) {
      const samples = samplesOf(series).map(({ sample }) => describeSample(sample));
      return `unexpected ${series.labels} ${samples.join(" ")}`;
    }
    const difference = comparePoints(command, wanted.points, series);
    if (difference !== undefined) return difference;
    seen.add(series.labels.key);
  }
  return describeMissing(command, seen);
}

function comparePoints(
  command: EvalCommand,
  points: readonly SeriesPoint[],
  actual: MatrixSeries,
): string | undefined {
  const wanted = points
    .map((point, index) => ({ point, timestampMs: command.startMs + index * command.stepMs }))
    .filter(({ point }) => point.kind !== "omitted");
  const samples = samplesOf(actual);
  const isSame =
    wanted.length === samples.length &&
    wanted.every(({ point, timestampMs }, index) => {
      const found = samples[index];
      return (
        timestampMs <= command.endMs &&
        timestampMs === found?.timestampMs &&
        isExpected(point, found.sample)
      );
    });
  if (isSame) return undefined;
  const wantedText = wanted.map(
    ({ point, timestampMs }) => `${describePoint(point)}@${timestampMs}`,
  );
  const actualText = samples.map(
    ({ sample, timestampMs }) => `${describeSample(sample)}@${timestampMs}`,
  );
  return `want ${actual.labels} ${wantedText.join(" ")}\n  have ${actualText.join(" ")}`;
}

/** The samples of a series, floats and histograms, in the order of their times. */
function samplesOf({ timestampsMs, values, histograms = [] }: MatrixSeries) {
  const samples: { timestampMs: number; sample: number | FloatHistogram }[] = [];
  for (const [index, sample] of values.entries()) {
    samples.push({ timestampMs: timestampsMs[index] ?? 0, sample });
  }
  for (const { timestampMs, histogram } of histograms) {
    samples.push({ timestampMs, sample: histogram });
  }
  return samples.sort((a, b) => a.timestampMs - b.timestampMs);
}

function isExpected(point: SeriesPoint | undefined, sample: number | FloatHistogram): boolean {
  if (typeof sample === "number")
    return point?.kind === "float" && almostEqual(point.value, sample);
  return point?.kind === "histogram" && isExpectedHistogram(sample, point, almostEqual);
}

function describeSample(sample: number | FloatHistogram): string {
  if (typeof sample === "number") return String(sample);
  return `${histogramToString(sample)} (schema ${sample.schema}, ${sample.counterResetHint})`;
}

function describeMissing(command: EvalCommand, seen: ReadonlySet<string>): string | undefined {
  const missing = command.expectedSeries.find((series) => !seen.has(series.labels.key));
  if (missing === undefined) return undefined;
  return `want ${missing.labels} ${missing.points.map(describePoint).join(" ")}, have none`;
}

function describePoint(point: SeriesPoint | undefined): string {
  if (point?.kind === "float") return String(point.value);
  if (point?.kind !== "histogram") return point?.kind ?? "nothing";
  const value = histogramOfPoint(point);
  return describeSample(toFloatHistogram(value));
}

/** Equal within the tolerance relative to the sum, NaN equal to NaN. */
function almostEqual(a: number, b: number): boolean {
  if (a === b || (Number.isNaN(a) && Number.isNaN(b))) return true;
  const sum = Math.abs(a) + Math.abs(b);
  const difference = Math.abs(a - b);
  if (a === 0 || b === 0 || sum < minNormal) return difference < tolerance * minNormal;
  return difference / Math.min(sum, Number.MAX_VALUE) < tolerance;
}
