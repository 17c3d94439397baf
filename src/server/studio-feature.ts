/** The Metrics studio's wiring: its routes over kept flows, live flow metrics and storage. */

import type { Hono } from "hono";
import { studioRoutes } from "../api/studio-routes.ts";
import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { FlowStore } from "../flow/store/flow-store.ts";
import { type BackfillStorage, FlowBackfill } from "./flow-backfill.ts";
import { type FlowMetricsService, flowMetricsWriteMs } from "./flow-metrics-service.ts";

/** What is wired. */
export interface StudioFeatureOptions {
  readonly store: FlowStore;
  readonly metrics: FlowMetricsService;
  readonly storage: BackfillStorage;
  /** The window of late samples that the configuration says. */
  readonly outOfOrderWindowMs: () => number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The routes, and what ends a back-fill under way. */
export function studioFeature(options: StudioFeatureOptions): {
  readonly routes: Hono;
  readonly close: () => Promise<void>;
} {
  const { store, metrics, clock } = options;
  const backfill = new FlowBackfill({ ...options, history: store });
  const routes = studioRoutes({
    clock,
    history: store,
    flowStats: () => store.stats(),
    intervalMs: flowMetricsWriteMs,
    choice: () => metrics.choice(),
    switchTo: (list) => metrics.switchTo(list),
    backfill,
  });
  return {
    routes,
    async close() {
      await backfill.cancel();
    },
  };
}
