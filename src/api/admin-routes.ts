/**
 * /api/v1/admin/tsdb/*: delete series, clean tombstones, snapshot. Off unless the server was started
 * with --web.enable-admin-api, and then for the same origin only (guard.ts).
 */

import { randomBytes } from "node:crypto";
import { QueryError } from "../base/errors.ts";
import { success } from "./answers.ts";
import type { ApiSources, StorageAdmin } from "./api-sources.ts";
import {
  maxTimeMs,
  minTimeMs,
  namedMatcherSets,
  optionalTime,
  type Parameters,
} from "./parameters.ts";

/** POST or PUT /api/v1/admin/tsdb/delete_series */
export async function deleteSeriesRoute(
  sources: ApiSources,
  parameters: Parameters,
): Promise<Response> {
  const admin = requireAdmin(sources);
  if (!parameters.has("match[]")) throw new QueryError("bad_data", "no match[] parameter provided");
  const startMs = optionalTime(parameters, "start", minTimeMs);
  const endMs = optionalTime(parameters, "end", maxTimeMs);
  for (const matchers of namedMatcherSets(parameters))
    await admin.deleteSeries(startMs, endMs, matchers);
  return new Response(null, { status: 204 });
}

/** POST or PUT /api/v1/admin/tsdb/clean_tombstones */
export async function cleanTombstonesRoute(sources: ApiSources): Promise<Response> {
  await requireAdmin(sources).cleanTombstones();
  return new Response(null, { status: 204 });
}

/** POST or PUT /api/v1/admin/tsdb/snapshot; answers the name of the folder below DIR/tsdb/snapshots. */
export async function snapshotRoute(
  sources: ApiSources,
  parameters: Parameters,
): Promise<Response> {
  const admin = requireAdmin(sources);
  const skipHead = parameters.get("skip_head") ?? "";
  if (!["", "true", "false", "0", "1"].includes(skipHead)) {
    throw new QueryError(
      "bad_data",
      `invalid parameter "skip_head": unable to parse boolean "${skipHead}"`,
    );
  }
  const skipsHead = skipHead === "true" || skipHead === "1";
  const time = new Date(sources.clock.nowMs()).toISOString().replace(/[-:]|\.\d+/g, "");
  const name = `${time}-${randomBytes(8).toString("hex")}`;
  await admin.snapshot(name, { skipsHead });
  return success({ name });
}

function requireAdmin(sources: ApiSources): StorageAdmin {
  if (sources.admin === undefined) throw new QueryError("unavailable", "admin APIs disabled");
  return sources.admin;
}
