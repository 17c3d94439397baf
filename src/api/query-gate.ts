/**
 * Lets so many queries run at a time; further ones wait in line, first come first served. A waiter
 * whose client went away, or whose time is over, leaves the line with Prometheus' words. What a query
 * waited stands in its statistics.
 */

import type { Clock } from "../base/clock.ts";
import { QueryError } from "../base/errors.ts";
import type { QueryResult } from "../promql/engine/query-result.ts";
import type { QueryEngine, QueryOptions } from "./api-sources.ts";

/** What the gate is made with. */
export interface QueryGateOptions {
  readonly clock: Clock;
  readonly concurrencyMax: number;
  readonly timeoutMs: number;
}

interface Waiter {
  readonly enter: () => void;
}

/** An engine that runs at most `concurrencyMax` queries of `engine` at a time. */
export function gateQueries(engine: QueryEngine, options: QueryGateOptions): QueryEngine {
  const gate = new QueryGate(options);
  return {
    instantQuery: (queryable, query, timeMs, queryOptions) =>
      gate.run(queryOptions, () => engine.instantQuery(queryable, query, timeMs, queryOptions)),
    rangeQuery: (queryable, query, range, queryOptions) =>
      gate.run(queryOptions, () => engine.rangeQuery(queryable, query, range, queryOptions)),
  };
}

class QueryGate {
  readonly #options: QueryGateOptions;
  readonly #line: Waiter[] = [];
  #running = 0;

  constructor(options: QueryGateOptions) {
    this.#options = options;
  }

  async run(
    queryOptions: QueryOptions | undefined,
    query: () => Promise<QueryResult>,
  ): Promise<QueryResult> {
    const { clock, concurrencyMax } = this.#options;
    const cameMs = clock.monotonicMs();
    if (this.#running >= concurrencyMax) await this.#wait(queryOptions);
    const queueMs = clock.monotonicMs() - cameMs;
    this.#running++;
    try {
      const result = await query();
      return { ...result, stats: { ...result.stats, queueMs } };
    } finally {
      this.#running--;
      this.#line.shift()?.enter();
    }
  }

  #wait(queryOptions: QueryOptions | undefined): Promise<void> {
    const { clock, timeoutMs } = this.#options;
    const signal = queryOptions?.signal;
    return new Promise((resolve, reject) => {
      const leave = (error: QueryError): void => {
        const at = this.#line.indexOf(waiter);
        if (at >= 0) this.#line.splice(at, 1);
        reject(error);
      };
      const cancelTimer = clock.after(
        Math.min(queryOptions?.timeoutMs ?? timeoutMs, timeoutMs),
        () => {
          const waited = `query timed out in query queue (${this.#options.concurrencyMax} queries at a time: try later, or raise --query.max-concurrency)`;
          leave(new QueryError("timeout", waited));
        },
      );
      const abort = (): void => {
        cancelTimer();
        leave(new QueryError("canceled", "query was canceled in query queue"));
      };
      const waiter: Waiter = {
        enter: () => {
          cancelTimer();
          signal?.removeEventListener("abort", abort);
          resolve();
        },
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#line.push(waiter);
    });
  }
}
