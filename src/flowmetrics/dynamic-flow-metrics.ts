/**
 * Flow metrics that follow a configuration file: handlers come, go and change their filters while
 * flows keep counting. Semantics of Cilium 1.19: a change of filters keeps a metric's counts, a metric
 * that was removed starts at zero, context options can never change, a bad file changes nothing. On an
 * update with an invalid filter its list is emptied (so an invalid include filter accepts every flow);
 * on first sight it leaves the metric out. A departure: replacing http by httpV2 works here, where the
 * agent's process ends.
 */

import { errorMessage } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { compileFlowFilters, type FlowFilter, type FlowTest } from "../flow/filter/flow-filter.ts";
import type { Flow } from "../flow/model/flow.ts";
import {
  type ActiveHandler,
  checkConflicts,
  checkSpec,
  deletePodSeries,
  findHandlerKind,
  type HandlerPlace,
  handlerStatus,
  initializing,
  startHandler,
  stopHandler,
} from "./active-handler.ts";
import type { FlowProcessor } from "./flow-metrics.ts";
import { isSame, type MetricConfig, MetricConfigs } from "./metric-config.ts";
import type { MetricSpec } from "./spec.ts";

/** What DynamicFlowMetrics needs. */
export interface DynamicFlowMetricsOptions extends HandlerPlace {
  readonly logger: Logger;
}

interface FilteredHandler extends ActiveHandler {
  config: MetricConfig;
  /** undefined = all flows. */
  allows: FlowTest | undefined;
  /** undefined = none. */
  denies: FlowTest | undefined;
}

/** The handlers of the file as it is now. */
export class DynamicFlowMetrics implements FlowProcessor {
  readonly #options: DynamicFlowMetricsOptions;
  readonly #configs = new MetricConfigs();
  #text: string | undefined;
  #active: readonly FilteredHandler[] = [];

  constructor(options: DynamicFlowMetricsOptions) {
    this.#options = options;
  }

  /**
   * Takes the file's text; the same text again does nothing. Whatever is wrong is logged: a bad file
   * leaves everything as it was (false), a bad metric leaves that one out.
   */
  reload(yaml: string): boolean {
    if (yaml === this.#text) return true;
    let configs: readonly MetricConfig[];
    try {
      configs = this.#configs.read(yaml);
    } catch (thrown) {
      const error = errorMessage(thrown);
      this.#options.logger.error({ error }, "failed reading dynamic exporter config");
      return false;
    }
    this.#text = yaml;
    this.#apply(configs);
    return true;
  }

  processFlow(flow: Flow): void {
    const active = this.#active;
    for (let i = 0; i < active.length; i++) {
      const { allows, denies, handler } = active[i]!;
      if (allows !== undefined && !allows(flow)) continue;
      if (denies?.(flow) === true) continue;
      handler.processFlow(flow);
    }
  }

  /** Names of the metrics at work, sorted. */
  activeNames(): string[] {
    return this.#active.map(({ name }) => name).sort();
  }

  status(): string[] {
    return this.#active.map(handlerStatus);
  }

  deleteEndpoint(namespace: string, name: string): void {
    for (const active of this.#active) deletePodSeries(active, namespace, name);
  }

  close(): void {
    for (const active of this.#active) stopHandler(active, this.#options.registry);
    this.#active = [];
  }

  #apply(configs: readonly MetricConfig[]): void {
    const names = new Set(configs.map(({ name }) => name));
    const kept = new Map<string, FilteredHandler>();
    // Those that go first: their metrics' names may be wanted again.
    for (const active of this.#active) {
      if (names.has(active.name)) kept.set(active.name, active);
      else stopHandler(active, this.#options.registry);
    }
    const next: FilteredHandler[] = [];
    for (const config of configs) {
      const active = kept.get(config.name);
      if (active === undefined) {
        const started = this.#start(config, names);
        if (started !== undefined) next.push(started);
        continue;
      }
      if (!isSame(active.config, config)) this.#update(active, config);
      next.push(active);
    }
    this.#active = next;
  }

  #start(config: MetricConfig, names: ReadonlySet<string>): FilteredHandler | undefined {
    const { name } = config;
    const { logger } = this.#options;
    const failure = "Failed to configure metrics plugin";
    const kind = findHandlerKind(name);
    if (kind === undefined) {
      logger.error({ error: `metric "${name}" does not exist`, name }, failure);
      return undefined;
    }
    try {
      checkConflicts(kind, names);
      // In the agent's order: what is wrong with the options is told first.
      const checked = checkSpec(toSpec(config));
      const allows = initializing(name, () => compileList(config.includeFilters));
      const denies = initializing(name, () => compileList(config.excludeFilters));
      return { ...startHandler(kind, checked, this.#options), config, allows, denies };
    } catch (thrown) {
      logger.error({ error: errorMessage(thrown), name }, failure);
      return undefined;
    }
  }

  #update(active: FilteredHandler, config: MetricConfig): void {
    active.config = config;
    try {
      active.allows = undefined;
      active.allows = compileList(config.includeFilters);
      active.denies = undefined;
      active.denies = compileList(config.excludeFilters);
    } catch (thrown) {
      const fields = { error: errorMessage(thrown), name: config.name };
      this.#options.logger.error(fields, "HandleConfigurationUpdate failed for handler");
    }
  }
}

function compileList(filters: readonly FlowFilter[] | undefined): FlowTest | undefined {
  return filters === undefined || filters.length === 0 ? undefined : compileFlowFilters(filters);
}

function toSpec({ name, contextOptions = [] }: MetricConfig): MetricSpec {
  const options = contextOptions.map((option) => ({
    name: option.name,
    values: option.values ?? [],
  }));
  return { name, options };
}
