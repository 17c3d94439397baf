/** /api/v1/query, query_range, format_query, parse_query, query_exemplars. */

import { type AppError, errorMessage, ParseError, QueryError } from "../base/errors.ts";
import type { Matcher } from "../model/matcher.ts";
import { formatPlainDecimal } from "../model/value-format.ts";
import type { Expr } from "../promql/ast.ts";
import type { QueryResult, QueryStats, QueryValue } from "../promql/engine/query-result.ts";
import { parseExpr } from "../promql/parser.ts";
import { prettyPrint } from "../promql/printer.ts";
import { success, successStream, truncate } from "./answers.ts";
import type { ApiSources, QueryOptions } from "./api-sources.ts";
import { exprJson } from "./expr-json.ts";
import {
  invalidParameter,
  maxTimeMs,
  minTimeMs,
  optionalDuration,
  optionalLimit,
  optionalTime,
  type Parameters,
  parseDurationParameter,
  requiredTime,
} from "./parameters.ts";
import { queryValueJson } from "./query-json.ts";

/** Points of one series that a range query may ask for. */
const rangePointsMax = 11_000;

/** GET or POST /api/v1/query */
export async function queryRoute(
  sources: ApiSources,
  parameters: Parameters,
  signal: AbortSignal,
): Promise<Response> {
  const limit = optionalLimit(parameters);
  const timeMs = optionalTime(parameters, "time", sources.clock.nowMs());
  const options = queryOptions(parameters, signal);
  const query = parameters.get("query") ?? "";
  checkParses(query, sources);
  const result = await withQueryPrefix(() =>
    sources.engine.instantQuery(sources.queryable, query, timeMs, options),
  );
  return resultAnswer(result, limit, wantsStats(parameters));
}

/** GET or POST /api/v1/query_range */
export async function queryRangeRoute(
  sources: ApiSources,
  parameters: Parameters,
  signal: AbortSignal,
): Promise<Response> {
  const limit = optionalLimit(parameters);
  const startMs = requiredTime(parameters, "start");
  const endMs = requiredTime(parameters, "end");
  if (endMs < startMs) throw invalidParameter("end", "end timestamp must not be before start time");
  const stepMs = requiredStep(parameters);
  if (Math.floor((endMs - startMs) / stepMs) > rangePointsMax) {
    throw new QueryError(
      "bad_data",
      "exceeded maximum resolution of 11,000 points per timeseries. Try decreasing the query resolution (?step=XX)",
    );
  }
  const options = queryOptions(parameters, signal);
  const query = parameters.get("query") ?? "";
  checkParses(query, sources);
  const range = { startMs, endMs, stepMs };
  const result = await withQueryPrefix(() =>
    sources.engine.rangeQuery(sources.queryable, query, range, options),
  );
  return resultAnswer(result, limit, wantsStats(parameters));
}

/** GET or POST /api/v1/format_query */
export function formatQueryRoute(sources: ApiSources, parameters: Parameters): Response {
  return success(prettyPrint(checkParses(parameters.get("query") ?? "", sources)));
}

/** GET or POST /api/v1/parse_query */
export function parseQueryRoute(sources: ApiSources, parameters: Parameters): Response {
  return success(exprJson(checkParses(parameters.get("query") ?? "", sources)));
}

/** GET or POST /api/v1/query_exemplars */
export async function queryExemplarsRoute(
  sources: ApiSources,
  parameters: Parameters,
): Promise<Response> {
  const startMs = optionalTime(parameters, "start", minTimeMs);
  const endMs = optionalTime(parameters, "end", maxTimeMs);
  if (endMs < startMs) {
    throw new QueryError("bad_data", "end timestamp must not be before start timestamp");
  }
  const expr = checkParses(parameters.get("query") ?? "", sources);
  const selectors = collectSelectors(expr);
  if (selectors.length === 0 || sources.exemplars === undefined) return success([]);
  const found = await sources.exemplars.selectExemplars(startMs, endMs, selectors);
  return success(
    found.map((series) => ({
      seriesLabels: series.labels.toObject(),
      exemplars: series.exemplars.map((exemplar) => ({
        labels: exemplar.labels.toObject(),
        value: formatPlainDecimal(exemplar.value),
        timestamp: (exemplar.timestampMs ?? 0) / 1000,
      })),
    })),
  );
}

