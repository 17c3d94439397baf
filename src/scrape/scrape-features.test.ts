/** What reaches storage only where a switch asks for it: start times and metadata. */

import { expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { silentLogger } from "../base/logger.ts";
import { parseConfig } from "../config/config.ts";
import { MemoryStorage } from "../storage/memory-storage.ts";
import type { Appender } from "../storage/storage.ts";
import { ScrapeManager } from "./scrape-manager.ts";

const config = `global: {scrape_interval: 1s, scrape_timeout: 1s}
scrape_configs:
- job_name: a
  static_configs: [{targets: ["h:1"]}]
`;

/** Runs scrapes of the bodies, one a second; returns what storage was told, by metric. */
async function told(
  bodies: readonly string[],
  contentType: string,
  features: { readonly keepsStartTimestamps?: boolean; readonly recordsMetadata?: boolean },
): Promise<string[]> {
  const clock = new FakeClock(1_700_000_000_000);
  const storage = new MemoryStorage();
  const said: string[] = [];
  const names = new Map<number, string>();
  let scrapes = 0;
  const appender = (): Appender => {
    const inner = storage.appender();
    return {
      append(ref, labels, timestampMs, value) {
        const result = inner.append(ref, labels, timestampMs, value);
        names.set(result, labels.metricName);
        return result;
      },
      appendHistogram: (...sample) => inner.appendHistogram(...sample),
      appendStale: (...sample) => inner.appendStale(...sample),
      appendExemplar: (...exemplar) => inner.appendExemplar(...exemplar),
      appendStartTimestamp(ref, startMs) {
        if (startMs !== 0) said.push(`${scrapes} ${names.get(ref)} began ${startMs}`);
      },
      updateMetadata(ref, { type, help, unit }) {
        said.push(`${scrapes} ${names.get(ref)} is ${type} ${help} ${unit}`.trimEnd());
      },
      commit: () => inner.commit(),
      rollback: () => inner.rollback(),
    };
  };
  const manager = new ScrapeManager({
    clock,
    logger: silentLogger,
    appendable: { appender },
    ...features,
    createClient: () => ({
      async get() {
        const body = bodies[Math.min(scrapes++, bodies.length - 1)] ?? "";
        return {
          status: 200,
          statusLine: "200 OK",
          headers: { "content-type": contentType },
          body: Buffer.from(body),
        };
      },
      close() {},
    }),
  });
  manager.applyConfig(parseConfig(config).config);
  for (let i = 0; i < bodies.length; i++) await clock.advance(1000);
  await manager.stop({ markStale: false });
  return said.filter((one) => !/ (up|scrape_\w+) /.test(one));
}

const openMetrics = "application/openmetrics-text; version=1.0.0";
const counter = (value: number, created: number): string =>
  `# TYPE a counter\na_total ${value}\na_created ${created}\n# EOF\n`;

it("hands start times over with every sample, repeated lines too", async () => {
  const bodies = [counter(1, 12.5), counter(2, 12.5), counter(1, 99)];
  const features = { keepsStartTimestamps: true };
  expect(await told(bodies, openMetrics, features)).toEqual([
    "1 a_total began 12500",
    "2 a_total began 12500",
    "3 a_total began 99000",
  ]);
  expect(await told(bodies, openMetrics, {})).toEqual([]);
});

it("tells what series are, and what they are once that changes", async () => {
  const body = (help: string): string =>
    `# HELP h ${help}\n# TYPE h histogram\nh_bucket{le="+Inf"} 1\nh_sum 1\nh_count 1\nplain 1\n`;
  const bodies = [body("old"), body("old"), body("new")];
  const said = await told(bodies, "text/plain; version=0.0.4", { recordsMetadata: true });
  expect(said.filter((one) => one.includes("plain"))).toEqual([]);
  expect(said.filter((one) => one.includes("h_sum"))).toEqual([
    "1 h_sum is histogram old",
    "2 h_sum is histogram old",
    "3 h_sum is histogram new",
  ]);
  expect(await told(bodies, "text/plain; version=0.0.4", {})).toEqual([]);
});
