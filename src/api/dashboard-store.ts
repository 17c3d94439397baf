/**
 * Dashboards: those shipped with the program (read only) and those imported, one JSON file each in
 * DIR/dashboards, written to a temporary name and renamed, so that a crash leaves the old or the new
 * file. An import that cannot be understood is refused whole, with what and where.
 */

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AppError, errorMessage } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { parseDashboard } from "../dashboard/dashboard.ts";
import type { DashboardAnswer, DashboardImported, DashboardSummary } from "./wire/server.ts";

/** Size of one dashboard, bytes of JSON; the largest of Cilium's own is 284 kB. */
const sizeBytesMax = 5 * 1024 * 1024;
const uidPattern = /^[A-Za-z0-9_-]{1,40}$/;

export interface DashboardStore {
  list(): DashboardSummary[];
  /** undefined where there is none. */
  get(uid: string): DashboardAnswer | undefined;
  /** Imports Grafana JSON; `name` is the file or URL that errors speak of. Throws AppError `parse`. */
  importText(text: string, name: string): DashboardImported;
  /** false where there is none; throws AppError `refused` for a shipped one. */
  remove(uid: string): boolean;
}

/** Opens the store; a file that cannot be read is named in the log and left alone. */
export function openDashboardStore(options: {
  readonly shippedDir: string;
  readonly importedDir: string;
  readonly logger: Logger;
}): DashboardStore {
  const { shippedDir, importedDir, logger } = options;
  const byUid = new Map<string, DashboardAnswer>();
  readFolder(shippedDir, "shipped", byUid, logger);
  readFolder(importedDir, "imported", byUid, logger);
  return {
    list: () =>
      [...byUid.values()]
        .map((entry) => entry.summary)
        .sort((a, b) => (a.title < b.title ? -1 : 1)),
    get: (uid) => byUid.get(uid),
    importText(text, name) {
      const parsed = readDashboard(text, name);
      const uid = freeUid(parsed.uid, text, byUid);
      const answer = describe(parsed.json, uid, "imported");
      mkdirSync(importedDir, { recursive: true });
      const file = join(importedDir, `${uid}.json`);
      writeFileSync(`${file}.tmp`, `${JSON.stringify(answer.dashboard, null, 1)}\n`);
      renameSync(`${file}.tmp`, file);
      byUid.set(uid, answer);
      return { uid, problems: parsed.problems };
    },
    remove(uid) {
      const entry = byUid.get(uid);
      if (entry === undefined) return false;
      if (entry.summary.source === "shipped") {
        throw new AppError(
          "refused",
          `cannot remove dashboard ${uid}: it is shipped with Ciliascope`,
        );
      }
      rmSync(join(importedDir, `${uid}.json`), { force: true });
      byUid.delete(uid);
      return true;
    },
  };
}

interface ReadDashboard {
  readonly json: Record<string, unknown>;
  readonly uid: string;
  readonly problems: readonly string[];
}

/** Parses and checks; throws AppError `parse` naming file, line and mend. */
function readDashboard(text: string, name: string): ReadDashboard {
  if (text.length > sizeBytesMax) {
    throw new AppError("limit", `cannot import ${name}: it is larger than ${sizeBytesMax} bytes`);
  }
  const json = parseJson(text, name);
  try {
    const { dashboard, problems } = parseDashboard(json);
    return { json: json as Record<string, unknown>, uid: dashboard.uid, problems };
  } catch (cause) {
    throw new AppError("parse", `cannot import ${name}: ${errorMessage(cause)}`, { cause });
  }
}

function parseJson(text: string, name: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const message = errorMessage(cause);
    const at = /position (\d+)/.exec(message)?.[1];
    const line =
      at === undefined ? text.split("\n").length : text.slice(0, Number(at)).split("\n").length;
    const why = message.replace(/ in JSON at position.*$/, "").replace(/, (\.\.\.)?".*$/s, "");
    throw new AppError(
      "parse",
      `cannot import ${name}: line ${line}: ${why}; it must be a dashboard's JSON, as Grafana exports it`,
      { cause },
    );
  }
}

/** The dashboard's own uid where it is usable and not that of a shipped one; else one made of the content. */
function freeUid(
  wanted: string,
  text: string,
  byUid: ReadonlyMap<string, DashboardAnswer>,
): string {
  const isTaken = byUid.get(wanted)?.summary.source === "shipped";
  if (uidPattern.test(wanted) && !isTaken) return wanted;
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

function describe(
  json: Record<string, unknown>,
  uid: string,
  source: "shipped" | "imported",
): DashboardAnswer {
  const { dashboard } = parseDashboard(json);
  return {
    dashboard: { ...json, uid },
    summary: {
      uid,
      title: dashboard.title,
      tags: dashboard.tags,
      source,
      panelCount: dashboard.panelCount,
    },
  };
}

function readFolder(
  folder: string,
  source: "shipped" | "imported",
  byUid: Map<string, DashboardAnswer>,
  logger: Logger,
): void {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    // No folder yet: nothing was imported.
    return;
  }
  for (const name of names.filter((entry) => entry.endsWith(".json")).sort()) {
    try {
      const read = readDashboard(readFileSync(join(folder, name), "utf8"), join(folder, name));
      byUid.set(read.uid, describe(read.json, read.uid, source));
    } catch (thrown) {
      logger.warn({ file: join(folder, name), error: errorMessage(thrown) }, "dashboard left out");
    }
  }
}
