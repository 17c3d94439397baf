/** The database's own metrics, in Prometheus' names; gauges are brought up to date at each exposition. */

import type { Registry } from "../metrics/registry.ts";
import type { Head } from "./head/head.ts";
import type { WalWriter } from "./wal/wal-writer.ts";

/** What tsdb.ts counts itself. */
export interface LogCounts {
  corruptions: number;
  failedWrites: number;
  checkpoints: number;
  truncations: number;
  replaySeconds: number;
}

/** Registers the metrics; returns what stops their refreshing. */
export function registerTsdbMetrics(
  registry: Registry,
  head: Head,
  wal: WalWriter,
  log: LogCounts,
): () => void {
  const table = new MetricTable(registry);
  registerHead(table, head);
  registerRefusals(table, head);
  registerExemplars(table, head);
  table.counter("head_truncations_total", "Truncations of the head.", () => log.truncations);
  table.counter("checkpoint_creations_total", "Checkpoints written.", () => log.checkpoints);
  table.counter("wal_corruptions_total", "Damage found in the WAL.", () => log.corruptions);
  table.counter("wal_writes_failed_total", "Failed writes to the WAL.", () => log.failedWrites);
  table.gauge("wal_segment_current", "WAL segment being written.", () => wal.segment);
  table.counter("wal_record_bytes_total", "Bytes written to the WAL.", () => wal.totalBytes);
  table.counter("wal_fsyncs_total", "WAL segments synced.", () => wal.fsyncCount);
  table.gauge("data_replay_duration_seconds", "Time that replay took.", () => log.replaySeconds);
  return registry.onCollect(() => table.refresh());
}

/** Metrics whose values are read when somebody asks. */
class MetricTable {
  readonly #registry: Registry;
  readonly #refreshers: (() => void)[] = [];

  constructor(registry: Registry) {
    this.#registry = registry;
  }

  counter(name: string, help: string, read: () => number): void {
    const child = this.#registry.counter({ name: `prometheus_tsdb_${name}`, help }).labels();
    this.#refreshers.push(() => child.setTotal(read()));
  }

  /** One child for each type of sample. */
  byType(name: string, help: string, reads: Readonly<Record<string, () => number>>): void {
    const options = { name: `prometheus_tsdb_${name}`, help, labelNames: ["type"] };
    const family = this.#registry.counter(options);
    for (const [type, read] of Object.entries(reads)) {
      const child = family.labels(type);
      this.#refreshers.push(() => child.setTotal(read()));
    }
  }

  gauge(name: string, help: string, read: () => number): void {
    const family = this.#registry.gauge({ name: `prometheus_tsdb_${name}`, help });
    this.#refreshers.push(() => family.set(read()));
  }

  refresh(): void {
    for (const refresh of this.#refreshers) refresh();
  }
}

function registerHead(table: MetricTable, head: Head): void {
  const { counts, chunks, series } = head;
  table.gauge("head_series", "Series in the head.", () => series.count);
  table.counter(
    "head_series_created_total",
    "Series created in the head.",
    () => counts.seriesCreated,
  );
  table.counter(
    "head_series_removed_total",
    "Series removed from the head.",
    () => counts.seriesRemoved,
  );
  table.gauge("head_chunks", "Chunks in the head.", () => chunks.chunkCount);
  table.counter(
    "head_chunks_created_total",
    "Chunks created in the head.",
    () => chunks.chunksCreated,
  );
  table.counter(
    "head_chunks_removed_total",
    "Chunks removed from the head.",
    () => chunks.chunksRemoved,
  );
  table.gauge("head_min_time", "Oldest time in the head, ms.", () => finite(head.minMs));
  table.gauge("head_max_time", "Newest time in the head, ms.", () => finite(head.maxMs));
  table.gauge(
    "head_arena_bytes",
    "Bytes of the head's shared pages (ours, not Prometheus').",
    () => head.arena.pageBytesTotal,
  );
  table.gauge(
    "head_memory_budget_bytes",
    "Memory above which new series are refused (ours, not Prometheus').",
    () => head.budget.budgetBytes,
  );
  table.byType("head_samples_appended_total", "Samples appended.", {
    float: () => counts.samplesAppended,
    histogram: () => counts.histogramsAppended,
  });
  table.counter(
    "head_out_of_order_samples_appended_total",
    "Late samples taken.",
    () => head.late.appendedTotal,
  );
}

function registerRefusals(table: MetricTable, { counts }: Head): void {
  table.byType("out_of_order_samples_total", "Samples refused: too late.", {
    float: () => counts.outOfOrder,
  });
  table.byType(
    "out_of_bound_samples_total",
    "Samples refused: outside of the time that may be written.",
    { float: () => counts.outOfBounds },
  );
  table.byType(
    "too_old_samples_total",
    "Samples refused: behind the window for samples out of order.",
    { float: () => counts.tooOld },
  );
  table.counter(
    "head_series_refused_total",
    "New series refused by a limit (ours, not Prometheus').",
    () => counts.seriesRefused,
  );
}

function registerExemplars(table: MetricTable, { exemplars }: Head): void {
  table.counter(
    "exemplar_exemplars_appended_total",
    "Exemplars appended.",
    () => exemplars.appendedTotal,
  );
  table.gauge("exemplar_exemplars_in_storage", "Exemplars kept.", () => exemplars.size);
  table.gauge(
    "exemplar_series_with_exemplars_in_storage",
    "Series with exemplars.",
    () => exemplars.seriesCount,
  );
  table.counter(
    "exemplar_out_of_order_exemplars_total",
    "Exemplars refused: older than the series' newest.",
    () => exemplars.outOfOrderTotal,
  );
}

function finite(ms: number): number {
  return Number.isFinite(ms) ? ms : 0;
}
