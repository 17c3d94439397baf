import { expect, it } from "vitest";
import type { QueryEngine } from "../api/api-sources.ts";
import { FakeClock } from "../base/clock.ts";
import { silentLogger } from "../base/logger.ts";
import { renderText } from "../metrics/exposition.ts";
import { Registry } from "../metrics/registry.ts";
import { Engine } from "../promql/engine/engine.ts";
import { MemoryStorage } from "../storage/memory-storage.ts";
import { QueryLog } from "./query-log.ts";
import { measureQueries } from "./query-metrics.ts";

it("tells what queries take in the names of Prometheus' engine, failed ones only while they run", async () => {
  const clock = new FakeClock(0);
  const registry = new Registry();
  const log = new QueryLog({ clock, logger: silentLogger });
  const seen: string[] = [];
  const engine = new Engine({ clock });
  const watched: QueryEngine = {
    instantQuery: (...query) => {
      seen.push(...(renderText(registry).match(/^prometheus_engine_queries \d+/m) ?? []));
      return engine.instantQuery(...query);
    },
    rangeQuery: (...query) => engine.rangeQuery(...query),
  };
  const measured = measureQueries(watched, { registry, log, concurrencyMax: 7 });
  const storage = new MemoryStorage();
  await measured.instantQuery(storage, "1", 0);
  await measured.rangeQuery(storage, "2", { startMs: 0, endMs: 1000, stepMs: 1000 });
  await expect(measured.instantQuery(storage, "(", 0)).rejects.toThrow("parse error");
  expect(seen).toEqual(["prometheus_engine_queries 1", "prometheus_engine_queries 1"]);
  const page = renderText(registry).split("\n");
  expect(page).toEqual(
    expect.arrayContaining([
      "prometheus_engine_queries 0",
      "prometheus_engine_queries_concurrent_max 7",
      "prometheus_engine_query_log_enabled 0",
      "prometheus_engine_query_log_failures_total 0",
      "prometheus_engine_query_samples_total 0",
      'prometheus_engine_query_duration_seconds_count{slice="inner_eval"} 2',
      'prometheus_engine_query_duration_histogram_seconds_bucket{slice="queue_time",le="0.01"} 2',
    ]),
  );
});
