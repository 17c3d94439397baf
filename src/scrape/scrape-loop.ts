/**
 * Scrapes one target at its interval. States: running → retired (target or config gone: the series
 * get stale markers two intervals and a tenth later, at the time of the scrape that would have come
 * next, so that a target that comes back at once shows no gap) or handed over (a loop with a new
 * config goes on with the same state) or stopped. A scrape is one transaction: samples, stale
 * markers and the report series appear together. Never throws: trouble is `up 0` and `lastError`.
 */

import type { CancelTimer, Clock } from "../base/clock.ts";
import { errorMessage } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { type HttpAnswer, HttpClientError, type HttpGet } from "../httpclient/http-client.ts";
import type { Appendable, Appender } from "../storage/storage.ts";
import type { SymbolTable } from "../textparse/byte-text.ts";
import { createTextParser } from "../textparse/parser-factory.ts";
import { BodyReader } from "./body-reader.ts";
import { reportLabels } from "./sample-labels.ts";
import type { ScrapeConfig } from "./scrape-config.ts";
import type { ScrapeMetrics } from "./scrape-metrics.ts";
import { acceptHeader, fallbackMediaType } from "./scrape-protocol.ts";
import { CachedSeries, SeriesCache } from "./series-cache.ts";
import type { Target } from "./target.ts";

/** A timer may fire so late and the sample still gets the time that was planned; even intervals compress well. */
const alignmentToleranceMs = 2;
const emptyBody = new Uint8Array(0);

const reportNames = [
  "up",
  "scrape_duration_seconds",
  "scrape_samples_scraped",
  "scrape_samples_post_metric_relabeling",
  "scrape_series_added",
] as const;
const extraReportNames = [
  "scrape_timeout_seconds",
  "scrape_sample_limit",
  "scrape_body_size_bytes",
] as const;

/** What fetches bodies: an HttpClient, or a test's stand-in. */
export interface ScrapeClient {
  get(get: HttpGet): Promise<HttpAnswer>;
  close(): void;
}

/** What all loops of a pool share. */
export interface LoopContext {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly appendable: Appendable;
  readonly metrics: ScrapeMetrics;
  readonly client: ScrapeClient;
  readonly symbols: SymbolTable;
  /** Whether start times (`_created`) are read and stored; then such lines are no series of their own. */
  readonly keepsStarts?: boolean;
  /** Whether storage is told what series are. */
  readonly recordsMetadata?: boolean;
  /** Whether series get `__type__` and `__unit__`. */
  readonly hasTypeAndUnitLabels?: boolean;
  readonly userAgent: string;
  /** Changes when targets are scraped within their interval; differs between servers. */
  readonly offsetSeed: number;
}

/** What a loop knows from its scrapes; may move to the loop that replaces it. */
export class LoopState {
  readonly cache = new SeriesCache();
  /** Report series by name. */
  readonly reports = new Map<string, CachedSeries>();
  lastScrapeMs: number | undefined;
  bodySizeHint = 0;
}

/** How a scrape went. */
interface Outcome {
  readonly error: string | undefined;
  readonly bodyBytes: number;
  readonly scraped: number;
  readonly kept: number;
  readonly seriesAdded: number;
}

/** What came over the network. */
interface Fetched {
  readonly answer: HttpAnswer | undefined;
  readonly error: string | undefined;
  /** -1 where the body was too large. */
  readonly bodyBytes: number;
}

/** The loop of one target. */
export class ScrapeLoop {
  readonly target: Target;
  readonly #config: ScrapeConfig;
  readonly #context: LoopContext;
  readonly #state: LoopState;
  readonly #reader: BodyReader;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #abort = new AbortController();
  #phase: "new" | "running" | "handed over" | "retired" | "stopped" = "new";
  #cancelTimer: CancelTimer | undefined;
  #underWay: Promise<void> | undefined;
  #dueMs = 0;
  #lastStartMs: number | undefined;
  #forcedError: string | undefined;
  #lastComplaint = "";
  #onRetired: (() => void) | undefined;

