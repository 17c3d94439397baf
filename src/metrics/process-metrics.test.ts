import { expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { renderText } from "./exposition.ts";
import { type ProcessSource, registerProcessMetrics } from "./process-metrics.ts";
import { Registry } from "./registry.ts";

function fixedSource(openFiles: number | undefined): ProcessSource & { stopped: boolean } {
  const source = {
    stopped: false,
    cpuSeconds: () => 1.5,
    uptimeSeconds: () => 60,
    memory: () => ({ rss: 1000, heapUsed: 300, heapTotal: 400 }),
    openFileCount: () => openFiles,
    openFilesMax: () => openFiles && 1024,
    watchEventLoop: () => ({
      quantileSeconds: (quantile: number) => quantile / 100,
      reset() {},
      stop() {
        source.stopped = true;
      },
    }),
  };
  return source;
}

it("shows the process at the time of collection and stops its measurements", () => {
  const registry = new Registry();
  const source = fixedSource(7);
  const stop = registerProcessMetrics(registry, new FakeClock(100_000), source);
  const text = renderText(registry);
  expect(text).toContain("process_cpu_seconds_total 1.5\n");
  expect(text).toContain("process_start_time_seconds 40\n");
  expect(text).toContain("process_open_fds 7\n");
  expect(text).toContain("process_max_fds 1024\n");
  expect(text).toContain('ciliascope_event_loop_delay_seconds{percentile="50"} 0.005\n');
  stop();
  expect(source.stopped).toBe(true);
});

it("leaves out open files where the platform does not tell", () => {
  const registry = new Registry();
  registerProcessMetrics(registry, new FakeClock(0), fixedSource(undefined));
  expect(renderText(registry)).not.toContain("_fds");
});

it("reads this process", () => {
  const registry = new Registry();
  const stop = registerProcessMetrics(registry, new FakeClock(0));
  expect(renderText(registry)).toMatch(/process_resident_memory_bytes \d/);
  stop();
});
