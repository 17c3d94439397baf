/**
 * `…_api_limiter_*`: how the limiter of an agent's API, or of a component's calls to etcd, stands. One
 * set of families for each component; the gauges show the limiters at the moment of a scrape.
 */

import type { CounterFamily, GaugeFamily, HistogramFamily } from "../../metrics/families.ts";
import type { ApiLimiterFigures } from "../controllers/api-limiter.ts";
import type { ApiLimited } from "../events.ts";

/** Makes the component's families by the end of their names. */
export interface LimiterFamilies {
  counter(name: string): CounterFamily;
  gauge(name: string): GaugeFamily;
  /** Where waits have a histogram too. */
  histogram?(name: string): HistogramFamily;
}

/** Shows what the limiters are like now, and counts what they let through. */
export interface LimiterMetrics {
  show(limiters: readonly ApiLimiterFigures[]): void;
  count(event: ApiLimited): void;
}

/** Registers the families. */
export function limiterMetrics(families: LimiterFamilies): LimiterMetrics {
  const processed = families.counter("processed_requests_total");
  const processing = families.gauge("processing_duration_seconds");
  const rate = families.gauge("rate_limit");
  const inFlight = families.gauge("requests_in_flight");
  const wait = families.gauge("wait_duration_seconds");
  const history = families.histogram?.("wait_history_duration_seconds");
  const adjustment = history === undefined ? undefined : families.gauge("adjustment_factor");
  return {
    show: (limiters) => {
      for (const { call, ...one } of limiters) {
        processing.labels(call, "mean").set(one.meanProcessingSeconds);
        processing.labels(call, "estimated").set(one.estimatedSeconds);
        rate.labels(call, "limit").set(one.limits.perSecond);
        rate.labels(call, "burst").set(one.limits.burst);
        inFlight.labels(call, "in-flight").set(one.inFlight);
        inFlight.labels(call, "limit").set(one.limits.parallel);
        wait.labels(call, "mean").set(one.meanWaitSeconds);
        // No least and no longest wait is configured: Cilium's 0.
        for (const bound of ["min", "max"]) wait.labels(call, bound).set(0);
        if (one.adjustment !== undefined) adjustment?.labels(call).set(one.adjustment);
      }
    },
    count: ({ call, outcome, code, waitSeconds }) => {
      const values = processed.labelNames.includes("return_code")
        ? [call, outcome, String(code)]
        : [call, outcome];
      processed.labels(...values).inc();
      history?.labels(call).observe(waitSeconds);
    },
  };
}
