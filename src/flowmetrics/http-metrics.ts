/** What the handlers http and httpV2 share: the duration histogram and the exemplar switch. */

import type { Clock } from "../base/clock.ts";
import type { Flow } from "../flow/model/flow.ts";
import { type ExemplarContext, exemplarCodePointsMax } from "../metrics/families.ts";
import { traceId } from "./flow-text.ts";
import { traceExemplar } from "./handler.ts";
import { firstValue, type MetricSpec } from "./spec.ts";

/** Names and helps of the metrics that both handlers own. */
export const httpFamilies = {
  requests: { name: "hubble_http_requests_total", help: "Count of HTTP requests" },
  responses: { name: "hubble_http_responses_total", help: "Count of HTTP responses" },
  duration: {
    name: "hubble_http_request_duration_seconds",
    help: "Quantiles of HTTP request duration in seconds",
  },
} as const;

/** What `exemplars` does, for docs. */
export const exemplarsOption = {
  exemplars: "With the value true: attaches the trace id as an exemplar (OpenMetrics only).",
} as const;

/** Only the exact word counts, and only the first `exemplars` option. */
export function areExemplarsOn(spec: MetricSpec): boolean {
  return firstValue(spec, "exemplars") === "true";
}

/** OpenMetrics allows an exemplar's label names and values so many characters together. */
const traceIdLengthMax = exemplarCodePointsMax - "traceID".length;

/**
 * The exemplar of a flow, undefined where switched off, where there is no trace, or where its id is
 * longer than an exemplar may be: the original's process ends there, ours counts without it.
 */
export function flowExemplar(flow: Flow, isOn: boolean, clock: Clock): ExemplarContext | undefined {
  if (!isOn) return undefined;
  const trace = traceId(flow);
  if (trace.length > traceIdLengthMax && [...trace].length > traceIdLengthMax) return undefined;
  return traceExemplar(trace, clock);
}
