/** Our own routes under /api/ciliascope/v1: status and dashboards. */

import { Hono } from "hono";
import { AppError, errorMessage } from "../base/errors.ts";
import type { ApiSources } from "./api-sources.ts";
import { doctorRoutes } from "./dashboard-doctor/doctor-routes.ts";
import { guarded, refuse } from "./own-answers.ts";
import type { DashboardSave } from "./wire/server.ts";

/** Length of what a save says of itself, letters. */
const messageLengthMax = 500;

export function dashboardRoutes(sources: ApiSources): Hono {
  const routes = new Hono();
  const { dashboards } = sources;
  routes.get("/status", (context) => context.json(sources.status()));
  routes.get("/dashboards", (context) => context.json(dashboards.list()));
  routes.get("/dashboards/:uid", (context) => {
    const uid = context.req.param("uid");
    const found = dashboards.get(uid);
    return found === undefined
      ? refuse(404, `there is no dashboard ${JSON.stringify(uid)}`)
      : context.json(found);
  });
  routes.post("/dashboards", async (context) => {
    const name = context.req.query("name") ?? "the dashboard";
    const text = await context.req.text();
    return guarded(() => dashboards.importText(unwrap(text), name));
  });
  routes.post("/dashboards/import-url", async (context) => {
    const { fetchUrl } = sources;
    if (fetchUrl === undefined) {
      return refuse(
        403,
        "import by URL is off; start with --web.allow-import-url, or download the file and import it",
      );
    }
    const { url } = (await context.req.json()) as { url?: unknown };
    if (typeof url !== "string") return refuse(400, 'the body must be {"url": "https://…"}');
    return await guarded(async () => dashboards.importText(unwrap(await fetchUrl(url)), url));
  });
  routes.put("/dashboards/:uid", async (context) => {
    const saved = (await context.req.json()) as Partial<DashboardSave>;
    const { dashboard: json, message = "", baseVersion } = saved;
    return guarded(() =>
      dashboards.save(context.req.param("uid"), {
        dashboard: json,
        message: String(message).slice(0, messageLengthMax),
        ...(typeof baseVersion === "number" ? { baseVersion } : {}),
      }),
    );
  });
  routes.get("/dashboards/:uid/versions", (context) =>
    context.json(dashboards.versions(context.req.param("uid"))),
  );
  routes.get("/dashboards/:uid/versions/:version", (context) => {
    const { uid, version } = context.req.param();
    const json = dashboards.version(uid, Number(version));
    return json === undefined
      ? refuse(404, `there is no version ${version} of dashboard ${JSON.stringify(uid)}`)
      : Response.json(json);
  });
  routes.delete("/dashboards/:uid", (context) => {
    const uid = context.req.param("uid");
    return guarded(() => {
      if (!dashboards.remove(uid))
        throw new AppError("usage", `there is no dashboard ${JSON.stringify(uid)}`);
      return { uid };
    });
  });
  routes.route("/", doctorRoutes(sources));
  routes.onError((thrown) => refuse(400, errorMessage(thrown)));
  return routes;
}

/** Grafana's own API and its exports wrap the model: {"dashboard": {…}}. A file is passed on as it is. */
function unwrap(text: string): string {
  try {
    const json = JSON.parse(text) as { dashboard?: unknown; panels?: unknown };
    const isWrapped =
      json.dashboard !== null && typeof json.dashboard === "object" && json.panels === undefined;
    return isWrapped ? JSON.stringify(json.dashboard) : text;
  } catch {
    // Not JSON: the store says so, with the line.
    return text;
  }
}
