/**
 * Rows of what agents and operator share of Kubernetes' clients and Cilium's API: work queues of watch
 * events and the limiter of API calls, with what collects them.
 */

import type { WorkQueueStep } from "../events.ts";
import { limiterMetrics } from "./api-limiter-metrics.ts";
import type { Component } from "./component.ts";
import type { MetricRow } from "./metric-book.ts";

const queueSource = "watch events in the queues of the laboratory's object store";
const limiterSource = "calls of the CNI plugin: endpoints made and deleted";

function queueRow(name: string): MetricRow {
  return {
    name: `cilium_k8s_workqueue_${name}`,
    labels: ["name"],
    from: "1.16",
    source: queueSource,
  };
}

/** Of the agent, and since 1.19 of the operator. */
export const workQueueRows: readonly MetricRow[] = [
  "adds_total",
  "depth",
  "longest_running_processor_seconds",
  "queue_duration_seconds",
  "retries_total",
  "unfinished_work_seconds",
  "work_duration_seconds",
].map(queueRow);

function limiterRow(name: string, labels: readonly string[], help?: string): MetricRow {
  return {
    name: `cilium_api_limiter_${name}`,
    labels,
    from: "1.16",
    source: limiterSource,
    ...(help === undefined ? {} : { help }),
  };
}

/** Of the agent. */
export const apiLimiterRows: readonly MetricRow[] = [
  limiterRow("adjustment_factor", ["api_call"]),
  limiterRow("processed_requests_total", ["api_call", "outcome", "return_code"]),
  limiterRow("processing_duration_seconds", ["api_call", "value"]),
  limiterRow("rate_limit", ["api_call", "value"]),
  limiterRow("requests_in_flight", ["api_call", "value"]),
  limiterRow("wait_duration_seconds", ["api_call", "value"]),
  limiterRow(
    "wait_history_duration_seconds",
    ["api_call"],
    "Histogram of wait duration per API call processed",
  ),
];

/** Writes the work queues of one kind of component. */
export function collectWorkQueues(component: Component, receiver: WorkQueueStep["receiver"]): void {
  const { book } = component;
  const name = (end: string) => `cilium_k8s_workqueue_${end}`;
  const adds = book.counter(name("adds_total"));
  const depth = book.gauge(name("depth"));
  const retries = book.counter(name("retries_total"));
  const queued = book.histogram(name("queue_duration_seconds"));
  const worked = book.histogram(name("work_duration_seconds"));
  // Work is done in one go, so that none is under way when a page is made.
  const unfinished = book.gauge(name("unfinished_work_seconds"));
  const longest = book.gauge(name("longest_running_processor_seconds"));
  component.on("workqueue", (event) => {
    if (event.receiver !== receiver) return;
    const { queue } = event;
    if (event.step === "added") {
      adds.labels(queue).inc();
      depth.labels(queue).inc();
      retries.labels(queue);
      unfinished.labels(queue);
      longest.labels(queue);
      return;
    }
    depth.labels(queue).dec();
    queued.labels(queue).observe(event.queueSeconds);
    worked.labels(queue).observe(event.workSeconds);
  });
}

/** Writes the limiters of the agent's API. */
export function collectApiLimiters(component: Component): void {
  const { book, state, nodeName } = component;
  const metrics = limiterMetrics({
    counter: (name) => book.counter(`cilium_api_limiter_${name}`),
    gauge: (name) => book.gauge(`cilium_api_limiter_${name}`),
    histogram: (name) => book.histogram(`cilium_api_limiter_${name}`),
  });
  component.on("api_limited", (event) => {
    if (event.component === "agent" && event.call.startsWith("endpoint-")) metrics.count(event);
  });
  component.onCollect(() => metrics.show(state.apiLimiters(nodeName)));
}
