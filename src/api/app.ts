/**
 * All routes, as one function from Request to Response: Prometheus' API under /api/v1, ours under
 * /api/ciliascope/v1, the browser's files for everything else. The guard runs first. Built on Hono.
 */

import { type Context, Hono } from "hono";
import { etag } from "hono/etag";
import { AppError, errorMessage, QueryError } from "../base/errors.ts";
import { cleanTombstonesRoute, deleteSeriesRoute, snapshotRoute } from "./admin-routes.ts";
import { failure, methodNotAllowed, plainText } from "./answers.ts";
import type { ApiSources, RequestOrigin } from "./api-sources.ts";
import { compressAnswers } from "./compression.ts";
import { allowOrigins } from "./cors.ts";
import { dashboardRoutes } from "./dashboard-routes.ts";
import { droppedTargetRoutes } from "./dropped-target-routes.ts";
import { featuresRoute } from "./feature-list.ts";
import { federateRoute } from "./federate.ts";
import type { Guard } from "./guard.ts";
import { liveNotificationsRoute, notificationsRoute, searchRoute } from "./notification-routes.ts";
import { openApiYaml } from "./openapi/document.ts";
import { type Parameters, readParameters, toQueryError } from "./parameters.ts";
import { queryNodesRoutes } from "./query-nodes-routes.ts";
import {
  formatQueryRoute,
  parseQueryRoute,
  queryExemplarsRoute,
  queryRangeRoute,
  queryRoute,
} from "./query-routes.ts";
import { createRemoteReadRoute } from "./remote-read-route.ts";
import { createRemoteWriteRoute } from "./remote-write-route.ts";
import { alertmanagersRoute, alertsRoute, rulesRoute } from "./rule-routes.ts";
import { labelNamesRoute, labelValuesRoute, seriesRoute } from "./series-routes.ts";
import {
  buildInfoRoute,
  configRoute,
  flagsRoute,
  healthyRoute,
  lifecycleByGetRoute,
  metricsRoute,
  quitRoute,
  readyRoute,
  reloadRoute,
  runtimeInfoRoute,
  tsdbBlocksRoute,
  tsdbStatusRoute,
  walReplayRoute,
} from "./status-routes.ts";
import {
  metadataRoute,
  relabelStepsRoute,
  scrapePoolConfigRoute,
  scrapePoolsRoute,
  targetMetadataRoute,
  targetsRoute,
} from "./target-routes.ts";
import { createWebFiles } from "./web-files.ts";

/** Window of /federate: how far back the latest sample may lie, ms. */
const federationLookbackMs = 5 * 60_000;

/** Answers that are read again and again and change little: a second reading costs no body. */
const etagPaths: readonly string[] = [
  "/api/v1/metadata",
  "/api/v1/openapi.yaml",
  "/api/ciliascope/v1/dashboards/*",
];

type Handler = (
  parameters: Parameters,
  request: Request,
  origin: RequestOrigin,
) => Response | Promise<Response>;
type Handlers = Readonly<Record<string, { readonly methods: string; readonly run: Handler }>>;

