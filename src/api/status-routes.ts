/** /api/v1/status/*, /-/healthy, /-/ready, /-/reload, /metrics, and the answers of what does not exist yet. */

import { hostname } from "node:os";
import { ConfigError, errorMessage, QueryError } from "../base/errors.ts";
import { plainText, success } from "./answers.ts";
import type { ApiSources } from "./api-sources.ts";
import { type Parameters, parseGoInteger } from "./parameters.ts";
import { goTime } from "./target-routes.ts";

/** GET /api/v1/status/buildinfo; Grafana reads `version` to choose its features. */
export function buildInfoRoute(sources: ApiSources): Response {
  return success({
    version: prometheusCompatibleVersion,
    revision: "",
    branch: "",
    buildUser: "",
    buildDate: "",
    goVersion: "",
    application: `Ciliascope ${sources.version}`,
    features: {},
  });
}

/** The Prometheus release whose behaviour our API has. */
export const prometheusCompatibleVersion = "3.14.0";

/** GET /api/v1/status/runtimeinfo */
export function runtimeInfoRoute(sources: ApiSources): Response {
  const reload = sources.lastConfigReload();
  return success({
    startTime: goTime(sources.startedMs),
    CWD: process.cwd(),
    hostname: hostname(),
    serverTime: goTime(sources.clock.nowMs()),
    reloadConfigSuccess: reload.isSuccess,
    lastConfigTime: goTime(reload.atMs),
    corruptionCount: 0,
    goroutineCount: 0,
    GOMAXPROCS: 0,
    GOMEMLIMIT: 0,
    GOGC: "",
    GODEBUG: "",
    storageRetention: sources.flags["storage.tsdb.retention.time"] ?? "",
  });
}

/** GET /api/v1/status/config */
export function configRoute(sources: ApiSources): Response {
  return success({ yaml: sources.configYaml() });
}

/** GET /api/v1/status/flags */
export function flagsRoute(sources: ApiSources): Response {
  return success(sources.flags);
}

/** GET /api/v1/status/walreplay; the server listens only once the log is replayed. */
export function walReplayRoute(): Response {
  return success({ min: 0, max: 0, current: 0 });
}

/** Rows of each table of status/tsdb unless asked otherwise. */
const cardinalityRowsDefault = 10;
const cardinalityRowsMax = 10_000;

/** GET /api/v1/status/tsdb */
export function tsdbStatusRoute(sources: ApiSources, parameters: Parameters): Response {
  const limit = cardinalityLimit(parameters.get("limit") ?? "");
  const stats = sources.storage?.stats();
  return success({
    headStats: {
      numSeries: stats?.seriesCount ?? 0,
      numLabelPairs: stats?.labelPairCount ?? 0,
      chunkCount: stats?.chunkCount ?? 0,
      minTime: stats?.minTimeMs ?? 0,
      maxTime: stats?.maxTimeMs ?? 0,
    },
    seriesCountByMetricName: [],
    labelValueCountByLabelName: [],
    memoryInBytesByLabelName: [],
    seriesCountByLabelValuePair: [],
    ...sources.storage?.cardinality(limit),
  });
}

function cardinalityLimit(text: string): number {
  if (text === "") return cardinalityRowsDefault;
  const limit = parseGoInteger(text);
  if (limit === undefined || limit < 1)
    throw new QueryError("bad_data", "limit must be a positive number");
  if (limit > cardinalityRowsMax)
    throw new QueryError("bad_data", `limit must not exceed ${cardinalityRowsMax}`);
  return limit;
}

/** GET /api/v1/status/tsdb/blocks: the metas of all blocks, oldest first. */
export function tsdbBlocksRoute(sources: ApiSources): Response {
  return success({ blocks: sources.storage?.blockMetas() ?? [] });
}

/** GET /-/healthy */
export function healthyRoute(): Response {
  return plainText(200, "Prometheus Server is Healthy.");
}

/** GET /-/ready */
export function readyRoute(sources: ApiSources): Response {
  return sources.isReady()
    ? plainText(200, "Prometheus Server is Ready.")
    : plainText(503, "Service Unavailable");
}

/** POST /-/quit: a signal ends the server, nothing else. */
export function quitRoute(): Response {
  return lifecycleAnswer(403, "Lifecycle API is not enabled.");
}

/** GET /-/quit and /-/reload. */
export function lifecycleByGetRoute(): Response {
  return lifecycleAnswer(405, "Only POST or PUT requests allowed");
}

/** Text without the line end that errors have elsewhere. */
function lifecycleAnswer(status: number, text: string): Response {
  return new Response(text, { status, headers: { "content-type": "text/plain; charset=utf-8" } });
}

/** POST /-/reload */
export async function reloadRoute(sources: ApiSources): Promise<Response> {
  if (sources.reload === undefined) {
    return lifecycleAnswer(403, "Lifecycle API is not enabled.");
  }
  try {
    await sources.reload();
    return new Response("");
  } catch (thrown) {
    if (!(thrown instanceof ConfigError)) {
      sources.logger.error({ error: errorMessage(thrown) }, "configuration was not reloaded");
    }
    return plainText(500, `failed to reload config: ${errorMessage(thrown)}`);
  }
}

/** GET /metrics: our own. */
export function metricsRoute(sources: ApiSources, request: Request): Response {
  const { body, contentType } = sources.ownMetrics(request.headers.get("accept") ?? undefined);
  return new Response(body, { headers: { "content-type": contentType } });
}
