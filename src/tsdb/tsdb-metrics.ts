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
  const refreshers: (() => void)[] = [];
  const counter = (name: string, help: string, read: () => number): void => {
    const child = registry.counter({ name: `prometheus_tsdb_${name}`, help }).labels();
    refreshers.push(() => child.setTotal(read()));
  };
  const floatCounter = (name: string, help: string, read: () => number): void => {
    const options = { name: `prometheus_tsdb_${name}`, help, labelNames: ["type"] };
    const child = registry.counter(options).labels("float");
    refreshers.push(() => child.setTotal(read()));
  };
  const gauge = (name: string, help: string, read: () => number): void => {
    const family = registry.gauge({ name: `prometheus_tsdb_${name}`, help });
    refreshers.push(() => family.set(read()));
  };
  const { counts, chunks, exemplars, series } = head;
  gauge("head_series", "Series in the head.", () => series.count);
  counter("head_series_created_total", "Series created in the head.", () => counts.seriesCreated);
  counter("head_series_removed_total", "Series removed from the head.", () => counts.seriesRemoved);
  gauge("head_chunks", "Chunks in the head.", () => chunks.chunkCount);
  counter("head_chunks_created_total", "Chunks created in the head.", () => chunks.chunksCreated);
  counter("head_chunks_removed_total", "Chunks removed from the head.", () => chunks.chunksRemoved);
  gauge("head_min_time", "Oldest time in the head, ms.", () => finite(head.minMs));
  gauge("head_max_time", "Newest time in the head, ms.", () => finite(head.maxMs));
  gauge(
    "head_arena_bytes",
    "Bytes of the head's shared pages (ours, not Prometheus').",
    () => head.arena.pageBytesTotal,
  );
  floatCounter("head_samples_appended_total", "Samples appended.", () => counts.samplesAppended);
  floatCounter("out_of_order_samples_total", "Samples refused: too late.", () => counts.outOfOrder);
  floatCounter(
    "out_of_bound_samples_total",
    "Samples refused: outside of the time that may be written.",
    () => counts.outOfBounds,
  );
  counter("head_truncations_total", "Truncations of the head.", () => log.truncations);
  counter("checkpoint_creations_total", "Checkpoints written.", () => log.checkpoints);
  counter("wal_corruptions_total", "Damage found in the WAL.", () => log.corruptions);
  counter("wal_writes_failed_total", "Failed writes to the WAL.", () => log.failedWrites);
  gauge("wal_segment_current", "WAL segment being written.", () => wal.segment);
  counter("wal_record_bytes_total", "Bytes written to the WAL.", () => wal.totalBytes);
  counter("wal_fsyncs_total", "WAL segments synced.", () => wal.fsyncCount);
  gauge("data_replay_duration_seconds", "Time that replay took.", () => log.replaySeconds);
  counter(
    "exemplar_exemplars_appended_total",
    "Exemplars appended.",
    () => exemplars.appendedTotal,
  );
  gauge("exemplar_exemplars_in_storage", "Exemplars kept.", () => exemplars.size);
  gauge(
    "exemplar_series_with_exemplars_in_storage",
    "Series with exemplars.",
    () => exemplars.seriesCount,
  );
  counter(
    "exemplar_out_of_order_exemplars_total",
    "Exemplars refused: older than the series' newest.",
    () => exemplars.outOfOrderTotal,
  );
  return registry.onCollect(() => {
    for (const refresh of refreshers) refresh();
  });
}

function finite(ms: number): number {
  return Number.isFinite(ms) ? ms : 0;
}
