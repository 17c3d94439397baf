/**
 * Flow metrics as the agent starts them: from a metrics string (`hubble.metrics.enabled`), or from a
 * configuration file that may change (`hubble.metrics.dynamic`), never from both.
 */

import type { Clock } from "../base/clock.ts";
import { ConfigError } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Registry } from "../metrics/registry.ts";
import { DynamicFlowMetrics } from "./dynamic-flow-metrics.ts";
import { createFlowMetrics, type FlowProcessor } from "./flow-metrics.ts";
import { MetricConfigFile } from "./metric-config-file.ts";
import { parseMetricSpecs } from "./spec.ts";

/** What to start; `registry` gets the families. */
export interface StartFlowMetricsOptions {
  /** Items of the metrics string; empty or absent = none. */
  readonly metrics?: readonly string[];
  /** Path of a file of MetricConfigs, looked at every ten seconds. */
  readonly dynamicFile?: string;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Starts the handlers; close() ends the watch on the file too. Throws ConfigError. */
export function startFlowMetrics(options: StartFlowMetricsOptions): FlowProcessor {
  const { metrics = [], dynamicFile, registry, clock, logger } = options;
  if (dynamicFile === undefined) {
    return createFlowMetrics({ specs: parseMetricSpecs(metrics), registry, clock, logger });
  }
  if (metrics.length > 0) {
    throw new ConfigError("cannot configure both static and dynamic Hubble metrics", { path: "" });
  }
  const dynamic = new DynamicFlowMetrics({ registry, clock, logger });
  const file = new MetricConfigFile({
    path: dynamicFile,
    reload: (yaml) => dynamic.reload(yaml),
    clock,
    logger,
  });
  file.start();
  return {
    processFlow: (flow) => dynamic.processFlow(flow),
    status: () => dynamic.status(),
    deleteEndpoint: (namespace, name) => dynamic.deleteEndpoint(namespace, name),
    close() {
      file.stop();
      dynamic.close();
    },
  };
}
