/**
 * Versions of dashboards: DIR/dashboards/history/UID/NUMBER.json, each written to a temporary name and
 * renamed. The newest `versionsMax` are kept; the file of the newest is not the one in force, which
 * lies beside the history, so that a lost history loses no dashboard.
 */

import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DashboardVersion } from "./wire/server.ts";

/** Versions kept of each dashboard. */
const versionsMax = 50;

interface StoredVersion extends DashboardVersion {
  readonly dashboard: unknown;
}

/** The versions below one folder. */
export class DashboardHistory {
  #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Keeps `dashboard` as the next version; returns its number. */
  add(uid: string, dashboard: unknown, head: { savedMs: number; message: string }): number {
    const numbers = this.#numbers(uid);
    const version = (numbers.at(-1) ?? 0) + 1;
    const folder = join(this.#folder, uid);
    mkdirSync(folder, { recursive: true });
    const stored: StoredVersion = { version, ...head, dashboard };
    writeAtomically(join(folder, `${version}.json`), `${JSON.stringify(stored)}\n`);
    for (const old of numbers.slice(0, Math.max(0, numbers.length + 1 - versionsMax))) {
      rmSync(join(folder, `${old}.json`), { force: true });
    }
    return version;
  }

  /** Number of the newest version; 0 where there is none. */
  newest(uid: string): number {
    return this.#numbers(uid).at(-1) ?? 0;
  }

  /** Newest first; a version whose file cannot be read is left out. */
  list(uid: string): DashboardVersion[] {
    return this.#numbers(uid)
      .reverse()
      .flatMap((number) => {
        const stored = this.#read(uid, number);
        if (stored === undefined) return [];
        const { dashboard: _, ...head } = stored;
        return [head];
      });
  }

  /** The dashboard of one version; undefined where there is none. */
  get(uid: string, version: number): unknown {
    return this.#read(uid, version)?.dashboard;
  }

  remove(uid: string): void {
    rmSync(join(this.#folder, uid), { recursive: true, force: true });
  }

  #numbers(uid: string): number[] {
    let names: string[];
    try {
      names = readdirSync(join(this.#folder, uid));
    } catch {
      // Never saved here.
      return [];
    }
    return names
      .flatMap((name) => /^(\d+)\.json$/.exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  }

  #read(uid: string, version: number): StoredVersion | undefined {
    try {
      const text = readFileSync(join(this.#folder, uid, `${version}.json`), "utf8");
      return JSON.parse(text) as StoredVersion;
    } catch {
      // A file of a version that is torn or gone: the other versions are still of use.
      return undefined;
    }
  }
}

/** Writes `text` so that after a crash the old or the new file is there. */
export function writeAtomically(file: string, text: string): void {
  writeFileSync(`${file}.tmp`, text);
  renameSync(`${file}.tmp`, file);
}