/** What an application may have beside its routes. */
export interface AppOptions {
  /** The built page; absent: the routes alone. */
  readonly webDir?: string;
  /** Origins that may ask across sites, a regular expression; absent: none. */
  readonly corsOrigin?: string;
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
  app.use((context, next) => {
    const { pathname, search } = new URL(context.req.url);
    if (!pathname.includes("//")) return next();
    return Promise.resolve(redirectTo(`${pathname.replace(/\/+/g, "/")}${search}`));
  });
  if (options.corsOrigin !== undefined) app.use("/api/*", allowOrigins(options.corsOrigin));
  app.use(compressAnswers());
  for (const path of etagPaths) app.use(path, etag());
  app.route("/api/ciliascope/v1", dashboardRoutes(sources));
  app.route("/api/ciliascope/v1", queryNodesRoutes(sources));
  app.route("/api/ciliascope/v1", droppedTargetRoutes(sources));
  for (const feature of sources.features ?? []) app.route("/api/ciliascope/v1", feature);
  for (const [path, { methods, run }] of Object.entries(prometheusRoutes(sources))) {
    app.all(path, (context) => answer(sources, context, methods, run));
  }
  const writeRoute = createRemoteWriteRoute(sources.writeReceiver);
  app.all("/api/v1/write", (context) => writeRoute(context.req.raw));
  const readRoute = createRemoteReadRoute(sources.readHandler, sources);
  app.all("/api/v1/read", (context) => readRoute(context.req.raw));
  app.all("/api/v1/label/:name/values", (context) =>
    answer(sources, context, "GET", (parameters) =>
      labelValuesRoute(sources, parameters, context.req.param("name")),
    ),
  );
  let document: string | undefined;
  app.all("/api/v1/openapi.yaml", (context) =>
    answer(sources, context, "GET", () => {
      document ??= openApiYaml(sources.version, app.routes);
      return new Response(document, {
        headers: { "content-type": "application/yaml; charset=utf-8", "cache-control": "no-cache" },
      });
    }),
  );
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
      run: (p, { signal }, origin) => queryRoute(sources, p, { signal, origin }),
    },
    "/api/v1/query_range": {
      methods: readOrForm,
      run: (p, { signal }, origin) => queryRangeRoute(sources, p, { signal, origin }),
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
    "/api/v1/scrape_pools/config": {
      methods: "GET",
      run: (p) => scrapePoolConfigRoute(sources, p),
    },
    "/api/v1/targets/relabel_steps": {
      methods: "GET",
      run: (p) => relabelStepsRoute(sources, p),
    },
    "/api/v1/features": { methods: "GET", run: () => featuresRoute(sources) },
    "/api/v1/notifications": { methods: "GET", run: () => notificationsRoute(sources) },
    "/api/v1/notifications/live": {
      methods: "GET",
      run: (_, { signal }) => liveNotificationsRoute(sources, signal),
    },
    "/api/v1/search/metric_names": { methods: readOrForm, run: () => searchRoute() },
    "/api/v1/search/label_names": { methods: readOrForm, run: () => searchRoute() },
    "/api/v1/search/label_values": { methods: readOrForm, run: () => searchRoute() },
    "/api/v1/rules": { methods: "GET", run: (p) => rulesRoute(sources, p) },
    "/api/v1/alerts": { methods: "GET", run: () => alertsRoute(sources) },
    "/api/v1/alertmanagers": { methods: "GET", run: () => alertmanagersRoute(sources) },
    "/api/v1/status/buildinfo": { methods: "GET", run: () => buildInfoRoute(sources) },
    "/api/v1/status/runtimeinfo": { methods: "GET", run: () => runtimeInfoRoute(sources) },
    "/api/v1/status/config": { methods: "GET", run: () => configRoute(sources) },
    "/api/v1/status/flags": { methods: "GET", run: () => flagsRoute(sources) },
    "/api/v1/status/tsdb": { methods: "GET", run: (p) => tsdbStatusRoute(sources, p) },
    "/api/v1/status/tsdb/blocks": { methods: "GET", run: () => tsdbBlocksRoute(sources) },
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
    "/federate": {
      methods: "GET",
      run: (p, { headers }) => {
        const accept = headers.get("accept") ?? "";
        return federateRoute(sources, p, { lookbackDeltaMs: federationLookbackMs, accept });
      },
    },
    "/metrics": { methods: "GET", run: (_, request) => metricsRoute(sources, request) },
    "/-/healthy": { methods: "GET HEAD", run: () => healthyRoute() },
    "/-/ready": { methods: "GET HEAD", run: () => readyRoute(sources) },
    "/-/reload": {
      methods: "GET POST PUT",
      run: (_, { method }) => (method === "GET" ? lifecycleByGetRoute() : reloadRoute(sources)),
    },
    "/-/quit": {
      methods: "GET POST PUT",
      run: (_, { method }) => (method === "GET" ? lifecycleByGetRoute() : quitRoute()),
    },
  };
}

async function answer(
  sources: ApiSources,
  context: Context,
  methods: string,
  run: Handler,
): Promise<Response> {
  const request = context.req.raw;
  if (request.method === "OPTIONS") return new Response(null, { status: 204 });
  if (!methods.split(" ").includes(request.method)) return methodNotAllowed(methods);
  try {
    return await run(await readParameters(request), request, originOf(context));
  } catch (thrown) {
    if (!(thrown instanceof AppError)) {
      const error =
        thrown instanceof Error ? (thrown.stack ?? thrown.message) : errorMessage(thrown);
      sources.logger.error({ error, path: new URL(request.url).pathname }, "request failed");
    }
    return failure(thrown instanceof QueryError ? thrown : toQueryError(thrown));
  }
}

/** The client's address is known where a socket brought the request. */
function originOf(context: Context): RequestOrigin {
  const env = (context.env ?? {}) as {
    readonly incoming?: { readonly socket?: { readonly remoteAddress?: string } };
  };
  return {
    clientIp: env.incoming?.socket?.remoteAddress ?? "",
    method: context.req.method,
    path: context.req.path,
  };
}

/** As Go's mux cleans a path. */
function redirectTo(location: string): Response {
  const escaped = location.replaceAll("&", "&amp;");
  return new Response(`<a href="${escaped}">Temporary Redirect</a>.\n\n`, {
    status: 307,
    headers: { location, "content-type": "text/html; charset=utf-8" },
  });
}
