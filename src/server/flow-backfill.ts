/**
 * Past flows into storage as metrics: the real handlers run over kept flows, and at each step of the
 * interval their series are written at that past time, with the marks of live flow metrics. Old samples
 * are let in by widening the out-of-order window for one synchronous write at a time, so that nobody
 * else's late samples get in. What storage has already for the same metrics is never written twice.
 * One job at a time, in slices; a cancelled one keeps what it wrote.
 */

import type { Clock } from "../base/clock.ts";
import { AppError, ConfigError, errorMessage } from "../base/errors.ts";
import { type Logger, silentLogger } from "../base/logger.ts";
import type { FlowHistory } from "../flow/flow-history.ts";
import { FlowTimeParser } from "../flow/store/flow-time.ts";
import { createFlowMetrics, type FlowMetrics } from "../flowmetrics/flow-metrics.ts";
import { parseMetricSpecs } from "../flowmetrics/spec.ts";
import { seriesPerChild } from "../flowmetrics/studio/spec-count.ts";
import { WorkSlice } from "../flowmetrics/studio/work-slice.ts";
import { Registry } from "../metrics/registry.ts";
import { createMatcher } from "../model/matcher.ts";
import { SampleBuffer } from "../model/sample.ts";
import type { Appendable, Appender, Queryable } from "../storage/storage.ts";
import { FlowSeriesWriter, flowSeriesMarks } from "./flow-series-writer.ts";

/** Storage as a back-fill needs it; the tsdb is one. */
export interface BackfillStorage extends Appendable, Queryable {
  setOutOfOrderWindow(windowMs: number): void;
}

/** What is needed. */
export interface FlowBackfillOptions {
  readonly history: FlowHistory;
  readonly storage: BackfillStorage;
  /** The window that is in force otherwise, ms. */
  readonly outOfOrderWindowMs: () => number;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What is to be filled. */
export interface BackfillRequest {
  /** As `hubble.metrics.enabled`. */
  readonly metrics: readonly string[];
  readonly sinceMs: number;
  /** Undefined: until now, or until storage has the metrics itself. */
  readonly untilMs: number | undefined;
  readonly intervalMs: number;
}

/** How it stands. */
export interface BackfillStatus {
  readonly state: "none" | "running" | "done" | "cancelled" | "failed";
  readonly metrics: readonly string[];
  readonly sinceMs: number;
  readonly untilMs: number;
  /** How far it is. */
  readonly atMs: number;
  readonly flows: number;
  readonly series: number;
  readonly samples: number;
  /** Samples that storage would not take. */
  readonly refused: number;
  readonly message: string;
}

/** Series and samples of one job: what one write and the head bear. */
const seriesMax = 50_000;
const samplesMax = 20_000_000;
const intervalMinMs = 1000;
/** The window is this much wider than the age of the oldest sample. */
const windowSpareMs = 3_600_000;

/** Runs jobs, one at a time. */
export class FlowBackfill {
  readonly #options: FlowBackfillOptions;
  #job: BackfillJob | undefined;
  #done: Promise<void> = Promise.resolve();

  constructor(options: FlowBackfillOptions) {
    this.#options = options;
  }

  get status(): BackfillStatus {
    return this.#job?.status ?? noJob;
  }

  /** Checks and begins; returns at once. Throws ConfigError, AppError "refused". */
  async start(request: BackfillRequest): Promise<BackfillStatus> {
    if (this.status.state === "running") {
      throw new AppError("refused", "a back-fill is running; wait for it or cancel it");
    }
    const job = new BackfillJob(this.#options, await this.#checked(request));
    this.#job = job;
    this.#done = job.run();
    return job.status;
  }

  /** Ends the job that runs; what it wrote stays. */
  async cancel(): Promise<BackfillStatus> {
    this.#job?.cancel();
    await this.#done;
    return this.status;
  }

  /** Settles when no job runs. */
  async settled(): Promise<void> {
    await this.#done;
  }

  async #checked(request: BackfillRequest): Promise<CheckedRequest> {
    const { sinceMs, intervalMs } = request;
    if (!(intervalMs >= intervalMinMs)) {
      throw new ConfigError("the interval must be a second or more", { path: "interval" });
    }
    const registry = new Registry();
    const processor = createFlowMetrics({
      specs: parseMetricSpecs(request.metrics),
      registry,
      clock: this.#options.clock,
      logger: silentLogger,
    });
    const names = registry.collect().map(({ name }) => name);
    if (names.length === 0) {
      throw new ConfigError("no metric is named that could be filled", { path: "metrics" });
    }
    const nowMs = this.#options.clock.nowMs();
    const untilMs = await this.#freeUntil(
      names,
      request,
      Math.min(request.untilMs ?? nowMs, nowMs),
    );
    if (untilMs <= sinceMs) {
      throw new ConfigError("the window is empty: it ends before it begins", { path: "until" });
    }
    return { ...request, untilMs, registry, processor };
  }

