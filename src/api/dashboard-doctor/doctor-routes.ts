/** POST /api/ciliascope/v1/doctor: why the queries of an empty panel have no result. */

import { Hono } from "hono";
import type { ApiSources } from "../api-sources.ts";
import { refuse } from "../own-answers.ts";
import type { DoctorAnswer, DoctorRequest } from "../wire/doctor.ts";
import { diagnose } from "./diagnose.ts";

/** The route over the server's storage and engine. */
export function doctorRoutes(sources: ApiSources): Hono {
  const routes = new Hono();
  routes.post("/doctor", async (context) => {
    const request = readRequest(await context.req.json().catch(() => undefined));
    if (request === undefined)
      return refuse(400, 'the body must be {"queries": [{"refId", "expr"}], "fromMs", "toMs"}');
    const answer: DoctorAnswer = {
      findings: await diagnose(sources, request, context.req.raw.signal),
    };
    return context.json(answer);
  });
  return routes;
}

function readRequest(body: unknown): DoctorRequest | undefined {
  if (body === null || typeof body !== "object") return undefined;
  const { queries, fromMs, toMs } = body as Partial<DoctorRequest>;
  const isWindow = Number.isFinite(fromMs) && Number.isFinite(toMs) && (fromMs ?? 0) <= (toMs ?? 0);
  if (!isWindow || !Array.isArray(queries)) return undefined;
  const areQueries = queries.every(
    (query) => typeof query?.expr === "string" && typeof query.refId === "string",
  );
  return areQueries ? (body as DoctorRequest) : undefined;
}
