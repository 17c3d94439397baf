/**
 * Hubble's metrics out of our flows: a page of their own in Hubble's names (127.0.0.1:9195, text and
 * OpenMetrics). The same series go into our storage, marked `job="ciliascope-flows"`, where metrics were
 * chosen: by default they do not, since a sum over what agents expose themselves and ours would be double.
 * New series beyond the budget, or with a label value that is too long, are refused, those that exist count
 * on: counted, and said.
 */

import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "../base/clock.ts";
import { AppError, ConfigError, errorMessage } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Flow } from "../flow/model/flow.ts";
import type { CallObserver } from "../flow/observer/observer-server.ts";
import type { NodeCompleteness } from "../flow/source/completeness.ts";
import type { FlowProcessor } from "../flowmetrics/flow-metrics.ts";
import { HubbleInternals } from "../flowmetrics/hubble-internals.ts";
import { startFlowMetrics } from "../flowmetrics/start-flow-metrics.ts";
import { WorkSlice } from "../flowmetrics/studio/work-slice.ts";
import { SwitchableFlowMetrics } from "../flowmetrics/switchable-flow-metrics.ts";
import { negotiateExposition, renderPieces } from "../metrics/exposition.ts";
import { Registry } from "../metrics/registry.ts";
import { SeriesBudget } from "../metrics/series-budget.ts";
import type { Appendable } from "../storage/storage.ts";
import { BudgetWatch } from "./flow-budget-watch.ts";
import { LabelWatch } from "./flow-label-watch.ts";
import { FlowSeriesWriter } from "./flow-series-writer.ts";
import { type HttpListener, isLoopback, listenHttp, parseListenAddress } from "./http-listener.ts";

/** Where the page listens unless told. */
export const flowMetricsListenDefault = "127.0.0.1:9195";
/** What is counted unless told: cheap, and what our dashboards of Hubble ask for. */
export const flowMetricsDefault =
  "dns drop tcp flow icmp port-distribution httpV2:labelsContext=source_namespace,source_workload,destination_namespace,destination_workload,traffic_direction";
/** Series of all flow metrics together. */
const seriesMax = 1_000_000;
/** How often the series go into storage. */
export const flowMetricsWriteMs = 15_000;
/** How often it is looked at what was refused. */
const lookIntervalMs = 1000;
/** How long the series of a pod outlive it: as in Cilium, so that its last flows are scraped. */
const deletionDelayMs = 60_000;

/** Settings, as flags give them. */
export interface FlowMetricsOptions {
  /** HOST:PORT, "" = no page, undefined = the default, given up where its port is taken. */
  readonly listen: string | undefined;
  /** As `hubble.metrics.enabled`, items separated by blanks; undefined = the default, "" = none. */
  readonly metrics: string | undefined;
  /** A file of MetricConfigs (`hubble.metrics.dynamic`), reloaded as it changes. */
  readonly dynamicFile: string | undefined;
}

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

/** What is counted now, and who said so. */
export interface FlowMetricsChoice {
  /** One metric an entry; undefined where a configuration file says it. */
  readonly metrics: readonly string[] | undefined;
  readonly source: "default" | "flag" | "file" | "studio";
  /** Whether the series go into our storage. */
  readonly isStored: boolean;
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
  const { clock, logger } = options;
  const series = new SeriesBudget(options.seriesMax ?? seriesMax);
  const page = new Registry(series);
  const internals = new HubbleInternals(page);
  const chosen = new ChosenMetrics(options, { registry: page, clock, logger });
  const { handlers } = chosen;
  const place = () => placeOf(chosen.choice.source, options.settings);
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
  const server = await listen(options, page, internals);
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

/** Which metrics are counted: the flag's, a file's, what was switched on before, else the default. */
class ChosenMetrics {
  readonly handlers: FlowProcessor;
  readonly #list: SwitchableFlowMetrics | undefined;
  readonly #memoryFile: string | undefined;
  readonly #logger: Logger;
  #source: FlowMetricsChoice["source"];

