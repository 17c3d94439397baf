/** /api/v1/query, query_range, format_query, parse_query, query_exemplars. */

import { type AppError, errorMessage, ParseError, QueryError } from "../base/errors.ts";
import { quoteString } from "../model/labels.ts";
import type { Matcher } from "../model/matcher.ts";
import { formatPlainDecimal } from "../model/value-format.ts";
import type { Expr } from "../promql/ast.ts";
import type { QueryResult, QueryValue } from "../promql/engine/query-result.ts";
import { parseExpr } from "../promql/parser.ts";
import { prettyPrint } from "../promql/printer.ts";
import { success, successStream, truncate } from "./answers.ts";
import type { ApiSources, QueryOptions, RequestOrigin } from "./api-sources.ts";
import { exprJson } from "./expr-json.ts";
import {
  engineTimeMs,
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
import { queryStatsJson } from "./query-stats.ts";

/** Points of one series that a range query may ask for. */
const rangePointsMax = 11_000;

/** Who asks: goes away (signal), and is named in the query log. */
export interface Asker {
  readonly signal: AbortSignal;
  readonly origin?: RequestOrigin;
}

/** GET or POST /api/v1/query */
export async function queryRoute(
  sources: ApiSources,
  parameters: Parameters,
  asker: Asker,
): Promise<Response> {
  const limit = optionalLimit(parameters);
  const result = await runInstant(sources, parameters, asker);
  return resultAnswer(result, limit, parameters.get("stats") ?? "");
}

/** GET or POST /api/v1/query_range */
export async function queryRangeRoute(
  sources: ApiSources,
  parameters: Parameters,
  asker: Asker,
): Promise<Response> {
  const limit = optionalLimit(parameters);
  const result = await runRange(sources, parameters, asker);
  return resultAnswer(result, limit, parameters.get("stats") ?? "");
}

/** Runs what a request asks: a range where there is a `start`, else an instant. Throws QueryError. */
export async function runQueryRequest(
  sources: ApiSources,
  parameters: Parameters,
  asker: Asker,
  extra: QueryOptions,
): Promise<QueryResult> {
  const run = parameters.has("start") ? runRange : runInstant;
  return await run(sources, parameters, asker, extra);
}

async function runInstant(
  sources: ApiSources,
  parameters: Parameters,
  asker: Asker,
  extra: QueryOptions = {},
): Promise<QueryResult> {
  const timeMs = engineTimeMs(optionalTime(parameters, "time", sources.clock.nowMs()));
  const options = { ...queryOptions(sources, parameters, asker), ...extra };
  const query = parameters.get("query") ?? "";
  checkParses(query, sources);
  return await withQueryPrefix(() =>
    sources.engine.instantQuery(sources.queryable, query, timeMs, options),
  );
}

async function runRange(
  sources: ApiSources,
  parameters: Parameters,
  asker: Asker,
  extra: QueryOptions = {},
): Promise<QueryResult> {
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
  const options = { ...queryOptions(sources, parameters, asker), ...extra };
  const query = parameters.get("query") ?? "";
  checkParses(query, sources);
  // Steps below a millisecond cannot be told apart.
  const range = { startMs, endMs, stepMs: Math.max(1, Math.trunc(stepMs)) };
  return await withQueryPrefix(() =>
    sources.engine.rangeQuery(sources.queryable, query, range, options),
  );
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
  const expr = parseExpr(parameters.get("query") ?? "", sources.parserOptions);
  const selectors = collectSelectors(expr);
  if (selectors.length === 0) return new Response(null, { status: 204 });
  if (sources.exemplars === undefined) return success([]);
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

function queryOptions(sources: ApiSources, parameters: Parameters, asker: Asker): QueryOptions {
  const timeoutMs = optionalDuration(parameters, "timeout");
  const lookbackText = parameters.get("lookback_delta") ?? "";
  let lookbackDeltaMs: number | undefined;
  if (lookbackText !== "") {
    try {
      // Whole milliseconds; none or fewer is the server's own.
      const wholeMs = Math.trunc(parseDurationParameter(lookbackText));
      lookbackDeltaMs = wholeMs > 0 ? wholeMs : undefined;
    } catch (thrown) {
      throw new QueryError(
        "bad_data",
        `error parsing lookback delta duration: ${errorMessage(thrown)}`,
      );
    }
  }
  // In Prometheus such a query is out of time when it joins the line.
  if (timeoutMs !== undefined && timeoutMs <= 0) {
    throw invalidParameter("query", "context deadline exceeded");
  }
  const wantsStepStats = sources.hasStepStats === true && parameters.get("stats") === "all";
  return {
    signal: asker.signal,
    ...(asker.origin === undefined ? {} : { origin: asker.origin }),
    ...(wantsStepStats ? { wantsStepStats } : {}),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(lookbackDeltaMs === undefined ? {} : { lookbackDeltaMs }),
  };
}

function resultAnswer(result: QueryResult, limit: number, stats: string): Response {
  const cut = limitValue(result.value, limit);
  const statsText = stats === "" ? undefined : JSON.stringify(queryStatsJson(result.stats));
  return successStream(queryValueJson(cut.value, statsText), {
    warnings: [...result.warnings, ...cut.warnings, ...statsWarnings(stats)],
    infos: result.infos,
  });
}

/** Any text turns statistics on, but only two are to stay. */
function statsWarnings(stats: string): string[] {
  if (stats === "" || stats === "true" || stats === "all") return [];
  return [
    `value ${quoteString(stats)} for parameter "stats" is deprecated and will be rejected in the next major release, use "true" or "all"`,
  ];
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
