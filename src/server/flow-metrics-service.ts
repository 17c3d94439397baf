/**
 * Hubble's metrics out of our flows: a page of their own in Hubble's names (127.0.0.1:9195, text and
 * OpenMetrics). The same series go into our storage, marked `job="ciliascope-flows"`, where metrics were
 * chosen: by default they do not, since a sum over what agents expose themselves and ours would be double.
 * Series beyond the budget are refused: counted, and said.
 */

import type { Clock } from "../base/clock.ts";
import { AppError, ConfigError, errorMessage } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { Flow } from "../flow/model/flow.ts";
import type { NodeCompleteness } from "../flow/source/completeness.ts";
import type { FlowProcessor } from "../flowmetrics/flow-metrics.ts";
import { HubbleInternals } from "../flowmetrics/hubble-internals.ts";
import { startFlowMetrics } from "../flowmetrics/start-flow-metrics.ts";
import { negotiateExposition, renderExposition } from "../metrics/exposition.ts";
import { Registry } from "../metrics/registry.ts";
import type { Appendable } from "../storage/storage.ts";
import { FlowSeriesWriter } from "./flow-series-writer.ts";
import { type HttpListener, isLoopback, listenHttp, parseListenAddress } from "./http-listener.ts";

/** Where the page listens unless told. */
export const flowMetricsListenDefault = "127.0.0.1:9195";
/** What is counted unless told: cheap, and what our dashboards of Hubble ask for. */
export const flowMetricsDefault =
  "dns drop tcp flow icmp port-distribution httpV2:labelsContext=source_namespace,source_workload,destination_namespace,destination_workload,traffic_direction";
/** Series of all flow metrics together. */
const seriesMax = 1_000_000;
const writeIntervalMs = 15_000;
const budgetIntervalMs = 1000;

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
}

/** Flow metrics at work. */
export interface FlowMetricsService {
  process(flows: readonly Flow[]): void;
  /** HOST:PORT of the page. */
  readonly address: string | undefined;
  warnings(): string[];
  close(): Promise<void>;
}

/** Starts the handlers, the page and the writing to storage. Throws ConfigError, AppError. */
export async function startFlowMetricsService(
  options: FlowMetricsServiceOptions,
): Promise<FlowMetricsService> {
  const { settings, clock, logger } = options;
  const page = new Registry();
  const internals = new HubbleInternals(page);
  const handlers = startHandlers(settings, { registry: page, clock, logger });
  const budget = new SeriesBudget(page, options.registry, logger);
  const losses = new LossCounter(internals, options.nodes);
  const isStored = (settings.metrics ?? "") !== "" || settings.dynamicFile !== undefined;
  const writer = isStored ? new FlowSeriesWriter(page, options.appendable, logger) : undefined;
  const stops = [
    every(clock, budgetIntervalMs, () => budget.look()),
    every(clock, writeIntervalMs, () => {
      losses.count();
      writer?.write(clock.nowMs());
    }),
  ];
  const server = await listen(options, page, internals);
  return {
    address: server === undefined ? undefined : `${server.address.host}:${server.address.port}`,
    process(flows) {
      if (budget.isOver) {
        budget.refuse(flows.length);
        return;
      }
      for (let i = 0; i < flows.length; i++) handlers.processFlow(flows[i] as Flow);
    },
    warnings: () => budget.warnings(),
    async close() {
      for (const stop of stops) stop();
      writer?.write(clock.nowMs());
      handlers.close();
      await server?.close();
    },
  };
}

function startHandlers(
  { metrics, dynamicFile }: FlowMetricsOptions,
  around: { readonly registry: Registry; readonly clock: Clock; readonly logger: Logger },
): FlowProcessor {
  if (dynamicFile !== undefined) {
    if (metrics !== undefined && metrics !== "") {
      throw new ConfigError(
        "both --flows.metrics and --flows.metrics-config are given; choose one",
        { path: "" },
      );
    }
    return startFlowMetrics({ ...around, dynamicFile });
  }
  const items = (metrics ?? flowMetricsDefault).split(/\s+/).filter((item) => item !== "");
  return startFlowMetrics({ ...around, metrics: items });
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
    const response = answer(page, request);
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

function answer(page: Registry, request: Request): Response {
  const url = new URL(request.url);
  if (!pageHosts.test(request.headers.get("host") ?? "")) {
    return new Response("this host name is not allowed here\n", { status: 403 });
  }
  if (url.pathname !== "/metrics")
    return new Response("flow metrics are at /metrics\n", { status: 404 });
  const choice = negotiateExposition(request.headers.get("accept") ?? undefined);
  return new Response(renderExposition(page, choice), {
    headers: { "content-type": choice.contentType },
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

/** Keeps the series of the page within their number: beyond it no flow is counted any more, and that is said. */
class SeriesBudget {
  isOver = false;
  readonly #page: Registry;
  readonly #logger: Logger;
  readonly #refused: { inc(by: number): void };
  #largest = "";
  #series = 0;

  constructor(page: Registry, own: Registry, logger: Logger) {
    this.#page = page;
    this.#logger = logger;
    const refused = own.counter({
      name: "ciliascope_flow_metrics_refused_flows_total",
      help: "Flows that were not counted, since the flow metrics have too many series.",
    });
    this.#refused = { inc: (by) => refused.labels().inc(by) };
    const gauge = own.gauge({
      name: "ciliascope_flow_metrics_series",
      help: "Series of the flow metrics, a histogram as one.",
    });
    own.onCollect(() => gauge.labels().set(this.#series));
  }

  look(): void {
    let series = 0;
    let most = 0;
    for (const family of this.#page.collect()) {
      const cost = family.type === "histogram" ? family.seriesCount * 14 : family.seriesCount;
      series += cost;
      if (cost > most) {
        most = cost;
        this.#largest = family.name;
      }
    }
    this.#series = series;
    const isOver = series > seriesMax;
    if (isOver && !this.isOver) this.#logger.error({ series }, this.#sentence());
    this.isOver = isOver;
  }

  refuse(flows: number): void {
    this.#refused.inc(flows);
  }

  warnings(): string[] {
    return this.isOver ? [this.#sentence()] : [];
  }

  #sentence(): string {
    return `The flow metrics have ${this.#series} series, more than ${seriesMax}: flows are not counted any more. ${this.#largest} has most; take labels off it in --flows.metrics.`;
  }
}