  /** Refuses what storage has already, or ends before it where no end was asked for. */
  async #freeUntil(
    names: readonly string[],
    { sinceMs, untilMs: asked }: BackfillRequest,
    untilMs: number,
  ): Promise<number> {
    const stored = await firstStored(this.#options.storage, names, { sinceMs, untilMs });
    if (stored === undefined) return untilMs;
    if (asked === undefined && stored.timeMs > sinceMs) return stored.timeMs - 1;
    throw new ConfigError(
      `storage has ${stored.name} of flows from ${new Date(stored.timeMs).toISOString()} on, and samples are not written twice; end before that, or delete them first`,
      { path: "until" },
    );
  }
}

const noJob: BackfillStatus = {
  state: "none",
  metrics: [],
  sinceMs: 0,
  untilMs: 0,
  atMs: 0,
  flows: 0,
  series: 0,
  samples: 0,
  refused: 0,
  message: "",
};

interface CheckedRequest extends BackfillRequest {
  readonly untilMs: number;
  readonly registry: Registry;
  readonly processor: FlowMetrics;
}

/** The first sample of flow metrics of these names within the span. */
async function firstStored(
  storage: Queryable,
  names: readonly string[],
  { sinceMs, untilMs }: { readonly sinceMs: number; readonly untilMs: number },
): Promise<{ readonly name: string; readonly timeMs: number } | undefined> {
  const querier = storage.querier(sinceMs, untilMs);
  const matchers = [
    createMatcher("=~", "__name__", `(?:${names.join("|")})(?:_bucket|_sum|_count)?`),
    ...flowSeriesMarks.map(([name, value]) => createMatcher("=", name, value)),
  ];
  const { series } = await querier.select(matchers, { startMs: sinceMs, endMs: untilMs });
  const samples = new SampleBuffer();
  let first: { readonly name: string; readonly timeMs: number } | undefined;
  for (const one of series) {
    samples.clear();
    one.readSamples(samples, sinceMs, untilMs);
    const timeMs = samples.timestampsMs[0];
    if (samples.count === 0 || timeMs === undefined) continue;
    if (first === undefined || timeMs < first.timeMs)
      first = { name: one.labels.metricName, timeMs };
  }
  querier.close();
  return first;
}

class BackfillJob {
  readonly #options: FlowBackfillOptions;
  readonly #request: CheckedRequest;
  readonly #writer: FlowSeriesWriter;
  readonly #abort = new AbortController();
  readonly #time = new FlowTimeParser();
  #state: BackfillStatus["state"] = "running";
  #message = "";
  #flows = 0;
  #samples = 0;
  #refused = 0;
  #series = 0;
  #atMs: number;
  #fault: string | undefined;

