/** Costs of a query as `stats=` and the query log show them: Prometheus' names, times in seconds. */

import type { QueryStats } from "../promql/engine/query-result.ts";

/** Sorting is part of our evaluation: 0. */
export function queryStatsJson(stats: QueryStats): Readonly<Record<string, unknown>> {
  const seconds = (ms: number) => ms / 1000;
  const queued = seconds(stats.queueMs ?? 0);
  const inner = seconds(stats.selectMs + stats.evaluateMs);
  const total = seconds(stats.prepareMs) + inner;
  const { perStep } = stats;
  return {
    timings: {
      evalTotalTime: total,
      resultSortTime: 0,
      queryPreparationTime: seconds(stats.prepareMs),
      innerEvalTime: inner,
      execQueueTime: queued,
      execTotalTime: queued + total,
    },
    samples: {
      ...(perStep === undefined
        ? {}
        : {
            totalQueryableSamplesPerStep: Array.from(perStep.samples, (count, step) => [
              seconds(perStep.startMs + step * perStep.stepMs),
              count,
            ]),
          }),
      totalQueryableSamples: stats.totalQueryableSamples,
      peakSamples: stats.peakSamples,
    },
  };
}
