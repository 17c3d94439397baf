/** Costs of a query as `stats=` and the query log show them: Prometheus' names, times in seconds. */

import type { QueryStats, StepStats } from "../promql/engine/query-result.ts";

/** Sorting is part of our evaluation: 0. */
export function queryStatsJson(stats: QueryStats): Readonly<Record<string, unknown>> {
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
      ...(perStep && { totalQueryableSamplesPerStep: pointsOf(perStep, perStep.queryable) }),
      totalQueryableSamples: stats.totalQueryableSamples,
      ...(perStep && { samplesReadPerStep: pointsOf(perStep, perStep.read) }),
      samplesRead: stats.samplesRead,
      peakSamples: stats.peakSamples,
    },
  };
}

function pointsOf({ startMs, stepMs }: StepStats, counts: Float64Array): number[][] {
  return Array.from(counts, (count, step) => [seconds(startMs + step * stepMs), count]);
}

function seconds(ms: number): number {
  return ms / 1000;
}
