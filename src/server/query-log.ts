/**
 * The query log (`global.query_log_file`): a line of JSON for each query that ran, well or not, in the
 * fields and order of Prometheus 3.14. A line is written in one call before the answer goes out, so a
 * crash loses none; a file that cannot be written is told once and does not stop queries.
 */

import { closeSync, openSync, writeSync } from "node:fs";
import type { QueryEngine, QueryOptions } from "../api/api-sources.ts";
import { queryStatsJson } from "../api/query-stats.ts";
import type { Clock } from "../base/clock.ts";
import { ConfigError, errorMessage } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { QueryStats } from "../promql/engine/query-result.ts";

/** What a log is made with. */
export interface QueryLogOptions {
  readonly clock: Clock;
  readonly logger: Logger;
}

/** One query that ran. */
interface LoggedQuery {
  readonly query: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly stepMs: number;
  readonly options: QueryOptions | undefined;
}

const noStats: QueryStats = {
  totalQueryableSamples: 0,
  samplesRead: 0,
  peakSamples: 0,
  prepareMs: 0,
  selectMs: 0,
  evaluateMs: 0,
};

/** See the head comment. */
export class QueryLog {
  readonly #options: QueryLogOptions;
  #file: number | undefined;
  #hasFailed = false;
  #failures = 0;

  constructor(options: QueryLogOptions) {
    this.#options = options;
  }

  /** Whether queries are written down. */
  get isOpen(): boolean {
    return this.#file !== undefined;
  }

  /** Queries that could not be written down. */
  get failures(): number {
    return this.#failures;
  }

  /**
   * Opens `path` for appending, undefined: no log. Called again (a reload) it opens anew, so that a
   * file that was moved away is let go. Throws ConfigError and keeps the old file.
   */
  open(path: string | undefined): void {
    const previous = this.#file;
    if (path === undefined) this.#file = undefined;
    else {
      try {
        this.#file = openSync(path, "a", 0o644);
      } catch (thrown) {
        throw new ConfigError(`cannot open the query log ${path}: ${errorMessage(thrown)}`, {
          path: "global.query_log_file",
        });
      }
    }
    this.#hasFailed = false;
    if (previous !== undefined) closeSync(previous);
  }

  close(): void {
    this.open(undefined);
  }

  /** `engine`, with each of its queries written down. */
  wrap(engine: QueryEngine): QueryEngine {
    return {
      instantQuery: (queryable, query, timeMs, options) =>
        this.#logged({ query, startMs: timeMs, endMs: timeMs, stepMs: 0, options }, () =>
          engine.instantQuery(queryable, query, timeMs, options),
        ),
      rangeQuery: (queryable, query, range, options) =>
        this.#logged({ query, ...range, options }, () =>
          engine.rangeQuery(queryable, query, range, options),
        ),
    };
  }

  async #logged<T extends { readonly stats: QueryStats }>(
    what: LoggedQuery,
    run: () => Promise<T>,
  ): Promise<T> {
    if (this.#file === undefined) return await run();
    try {
      const result = await run();
      this.#write(what, result.stats, undefined);
      return result;
    } catch (thrown) {
      this.#write(what, noStats, errorMessage(thrown));
      throw thrown;
    }
  }

  #write(what: LoggedQuery, stats: QueryStats, error: string | undefined): void {
    if (this.#file === undefined) return;
    const { origin } = what.options ?? {};
    const line = JSON.stringify({
      time: new Date(this.#options.clock.nowMs()).toISOString(),
      level: "INFO",
      source: "query-log.ts",
      msg: "promql query logged",
      params: {
        end: new Date(what.endMs).toISOString(),
        query: what.query,
        start: new Date(what.startMs).toISOString(),
        step: Math.trunc(what.stepMs / 1000),
      },
      ...(error === undefined ? {} : { error }),
      stats: queryStatsJson(stats),
      spanID: "0000000000000000",
      traceID: "00000000000000000000000000000000",
      ...(origin === undefined
        ? {}
        : {
            httpRequest: {
              clientIP: origin.clientIp,
              method: origin.method,
              path: origin.path,
            },
          }),
    });
    try {
      writeSync(this.#file, `${line}\n`);
    } catch (thrown) {
      this.#failures++;
      if (!this.#hasFailed) {
        this.#options.logger.error({ error: errorMessage(thrown) }, "cannot write the query log");
      }
      this.#hasFailed = true;
    }
  }
}
