/** Every metrics page of one node: agent, HTTP proxy, Hubble and, on its node, the operator. */

import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../base/logger.ts";
import type { LabEventSource } from "../events.ts";
import type { CiliumVersion, LabNode, LabState } from "../lab-state.ts";
import type { MetricsSource } from "../metrics-source.ts";
import { createAgentMetrics } from "./agent-metrics.ts";
import { createEnvoyMetrics } from "./envoy-metrics.ts";
import { createHubbleMetrics } from "./hubble-metrics.ts";
import { metricsPage } from "./metrics-page.ts";
import { createOperatorMetrics } from "./operator-metrics.ts";
import { nodeProcessFigures, type ProcessFigures } from "./process-metrics.ts";

/** What a node's pages are made from. */
export interface NodePagesOptions {
  readonly state: LabState;
  readonly events: LabEventSource;
  readonly node: Pick<LabNode, "name" | "isOperatorNode">;
  readonly version: CiliumVersion;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Hubble's metrics string; default: what the chart's dashboards ask for. */
  readonly hubbleMetrics?: readonly string[];
  /** Default: this process. */
  readonly process?: ProcessFigures;
}

/** The pages; each renders at the moment of a request. */
export interface NodePages {
  readonly agent: MetricsSource;
  readonly envoy: MetricsSource;
  readonly hubble: MetricsSource;
  /** Only on the operator's node. */
  readonly operator: MetricsSource | undefined;
  /** Stops counting. */
  close(): void;
}

/** Creates a node's pages. Call before the node's first event: counters start at 0 here. */
export function createNodePages(options: NodePagesOptions): NodePages {
  const { state, events, node, version, clock, logger } = options;
  const process = options.process ?? nodeProcessFigures(() => clock.nowMs());
  const component = { state, events, nodeName: node.name, version, process };
  const agent = createAgentMetrics(component);
  const envoy = createEnvoyMetrics({
    events,
    nodeName: node.name,
    nowMs: () => clock.nowMs(),
    process,
  });
  const operator = node.isOperatorNode ? createOperatorMetrics(component) : undefined;
  const hubble = createHubbleMetrics({
    events,
    nodeName: node.name,
    clock,
    logger,
    ...(options.hubbleMetrics === undefined ? {} : { metrics: options.hubbleMetrics }),
  });
  // As the real ones: only Hubble offers OpenMetrics, for its exemplars.
  const textOnly = { openMetrics: false } as const;
  return {
    agent: metricsPage(agent.registry, textOnly),
    envoy: metricsPage(envoy.registry, textOnly),
    hubble: hubble.page,
    operator: operator === undefined ? undefined : metricsPage(operator.registry, textOnly),
    close: () => {
      for (const part of [agent, envoy, operator, hubble]) part?.close();
    },
  };
}
