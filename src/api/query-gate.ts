/**
 * Lets so many queries run at a time; further ones wait in line, first come first served. A waiter
 * whose client went away, or whose time is over, leaves the line with Prometheus' words. What a query
 * waited stands in its statistics.
 */

import type { Clock } from "../base/clock.ts";
import { QueryError } from "../base/errors.ts";
import { TurnGate } from "../base/turn-gate.ts";
import type { QueryResult } from "../promql/engine/query-result.ts";
import type { QueryEngine, QueryOptions } from "./api-sources.ts";

/** What the gate is made with. */
export interface QueryGateOptions {
  readonly clock: Clock;
  readonly concurrencyMax: number;
  readonly timeoutMs: number;
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
  readonly #gate: TurnGate;

  constructor(options: QueryGateOptions) {
    this.#options = options;
    this.#gate = new TurnGate(options.concurrencyMax);
  }

  async run(
    queryOptions: QueryOptions | undefined,
    query: () => Promise<QueryResult>,
  ): Promise<QueryResult> {
    const { clock } = this.#options;
    const cameMs = clock.monotonicMs();
    const leave = this.#gate.tryEnter() ?? (await this.#wait(queryOptions));
    const queueMs = clock.monotonicMs() - cameMs;
    try {
      const result = await query();
      return { ...result, stats: { ...result.stats, queueMs } };
    } finally {
      leave();
    }
  }

  /** What ends the query's turn, once it comes. Throws QueryError. */
  async #wait(queryOptions: QueryOptions | undefined): Promise<() => void> {
    const { clock, timeoutMs, concurrencyMax } = this.#options;
    const signal = queryOptions?.signal;
    const gaveUp = new AbortController();
    let isLate = false;
    const cancelTimer = clock.after(
      Math.min(queryOptions?.timeoutMs ?? timeoutMs, timeoutMs),
      () => {
        isLate = true;
        gaveUp.abort();
      },
    );
    const abort = (): void => gaveUp.abort();
    signal?.addEventListener("abort", abort, { once: true });
    const leave = await this.#gate.enter(gaveUp.signal);
    cancelTimer();
    signal?.removeEventListener("abort", abort);
    if (leave !== undefined) return leave;
    if (!isLate) throw new QueryError("canceled", "query was canceled in query queue");
    throw new QueryError(
      "timeout",
      `query timed out in query queue (${concurrencyMax} queries at a time: try later, or raise --query.max-concurrency)`,
    );
  }
}
