/**
 * Dashboards: those shipped with the program and those of a provisioned folder (both read only), and
 * those imported or saved, one JSON file each in DIR/dashboards, written to a temporary name and renamed, so that a crash leaves the old or the new
 * file. An import that cannot be understood is refused whole, with what and where.
 */

import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { AppError, errorMessage } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { parseDashboard } from "../dashboard/dashboard.ts";
import { toClassicDashboard } from "../dashboard/envelope.ts";
import { DashboardHistory, writeAtomically } from "./dashboard-history.ts";
import type {
  DashboardAnswer,
  DashboardImported,
  DashboardSave,
  DashboardSaved,
  DashboardSummary,
  DashboardVersion,
} from "./wire/server.ts";

/** Size of one dashboard, bytes of JSON; the largest of Cilium's own is 284 kB. */
const sizeBytesMax = 5 * 1024 * 1024;
const uidPattern = /^[A-Za-z0-9_-]{1,40}$/;

export interface DashboardStore {
  list(): DashboardSummary[];
  /** undefined where there is none. */
  get(uid: string): DashboardAnswer | undefined;
  /** Imports Grafana JSON; `name` is the file or URL that errors speak of. Throws AppError `parse`. */
  importText(text: string, name: string): DashboardImported;
  /** Saves an edited dashboard as a new version. Throws AppError `refused` for read-only ones and conflicts. */
  save(uid: string, saved: DashboardSave): DashboardSaved;
  /** Newest first. */
  versions(uid: string): DashboardVersion[];
  /** JSON of one version; undefined where there is none. */
  version(uid: string, version: number): unknown;
  /** false where there is none; throws AppError `refused` for a read-only one. */
  remove(uid: string): boolean;
}

/** Where dashboards lie. */
export interface DashboardStoreOptions {
  readonly shippedDir: string;
  readonly importedDir: string;
  /** A folder that is looked at again and again; its dashboards are read only. */
  readonly provisionedDir?: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The provisioned folder is looked at no more often than this. */
const rescanMs = 2000;

/** Opens the store; a file that cannot be read is named in the log and left alone. */
export function openDashboardStore(options: DashboardStoreOptions): DashboardStore {
  return new FileDashboardStore(options);
}

class FileDashboardStore implements DashboardStore {
  #options: DashboardStoreOptions;
  #history: DashboardHistory;
  #byUid = new Map<string, DashboardAnswer>();
  #provisioned = new Map<string, DashboardAnswer>();
  /** File → "mtime size": what the last look saw. */
  #seen = new Map<string, string>();
  #scannedMs = Number.NEGATIVE_INFINITY;

  constructor(options: DashboardStoreOptions) {
    this.#options = options;
    this.#history = new DashboardHistory(join(options.importedDir, "history"));
    this.#readFolder(options.shippedDir, "shipped", this.#byUid);
    this.#readFolder(options.importedDir, "imported", this.#byUid);
  }

