/** What queries take, as metrics in the names of Prometheus' engine, so that its dashboards and alerts fit. */

import type { QueryEngine } from "../api/api-sources.ts";
import type { Registry } from "../metrics/registry.ts";
import type { QueryResult } from "../promql/engine/query-result.ts";
import type { QueryLog } from "./query-log.ts";

const prefix = "prometheus_engine";
const quantiles = [0.5, 0.9, 0.99];
/** Upper bounds, seconds. */
const buckets = [0.01, 0.1, 1, 10];

/** What is told beside the queries. */
export interface QueryMetricsOptions {
  readonly registry: Registry;
  readonly log: QueryLog;
  readonly concurrencyMax: number;
}

/**
 * `engine`, with each of its queries counted while it waits or runs; what it took and read is counted where
 * it has an answer.
 */
export function measureQueries(engine: QueryEngine, options: QueryMetricsOptions): QueryEngine {
  const running = options.registry.gauge({
    name: `${prefix}_queries`,
    help: "The current number of queries being executed or waiting.",
  });
  const note = resultCounter(options.registry);
  registerSettings(options);
  const measured = async (run: () => Promise<QueryResult>): Promise<QueryResult> => {
    running.inc();
    try {
      const result = await run();
      note(result);
      return result;
    } finally {
      running.dec();
    }
  };
  return {
    instantQuery: (...query) => measured(() => engine.instantQuery(...query)),
    rangeQuery: (...query) => measured(() => engine.rangeQuery(...query)),
  };
}

/** Counts an answered query. */
function resultCounter(registry: Registry): (result: QueryResult) => void {
  const labelNames = ["slice"];
  const durations = registry.summary({
    name: `${prefix}_query_duration_seconds`,
    help: "Query timings",
    labelNames,
    quantiles,
  });
  const spread = registry.histogram({
    name: `${prefix}_query_duration_histogram_seconds`,
    help: "The duration of various parts of PromQL query execution.",
    labelNames,
    buckets,
  });
  const queryable = registry.counter({
    name: `${prefix}_query_samples_total`,
    help: "The total number of samples loaded by all queries (full window per step for range-vector).",
  });
  const read = registry.counter({
    name: `${prefix}_query_samples_read_total`,
    help: "The total number of samples read by all queries (only new points per step for range-vector).",
  });
  return ({ stats }) => {
    const { queueMs = 0, prepareMs, selectMs, evaluateMs } = stats;
    for (const [slice, ms] of [
      ["queue_time", queueMs],
      ["prepare_time", prepareMs],
      ["inner_eval", selectMs + evaluateMs],
      // A part of our evaluation.
      ["result_sort", 0],
    ] as const) {
      durations.labels(slice).observe(ms / 1000);
      spread.labels(slice).observe(ms / 1000);
    }
    queryable.inc(stats.totalQueryableSamples);
    read.inc(stats.samplesRead);
  };
}

function registerSettings({ registry, log, concurrencyMax }: QueryMetricsOptions): void {
  const most = registry.gauge({
    name: `${prefix}_queries_concurrent_max`,
    help: "The max number of concurrent queries.",
  });
  most.set(concurrencyMax);
  const isLogged = registry.gauge({
    name: `${prefix}_query_log_enabled`,
    help: "State of the query log.",
  });
  const failures = registry.counter({
    name: `${prefix}_query_log_failures_total`,
    help: "The number of query log failures.",
  });
  registry.onCollect(() => {
    isLogged.set(log.isOpen ? 1 : 0);
    failures.setTotal(log.failures);
  });
}
