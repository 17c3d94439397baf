/**
 * Hubble's metrics out of our flows: a page of their own in Hubble's names (127.0.0.1:9195, text and
 * OpenMetrics). The same series go into our storage, marked `job="ciliascope-flows"`, where metrics were
 * chosen: by default they do not, since a sum over what agents expose themselves and ours would be double.
 * New series beyond the budget, or with a label value that is too long, are refused, those that exist count
 * on: counted, and said.
 */

import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Flow } from "../flow/model/flow.ts";
import type { CallObserver } from "../flow/observer/observer-server.ts";
import type { NodeCompleteness } from "../flow/source/completeness.ts";
import { HubbleInternals } from "../flowmetrics/hubble-internals.ts";
import { WorkSlice } from "../flowmetrics/studio/work-slice.ts";
import { Registry } from "../metrics/registry.ts";
import { SeriesBudget } from "../metrics/series-budget.ts";
import type { Appendable } from "../storage/storage.ts";
import {
  ChosenMetrics,
  type FlowMetricsChoice,
  type FlowMetricsOptions,
  placeOf,
} from "./chosen-flow-metrics.ts";
import { BudgetWatch } from "./flow-budget-watch.ts";
import { LabelWatch } from "./flow-label-watch.ts";
import { listenForScrapes } from "./flow-metrics-page.ts";
import { FlowSeriesWriter } from "./flow-series-writer.ts";

/** Series of all flow metrics together. */
const seriesMax = 1_000_000;
/** How often the series go into storage. */
export const flowMetricsWriteMs = 15_000;
/** How often it is looked at what was refused. */
const lookIntervalMs = 1000;
/** How long the series of a pod outlive it: as in Cilium, so that its last flows are scraped. */
const deletionDelayMs = 60_000;

/** What is needed. */
export interface FlowMetricsServiceOptions {
  readonly settings: FlowMetricsOptions;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Our own metrics. */
  readonly registry: Registry;
  readonly appendable: Appendable;
  /** What sources lost, for hubble_lost_events_total. */
  readonly nodes: () => readonly NodeCompleteness[];
  /** Where a list chosen at run time is kept for the next start; absent: it is not. */
  readonly memoryFile?: string;
  /** Series of all flow metrics together; 1,000,000 unless told. */
  readonly seriesMax?: number | undefined;
}

/** Flow metrics at work. */
export interface FlowMetricsService {
  process(flows: readonly Flow[]): void;
  /** A pod is gone: a minute later the series that name it go too. */
  endpointGone(namespace: string, podName: string): void;
  /** Counts the calls of our Observer on the page, as an agent does. */
  readonly calls: CallObserver;
  /** HOST:PORT of the page. */
  readonly address: string | undefined;
  warnings(): string[];
  choice(): FlowMetricsChoice;
  /**
   * Counts these from now on, stores their series, and remembers the list. Metrics that stay as written
   * keep their counts. Throws ConfigError where the agent would refuse it, AppError "refused" where a
   * file says what is counted.
   */
  switchTo(metrics: readonly string[]): void;
  close(): Promise<void>;
}

/** Starts the handlers, the page and the writing to storage. Throws ConfigError, AppError. */
export async function startFlowMetricsService(
  options: FlowMetricsServiceOptions,
): Promise<FlowMetricsService> {
  const { clock, logger, settings, memoryFile } = options;
  const series = new SeriesBudget(options.seriesMax ?? seriesMax);
  const page = new Registry(series);
  const internals = new HubbleInternals(page);
  const chosen = new ChosenMetrics({ settings, memoryFile, registry: page, clock, logger });
  const { handlers } = chosen;
  const place = () => placeOf(chosen.choice.source, settings);
  const surroundings = { page, own: options.registry, logger, place };
  const budget = new BudgetWatch(series, surroundings);
  const labels = new LabelWatch(series, surroundings);
  const losses = new LossCounter(internals, options.nodes);
  page.onCollect(() => losses.count());
  const leaving = new Set<() => void>();
  const storing = new Storing(new FlowSeriesWriter(page, options.appendable, logger), clock);
  const stops = [
    every(clock, lookIntervalMs, () => {
      budget.look();
      labels.look();
    }),
    every(clock, flowMetricsWriteMs, () => {
      if (chosen.choice.isStored) storing.begin();
    }),
  ];
  const { listen } = settings;
  const server = await listenForScrapes({ listen, page, internals, clock, logger });
  return {
    address: server === undefined ? undefined : `${server.address.host}:${server.address.port}`,
    process(flows) {
      for (let i = 0; i < flows.length; i++) {
        const { refused, overlong } = series;
        handlers.processFlow(flows[i] as Flow);
        if (series.refused !== refused) budget.countFlow();
        if (series.overlong !== overlong) labels.countFlow();
      }
    },
    endpointGone(namespace, podName) {
      const cancel = clock.after(deletionDelayMs, () => {
        leaving.delete(cancel);
        handlers.deleteEndpoint(namespace, podName);
      });
      leaving.add(cancel);
    },
    calls: callCounter(internals),
    warnings: () => [...budget.warnings(), ...labels.warnings()],
    choice: () => chosen.choice,
    switchTo(metrics) {
      chosen.switchTo(metrics);
      budget.look();
      labels.forget();
    },
    async close() {
      for (const stop of [...stops, ...leaving]) stop();
      await storing.settled();
      if (chosen.choice.isStored) storing.begin();
      await storing.settled();
      handlers.close();
      await server?.close();
    },
  };
}

/** Writes the series to storage, one round at a time. */
class Storing {
  readonly #writer: FlowSeriesWriter;
  readonly #clock: Clock;
  #round: Promise<void> | undefined;

  constructor(writer: FlowSeriesWriter, clock: Clock) {
    this.#writer = writer;
    this.#clock = clock;
  }

  /** Begins a round with the values of now, unless one is at work. */
  begin(): void {
    const clock = this.#clock;
    this.#round ??= this.#writer.writeInSlices(clock.nowMs(), new WorkSlice(clock)).finally(() => {
      this.#round = undefined;
    });
  }

  async settled(): Promise<void> {
    await this.#round;
  }
}

/** Calls again and again; returns how to stop. */
function every(clock: Clock, intervalMs: number, run: () => void): () => void {
  let cancel = clock.after(intervalMs, tick);
  function tick(): void {
    cancel = clock.after(intervalMs, tick);
    run();
  }
  return () => cancel();
}

/** Counts what sources lost, by the causes that they name. */
class LossCounter {
  readonly #internals: HubbleInternals;
  readonly #nodes: () => readonly NodeCompleteness[];
  readonly #counted = new Map<string, number>();

  constructor(internals: HubbleInternals, nodes: () => readonly NodeCompleteness[]) {
    this.#internals = internals;
    this.#nodes = nodes;
  }

  count(): void {
    const totals = new Map<string, number>();
    for (const { lost } of this.#nodes()) {
      for (const [cause, events] of Object.entries(lost)) {
        totals.set(cause, (totals.get(cause) ?? 0) + events);
      }
    }
    for (const [cause, events] of totals) {
      const more = events - (this.#counted.get(cause) ?? 0);
      if (more > 0) this.#internals.countLost(cause, more);
      this.#counted.set(cause, events);
    }
  }
}

/** The Observer's calls as the agent counts them. */
function callCounter(internals: HubbleInternals): CallObserver {
  return {
    callStarted: (method) => internals.countCallStarted(method),
    messageReceived: (method) => internals.countMessage(method, "received"),
    messageSent: (method) => internals.countMessage(method, "sent"),
    callEnded: (method, code) => internals.countCallHandled(method, code),
  };
}
