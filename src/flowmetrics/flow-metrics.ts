/**
 * Turns flows into metrics: one handler for each item of the metrics string, all on one registry.
 * Create → processFlow for every flow → close. Cost of a flow: one call a handler, no allocation
 * where the series exist. Unknown names are skipped with a warning, as the agent does; all else that
 * is wrong is one ConfigError, and nothing stays registered.
 */

import type { Clock } from "../base/clock.ts";
import { ConfigError, errorMessage } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Flow } from "../flow/model/flow.ts";
import type { AnyFamily } from "../metrics/families.ts";
import type { Registry } from "../metrics/registry.ts";
import { compileContext, type FlowContext } from "./context.ts";
import type { FlowHandler, HandlerKind } from "./handler.ts";
import { handlerKinds } from "./registry.ts";
import type { MetricSpec } from "./spec.ts";

/** What createFlowMetrics needs; `registry` gets the families. */
export interface FlowMetricsOptions {
  readonly specs: readonly MetricSpec[];
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
}

interface ActiveHandler {
  readonly name: string;
  readonly context: FlowContext;
  readonly handler: FlowHandler;
}

/** The handlers at work. */
export class FlowMetrics {
  readonly #active: readonly ActiveHandler[];
  readonly #handlers: readonly FlowHandler[];
  readonly #registry: Registry;

  constructor(active: readonly ActiveHandler[], registry: Registry) {
    this.#active = active;
    this.#handlers = active.map(({ handler }) => handler);
    this.#registry = registry;
  }

  /** Counts one flow in every handler. The flow is not kept. */
  processFlow(flow: Flow): void {
    const handlers = this.#handlers;
    for (let i = 0; i < handlers.length; i++) handlers[i]!.processFlow(flow);
  }

  /** A line a handler: its name and options as the agent prints them. */
  status(): string[] {
    return this.#active.map(({ name, handler }) => `${name} ${handler.status}`);
  }

  /** Drops the series that name a pod; the agent does so one minute after the endpoint is gone. O(series). */
  deleteEndpoint(namespace: string, name: string): void {
    for (const { context, handler } of this.#active) {
      for (const match of context.podMatches(namespace, name)) {
        for (const family of handler.families) removeSeries(family, match);
      }
    }
  }

  /** Takes every family off the registry. */
  close(): void {
    for (const { handler } of this.#active) unregisterAll(handler.families, this.#registry);
  }
}

/** Checks the specs and creates their handlers. Throws ConfigError. */
export function createFlowMetrics(options: FlowMetricsOptions): FlowMetrics {
  const { specs, registry, logger } = options;
  const names = new Set(specs.map((spec) => spec.name));
  const known: { readonly kind: HandlerKind; readonly spec: MetricSpec }[] = [];
  for (const spec of specs) {
    const kind = handlerKinds.find((candidate) => candidate.name === spec.name);
    if (kind === undefined) {
      logger.warn({ name: spec.name }, "Skipping unknown hubble metric");
      continue;
    }
    const conflict = kind.conflictsWith.find((name) => names.has(name));
    if (conflict !== undefined) {
      throw new ConfigError(`plugin ${spec.name} conflicts with plugin ${conflict}`, { path: "" });
    }
    known.push({ kind, spec });
  }
  const active: ActiveHandler[] = [];
  try {
    for (const { kind, spec } of known) active.push(startHandler(kind, spec, options));
  } catch (thrown) {
    for (const { handler } of active) unregisterAll(handler.families, registry);
    throw thrown;
  }
  return new FlowMetrics(active, registry);
}

function startHandler(
  kind: HandlerKind,
  spec: MetricSpec,
  { registry, clock }: FlowMetricsOptions,
): ActiveHandler {
  const context = compileChecked(spec);
  return { name: spec.name, context, handler: kind.create({ spec, context, registry, clock }) };
}

function compileChecked(spec: MetricSpec): FlowContext {
  try {
    return compileContext(spec);
  } catch (thrown) {
    const why = errorMessage(thrown);
    throw new ConfigError(`unable to initialize metric '${spec.name}': ${why}`, { path: "" });
  }
}

function removeSeries(family: AnyFamily, match: ReadonlyMap<string, string>): void {
  const wanted = [...match].map(
    ([label, value]) => [family.labelNames.indexOf(label), value] as const,
  );
  if (wanted.some(([index]) => index < 0)) return;
  family.removeMatching((values) => wanted.every(([index, value]) => values[index] === value));
}

function unregisterAll(families: readonly AnyFamily[], registry: Registry): void {
  for (const family of families) registry.unregister(family.name);
}
