/**
 * GET /api/ciliascope/v1/query-nodes: runs a query and tells series, samples and time of each of its
 * parts, for the tree view. With start, end and step a range query, else an instant query at `time`.
 * Parameters and errors are those of /api/v1/query and query_range; the result itself is not sent.
 */

import { Hono } from "hono";
import type { QueryError } from "../base/errors.ts";
import type { QueryResult } from "../promql/engine/query-result.ts";
import type { ApiSources } from "./api-sources.ts";
import { refuse } from "./own-answers.ts";
import { readParameters, toQueryError } from "./parameters.ts";
import { runQueryRequest } from "./query-routes.ts";
import type { QueryNodesAnswer } from "./wire/query-nodes.ts";

/** The route, to be mounted below /api/ciliascope/v1. */
export function queryNodesRoutes(sources: ApiSources): Hono {
  const routes = new Hono();
  routes.get("/query-nodes", async (context) => {
    const request = context.req.raw;
    try {
      const parameters = await readParameters(request);
      const { signal } = request;
      const options = { wantsNodeStats: true };
      const result = await runQueryRequest(sources, parameters, { signal }, options);
      return context.json(nodesAnswer(result));
    } catch (thrown) {
      const error = toQueryError(thrown);
      if (error.kind === "internal") throw error;
      return refuse(statusOf(error), error.message);
    }
  });
  routes.onError((thrown) => {
    sources.logger.error({ error: thrown.stack ?? thrown.message }, "request failed");
    return refuse(500, thrown.message);
  });
  return routes;
}

function statusOf(error: QueryError): number {
  if (error.kind === "bad_data") return 400;
  return error.kind === "timeout" ? 503 : 422;
}

function nodesAnswer({ value, stats }: QueryResult): QueryNodesAnswer {
  const { prepareMs, selectMs, evaluateMs } = stats;
  let seriesCount = 1;
  if (value.type === "matrix") seriesCount = value.series.length;
  else if (value.type === "vector") seriesCount = value.samples.length;
  return {
    nodes: stats.nodes ?? [],
    seriesCount,
    totalQueryableSamples: stats.totalQueryableSamples,
    peakSamples: stats.peakSamples,
    prepareMs,
    selectMs,
    evaluateMs,
  };
}
