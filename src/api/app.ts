/**
 * All routes, as one function from Request to Response: Prometheus' API under /api/v1, ours under
 * /api/ciliascope/v1, the browser's files for everything else. The guard runs first. Built on Hono.
 */

import { Hono } from "hono";
import { compress } from "hono/compress";
import { AppError, errorMessage, QueryError } from "../base/errors.ts";
import { cleanTombstonesRoute, deleteSeriesRoute, snapshotRoute } from "./admin-routes.ts";
import { failure, plainText, success } from "./answers.ts";
import type { ApiSources } from "./api-sources.ts";
import { dashboardRoutes } from "./dashboard-routes.ts";
import { federateRoute } from "./federate.ts";
import type { Guard } from "./guard.ts";
import { type Parameters, readParameters, toQueryError } from "./parameters.ts";
import {
  formatQueryRoute,
  parseQueryRoute,
  queryExemplarsRoute,
  queryRangeRoute,
  queryRoute,
} from "./query-routes.ts";
import { labelNamesRoute, labelValuesRoute, seriesRoute } from "./series-routes.ts";
import {
  buildInfoRoute,
  configRoute,
  flagsRoute,
  healthyRoute,
  metricsRoute,
  readyRoute,
  reloadRoute,
  runtimeInfoRoute,
  tsdbStatusRoute,
  walReplayRoute,
} from "./status-routes.ts";
import {
  metadataRoute,
  scrapePoolsRoute,
  targetMetadataRoute,
  targetsRoute,
} from "./target-routes.ts";
import { createWebFiles } from "./web-files.ts";

/** Window of /federate: how far back the latest sample may lie, ms. */
const federationLookbackMs = 5 * 60_000;

type Handler = (parameters: Parameters, request: Request) => Response | Promise<Response>;
type Handlers = Readonly<Record<string, { readonly methods: string; readonly run: Handler }>>;

