/** What scraping counts of itself, under Prometheus' names. One object for a registry; made by the manager. */

import type { Counter, Gauge, Summary, SummaryFamily } from "../metrics/families.ts";
import type { Registry } from "../metrics/registry.ts";

const quantiles = [0.01, 0.05, 0.5, 0.9, 0.99];

/** Counters of limits and refused samples, without labels. */
export class ScrapeMetrics {
  readonly poolReloads: Counter;
  readonly pools: Counter;
  readonly exceededSampleLimit: Counter;
  readonly exceededBodySizeLimit: Counter;
  readonly exceededLabelLimits: Counter;
  readonly exceededTargetLimit: Counter;
  readonly sampleDuplicate: Counter;
  readonly sampleOutOfOrder: Counter;
  readonly sampleOutOfBounds: Counter;
  readonly cacheFlushForced: Counter;
  readonly fileReadErrors: Counter;
  readonly #byJob: ReturnType<typeof declareByJob>;
  readonly #intervalLength: SummaryFamily;

  constructor(registry: Registry) {
    const total = (name: string, help: string): Counter =>
      registry.counter({ name: `prometheus_target_${name}_total`, help }).labels();
    this.pools = total("scrape_pools", "Scrape pools that were created.");
    this.poolReloads = total(
      "scrape_pool_reloads",
      "Scrape pools that took over a changed configuration.",
    );
    this.exceededSampleLimit = total(
      "scrapes_exceeded_sample_limit",
      "Scrapes that hit the sample limit and were rejected.",
    );
    this.exceededBodySizeLimit = total(
      "scrapes_exceeded_body_size_limit",
      "Scrapes that hit the body size limit and were rejected.",
    );
    this.exceededLabelLimits = total(
      "scrape_pool_exceeded_label_limits",
      "Scrapes in which a sample exceeded one of the label limits.",
    );
    this.exceededTargetLimit = total(
      "scrape_pool_exceeded_target_limit",
      "Times that a scrape pool had more targets than its limit.",
    );
    this.sampleDuplicate = total(
      "scrapes_sample_duplicate_timestamp",
      "Samples rejected since another value had the same timestamp.",
    );
    this.sampleOutOfOrder = total(
      "scrapes_sample_out_of_order",
      "Samples rejected since they are older than the newest of their series.",
    );
    this.sampleOutOfBounds = total(
      "scrapes_sample_out_of_bounds",
      "Samples rejected since their timestamp is outside the range that can be written.",
    );
    this.cacheFlushForced = total(
      "scrapes_cache_flush_forced",
      "Times that a series cache was flushed since it grew while scrapes failed.",
    );
    this.fileReadErrors = registry
      .counter({
        name: "prometheus_sd_file_read_errors_total",
        help: "Target files that could not be read or understood.",
      })
      .labels();
    this.#byJob = declareByJob(registry);
    this.#intervalLength = registry.summary({
      name: "prometheus_target_interval_length_seconds",
      help: "Time between scrapes as it really was.",
      labelNames: ["interval"],
      quantiles,
    });
  }

  /** Observations of one interval text. */
  intervalLength(interval: string): Summary {
    return this.#intervalLength.labels(interval);
  }

  /** Figures of one scrape pool. */
  pool(jobName: string): PoolMetrics {
    const { syncFailed, syncs, targets, targetLimit, metadataEntries, syncLength } = this.#byJob;
    return {
      syncFailed: syncFailed.labels(jobName),
      syncs: syncs.labels(jobName),
      targets: targets.labels(jobName),
      targetLimit: targetLimit.labels(jobName),
      metadataEntries: metadataEntries.labels(jobName),
      syncLength: syncLength.labels(jobName),
    };
  }

  /** Forgets the figures of a pool that is gone. */
  forgetPool(jobName: string): void {
    for (const family of Object.values(this.#byJob)) family.remove(jobName);
  }
}

/** Figures of one scrape pool. */
export interface PoolMetrics {
  readonly syncFailed: Counter;
  readonly syncs: Counter;
  readonly targets: Gauge;
  readonly targetLimit: Gauge;
  readonly metadataEntries: Gauge;
  readonly syncLength: Summary;
}

function declareByJob(registry: Registry) {
  const perJob = (name: string, help: string) => ({
    name: `prometheus_target_${name}`,
    help,
    labelNames: ["scrape_job"],
  });
  return {
    syncFailed: registry.counter(
      perJob("sync_failed_total", "Targets that could not be made of what discovery found."),
    ),
    syncs: registry.counter(
      perJob("scrape_pool_sync_total", "Times that a scrape pool was synced with discovery."),
    ),
    targets: registry.gauge(perJob("scrape_pool_targets", "Targets of a scrape pool.")),
    targetLimit: registry.gauge(
      perJob("scrape_pool_target_limit", "Most targets that a scrape pool may have; 0: no limit."),
    ),
    metadataEntries: registry.gauge(
      perJob(
        "metadata_cache_entries",
        "Metric families in the metadata caches of a pool's targets.",
      ),
    ),
    syncLength: registry.summary({
      ...perJob("sync_length_seconds", "Time to sync a scrape pool with discovery."),
      quantiles,
    }),
  };
}
