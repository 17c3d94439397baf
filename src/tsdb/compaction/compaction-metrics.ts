/** Metrics of blocks and compaction, in Prometheus' names; brought up to date at each exposition. */

import type { Registry } from "../../metrics/registry.ts";
import type { BlockSet } from "../block/block-set.ts";
import type { CompactionCounts } from "./compactor.ts";

/** Registers the metrics; returns what stops their refreshing. */
export function registerCompactionMetrics(
  registry: Registry,
  blocks: BlockSet,
  counts: CompactionCounts,
): () => void {
  const refreshers: (() => void)[] = [];
  const counter = (name: string, help: string, read: () => number): void => {
    const child = registry.counter({ name: `prometheus_tsdb_${name}`, help }).labels();
    refreshers.push(() => child.setTotal(read()));
  };
  const gauge = (name: string, help: string, read: () => number): void => {
    const family = registry.gauge({ name: `prometheus_tsdb_${name}`, help });
    refreshers.push(() => family.set(read()));
  };
  gauge("blocks_loaded", "Blocks being served.", () => blocks.blocks.length);
  gauge(
    "blocks_set_aside",
    "Blocks that cannot be read (ours, not Prometheus').",
    () => blocks.corrupt.size,
  );
  gauge("storage_blocks_bytes", "Bytes of the blocks being served.", () => blocks.sizeBytes());
  gauge(
    "block_cache_bytes",
    "Bytes of block files kept in memory (ours, not Prometheus').",
    () => blocks.cache.sizeBytes,
  );
  counter(
    "compactions_total",
    "Compactions of blocks, cuts of the head included.",
    () => counts.compactions + counts.headBlocks,
  );
  counter("compactions_failed_total", "Compactions that failed.", () => counts.failures);
  counter(
    "retention_blocks_removed_total",
    "Blocks removed by retention (ours, not Prometheus').",
    () => counts.removedBlocks,
  );
  gauge(
    "compaction_last_seconds",
    "Duration of the last compaction (ours, not Prometheus').",
    () => counts.lastSeconds,
  );
  return registry.onCollect(() => {
    for (const refresh of refreshers) refresh();
  });
}
