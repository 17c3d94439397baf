/**
 * The metrics that every Prometheus client exports of its own process, plus Node's heap and event
 * loop delay. What the platform does not tell (open files outside Linux) is left out.
 */

import { readdirSync, readFileSync } from "node:fs";
import { monitorEventLoopDelay } from "node:perf_hooks";
import type { Clock } from "../base/clock.ts";
import type { Registry } from "./registry.ts";

/** Where the numbers come from; tests pass a fixed one. */
export interface ProcessSource {
  /** User and system time since the start, seconds. */
  cpuSeconds(): number;
  uptimeSeconds(): number;
  memory(): { readonly rss: number; readonly heapUsed: number; readonly heapTotal: number };
  /** undefined where the platform does not tell. */
  openFileCount(): number | undefined;
  /** undefined where the platform does not tell. */
  openFilesMax(): number | undefined;
  /** Starts watching the event loop. `quantileSeconds` is over the time since its last `reset`. */
  watchEventLoop(): EventLoopWatch;
}

/** A running measurement of how late timers fire. */
export interface EventLoopWatch {
  quantileSeconds(quantile: number): number;
  reset(): void;
  stop(): void;
}

/** Sampling interval of the event loop delay; the delay below it is the timer's own. */
const eventLoopResolutionMs = 20;
const eventLoopQuantiles: readonly number[] = [0.5, 0.9, 0.99, 1];

/** Registers the process metrics; the returned function stops the measurements (not the metrics). */
export function registerProcessMetrics(
  registry: Registry,
  clock: Clock,
  source: ProcessSource = nodeProcessSource,
): () => void {
  const cpu = registry.counter({
    name: "process_cpu_seconds_total",
    help: "Total user and system CPU time spent in seconds.",
  });
  const resident = registry.gauge({
    name: "process_resident_memory_bytes",
    help: "Resident memory size in bytes.",
  });
  const heapUsed = registry.gauge({
    name: "nodejs_heap_size_used_bytes",
    help: "JavaScript heap in use in bytes.",
  });
  const heapTotal = registry.gauge({
    name: "nodejs_heap_size_total_bytes",
    help: "JavaScript heap reserved in bytes.",
  });
  const startTime = registry.gauge({
    name: "process_start_time_seconds",
    help: "Start time of the process since unix epoch in seconds.",
  });
  startTime.set(Math.round(clock.nowMs() - source.uptimeSeconds() * 1000) / 1000);
  const stopFiles = registerFileMetrics(registry, source);
  const stopLoop = registerEventLoopMetrics(registry, source);
  const stop = registry.onCollect(() => {
    cpu.setTotal(source.cpuSeconds());
    const memory = source.memory();
    resident.set(memory.rss);
    heapUsed.set(memory.heapUsed);
    heapTotal.set(memory.heapTotal);
  });
  return () => {
    stop();
    stopFiles();
    stopLoop();
  };
}

function registerFileMetrics(registry: Registry, source: ProcessSource): () => void {
  const max = source.openFilesMax();
  if (max !== undefined) {
    registry
      .gauge({ name: "process_max_fds", help: "Maximum number of open file descriptors." })
      .set(max);
  }
  if (source.openFileCount() === undefined) return () => {};
  const open = registry.gauge({
    name: "process_open_fds",
    help: "Number of open file descriptors.",
  });
  return registry.onCollect(() => open.set(source.openFileCount() ?? 0));
}

function registerEventLoopMetrics(registry: Registry, source: ProcessSource): () => void {
  const watch = source.watchEventLoop();
  const delay = registry.gauge({
    name: "ciliascope_event_loop_delay_seconds",
    help: "Delay of the event loop since the previous collection, by percentile.",
    // "quantile" belongs to summaries: promtool check metrics refuses it elsewhere.
    labelNames: ["percentile"],
  });
  const children = eventLoopQuantiles.map((quantile) => delay.labels(String(quantile * 100)));
  const unhook = registry.onCollect(() => {
    for (const [index, quantile] of eventLoopQuantiles.entries()) {
      children[index]?.set(watch.quantileSeconds(quantile));
    }
    watch.reset();
  });
  return () => {
    unhook();
    watch.stop();
  };
}

/** This process, as Node and /proc see it. */
export const nodeProcessSource: ProcessSource = {
  cpuSeconds() {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  },
  uptimeSeconds: () => process.uptime(),
  memory: () => process.memoryUsage(),
  openFileCount() {
    try {
      // The listing itself holds one descriptor open.
      return readdirSync("/proc/self/fd").length - 1;
    } catch {
      // No /proc here (macOS): the metric is left out.
      return undefined;
    }
  },
  openFilesMax() {
    try {
      const match = /^Max open files\s+(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"));
      return match === null ? undefined : Number(match[1]);
    } catch {
      // No /proc here (macOS): the metric is left out.
      return undefined;
    }
  },
  watchEventLoop() {
    const histogram = monitorEventLoopDelay({ resolution: eventLoopResolutionMs });
    histogram.enable();
    return {
      quantileSeconds(quantile) {
        if (histogram.count === 0) return 0;
        const nanoseconds = quantile === 1 ? histogram.max : histogram.percentile(quantile * 100);
        // The histogram counts the whole time between two ticks, the resolution included.
        return Math.max(0, nanoseconds / 1e9 - eventLoopResolutionMs / 1000);
      },
      reset: () => histogram.reset(),
      stop: () => {
        histogram.disable();
      },
    };
  },
};
