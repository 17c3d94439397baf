/**
 * The contract of a flow metric handler: what a folder in handlers/ exports and what it is given.
 * A handler registers its families when it is created and is called for every flow; it must not keep
 * the flow, and must allocate nothing for a flow that only raises series that exist.
 */

import type { Clock } from "../base/clock.ts";
import { ConfigError } from "../base/errors.ts";
import type { Flow } from "../flow/model/flow.ts";
import type {
  AnyFamily,
  CounterFamily,
  ExemplarContext,
  HistogramFamily,
} from "../metrics/families.ts";
import type { FamilyOptions } from "../metrics/metric-family.ts";
import type { Registry } from "../metrics/registry.ts";
import { labelsFromEntries } from "../model/labels.ts";
import type { FlowContext } from "./context.ts";
import type { MetricSpec } from "./spec.ts";

/** What a handler is made from. `context` is compiled from `spec`. */
export interface HandlerSetup {
  readonly spec: MetricSpec;
  readonly context: FlowContext;
  readonly registry: Registry;
  /** Dates exemplars. */
  readonly clock: Clock;
}

/** A handler at work. */
export interface FlowHandler {
  processFlow(flow: Flow): void;
  /** The handler's options as the agent prints them, without its name. */
  readonly status: string;
  /** Every family it registered; their labels include the context's. */
  readonly families: readonly AnyFamily[];
}

/** One kind of handler: the entry in registry.ts. */
export interface HandlerKind {
  /** As in the metrics string; case matters. */
  readonly name: string;
  /** One sentence for docs and the editor. */
  readonly summary: string;
  /** Its own options, beside the context options: name → what it does. */
  readonly options: Readonly<Record<string, string>>;
  /** Handlers that cannot run beside it, since they own the same metrics. */
  readonly conflictsWith: readonly string[];
  /** Registers the families. Throws ConfigError. */
  create(setup: HandlerSetup): FlowHandler;
}

/** Registers a counter; a name that is taken is a ConfigError in the words of Prometheus' Go client. */
export function registerCounter(setup: HandlerSetup, options: FamilyOptions): CounterFamily {
  refuseTaken(setup.registry, options);
  return setup.registry.counter(options);
}

/** As registerCounter, for a histogram with the client's default buckets. */
export function registerHistogram(setup: HandlerSetup, options: FamilyOptions): HistogramFamily {
  refuseTaken(setup.registry, options);
  return setup.registry.histogram(options);
}

/** An exemplar that names a trace, undefined without one. */
export function traceExemplar(trace: string, clock: Clock): ExemplarContext | undefined {
  if (trace === "") return undefined;
  return { labels: labelsFromEntries([["traceID", trace]]), timestampMs: clock.nowMs() };
}

function refuseTaken(registry: Registry, options: FamilyOptions): void {
  const taken = registry.get(options.name);
  if (taken === undefined) return;
  const wanted = (options.labelNames ?? []).join(",");
  const message =
    taken.labelNames.join(",") === wanted
      ? "duplicate metrics collector registration attempted"
      : `a previously registered descriptor with the same fully-qualified name as ${describe(options)} has different label names or a different help string`;
  throw new ConfigError(message, { path: "" });
}

/** A metric as Prometheus' Go client describes it in its errors. */
export function describe(options: FamilyOptions): string {
  return `Desc{fqName: "${options.name}", help: "${options.help}", constLabels: {}, variableLabels: {${(options.labelNames ?? []).join(",")}}}`;
}
