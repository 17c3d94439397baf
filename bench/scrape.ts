/**
 * Part "scrape": one body from 40 targets each second, us and the peers one after the other, then us
 * again: CPU seconds per million samples and resident memory.
 */

import { join } from "node:path";
import { AppTestContext, projectDir, queryValue } from "../apptest/app-test.ts";
import { cpuSeconds, folderBytes, memoryMib } from "./process-usage.ts";
import { type BenchServer, type FoundServers, startBenchServer } from "./servers.ts";

const targetCount = 40;
/** The targets listen from here on; another one for each run on the same machine. */
export const firstPortDefault = 19_400;
/** Let start-up pass before measuring. */
const warmUpSeconds = 15;

/** One run of one server. */
export interface ScrapeRun {
  readonly server: string;
  readonly samplesPerSecond: number;
  readonly cpuSecondsPerMillion: number;
  readonly peakRssMib: number;
  readonly dataMb: number;
  readonly targetsUp: number;
  /** Ours only, ms. */
  readonly eventLoopDelayP99Ms: number | undefined;
}

/** What to measure with. */
export interface ScrapeBench {
  readonly bodyFile: string;
  /** Measured per run, after the warm-up. */
  readonly seconds: number;
  readonly firstPort: number;
}

/** Runs the comparison. */
export async function benchScrape(bench: ScrapeBench, found: FoundServers): Promise<ScrapeRun[]> {
  const [ours, ...peers] = found.servers;
  if (ours === undefined) return [];
  const runs: ScrapeRun[] = [];
  for (const server of [ours, ...peers, ours]) {
    const context = new AppTestContext();
    try {
      runs.push(await measure(context, server, bench));
    } finally {
      await context.close();
    }
  }
  return runs;
}

async function measure(
  context: AppTestContext,
  server: BenchServer,
  { bodyFile, seconds, firstPort }: ScrapeBench,
): Promise<ScrapeRun> {
  const load = context.startCommand(process.execPath, [
    "--import",
    "tsx",
    join(projectDir, "bench", "scrape-load.ts"),
    bodyFile,
    String(firstPort),
    String(targetCount),
  ]);
  await load.waitForLine(/^serving/m);
  const targets = Array.from(
    { length: targetCount },
    (_, index) => `127.0.0.1:${firstPort + index}`,
  );
  const running = await startBenchServer(context, server, { dir: context.tempDir(), targets });
  const { pid, url } = running;
  await sleep(warmUpSeconds);
  const before = { cpu: cpuSeconds(pid), samples: await samplesServed(firstPort) };
  let peakRssMib = 0;
  for (let second = 0; second < seconds; second++) {
    await sleep(1);
    peakRssMib = Math.max(peakRssMib, memoryMib(pid));
  }
  const samples = (await samplesServed(firstPort)) - before.samples;
  const cpu = cpuSeconds(pid) - before.cpu;
  const targetsUp = (await queryValue(url, "sum(up)")) ?? 0;
  const isOurs = server.name === "ciliascope";
  const eventLoopDelayP99Ms = isOurs ? await eventLoopDelayMs(url) : undefined;
  await running.stop();
  return {
    server: server.name,
    samplesPerSecond: samples / seconds,
    cpuSecondsPerMillion: (cpu / samples) * 1e6,
    peakRssMib,
    dataMb: folderBytes(running.dataDir) / 1e6,
    targetsUp,
    eventLoopDelayP99Ms,
  };
}

/** How late timers fire, since the last time somebody asked. */
async function eventLoopDelayMs(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const match = /^ciliascope_event_loop_delay_seconds\{percentile="99"\} (\S+)/m.exec(text);
  return Number(match?.[1] ?? Number.NaN) * 1000;
}

async function samplesServed(firstPort: number): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${firstPort}/stats`);
  return ((await answer.json()) as { samples: number }).samples;
}

function sleep(seconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, seconds * 1000));
}