  constructor(options: FlowBackfillOptions, request: CheckedRequest) {
    this.#options = options;
    this.#request = request;
    // Whole multiples, as if the server had written all along.
    this.#atMs = Math.ceil(request.sinceMs / request.intervalMs) * request.intervalMs;
    const logger: Logger = {
      ...silentLogger,
      error: ({ error }) => {
        this.#fault = String(error);
      },
    };
    const appendable = { appender: () => this.#counting(options.storage.appender()) };
    this.#writer = new FlowSeriesWriter(request.registry, appendable, logger);
  }

  get status(): BackfillStatus {
    const { metrics, sinceMs, untilMs } = this.#request;
    return {
      state: this.#state,
      metrics,
      sinceMs,
      untilMs,
      atMs: Math.min(this.#atMs, untilMs),
      flows: this.#flows,
      series: this.#series,
      samples: this.#samples,
      refused: this.#refused,
      message: this.#message,
    };
  }

  cancel(): void {
    this.#abort.abort();
  }

  async run(): Promise<void> {
    const { history, clock, logger } = this.#options;
    const { sinceMs, untilMs } = this.#request;
    const { signal } = this.#abort;
    const slice = new WorkSlice(clock, signal);
    try {
      const filter = { allow: [], deny: [] };
      for await (const batch of history.search({ sinceMs, untilMs, filter, signal })) {
        for (const flow of batch) {
          if (flow.time !== undefined && this.#time.parse(flow.time)) {
            await this.#writeUntil(this.#time.ms, slice);
          }
          if (signal.aborted) break;
          this.#request.processor.processFlow(flow);
          this.#flows++;
          await slice.pauseIfOver();
        }
      }
      if (this.#flows > 0) await this.#writeUntil(untilMs, slice);
      this.#state = signal.aborted ? "cancelled" : "done";
      this.#message = this.#summary();
    } catch (thrown) {
      this.#state = "failed";
      this.#message = errorMessage(thrown);
    }
    this.#request.processor.close();
    logger.info({ state: this.#state, samples: this.#samples }, "back-fill of flow metrics ended");
  }

  /** Writes every step before `timeMs`. Before the first flow there is nothing to write. */
  async #writeUntil(timeMs: number, slice: WorkSlice): Promise<void> {
    while (this.#atMs < timeMs && !slice.isAborted) {
      if (this.#flows > 0) this.#write(this.#atMs);
      this.#atMs += this.#request.intervalMs;
      await slice.pauseIfOver();
    }
  }

  #write(timeMs: number): void {
    this.#checkSize();
    const { storage, outOfOrderWindowMs, clock } = this.#options;
    storage.setOutOfOrderWindow(clock.nowMs() - this.#request.sinceMs + windowSpareMs);
    try {
      this.#writer.write(timeMs);
    } finally {
      storage.setOutOfOrderWindow(outOfOrderWindowMs());
    }
    if (this.#fault !== undefined) {
      throw new AppError("disk", `storage takes no samples: ${this.#fault}`);
    }
  }

  #checkSize(): void {
    let series = 0;
    for (const family of this.#request.registry.collect()) {
      series += family.seriesCount * seriesPerChild(family);
    }
    this.#series = series;
    if (series > seriesMax) {
      throw new AppError("limit", `stopped: more than ${seriesMax} series; take labels off`);
    }
    if (this.#samples + series > samplesMax) {
      throw new AppError(
        "limit",
        `stopped at ${samplesMax} samples; take a longer interval or a shorter window`,
      );
    }
  }

  /** Counts what storage takes and what it refuses. */
  #counting(appender: Appender): Appender {
    const count = (result: number): number => {
      if (result < 0) this.#refused++;
      else this.#samples++;
      return result;
    };
    return {
      append: (ref, labels, timestampMs, value) =>
        count(appender.append(ref, labels, timestampMs, value)),
      appendHistogram: (ref, labels, timestampMs, histogram) =>
        count(appender.appendHistogram(ref, labels, timestampMs, histogram)),
      appendStale: (ref, labels, timestampMs) => appender.appendStale(ref, labels, timestampMs),
      appendExemplar: (ref, exemplar) => appender.appendExemplar(ref, exemplar),
      commit: () => appender.commit(),
      rollback: () => appender.rollback(),
    };
  }

  #summary(): string {
    if (this.#flows === 0) return "There is no flow in this window, so nothing was written.";
    const refused =
      this.#refused === 0
        ? ""
        : ` Storage refused ${this.#refused} samples: it had newer ones there.`;
    return `${this.#samples} samples of ${this.#series} series were written from ${this.#flows} flows.${refused}`;
  }
}
