/**
 * Turns flows into metrics: one handler for each item of the metrics string, all on one registry.
 * Create → processFlow for every flow → close. Cost of a flow: one call a handler, no allocation
 * where the series exist. Unknown names are skipped with a warning, as the agent does; all else that
 * is wrong is one ConfigError, and nothing stays registered.
 */

import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Flow } from "../flow/model/flow.ts";
import type { Registry } from "../metrics/registry.ts";
import {
  type ActiveHandler,
  checkConflicts,
  checkSpec,
  deletePodSeries,
  findHandlerKind,
  handlerStatus,
  startHandler,
  stopHandler,
} from "./active-handler.ts";
import type { FlowHandler, HandlerKind } from "./handler.ts";
import type { MetricSpec } from "./spec.ts";

/** What createFlowMetrics needs; `registry` gets the families. */
export interface FlowMetricsOptions {
  readonly specs: readonly MetricSpec[];
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Handlers at work, however they are configured. */
export interface FlowProcessor {
  /** Counts one flow in every handler. The flow is not kept. */
  processFlow(flow: Flow): void;
  /** A line a handler: its name and options as the agent prints them. */
  status(): string[];
  /** Drops the series that name a pod; the agent does so one minute after the endpoint is gone. O(series). */
  deleteEndpoint(namespace: string, name: string): void;
  /** Takes every family off the registry. */
  close(): void;
}

/** The handlers of a metrics string. */
export class FlowMetrics implements FlowProcessor {
  readonly #active: readonly ActiveHandler[];
  readonly #handlers: readonly FlowHandler[];
  readonly #registry: Registry;

  constructor(active: readonly ActiveHandler[], registry: Registry) {
    this.#active = active;
    this.#handlers = active.map(({ handler }) => handler);
    this.#registry = registry;
  }

  processFlow(flow: Flow): void {
    const handlers = this.#handlers;
    for (let i = 0; i < handlers.length; i++) handlers[i]!.processFlow(flow);
  }

  status(): string[] {
    return this.#active.map(handlerStatus);
  }

  deleteEndpoint(namespace: string, name: string): void {
    for (const active of this.#active) deletePodSeries(active, namespace, name);
  }

  close(): void {
    for (const active of this.#active) stopHandler(active, this.#registry);
  }
}

/** Checks the specs and creates their handlers. Throws ConfigError. */
export function createFlowMetrics(options: FlowMetricsOptions): FlowMetrics {
  const { specs, registry, logger } = options;
  const names = new Set(specs.map((spec) => spec.name));
  const known: { readonly kind: HandlerKind; readonly spec: MetricSpec }[] = [];
  for (const spec of specs) {
    const kind = findHandlerKind(spec.name);
    if (kind === undefined) {
      logger.warn({ name: spec.name }, "Skipping unknown hubble metric");
      continue;
    }
    checkConflicts(kind, names);
    known.push({ kind, spec });
  }
  const active: ActiveHandler[] = [];
  try {
    for (const { kind, spec } of known) {
      active.push(startHandler(kind, checkSpec(spec), options));
    }
  } catch (thrown) {
    for (const started of active) stopHandler(started, registry);
    throw thrown;
  }
  return new FlowMetrics(active, registry);
}
