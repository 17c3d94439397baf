/** Costs of a query as `stats=` and the query log show them: Prometheus' names, times in seconds. */

import type { QueryStats } from "../promql/engine/query-result.ts";

/** Sorting is part of our evaluation, and the line before the gate is not measured: both are 0. */
export function queryStatsJson(stats: QueryStats): Readonly<Record<string, unknown>> {
  const seconds = (ms: number) => ms / 1000;
  const inner = seconds(stats.selectMs + stats.evaluateMs);
  const total = seconds(stats.prepareMs) + inner;
  const { perStep } = stats;
  return {
    timings: {
      evalTotalTime: total,
      resultSortTime: 0,
      queryPreparationTime: seconds(stats.prepareMs),
      innerEvalTime: inner,
      execQueueTime: 0,
      execTotalTime: total,
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