  list(): DashboardSummary[] {
    this.#rescan();
    return [...new Map([...this.#byUid, ...this.#provisioned]).values()]
      .map((entry) => entry.summary)
      .sort((a, b) => (a.title < b.title ? -1 : 1));
  }

  get(uid: string): DashboardAnswer | undefined {
    this.#rescan();
    return this.#provisioned.get(uid) ?? this.#byUid.get(uid);
  }

  importText(text: string, name: string): DashboardImported {
    const parsed = readDashboard(text, name);
    const uid = freeUid(parsed.uid, text, (one) => this.get(one));
    this.#write(uid, parsed.json, `imported from ${name}`);
    return { uid, problems: parsed.problems };
  }

  save(uid: string, { dashboard, message, baseVersion }: DashboardSave): DashboardSaved {
    const entry = this.get(uid);
    if (entry === undefined)
      throw new AppError("usage", `there is no dashboard ${JSON.stringify(uid)}`);
    refuseReadOnly(entry, "save");
    const newest = entry.summary.version;
    if (baseVersion !== undefined && baseVersion !== newest) {
      throw new AppError(
        "refused",
        `cannot save dashboard ${uid}: version ${newest} was saved meanwhile, and version ${baseVersion} was edited. Look at the version history, or save over it`,
      );
    }
    const parsed = readDashboard(JSON.stringify(dashboard), `dashboard ${uid}`);
    return { uid, version: this.#write(uid, parsed.json, message) };
  }

  versions(uid: string): DashboardVersion[] {
    return uidPattern.test(uid) ? this.#history.list(uid) : [];
  }

  version(uid: string, version: number): unknown {
    return uidPattern.test(uid) ? this.#history.get(uid, version) : undefined;
  }

  remove(uid: string): boolean {
    const entry = this.get(uid);
    if (entry === undefined) return false;
    refuseReadOnly(entry, "remove");
    rmSync(join(this.#options.importedDir, `${uid}.json`), { force: true });
    this.#history.remove(uid);
    this.#byUid.delete(uid);
    return true;
  }

  /** First the dashboard in force, then its version: a crash between loses a line of history at most. */
  #write(uid: string, json: Record<string, unknown>, message: string): number {
    const { importedDir, clock } = this.#options;
    mkdirSync(importedDir, { recursive: true });
    const dashboard = { ...json, uid };
    writeAtomically(join(importedDir, `${uid}.json`), `${JSON.stringify(dashboard, null, 1)}\n`);
    const version = this.#history.add(uid, dashboard, { savedMs: clock.nowMs(), message });
    this.#byUid.set(uid, describe(dashboard, uid, { source: "imported", version }));
    return version;
  }

  /** Reads what changed in the provisioned folder; a file that became unreadable keeps its last good state. */
  #rescan(): void {
    const { provisionedDir, clock } = this.#options;
    if (provisionedDir === undefined || clock.monotonicMs() - this.#scannedMs < rescanMs) return;
    this.#scannedMs = clock.monotonicMs();
    const seen = listFiles(provisionedDir);
    const isSame =
      seen.size === this.#seen.size &&
      [...seen].every(([file, state]) => this.#seen.get(file) === state);
    if (isSame) return;
    this.#seen = seen;
    const found = new Map<string, DashboardAnswer>();
    this.#readFolder(provisionedDir, "provisioned", found);
    this.#provisioned = found;
  }

  #readFolder(
    folder: string,
    source: DashboardSummary["source"],
    into: Map<string, DashboardAnswer>,
  ): void {
    for (const file of [...listFiles(folder).keys()].sort()) {
      try {
        const read = readDashboard(readFileSync(file, "utf8"), file);
        // Files need no uid; the name is as good.
        const uid = uidPattern.test(read.uid) ? read.uid : uidOfFile(file);
        const version = source === "imported" ? this.#history.newest(uid) : 0;
        into.set(uid, describe(read.json, uid, { source, version }));
      } catch (thrown) {
        this.#options.logger.warn({ file, error: errorMessage(thrown) }, "dashboard left out");
      }
    }
  }
}

/** JSON files of a folder with their time and size; empty where there is no such folder. */
function listFiles(folder: string): Map<string, string> {
  const files = new Map<string, string>();
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    // No folder yet: nothing was imported or provisioned.
    return files;
  }
  for (const name of names) {
    if (!name.endsWith(".json")) continue;
    const file = join(folder, name);
    const { mtimeMs = 0, size = 0 } = statSync(file, { throwIfNoEntry: false }) ?? {};
    files.set(file, `${mtimeMs} ${size}`);
  }
  return files;
}

function uidOfFile(file: string): string {
  const name = basename(file, ".json").replace(/[^A-Za-z0-9_-]+/g, "-");
  return name.slice(0, 40);
}

function refuseReadOnly({ summary }: DashboardAnswer, act: string): void {
  if (summary.source === "imported") return;
  const why =
    summary.source === "shipped"
      ? "it is shipped with Ciliascope"
      : "it is provisioned from a folder; change its file there";
  throw new AppError("refused", `cannot ${act} dashboard ${summary.uid}: ${why}`);
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
    // Kept in the classic form: resources and files with library panels are converted once.
    return { json: toClassicDashboard(json), uid: dashboard.uid, problems };
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
  get: (uid: string) => DashboardAnswer | undefined,
): string {
  const taken = get(wanted)?.summary.source;
  const isFree = taken === undefined || taken === "imported";
  if (uidPattern.test(wanted) && isFree) return wanted;
  return createHash("sha256").update(text).digest("hex").slice(0, 12);
}

function describe(
  json: Record<string, unknown>,
  uid: string,
  from: Pick<DashboardSummary, "source" | "version">,
): DashboardAnswer {
  const { dashboard } = parseDashboard(json);
  const { title, tags, panelCount } = dashboard;
  return { dashboard: { ...json, uid }, summary: { uid, title, tags, panelCount, ...from } };
}
