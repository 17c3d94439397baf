/** Starting and ending one handler: what the static and the dynamic configuration share. */

import type { Clock } from "../base/clock.ts";
import { ConfigError, errorMessage } from "../base/errors.ts";
import type { AnyFamily } from "../metrics/families.ts";
import type { Registry } from "../metrics/registry.ts";
import { compileContext, type FlowContext } from "./context.ts";
import type { FlowHandler, HandlerKind } from "./handler.ts";
import { handlerKinds } from "./registry.ts";
import type { MetricSpec } from "./spec.ts";

/** A handler at work, with what it was made from. */
export interface ActiveHandler {
  readonly name: string;
  readonly context: FlowContext;
  readonly handler: FlowHandler;
}

/** Where handlers register and take the time from. */
export interface HandlerPlace {
  readonly registry: Registry;
  readonly clock: Clock;
}

/** The kind called `name`. */
export function findHandlerKind(name: string): HandlerKind | undefined {
  return handlerKinds.find((candidate) => candidate.name === name);
}

/** Refuses a handler beside one that owns the same metrics. Throws ConfigError. */
export function checkConflicts(kind: HandlerKind, names: ReadonlySet<string>): void {
  const conflict = kind.conflictsWith.find((name) => names.has(name));
  if (conflict === undefined) return;
  throw new ConfigError(`plugin ${kind.name} conflicts with plugin ${conflict}`, { path: "" });
}

/** A metric whose context options were found right. */
export interface CheckedSpec {
  readonly spec: MetricSpec;
  readonly context: FlowContext;
}

/** Compiles the context options. Throws ConfigError. */
export function checkSpec(spec: MetricSpec): CheckedSpec {
  return { spec, context: initializing(spec.name, () => compileContext(spec)) };
}

/** Registers the families. Throws ConfigError; then nothing stays registered. */
export function startHandler(
  kind: HandlerKind,
  { spec, context }: CheckedSpec,
  { registry, clock }: HandlerPlace,
): ActiveHandler {
  return { name: spec.name, context, handler: kind.create({ spec, context, registry, clock }) };
}

/** Runs a step of a handler's start; a failure is a ConfigError that names the metric. */
export function initializing<Result>(name: string, step: () => Result): Result {
  try {
    return step();
  } catch (thrown) {
    const why = errorMessage(thrown);
    throw new ConfigError(`unable to initialize metric '${name}': ${why}`, { path: "" });
  }
}

/** Takes a handler's families off the registry. */
export function stopHandler({ handler }: ActiveHandler, registry: Registry): void {
  for (const family of handler.families) registry.unregister(family.name);
}

/** Drops a handler's series that name a pod. O(series). */
export function deletePodSeries(active: ActiveHandler, namespace: string, name: string): void {
  for (const match of active.context.podMatches(namespace, name)) {
    for (const family of active.handler.families) removeSeries(family, match);
  }
}

/** A handler's name and options as the agent prints them. */
export function handlerStatus({ name, handler }: ActiveHandler): string {
  return `${name} ${handler.status}`;
}

function removeSeries(family: AnyFamily, match: ReadonlyMap<string, string>): void {
  const wanted = [...match].map(
    ([label, value]) => [family.labelNames.indexOf(label), value] as const,
  );
  if (wanted.some(([index]) => index < 0)) return;
  family.removeMatching((values) => wanted.every(([index, value]) => values[index] === value));
}