  constructor(target: Target, config: ScrapeConfig, context: LoopContext, state = new LoopState()) {
    this.target = target;
    this.#config = config;
    this.#context = context;
    this.#state = state;
    this.#reader = new BodyReader(config, target.labels, state.cache, {
      keepsStarts: context.keepsStarts ?? false,
      recordsMetadata: context.recordsMetadata ?? false,
      hasTypeAndUnitLabels: context.hasTypeAndUnitLabels ?? false,
    });
    this.#headers = {
      Accept: acceptHeader(config.protocols, config.escapingScheme),
      "Accept-Encoding": config.isCompressionEnabled ? "gzip" : "identity",
      "User-Agent": context.userAgent,
      "X-Prometheus-Scrape-Timeout-Seconds": String(target.timeoutMs / 1000),
    };
  }

  /** What it knows; see `handOver` for when it may be used elsewhere. */
  get state(): LoopState {
    return this.#state;
  }

  /** Begins scraping, at the target's own moment within the interval. */
  start(): void {
    if (this.#phase !== "new") return;
    this.#phase = "running";
    const { clock, offsetSeed } = this.#context;
    const { intervalMs } = this.target;
    const offsetMs = (hashText(this.target.seriesIdentity) ^ offsetSeed) >>> 0;
    const nowMs = clock.nowMs();
    // On a grid that does not depend on when we started: a restart or reload keeps the rhythm.
    const sinceGridMs = (nowMs - (offsetMs % intervalMs)) % intervalMs;
    this.#dueMs = nowMs - sinceGridMs + (sinceGridMs >= 0 ? intervalMs : 0);
    this.#schedule();
  }

  /** Makes every scrape fail with this text, without asking the target; undefined ends that. */
  forceError(error: string | undefined): void {
    this.#forcedError = error;
  }

  /** Ends scraping; resolves when a scrape under way is done, and the state is another loop's. */
  async handOver(): Promise<void> {
    this.#phase = "handed over";
    this.#cancelTimer?.();
    await this.#underWay;
  }

  /** Ends scraping; the series end later (see above). `onRetired` is called when they have. */
  retire(onRetired: () => void): void {
    this.#phase = "retired";
    this.#cancelTimer?.();
    this.#onRetired = onRetired;
    if (this.#underWay === undefined) this.#scheduleEnd();
  }

  /** Ends everything at once, a scrape under way too. With `markStale` the series end now. */
  async stop(markStale: boolean): Promise<void> {
    const wasHandedOver = this.#phase === "handed over";
    const wasRetired = this.#phase === "retired";
    this.#phase = "stopped";
    this.#cancelTimer?.();
    this.#abort.abort();
    await this.#underWay;
    if (!markStale || wasHandedOver) return;
    const nowMs = this.#context.clock.nowMs();
    this.#endSeries(wasRetired ? Math.min(this.#endMs(), nowMs) : nowMs);
  }

  #schedule(): void {
    const { clock } = this.#context;
    const delayMs = Math.max(0, this.#dueMs - clock.nowMs());
    this.#cancelTimer = clock.after(delayMs, () => {
      this.#underWay = this.#tick().finally(() => {
        this.#underWay = undefined;
        if (this.#phase === "running") this.#schedule();
        else if (this.#phase === "retired") this.#scheduleEnd();
      });
    });
  }

  async #tick(): Promise<void> {
    const { clock, metrics } = this.#context;
    const { intervalMs } = this.target;
    const nowMs = clock.nowMs();
    const toleranceMs = Math.min(alignmentToleranceMs, intervalMs / 100);
    const scrapeMs = Math.abs(nowMs - this.#dueMs) <= toleranceMs ? this.#dueMs : nowMs;
    const startMs = clock.monotonicMs();
    if (this.#lastStartMs !== undefined) {
      const seconds = (startMs - this.#lastStartMs) / 1000;
      metrics.intervalLength(this.target.scrapeInterval).observe(seconds);
    }
    this.#lastStartMs = startMs;
    const forced = this.#forcedError;
    const fetched =
      forced === undefined
        ? await this.#fetch()
        : { answer: undefined, error: forced, bodyBytes: 0 };
    if (this.#phase !== "stopped") this.#write(scrapeMs, startMs, fetched);
    const afterMs = clock.nowMs();
    do this.#dueMs += intervalMs;
    while (this.#dueMs <= afterMs);
  }

  async #fetch(): Promise<Fetched> {
    const { client, metrics } = this.#context;
    try {
      const answer = await client.get({
        url: this.target.scrapeUrl,
        headers: this.#headers,
        timeoutMs: this.target.timeoutMs,
        bodyMaxBytes: this.#config.limits.bodyBytes,
        bodySizeHint: this.#state.bodySizeHint,
        signal: this.#abort.signal,
      });
      if (answer.status !== 200) {
        const error = `server returned HTTP status ${answer.statusLine}`;
        return { answer: undefined, error, bodyBytes: 0 };
      }
      if (answer.body.length > 0) this.#state.bodySizeHint = answer.body.length;
      return { answer, error: undefined, bodyBytes: answer.body.length };
    } catch (thrown) {
      const isTooLarge = thrown instanceof HttpClientError && thrown.reason === "body_too_large";
      if (isTooLarge) metrics.exceededBodySizeLimit.inc();
      return { answer: undefined, error: errorMessage(thrown), bodyBytes: isTooLarge ? -1 : 0 };
    }
  }

  /** Everything that a scrape leaves behind, in one transaction. */
  #write(scrapeMs: number, startMs: number, fetched: Fetched): void {
    const { appendable, clock, logger } = this.#context;
    let appender = appendable.appender();
    const body = fetched.answer?.body ?? emptyBody;
    let outcome: Outcome = { ...noSamples, error: fetched.error, bodyBytes: fetched.bodyBytes };
    if (body.length > 0) {
      const error = this.#readBody(appender, body, scrapeMs, fetched.answer);
      const { scraped, kept, seriesAdded } = this.#reader;
      outcome = { error, bodyBytes: body.length, scraped, kept, seriesAdded };
    }
    if (body.length === 0 || outcome.error !== undefined) {
      // A failed scrape is an empty one: what was there is stale now.
      appender.rollback();
      appender = appendable.appender();
      this.#endTracked(appender, scrapeMs);
    }
    const durationSeconds = (clock.monotonicMs() - startMs) / 1000;
    this.target.report(scrapeMs, durationSeconds, outcome.error);
    this.#appendReport(appender, scrapeMs, durationSeconds, outcome);
    this.#state.lastScrapeMs = scrapeMs;
    try {
      appender.commit();
    } catch (thrown) {
      logger.error(
        { target: this.target.scrapeUrl, error: errorMessage(thrown) },
        "cannot store a scrape",
      );
    }
  }

  /** Appends the body's samples and the markers of what it lacks; returns what failed the scrape. */
  #readBody(
    appender: Appender,
    body: Uint8Array,
    scrapeMs: number,
    answer: HttpAnswer | undefined,
  ): string | undefined {
    const { cache } = this.#state;
    cache.begin(body);
    const contentType = answer?.headers["content-type"] ?? "";
    const { parser, warning } = createTextParser(body, contentType, {
      fallbackContentType: fallbackMediaType(this.#config.fallbackProtocol),
      symbols: this.#context.symbols,
      skipCreatedSeries: this.#context.keepsStarts ?? false,
    });
    if (parser === undefined) return warning;
    const { metadata } = this.target;
    const error = this.#reader.read(parser, appender, scrapeMs, metadata);
    this.#countRefused();
    if (error !== undefined) return error;
    for (const series of cache.staleSeries()) markStale(appender, series, scrapeMs);
    cache.finish();
    metadata.sweep(cache.scrape);
    return undefined;
  }

  /** Ends every series of the scrape before. */
  #endTracked(appender: Appender, atMs: number): void {
    const { cache } = this.#state;
    cache.begin(emptyBody);
    for (const series of cache.staleSeries()) markStale(appender, series, atMs);
    if (cache.finishEmpty()) this.#context.metrics.cacheFlushForced.inc();
  }

  #appendReport(
    appender: Appender,
    scrapeMs: number,
    durationSeconds: number,
    outcome: Outcome,
  ): void {
    const { scraped, kept, seriesAdded, bodyBytes, error } = outcome;
    const values = [error === undefined ? 1 : 0, durationSeconds, scraped, kept, seriesAdded];
    for (const [index, name] of reportNames.entries()) {
      this.#appendReportSample(appender, name, scrapeMs, values[index] ?? 0);
    }
    if (!this.#config.hasExtraMetrics) return;
    const extra = [this.target.timeoutMs / 1000, this.#config.limits.samples, bodyBytes];
    for (const [index, name] of extraReportNames.entries()) {
      this.#appendReportSample(appender, name, scrapeMs, extra[index] ?? 0);
    }
  }

  #appendReportSample(appender: Appender, name: string, scrapeMs: number, value: number): void {
    const { reports } = this.#state;
    let series = reports.get(name);
    if (series === undefined) {
      series = new CachedSeries(reportLabels(name, this.target.labels));
      reports.set(name, series);
    }
    if (series.labels === undefined) return;
    // A late sample is expected where a target comes back while its old loop ends: not worth a word.
    const result = appender.append(series.ref, series.labels, scrapeMs, value);
    if (result > 0) series.ref = result;
  }

  #countRefused(): void {
    const reader = this.#reader;
    const { metrics, logger } = this.#context;
    if (reader.isSampleLimitExceeded) metrics.exceededSampleLimit.inc();
    if (reader.isLabelLimitExceeded) metrics.exceededLabelLimits.inc();
    const { outOfOrder, duplicates, outOfBounds } = reader;
    const complaint =
      outOfOrder + duplicates + outOfBounds === 0
        ? ""
        : `${outOfOrder}/${duplicates}/${outOfBounds}`;
    // The same complaint at each scrape would fill the log and say nothing new.
    if (complaint !== this.#lastComplaint && complaint !== "") {
      logger.warn(
        { target: this.target.scrapeUrl, outOfOrder, duplicates, outOfBounds },
        "samples of a scrape were refused: late, repeated, or out of the range of time that can be written",
      );
    }
    this.#lastComplaint = complaint;
    metrics.sampleOutOfOrder.inc(outOfOrder);
    metrics.sampleDuplicate.inc(duplicates);
    metrics.sampleOutOfBounds.inc(outOfBounds);
  }

  /** When the next scrape would have been. A loop that never started knows it from the state that it took over. */
  #endMs(): number {
    return this.#dueMs > 0 ? this.#dueMs : (this.#state.lastScrapeMs ?? 0) + this.target.intervalMs;
  }

  #scheduleEnd(): void {
    const { clock } = this.#context;
    const { intervalMs } = this.target;
    const endMs = this.#endMs();
    const waitMs = endMs - clock.nowMs() + intervalMs * 1.1;
    this.#cancelTimer = clock.after(waitMs, () => {
      this.#endSeries(endMs);
      this.#onRetired?.();
    });
  }

  /** Stale markers for all series and the report series. */
  #endSeries(atMs: number): void {
    const { appendable, logger } = this.#context;
    if (this.#state.lastScrapeMs === undefined) return;
    const appender = appendable.appender();
    this.#endTracked(appender, atMs);
    for (const series of this.#state.reports.values()) markStale(appender, series, atMs);
    try {
      appender.commit();
    } catch (thrown) {
      logger.error(
        { target: this.target.scrapeUrl, error: errorMessage(thrown) },
        "cannot store stale markers",
      );
    }
  }
}

const noSamples = { scraped: 0, kept: 0, seriesAdded: 0 };

/** Results are not looked at: a marker that comes too late belongs to a series that goes on. */
function markStale(appender: Appender, series: CachedSeries, atMs: number): void {
  if (series.labels !== undefined && series.ref !== 0) {
    appender.appendStale(series.ref, series.labels, atMs);
  }
}

/** FNV-1a, 32 bits. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  }
  return hash >>> 0;
}