  constructor(
    { settings, memoryFile }: FlowMetricsServiceOptions,
    around: { readonly registry: Registry; readonly clock: Clock; readonly logger: Logger },
  ) {
    const { metrics, dynamicFile } = settings;
    this.#memoryFile = memoryFile;
    this.#logger = around.logger;
    if (dynamicFile !== undefined) {
      refuseBoth(metrics);
      this.#source = "file";
      this.handlers = startFlowMetrics({ ...around, dynamicFile });
      return;
    }
    const list = new SwitchableFlowMetrics(around);
    this.#list = list;
    this.handlers = list;
    const remembered = metrics === undefined ? this.#recall() : undefined;
    this.#source = metrics === undefined ? "default" : "flag";
    if (remembered !== undefined && this.#tryRemembered(list, remembered)) return;
    list.switchTo([metrics ?? flowMetricsDefault]);
  }

  get choice(): FlowMetricsChoice {
    const metrics = this.#list?.metrics;
    const isStored = this.#source !== "default" && metrics?.length !== 0;
    return { metrics, source: this.#source, isStored };
  }

  switchTo(metrics: readonly string[]): void {
    const list = this.#list;
    if (list === undefined) {
      throw new AppError(
        "refused",
        "the metrics of this server are in the file of --flows.metrics-config: change it there",
      );
    }
    const change = list.switchTo(metrics);
    this.#source = "studio";
    this.#logger.info(change, "flow metrics changed");
    this.#remember(list.metrics);
  }

  #tryRemembered(list: SwitchableFlowMetrics, metrics: readonly string[]): boolean {
    try {
      list.switchTo(metrics);
      this.#source = "studio";
      return true;
    } catch (thrown) {
      const fields = { file: this.#memoryFile, error: errorMessage(thrown) };
      this.#logger.warn(fields, "the flow metrics switched on before cannot be counted");
      return false;
    }
  }

  #recall(): readonly string[] | undefined {
    if (this.#memoryFile === undefined) return undefined;
    try {
      const kept: unknown = JSON.parse(readFileSync(this.#memoryFile, "utf8"));
      const metrics = (kept as { readonly metrics?: unknown } | null)?.metrics;
      return Array.isArray(metrics) ? metrics.map(String) : undefined;
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      const fields = { file: this.#memoryFile, error: errorMessage(thrown) };
      this.#logger.warn(fields, "cannot read which flow metrics were switched on");
      return undefined;
    }
  }

  /** Whole or not at all: the file is renamed into place. */
  #remember(metrics: readonly string[]): void {
    const file = this.#memoryFile;
    if (file === undefined) return;
    try {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(`${file}.new`, `${JSON.stringify({ metrics }, null, 2)}\n`);
      renameSync(`${file}.new`, file);
    } catch (thrown) {
      throw new AppError(
        "disk",
        `the metrics are counted now, but will not be after a restart: cannot write ${file}: ${errorMessage(thrown)}`,
        { cause: thrown },
      );
    }
  }
}

/** Where somebody changes what is counted. */
function placeOf(source: FlowMetricsChoice["source"], { dynamicFile }: FlowMetricsOptions): string {
  if (source === "file") return `in ${dynamicFile}`;
  return source === "flag" ? "in --flows.metrics" : "in the Metrics studio";
}

function refuseBoth(metrics: string | undefined): void {
  if (metrics === undefined || metrics === "") return;
  throw new ConfigError("both --flows.metrics and --flows.metrics-config are given; choose one", {
    path: "",
  });
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

async function listen(
  { settings, clock, logger }: FlowMetricsServiceOptions,
  page: Registry,
  internals: HubbleInternals,
): Promise<HttpListener | undefined> {
  const { listen: text = flowMetricsListenDefault } = settings;
  if (text === "") return undefined;
  const address = parseListenAddress(text);
  if (!isLoopback(address.host)) {
    throw new AppError(
      "refused",
      `cannot serve flow metrics on ${text}: the page asks nobody for a password. Listen on 127.0.0.1, or read the series with job="ciliascope-flows" from the server`,
    );
  }
  const fetch = (request: Request): Response => {
    const startedMs = clock.monotonicMs();
    const response = answer(page, clock, request);
    internals.countScrape(response.status, (clock.monotonicMs() - startedMs) / 1000);
    return response;
  };
  try {
    return await listenHttp(fetch, address, { flag: "--flows.metrics-listen" });
  } catch (thrown) {
    const isTaken = thrown instanceof AppError && thrown.code === "address_in_use";
    if (!isTaken || settings.listen !== undefined) throw thrown;
    logger.warn({ error: errorMessage(thrown) }, "no page of flow metrics; it goes on without");
    return undefined;
  }
}

/** A page that other sites' scripts could ask by a rebound name would leak: only loopback's own names. */
const pageHosts = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/i;

function answer(page: Registry, clock: Clock, request: Request): Response {
  const url = new URL(request.url);
  if (!pageHosts.test(request.headers.get("host") ?? "")) {
    return new Response("this host name is not allowed here\n", { status: 403 });
  }
  if (url.pathname !== "/metrics")
    return new Response("flow metrics are at /metrics\n", { status: 404 });
  const choice = negotiateExposition(request.headers.get("accept") ?? undefined);
  const pieces = renderPieces(page, choice.format);
  return new Response(streamPieces(pieces, new WorkSlice(clock)), {
    headers: { "content-type": choice.contentType },
  });
}

/** Made only as fast as the client reads, with turns for others in between. */
function streamPieces(pieces: Generator<string>, slice: WorkSlice): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      for (;;) {
        const step = pieces.next();
        if (step.done === true) {
          controller.close();
          return;
        }
        await slice.pauseIfOver();
        if (step.value === "") continue;
        controller.enqueue(encoder.encode(step.value));
        return;
      }
    },
    cancel() {
      pieces.return(undefined);
    },
  });
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
