/**
 * Flow metrics of a list that changes while flows keep counting: metrics that stay as written keep their
 * counts, changed ones begin at zero with their new labels. What the agent would refuse changes nothing.
 */

import type { Flow } from "../flow/model/flow.ts";
import { Registry } from "../metrics/registry.ts";
import {
  createFlowMetrics,
  type FlowMetrics,
  type FlowMetricsOptions,
  type FlowProcessor,
} from "./flow-metrics.ts";
import { parseMetricSpecs } from "./spec.ts";

/** The metrics of a list, one set of handlers each. */
export class SwitchableFlowMetrics implements FlowProcessor {
  readonly #options: Omit<FlowMetricsOptions, "specs">;
  #active = new Map<string, FlowMetrics>();

  constructor(options: Omit<FlowMetricsOptions, "specs">) {
    this.#options = options;
  }

  /** The list as it is, one metric an entry. */
  get metrics(): readonly string[] {
    return [...this.#active.keys()];
  }

  /** Takes a list; returns what was added and taken out. Throws ConfigError, then nothing has changed. */
  switchTo(metrics: readonly string[]): {
    readonly added: readonly string[];
    readonly removed: readonly string[];
  } {
    const wanted = metrics.flatMap((entry) => entry.split(/\s+/)).filter((text) => text !== "");
    // All together first, since metrics can be at odds with each other.
    createFlowMetrics({
      ...this.#options,
      specs: parseMetricSpecs(wanted),
      registry: new Registry(),
    }).close();
    const removed = this.metrics.filter((text) => !wanted.includes(text));
    const added = wanted.filter((text) => !this.#active.has(text));
    // Those that go first: their metrics' names may be wanted again.
    for (const text of removed) this.#active.get(text)?.close();
    const next = new Map<string, FlowMetrics>();
    for (const text of wanted) {
      const kept = this.#active.get(text);
      next.set(
        text,
        kept ?? createFlowMetrics({ ...this.#options, specs: parseMetricSpecs(text) }),
      );
    }
    this.#active = next;
    return { added, removed };
  }

  processFlow(flow: Flow): void {
    for (const metrics of this.#active.values()) metrics.processFlow(flow);
  }

  status(): string[] {
    return [...this.#active.values()].flatMap((metrics) => metrics.status());
  }

  deleteEndpoint(namespace: string, name: string): void {
    for (const metrics of this.#active.values()) metrics.deleteEndpoint(namespace, name);
  }

  close(): void {
    for (const metrics of this.#active.values()) metrics.close();
    this.#active.clear();
  }
}