/** Parses with Prometheus' prefix on the error, before anything else is done. */
function checkParses(query: string, sources: ApiSources): Expr {
  try {
    return parseExpr(query, sources.parserOptions);
  } catch (thrown) {
    if (thrown instanceof ParseError) throw invalidParameter("query", thrown.message);
    throw thrown as AppError;
  }
}

/** What the engine refuses before it runs is the parameter's fault, and Prometheus says so. */
async function withQueryPrefix<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (thrown) {
    if (thrown instanceof QueryError && thrown.kind === "bad_data") {
      throw invalidParameter("query", thrown.message);
    }
    throw thrown;
  }
}

function requiredStep(parameters: Parameters): number {
  let stepMs: number;
  try {
    stepMs = parseDurationParameter(parameters.get("step") ?? "");
  } catch (thrown) {
    throw invalidParameter("step", errorMessage(thrown));
  }
  if (stepMs > 0) return stepMs;
  throw invalidParameter(
    "step",
    "zero or negative query resolution step widths are not accepted. Try a positive integer",
  );
}

function queryOptions(parameters: Parameters, signal: AbortSignal): QueryOptions {
  const timeoutMs = optionalDuration(parameters, "timeout");
  const lookbackText = parameters.get("lookback_delta") ?? "";
  let lookbackDeltaMs: number | undefined;
  if (lookbackText !== "") {
    try {
      lookbackDeltaMs = parseDurationParameter(lookbackText);
    } catch (thrown) {
      throw new QueryError(
        "bad_data",
        `error parsing lookback delta duration: ${errorMessage(thrown)}`,
      );
    }
  }
  return {
    signal,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(lookbackDeltaMs === undefined ? {} : { lookbackDeltaMs }),
  };
}

function wantsStats(parameters: Parameters): boolean {
  return (parameters.get("stats") ?? "") !== "";
}

function resultAnswer(result: QueryResult, limit: number, hasStats: boolean): Response {
  const cut = limitValue(result.value, limit);
  const stats = hasStats ? statsJson(result.stats) : undefined;
  return successStream(queryValueJson(cut.value, stats), {
    warnings: [...result.warnings, ...cut.warnings],
    infos: result.infos,
  });
}

/** In Prometheus' names, seconds. Sorting is part of our evaluation, and the line before the gate is not measured. */
function statsJson(stats: QueryStats): string {
  const seconds = (ms: number) => ms / 1000;
  const inner = seconds(stats.selectMs + stats.evaluateMs);
  const total = seconds(stats.prepareMs) + inner;
  return JSON.stringify({
    timings: {
      evalTotalTime: total,
      resultSortTime: 0,
      queryPreparationTime: seconds(stats.prepareMs),
      innerEvalTime: inner,
      execQueueTime: 0,
      execTotalTime: total,
    },
    samples: {
      totalQueryableSamples: stats.totalQueryableSamples,
      peakSamples: stats.peakSamples,
    },
  });
}

function limitValue(value: QueryValue, limit: number): { value: QueryValue; warnings: string[] } {
  if (value.type === "vector") {
    const { values, warnings } = truncate(value.samples, limit);
    return { value: { ...value, samples: values }, warnings };
  }
  if (value.type === "matrix") {
    const { values, warnings } = truncate(value.series, limit);
    return { value: { ...value, series: values }, warnings };
  }
  return { value, warnings: [] };
}

/** The matchers of every vector selector in the tree, in the order written. */
function collectSelectors(expr: Expr): Matcher[][] {
  switch (expr.kind) {
    case "vectorSelector":
      return [[...expr.matchers]];
    case "matrixSelector":
      return [[...expr.selector.matchers]];
    case "subquery":
    case "paren":
    case "unary":
      return collectSelectors(expr.expr);
    case "binary":
      return [...collectSelectors(expr.left), ...collectSelectors(expr.right)];
    case "aggregate":
      return [
        ...(expr.param === undefined ? [] : collectSelectors(expr.param)),
        ...collectSelectors(expr.expr),
      ];
    case "call":
      return expr.args.flatMap(collectSelectors);
    default:
      return [];
  }
}
