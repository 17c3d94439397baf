/**
 * `queries.active` in Prometheus' data directory: what is running right now, so that after a crash the
 * next start can say which queries were under way. The file is Prometheus' own: "[", then a slot of
 * 1000 bytes for each query that may run, holding `{"query":…,"timestamp_sec":…},` or zero bytes.
 *
 *   0    1                    1001                 2001
 *   [    slot 0 (1000 bytes)  slot 1               …
 *
 * A query costs two writes of one page to the file's cache; nothing is synced, since the point is to
 * outlive the process and not the machine.
 */

import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from "node:fs";
import type { QueryEngine } from "../api/api-sources.ts";
import type { Clock } from "../base/clock.ts";
import { errorMessage } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";

const slotBytes = 1000;
const emptySlot = Buffer.alloc(slotBytes);

/** What the file is opened with. */
export interface ActiveQueriesOptions {
  readonly file: string;
  /** Queries that may run at a time; further ones are not noted. */
  readonly concurrencyMax: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** See the head comment. A file that cannot be opened is told, and nothing is noted. */
export class ActiveQueries {
  readonly #clock: Clock;
  readonly #free: number[] = [];
  #file: number | undefined;

  constructor(options: ActiveQueriesOptions) {
    const { file, concurrencyMax, clock, logger } = options;
    this.#clock = clock;
    const unfinished = readUnfinished(file);
    if (unfinished !== undefined) {
      logger.info({ queries: unfinished }, "these queries did not finish in the last run");
    }
    try {
      this.#file = openSync(file, "w+", 0o644);
      ftruncateSync(this.#file, 1 + concurrencyMax * slotBytes);
      writeSync(this.#file, "[", 0);
    } catch (thrown) {
      logger.error({ file, error: errorMessage(thrown) }, "cannot note running queries");
    }
    for (let slot = concurrencyMax - 1; slot >= 0; slot--) this.#free.push(slot);
  }

  /** `engine`, with each of its queries noted while it runs. */
  wrap(engine: QueryEngine): QueryEngine {
    return {
      instantQuery: (queryable, query, timeMs, options) =>
        this.#noted(query, () => engine.instantQuery(queryable, query, timeMs, options)),
      rangeQuery: (queryable, query, range, options) =>
        this.#noted(query, () => engine.rangeQuery(queryable, query, range, options)),
    };
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  async #noted<T>(query: string, run: () => Promise<T>): Promise<T> {
    const slot = this.#file === undefined ? undefined : this.#free.pop();
    if (slot === undefined) return await run();
    this.#put(slot, activeEntry(query, Math.floor(this.#clock.nowMs() / 1000)));
    try {
      return await run();
    } finally {
      this.#put(slot, emptySlot);
      this.#free.push(slot);
    }
  }

  #put(slot: number, bytes: Uint8Array): void {
    if (this.#file !== undefined) {
      writeSync(this.#file, bytes, 0, bytes.length, 1 + slot * slotBytes);
    }
  }
}

/** One slot's bytes; a long query is cut between characters so that the entry stays JSON. */
export function activeEntry(query: string, timestampSeconds: number): Buffer {
  // Whole characters, never more than could fit.
  let characters = Array.from(query.slice(0, slotBytes + 1)).slice(0, slotBytes);
  for (;;) {
    const text = characters.join("");
    const entry = Buffer.from(
      `${JSON.stringify({ query: text, timestamp_sec: timestampSeconds })},`,
    );
    if (entry.length <= slotBytes) {
      const slot = Buffer.alloc(slotBytes);
      entry.copy(slot);
      return slot;
    }
    // A character takes at most six bytes of JSON, so no more is cut than must be.
    const surplus = Math.ceil((entry.length - slotBytes) / 6);
    characters = characters.slice(0, -surplus);
  }
}

/** The queries that a file of an earlier run still holds, as JSON text; undefined where there are none. */
function readUnfinished(file: string): string | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(file);
  } catch {
    // The first start: there is no file yet.
    return undefined;
  }
  const text = bytes.toString("utf8").replaceAll("\0", "");
  return text.length <= 1 ? undefined : `${text.replace(/,$/, "")}]`;
}
