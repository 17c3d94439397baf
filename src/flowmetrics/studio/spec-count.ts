/**
 * One metrics configuration run over flows: the real handlers on a registry of their own, and how many
 * series they made. Stops by itself at a number of series: then the count is "more than".
 */

import type { Clock } from "../../base/clock.ts";
import { LimitError } from "../../base/errors.ts";
import { silentLogger } from "../../base/logger.ts";
import type { Flow } from "../../flow/model/flow.ts";
import { type AnyFamily, defaultBuckets } from "../../metrics/families.ts";
import { Registry } from "../../metrics/registry.ts";
import { DynamicFlowMetrics } from "../dynamic-flow-metrics.ts";
import { createFlowMetrics, type FlowProcessor } from "../flow-metrics.ts";
import { parseMetricSpecs } from "../spec.ts";

/** What is run: entries of the metrics list, or the text of a configuration file. */
export type MetricsText = { readonly metrics: readonly string[] } | { readonly config: string };

/** Series of storage for one child of a histogram of Hubble's: buckets, +Inf, sum, count. */
const seriesPerHistogram = defaultBuckets.length + 3;

/** Series of storage that one child of the family stands for. */
export function seriesPerChild({ type }: AnyFamily): number {
  return type === "histogram" ? seriesPerHistogram : 1;
}

/** One run. */
export class SpecCount {
  readonly registry = new Registry();
  readonly #processor: FlowProcessor;
  readonly #seriesMax: number;
  #isOver = false;

  /** Throws ConfigError where the agent would refuse it. */
  constructor(text: MetricsText, options: { readonly clock: Clock; readonly seriesMax: number }) {
    const { clock } = options;
    const { registry } = this;
    const logger = silentLogger;
    this.#seriesMax = options.seriesMax;
    if ("config" in text) {
      const dynamic = new DynamicFlowMetrics({ registry, clock, logger });
      dynamic.reload(text.config);
      this.#processor = dynamic;
    } else {
      const specs = parseMetricSpecs(text.metrics);
      this.#processor = createFlowMetrics({ specs, registry, clock, logger });
    }
  }

  /** Whether it stopped counting, having more series than allowed. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Counts one flow. */
  process(flow: Flow): void {
    if (this.#isOver) return;
    try {
      this.#processor.processFlow(flow);
    } catch (thrown) {
      // An over-long trace of an exemplar: the flow is counted already.
      if (!(thrown instanceof LimitError)) throw thrown;
    }
  }

  /** Series now. O(families). */
  series(): number {
    let series = 0;
    for (const family of this.registry.collect()) {
      series += family.seriesCount * seriesPerChild(family);
    }
    if (series > this.#seriesMax) this.#isOver = true;
    return series;
  }
}
