/**
 * The wiring of queries: the engine with its switches, the note of what runs (queries.active), the
 * query log, the gate, and the metrics around all of it. A query that waits in line is neither noted nor timed.
 */

import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { QueryEngine } from "../api/api-sources.ts";
import { gateQueries } from "../api/query-gate.ts";
import type { Config } from "../config/config.ts";
import { noFeatureSwitches } from "../config/feature-switches.ts";
import type { Registry } from "../metrics/registry.ts";
import { Engine } from "../promql/engine/engine.ts";
import type { ParserOptions } from "../promql/parser.ts";
import { ActiveQueries } from "./active-queries.ts";
import { QueryLog } from "./query-log.ts";
import { measureQueries } from "./query-metrics.ts";
import type { ServerOptions } from "./server-options.ts";

/** Queries as the rest of the server sees them. */
export interface Querying {
  readonly engine: QueryEngine;
  readonly parserOptions: ParserOptions;
  /** A new configuration: the query log is opened anew. Throws ConfigError and keeps the old one. */
  applyConfig(config: Config): void;
  close(): void;
}

/** Starts it; its metrics go into `registry`. Throws ConfigError where the query log cannot be opened. */
export function startQuerying(
  options: ServerOptions,
  config: Config,
  registry: Registry,
): Querying {
  const { clock, logger, features = noFeatureSwitches } = options;
  const { queryConcurrencyMax: concurrencyMax } = options;
  const parserOptions: ParserOptions = {
    enableExperimentalFunctions: features.has("promql-experimental-functions"),
    enableExtendedRangeSelectors: features.has("promql-extended-range-selectors"),
    enableBinopFillModifiers: features.has("promql-binop-fill-modifiers"),
  };
  let subqueryStepMs = config.global.evaluationIntervalMs;
  const engine = new Engine({
    clock,
    lookbackDeltaMs: options.lookbackDeltaMs,
    timeoutMs: options.queryTimeoutMs,
    maxSamples: options.querySamplesMax,
    defaultSubqueryStepMs: () => subqueryStepMs,
    parser: parserOptions,
    enableDelayedNameRemoval: features.has("promql-delayed-name-removal"),
    enableTypeAndUnitLabels: features.has("type-and-unit-labels"),
    enableStartTimestamps: features.has("use-start-timestamps"),
  });
  const log = new QueryLog({ clock, logger: logger.child({ part: "query" }) });
  log.open(config.global.queryLogFile);
  const folder = join(options.dataDir, "tsdb");
  mkdirSync(folder, { recursive: true });
  const active = new ActiveQueries({
    file: join(folder, "queries.active"),
    concurrencyMax,
    clock,
    logger: logger.child({ part: "query" }),
  });
  const gated = gateQueries(active.wrap(engine), {
    clock,
    concurrencyMax,
    timeoutMs: options.queryTimeoutMs,
  });
  return {
    // The log tells how long a query waited, and of those that left the line.
    engine: measureQueries(log.wrap(gated), { registry, log, concurrencyMax }),
    parserOptions,
    applyConfig(next) {
      log.open(next.global.queryLogFile);
      subqueryStepMs = next.global.evaluationIntervalMs;
    },
    close() {
      log.close();
      active.close();
    },
  };
}