/** What an application may have beside its routes. */
export interface AppOptions {
  /** The built page; absent: the routes alone. */
  readonly webDir?: string;
  /** Headers of every answer. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Builds the application. */
export function createApp(sources: ApiSources, guard: Guard, options: AppOptions = {}): Hono {
  const { webDir } = options;
  const headers = Object.entries(options.headers ?? {});
  const app = new Hono();
  app.use(async (context, next) => {
    const refusal = await guard(context.req.raw);
    if (refusal !== undefined) return refusal;
    await next();
    for (const [name, value] of headers) context.header(name, value);
    return undefined;
  });
  app.use(compress());
  app.route("/api/ciliascope/v1", dashboardRoutes(sources));
  for (const feature of sources.features ?? []) app.route("/api/ciliascope/v1", feature);
  for (const [path, { methods, run }] of Object.entries(prometheusRoutes(sources))) {
    app.all(path, (context) => answer(sources, context.req.raw, methods, run));
  }
  app.all("/api/v1/label/:name/values", (context) =>
    answer(sources, context.req.raw, "GET", (parameters) =>
      labelValuesRoute(sources, parameters, context.req.param("name")),
    ),
  );
  app.all("/api/v1/label//values", (context) => {
    const search = new URL(context.req.url).search;
    return redirectTo(`/api/v1/label/values${search}`);
  });
  app.all("/api/*", () => plainText(404, "404 page not found"));
  app.all("/-/*", () => plainText(404, "404 page not found"));
  if (webDir !== undefined) app.get("*", createWebFiles(webDir));
  app.notFound(() => plainText(404, "404 page not found"));
  app.onError((thrown) => {
    sources.logger.error({ error: thrown.stack ?? thrown.message }, "request failed");
    return failure(toQueryError(thrown));
  });
  return app;
}

function prometheusRoutes(sources: ApiSources): Handlers {
  const readOrForm = "GET POST";
  return {
    "/api/v1/query": {
      methods: readOrForm,
      run: (p, request) => queryRoute(sources, p, request.signal),
    },
    "/api/v1/query_range": {
      methods: readOrForm,
      run: (p, request) => queryRangeRoute(sources, p, request.signal),
    },
    "/api/v1/query_exemplars": { methods: readOrForm, run: (p) => queryExemplarsRoute(sources, p) },
    "/api/v1/format_query": { methods: readOrForm, run: (p) => formatQueryRoute(sources, p) },
    "/api/v1/parse_query": { methods: readOrForm, run: (p) => parseQueryRoute(sources, p) },
    "/api/v1/series": { methods: readOrForm, run: (p) => seriesRoute(sources, p) },
    "/api/v1/labels": { methods: readOrForm, run: (p) => labelNamesRoute(sources, p) },
    "/api/v1/metadata": { methods: "GET", run: (p) => metadataRoute(sources, p) },
    "/api/v1/targets": { methods: "GET", run: (p) => targetsRoute(sources, p) },
    "/api/v1/targets/metadata": { methods: "GET", run: (p) => targetMetadataRoute(sources, p) },
    "/api/v1/scrape_pools": { methods: "GET", run: () => scrapePoolsRoute(sources) },
    "/api/v1/rules": { methods: "GET", run: () => success({ groups: [] }) },
    "/api/v1/alerts": { methods: "GET", run: () => success({ alerts: [] }) },
    "/api/v1/alertmanagers": {
      methods: "GET",
      run: () => success({ activeAlertmanagers: [], droppedAlertmanagers: [] }),
    },
    "/api/v1/status/buildinfo": { methods: "GET", run: () => buildInfoRoute(sources) },
    "/api/v1/status/runtimeinfo": { methods: "GET", run: () => runtimeInfoRoute(sources) },
    "/api/v1/status/config": { methods: "GET", run: () => configRoute(sources) },
    "/api/v1/status/flags": { methods: "GET", run: () => flagsRoute(sources) },
    "/api/v1/status/tsdb": { methods: "GET", run: (p) => tsdbStatusRoute(sources, p) },
    "/api/v1/status/walreplay": { methods: "GET", run: () => walReplayRoute() },
    "/api/v1/admin/tsdb/delete_series": {
      methods: "POST PUT",
      run: (p) => deleteSeriesRoute(sources, p),
    },
    "/api/v1/admin/tsdb/clean_tombstones": {
      methods: "POST PUT",
      run: () => cleanTombstonesRoute(sources),
    },
    "/api/v1/admin/tsdb/snapshot": { methods: "POST PUT", run: (p) => snapshotRoute(sources, p) },
    "/federate": { methods: "GET", run: (p) => federateRoute(sources, p, federationLookbackMs) },
    "/metrics": { methods: "GET", run: (_, request) => metricsRoute(sources, request) },
    "/-/healthy": { methods: "GET HEAD", run: () => healthyRoute() },
    "/-/ready": { methods: "GET HEAD", run: () => readyRoute(sources) },
    "/-/reload": { methods: "POST PUT", run: () => reloadRoute(sources) },
  };
}

async function answer(
  sources: ApiSources,
  request: Request,
  methods: string,
  run: Handler,
): Promise<Response> {
  if (request.method === "OPTIONS") return new Response(null, { status: 204 });
  if (!methods.split(" ").includes(request.method)) return plainText(405, "Method Not Allowed");
  try {
    return await run(await readParameters(request), request);
  } catch (thrown) {
    if (!(thrown instanceof AppError)) {
      const error =
        thrown instanceof Error ? (thrown.stack ?? thrown.message) : errorMessage(thrown);
      sources.logger.error({ error, path: new URL(request.url).pathname }, "request failed");
    }
    return failure(thrown instanceof QueryError ? thrown : toQueryError(thrown));
  }
}

/** As Go's mux cleans a path. */
function redirectTo(location: string): Response {
  const escaped = location.replaceAll("&", "&amp;");
  return new Response(`<a href="${escaped}">Temporary Redirect</a>.\n\n`, {
    status: 307,
    headers: { location, "content-type": "text/html; charset=utf-8" },
  });
}
