/**
 * Part "scrape": one body from 40 targets each second, us and the peers one after the other, then us
 * again: CPU seconds per million samples and resident memory.
 */

import { join } from "node:path";
import { type AppTestContext, projectDir, queryValue } from "../apptest/app-test.ts";
import { cpuSeconds, folderBytes, memoryMib } from "./process-usage.ts";
import {
  type BenchServer,
  benchInTurn,
  eventLoopDelayMs,
  type FoundServers,
  startBenchServer,
} from "./servers.ts";

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
  return benchInTurn(found, (context, server) => measure(context, server, bench));
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
  const eventLoopDelayP99Ms = await eventLoopDelayMs(running);
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

async function samplesServed(firstPort: number): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${firstPort}/stats`);
  return ((await answer.json()) as { samples: number }).samples;
}

function sleep(seconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, seconds * 1000));
}
