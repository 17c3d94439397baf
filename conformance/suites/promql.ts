/**
 * prom/promql: queries over the recorded dataset with the answers of Prometheus 3.14, sent through
 * our API. Values are equal to within 1e-12 of each other, NaN, infinities and times exactly; texts
 * exactly. The order of an instant vector counts only where the query sorts.
 */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Expr } from "../../src/promql/ast.ts";
import { parseExpr } from "../../src/promql/parser.ts";
import { openPromServer, openPromTsdbServer, type PromFetch } from "../prom-server.ts";
import { reportCase, type Suite } from "../suite.ts";

/** Relative difference that two values may have. */
const tolerance = 1e-12;
/** Differences shown of one case. */
const differencesMax = 5;

interface RecordedQuery {
  readonly id: number;
  readonly source: string;
  readonly endpoint: string;
  readonly params: Readonly<Record<string, string>>;
  readonly httpStatus: number;
  readonly response: Answer;
}

/** Body of an answer of the query endpoints. */
interface Answer {
  readonly status: string;
  readonly data?: QueryData;
  readonly errorType?: string;
  readonly error?: string;
  readonly warnings?: readonly string[];
  readonly infos?: readonly string[];
}

type Point = readonly [number, string];

interface ResultSeries {
  readonly metric: Readonly<Record<string, string>>;
  readonly value?: Point;
  readonly values?: readonly Point[];
}

type QueryData =
  | { readonly resultType: "scalar" | "string"; readonly result: Point }
  | { readonly resultType: "vector" | "matrix"; readonly result: readonly ResultSeries[] };

async function readQueries(dataDir: string): Promise<readonly RecordedQuery[]> {
  const text = await readFile(join(dataDir, "prom", "promql", "queries.json"), "utf8");
  return JSON.parse(text) as readonly RecordedQuery[];
}

/** The suite. */
export const promqlSuite: Suite = {
  name: "prom/promql",

  async countCases(dataDir) {
    return (await readQueries(dataDir)).length;
  },

  async run(dataDir, reporter) {
    const fetchProm = await openPromServer(dataDir);
    for (const recorded of await readQueries(dataDir)) {
      await reportCase(reporter, String(recorded.id), () => askAndCompare(fetchProm, recorded));
    }
  },
};

/** The same queries over a database: blocks and head, each asked again for what was kept decoded. */
export const promqlTsdbSuite: Suite = {
  name: "prom/promql-tsdb",

  async countCases(dataDir) {
    return (await readQueries(dataDir)).length * 2;
  },

  async run(dataDir, reporter) {
    const { fetchProm, close } = await openPromTsdbServer(dataDir);
    try {
      for (const recorded of await readQueries(dataDir)) {
        const ask = () => askAndCompare(fetchProm, recorded);
        await reportCase(reporter, String(recorded.id), ask);
        await reportCase(reporter, `${recorded.id} again`, ask);
      }
    } finally {
      await close();
    }
  },
};

async function askAndCompare(
  fetchProm: PromFetch,
  recorded: RecordedQuery,
): Promise<string | undefined> {
  const search = new URLSearchParams(recorded.params);
  const response = await fetchProm(`${recorded.endpoint}?${search}`);
  const body = await response.text();
  if (!body.startsWith("{")) return `${response.status} ${body}`;
  const differences = compareAnswers(recorded, response.status, JSON.parse(body) as Answer);
  if (differences.length === 0) return undefined;
  const shown = differences.slice(0, differencesMax).join("\n  ");
  return `${recorded.endpoint} ${JSON.stringify(recorded.params)}\n  ${shown}`;
}

function compareAnswers(recorded: RecordedQuery, status: number, actual: Answer): string[] {
  const { response: wanted } = recorded;
  const differences: string[] = [];
  differ(differences, "HTTP status", recorded.httpStatus, status);
  differ(differences, "status", wanted.status, actual.status);
  differ(differences, "errorType", wanted.errorType, actual.errorType);
  differ(differences, "error", wanted.error, actual.error);
  differ(differences, "warnings", sorted(wanted.warnings), sorted(actual.warnings));
  differ(differences, "infos", sorted(wanted.infos), sorted(actual.infos));
  if (wanted.data !== undefined && actual.data !== undefined) {
    compareData(differences, recorded, actual.data);
  } else if (wanted.data !== actual.data) differences.push("data only on one side");
  return differences;
}

function differ(into: string[], what: string, wanted: unknown, actual: unknown): void {
  const wantedText = JSON.stringify(wanted);
  const actualText = JSON.stringify(actual);
  if (wantedText !== actualText) into.push(`${what}: want ${wantedText}, have ${actualText}`);
}

