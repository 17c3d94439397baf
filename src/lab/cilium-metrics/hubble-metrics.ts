/** The Hubble metrics page (port 9965) of one node: flow metrics of its flows, and Hubble's own. */

import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import { createFlowMetrics, type FlowMetrics } from "../../flowmetrics/flow-metrics.ts";
import { HubbleInternals } from "../../flowmetrics/hubble-internals.ts";
import { parseMetricSpecs } from "../../flowmetrics/spec.ts";
import { Registry } from "../../metrics/registry.ts";
import type { LabEventSource } from "../events.ts";
import type { MetricsSource } from "../metrics-source.ts";
import { metricsPage } from "./metrics-page.ts";

const ends =
  "sourceContext=workload-name|reserved-identity;destinationContext=workload-name|reserved-identity";
const namespaces = "labelsContext=source_namespace,destination_namespace";
const pods = "sourceContext=pod|reserved-identity;destinationContext=pod|reserved-identity";
const httpLabels = [
  "source_ip",
  "source_namespace",
  "source_workload",
  "destination_ip",
  "destination_namespace",
  "destination_workload",
  "traffic_direction",
].join(",");

/** The metrics string of the laboratory: what the chart's own Hubble dashboards ask for. */
export const defaultHubbleMetrics: readonly string[] = [
  `dns:query;ignoreAAAA;${namespaces};${ends}`,
  `drop:${namespaces};${pods}`,
  `tcp:${namespaces};${ends}`,
  `flow:${namespaces};${ends}`,
  `icmp:${namespaces};${ends}`,
  `port-distribution:${namespaces}`,
  `policy:${namespaces};${ends}`,
  "flows-to-world:any-drop;port;labelsContext=source_namespace,source_workload",
  `httpV2:exemplars=true;labelsContext=${httpLabels};${ends}`,
];

/** The agent deletes a pod's series one minute after the endpoint is gone. */
const deletionDelayMs = 60_000;

/** What a node's Hubble metrics are made from. */
export interface HubbleMetricsOptions {
  readonly events: LabEventSource;
  readonly nodeName: string;
  readonly clock: Clock;
  readonly logger: Logger;
  /** The metrics string; default: defaultHubbleMetrics. */
  readonly metrics?: readonly string[];
}

/** A node's Hubble metrics at work. */
export interface HubbleMetrics {
  readonly registry: Registry;
  readonly flowMetrics: FlowMetrics;
  /** Counts its own requests, as Hubble does. */
  readonly page: MetricsSource;
  close(): void;
}

/** Creates a node's Hubble metrics. Throws ConfigError on a metrics string that cannot be used. */
export function createHubbleMetrics(options: HubbleMetricsOptions): HubbleMetrics {
  const { events, nodeName, clock, logger } = options;
  const registry = new Registry();
  const specs = parseMetricSpecs(options.metrics ?? defaultHubbleMetrics);
  const flowMetrics = createFlowMetrics({ specs, registry, clock, logger });
  const internals = new HubbleInternals(registry);
  const stops = [
    events.onNode("flow", nodeName, ({ flow }) => {
      flowMetrics.processFlow(flow);
    }),
    ...countInternals(internals, events, nodeName),
    deleteGoneEndpoints(flowMetrics, options),
  ];
  const page = countScrapes(internals, registry, clock);
  return {
    registry,
    flowMetrics,
    page,
    close: () => {
      for (const stop of stops.splice(0)) stop();
    },
  };
}

function countInternals(
  internals: HubbleInternals,
  events: LabEventSource,
  nodeName: string,
): (() => void)[] {
  return [
    events.onNode("lost_events", nodeName, ({ source, count }) => {
      internals.countLost(source, count);
    }),
    events.onNode("observer_call", nodeName, ({ method, step, code }) => {
      if (step === "started") internals.countCallStarted(method);
      else if (step === "ended") internals.countCallHandled(method, code);
      else internals.countMessage(method, step);
    }),
  ];
}

function deleteGoneEndpoints(flowMetrics: FlowMetrics, options: HubbleMetricsOptions): () => void {
  const waiting = new Set<() => void>();
  const stop = options.events.on("endpoint_deleted", ({ endpoint }) => {
    const cancel = options.clock.after(deletionDelayMs, () => {
      waiting.delete(cancel);
      flowMetrics.deleteEndpoint(endpoint.namespace, endpoint.podName);
    });
    waiting.add(cancel);
  });
  return () => {
    stop();
    for (const cancel of waiting) cancel();
  };
}

/** The page's own requests appear from the second one on. */
function countScrapes(internals: HubbleInternals, registry: Registry, clock: Clock): MetricsSource {
  const inner = metricsPage(registry, { openMetrics: true });
  return {
    expose(accept) {
      const startMs = clock.monotonicMs();
      const answer = inner.expose(accept);
      internals.countScrape(200, (clock.monotonicMs() - startMs) / 1000);
      return answer;
    },
  };
}
