/**
 * Runs a configuration: one scrape pool and one set of discoverers for each scrape config. A new
 * configuration touches only what changed; an equal scrape config keeps its loops, connections and
 * caches. Also what the API shows of targets.
 */

import { hostname } from "node:os";
import type { Clock } from "../base/clock.ts";
import { errorMessage } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { TargetGroup } from "../discovery/target-group.ts";
import { HttpClient } from "../httpclient/http-client.ts";
import type { HttpClientConfig } from "../httpclient/http-client-config.ts";
import { Registry } from "../metrics/registry.ts";
import { compareUtf8 } from "../model/labels.ts";
import type { Appendable } from "../storage/storage.ts";
import type { MetadataEntry } from "./metadata-cache.ts";
import type { ScrapeConfig } from "./scrape-config.ts";
import { hashText, type ScrapeClient } from "./scrape-loop.ts";
import { ScrapeMetrics } from "./scrape-metrics.ts";
import { type DroppedTarget, type PoolContext, ScrapePool } from "./scrape-pool.ts";
import { Target } from "./target.ts";

/** What a manager is made with. */
export interface ScrapeManagerOptions {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly appendable: Appendable;
  /** Gets the manager's own metrics. */
  readonly registry?: Registry;
  /** Whether start times (`_created`) are read and stored (`--enable-feature=st-storage`). */
  readonly keepsStartTimestamps?: boolean;
  /** Whether storage is told what series are (`--enable-feature=metadata-wal-records`). */
  readonly recordsMetadata?: boolean;
  /** Name of this machine as others reach it, for links to local targets; the host name by default. */
  readonly externalHost?: string;
  /** Whether series get the labels `__type__` and `__unit__`. */
  readonly hasTypeAndUnitLabels?: boolean;
  /** "Ciliascope/0.1.0" */
  readonly userAgent?: string;
  /** Makes what fetches bodies; HttpClient by default. */
  readonly createClient?: (config: HttpClientConfig) => ScrapeClient;
}

/** The part of a configuration that is run here. */
export interface ScrapeConfiguration {
  readonly scrapeConfigs: readonly ScrapeConfig[];
}

/** One scrape config in force. */
interface Job {
  readonly pool: ScrapePool;
  discoveryKey: string;
  stopDiscovery: () => void;
}

/** Scrapes everything that a configuration names. */
export class ScrapeManager {
  readonly #options: ScrapeManagerOptions;
  readonly #context: PoolContext;
  readonly #metrics: ScrapeMetrics;
  readonly #jobs = new Map<string, Job>();
  /** Pools whose config is gone and whose series have not ended yet. */
  readonly #retired = new Set<ScrapePool>();
  readonly #stopRefreshing: () => void;
  #isStopped = false;