function sorted(texts: readonly string[] | undefined): string[] | undefined {
  return texts === undefined ? undefined : [...texts].sort();
}

function compareData(into: string[], recorded: RecordedQuery, actual: QueryData): void {
  const wanted = recorded.response.data as QueryData;
  differ(into, "resultType", wanted.resultType, actual.resultType);
  if (wanted.resultType !== actual.resultType) return;
  if (wanted.resultType === "string") {
    differ(into, "string", wanted.result, actual.result);
  } else if (wanted.resultType === "scalar") {
    comparePoint(into, "scalar", wanted.result, actual.result as Point);
  } else {
    const series = actual.result as readonly ResultSeries[];
    compareSeries(into, recorded, wanted.result as readonly ResultSeries[], series);
  }
}

function compareSeries(
  into: string[],
  recorded: RecordedQuery,
  wanted: readonly ResultSeries[],
  actual: readonly ResultSeries[],
): void {
  const wantedKeys = wanted.map(metricKey);
  const actualKeys = actual.map(metricKey);
  if (recorded.response.data?.resultType === "matrix") {
    differ(into, "series in order", wantedKeys, actualKeys);
  } else if (isCutByLimit(recorded)) {
    differ(into, "number of series", wantedKeys.length, actualKeys.length);
  } else if (isSorted(recorded.params["query"] ?? "")) {
    // Equal values may come in any order, so it is the values that must be in order.
    for (const [index, series] of wanted.entries()) {
      comparePoint(into, `value ${index}`, series.value, actual[index]?.value);
    }
  }
  const byKey = new Map(actual.map((series) => [metricKey(series), series]));
  for (const series of wanted) {
    const key = metricKey(series);
    const other = byKey.get(key);
    byKey.delete(key);
    if (other !== undefined) compareValues(into, key, series, other);
    else if (!isCutByLimit(recorded)) into.push(`missing ${key}`);
  }
  if (isCutByLimit(recorded)) return;
  for (const key of byKey.keys()) into.push(`unexpected ${key}`);
}

function metricKey(series: ResultSeries): string {
  return JSON.stringify(Object.entries(series.metric).sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** A limit keeps the first series of a vector without an order: which, is anybody's guess. */
function isCutByLimit(recorded: RecordedQuery): boolean {
  return (
    recorded.response.data?.resultType === "vector" &&
    (recorded.response.warnings ?? []).includes("results truncated due to limit")
  );
}

/** Whether the outermost operation gives an order. */
function isSorted(query: string): boolean {
  let expr: Expr = parseExpr(query);
  while (expr.kind === "paren") expr = expr.expr;
  if (expr.kind === "call") return expr.functionName.startsWith("sort");
  if (expr.kind !== "aggregate" || expr.grouping.length > 0 || expr.isWithout) return false;
  return expr.operator === "topk" || expr.operator === "bottomk";
}

function compareValues(
  into: string[],
  key: string,
  wanted: ResultSeries,
  actual: ResultSeries,
): void {
  if (wanted.value !== undefined) comparePoint(into, key, wanted.value, actual.value);
  if (wanted.values === undefined) return;
  const values = actual.values ?? [];
  differ(into, `${key} number of points`, wanted.values.length, values.length);
  for (const [index, point] of wanted.values.entries()) {
    if (into.length > differencesMax) return;
    comparePoint(into, key, point, values[index]);
  }
}

function comparePoint(
  into: string[],
  what: string,
  wanted: Point | undefined,
  actual: Point | undefined,
): void {
  if (wanted === undefined || actual === undefined) {
    if (wanted !== actual) into.push(`${what}: want ${wanted ?? "none"}, have ${actual ?? "none"}`);
    return;
  }
  if (wanted[0] === actual[0] && isSameValue(wanted[1], actual[1])) return;
  into.push(`${what}: want ${wanted[1]} at ${wanted[0]}, have ${actual[1]} at ${actual[0]}`);
}

function isSameValue(wanted: string, actual: string): boolean {
  if (wanted === actual) return true;
  // NaN and the infinities must be equal as text; a plain decimal and an exponent are two forms.
  const number = /^-?\d+(\.\d+)?(e[+-]\d\d+)?$/;
  if (!number.test(wanted) || !number.test(actual)) return false;
  if (wanted.includes("e") !== actual.includes("e")) return false;
  const a = Number(wanted);
  const b = Number(actual);
  return Math.abs(a - b) <= tolerance * Math.max(Math.abs(a), Math.abs(b));
}
