/**
 * Where each source stood, kept in a file over restarts of the server, so that a start neither reads a
 * file's flows a second time nor misses what a Relay saw meanwhile. Written every few seconds and at
 * the end: after kill -9 the flows of those seconds may come twice.
 */

import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { CancelTimer, Clock } from "../../base/clock.ts";
import { errorMessage } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import { ResumePoint, type ResumeState } from "./resume-point.ts";

const saveIntervalMs = 3000;

/** The memory of a server's sources. */
export class SourceMemory {
  readonly #path: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #kept: Map<string, ResumeState>;
  readonly #points = new Map<string, ResumePoint>();
  #cancel: CancelTimer = () => {};
  #saved = "";

  /** A file that cannot be read is told and begun anew. */
  constructor(path: string, clock: Clock, logger: Logger) {
    this.#path = path;
    this.#clock = clock;
    this.#logger = logger;
    this.#kept = new Map(Object.entries(this.#read()));
    this.#schedule();
  }

  /** Where the source of this name goes on. */
  point(name: string): ResumePoint {
    const point = new ResumePoint(this.#kept.get(name));
    this.#points.set(name, point);
    return point;
  }

  /** Saves for the last time. */
  close(): void {
    this.#cancel();
    this.#save();
  }

  #read(): Record<string, ResumeState> {
    if (!existsSync(this.#path)) return {};
    try {
      const value: unknown = JSON.parse(readFileSync(this.#path, "utf8"));
      if (typeof value !== "object" || value === null) return {};
      return Object.fromEntries(Object.entries(value).filter(([, state]) => isState(state)));
    } catch (thrown) {
      const error = errorMessage(thrown);
      this.#logger.warn({ file: this.#path, error }, "where flow sources stood is not known");
      return {};
    }
  }

  #schedule(): void {
    this.#cancel = this.#clock.after(saveIntervalMs, () => {
      this.#save();
      this.#schedule();
    });
  }

  #save(): void {
    for (const [name, point] of this.#points) {
      const state = point.state();
      if (state !== undefined) this.#kept.set(name, state);
    }
    const text = JSON.stringify(Object.fromEntries(this.#kept));
    if (text === this.#saved || this.#kept.size === 0) return;
    try {
      writeFileSync(`${this.#path}.tmp`, text, { mode: 0o600 });
      renameSync(`${this.#path}.tmp`, this.#path);
      this.#saved = text;
    } catch (thrown) {
      const error = errorMessage(thrown);
      this.#logger.warn({ file: this.#path, error }, "cannot note where flow sources stand");
    }
  }
}

function isState(value: unknown): value is ResumeState {
  if (typeof value !== "object" || value === null) return false;
  const { lastTime, keys } = value as Record<string, unknown>;
  return typeof lastTime === "string" && Array.isArray(keys);
}