  constructor(options: ScrapeManagerOptions) {
    this.#options = options;
    const registry = options.registry ?? new Registry();
    this.#metrics = new ScrapeMetrics(registry);
    const host = options.externalHost ?? hostname();
    this.#context = {
      clock: options.clock,
      logger: options.logger,
      appendable: options.appendable,
      metrics: this.#metrics,
      userAgent: options.userAgent ?? "Ciliascope",
      external: { host },
      createClient: options.createClient ?? ((config) => new HttpClient(config, options.clock)),
      offsetSeed: hashText(host),
      keepsStarts: options.keepsStartTimestamps ?? false,
      recordsMetadata: options.recordsMetadata ?? false,
      hasTypeAndUnitLabels: options.hasTypeAndUnitLabels ?? false,
    };
    this.#stopRefreshing = registry.onCollect(() => {
      for (const { pool } of this.#jobs.values()) pool.refreshMetrics();
    });
  }

  /** Puts a configuration in force, the first or a new one. */
  applyConfig(configuration: ScrapeConfiguration): void {
    if (this.#isStopped) return;
    const names = new Set(configuration.scrapeConfigs.map((config) => config.jobName));
    for (const [jobName, job] of this.#jobs) if (!names.has(jobName)) this.#remove(jobName, job);
    for (const config of configuration.scrapeConfigs) {
      const job = this.#jobs.get(config.jobName);
      if (job === undefined) this.#add(config);
      else this.#update(job, config);
    }
  }

  /** Ends all scraping; with `markStale` every series ends now, as for a server that does not come back soon. */
  async stop(how: { readonly markStale: boolean }): Promise<void> {
    this.#isStopped = true;
    this.#stopRefreshing();
    const jobs = [...this.#jobs.values()];
    for (const job of jobs) job.stopDiscovery();
    const pools = [...jobs.map((job) => job.pool), ...this.#retired];
    await Promise.all(pools.map((pool) => pool.stop(how.markStale)));
  }

  /** Names of all pools, sorted. */
  scrapePools(): readonly string[] {
    return [...this.#jobs.keys()].sort(compareUtf8);
  }

  /** Targets that are scraped, by pool. The objects live on and change with each scrape. */
  activeTargets(): readonly Target[] {
    return this.scrapePools().flatMap((name) => this.#jobs.get(name)?.pool.activeTargets ?? []);
  }

  /** Targets that relabelling dropped, by pool. */
  droppedTargets(): readonly DroppedTarget[] {
    return this.scrapePools().flatMap((name) => this.#jobs.get(name)?.pool.droppedTargets ?? []);
  }

  /** How many targets relabelling dropped in each pool, those not kept included. */
  droppedTargetCounts(): Readonly<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const name of this.scrapePools()) {
      counts[name] = this.#jobs.get(name)?.pool.droppedCount ?? 0;
    }
    return counts;
  }

  /** Metric families that a target declared, in order of first sight. Takes what `activeTargets` gave. */
  metadataOf(target: object): readonly MetadataEntry[] {
    return target instanceof Target ? target.metadata.list() : [];
  }

  #add(config: ScrapeConfig): void {
    const pool = new ScrapePool(config, {
      ...this.#context,
      logger: this.#options.logger.child({ job: config.jobName }),
    });
    this.#metrics.pools.inc();
    const job: Job = { pool, discoveryKey: config.discoveryKey, stopDiscovery: () => {} };
    this.#jobs.set(config.jobName, job);
    this.#startDiscovery(job, config, true);
  }

  #update(job: Job, config: ScrapeConfig): void {
    if (job.pool.config.scrapeKey !== config.scrapeKey) job.pool.reload(config);
    if (job.discoveryKey === config.discoveryKey) return;
    job.stopDiscovery();
    job.discoveryKey = config.discoveryKey;
    this.#startDiscovery(job, config, false);
  }

  #remove(jobName: string, job: Job): void {
    job.stopDiscovery();
    this.#jobs.delete(jobName);
    this.#retired.add(job.pool);
    job.pool.retire(() => this.#retired.delete(job.pool));
    this.#metrics.forgetPool(jobName);
  }

  #startDiscovery(job: Job, config: ScrapeConfig, isFirst: boolean): void {
    const { clock } = this.#options;
    const logger = this.#options.logger.child({ job: config.jobName });
    const stop = new AbortController();
    job.stopDiscovery = () => stop.abort();
    const discoverers = config.discover({
      clock,
      logger,
      onReadError: () => this.#metrics.fileReadErrors.inc(),
    });
    // What each kind has found so far; a pool always gets the whole. After a change the old targets
    // stay until every kind has spoken, or those of the slow kinds would be lost and come back.
    const found: (readonly TargetGroup[] | undefined)[] = discoverers.map(() => undefined);
    if (discoverers.length === 0) job.pool.sync([]);
    for (const [index, discoverer] of discoverers.entries()) {
      const emit = (groups: readonly TargetGroup[]): void => {
        if (stop.signal.aborted) return;
        found[index] = groups;
        if (isFirst || !found.includes(undefined)) {
          job.pool.sync(found.flatMap((part) => part ?? []));
        }
      };
      discoverer.run(emit, stop.signal).catch((thrown: unknown) => {
        logger.error({ error: errorMessage(thrown) }, "discovery ended; its last targets stay");
      });
    }
  }
}
