/**
 * Scraping side by side: one body from 40 targets each second, us and Debian's prometheus one after
 * the other (A B A), CPU seconds per million samples and resident memory.
 */

import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  AppTestContext,
  poll,
  projectDir,
  queryValue,
  type RunningProgram,
} from "../apptest/app-test.ts";
import { cpuSeconds, folderBytes, memoryMib } from "./process-usage.ts";

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
export async function benchScrape(bench: ScrapeBench): Promise<ScrapeRun[]> {
  const runs: ScrapeRun[] = [];
  for (const server of ["ciliascope", "prometheus", "ciliascope"] as const) {
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
  server: "ciliascope" | "prometheus",
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
  const dir = mkdtempSync(join(tmpdir(), "ciliascope-bench-"));
  context.onClose(() => rmSync(dir, { recursive: true, force: true }));
  const config = join(dir, "scrape.yml");
  const targets = Array.from(
    { length: targetCount },
    (_, index) => `'127.0.0.1:${firstPort + index}'`,
  );
  writeFileSync(
    config,
    `global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n- job_name: perf\n  static_configs: [{targets: [${targets.join(",")}]}]\n`,
  );
  const port = await context.freePort();
  const data = join(dir, "data");
  const program = startServer(context, server, { config, data, port });
  const url = `http://127.0.0.1:${port}`;
  await poll(async () =>
    (await fetch(`${url}/-/ready`).catch(() => undefined))?.status === 200 ? true : undefined,
  );
  await sleep(warmUpSeconds);
  const pid = program.child.pid as number;
  const before = { cpu: cpuSeconds(pid), samples: await samplesServed(firstPort) };
  let peakRssMib = 0;
  for (let second = 0; second < seconds; second++) {
    await sleep(1);
    peakRssMib = Math.max(peakRssMib, memoryMib(pid));
  }
  const samples = (await samplesServed(firstPort)) - before.samples;
  const cpu = cpuSeconds(pid) - before.cpu;
  const targetsUp = (await queryValue(url, "sum(up)")) ?? 0;
  const eventLoopDelayP99Ms = server === "ciliascope" ? await eventLoopDelayMs(url) : undefined;
  await program.stop("SIGTERM");
  return {
    server,
    samplesPerSecond: samples / seconds,
    cpuSecondsPerMillion: (cpu / samples) * 1e6,
    peakRssMib,
    dataMb: folderBytes(data) / 1e6,
    targetsUp,
    eventLoopDelayP99Ms,
  };
}

function startServer(
  context: AppTestContext,
  server: "ciliascope" | "prometheus",
  at: { config: string; data: string; port: number },
): RunningProgram {
  if (server === "ciliascope") {
    return context.startProgram([
      "server",
      "--config",
      at.config,
      "--data-dir",
      at.data,
      "--listen",
      `127.0.0.1:${at.port}`,
      "--log.level",
      "error",
    ]);
  }
  return context.startCommand("prometheus", [
    `--config.file=${at.config}`,
    `--storage.tsdb.path=${at.data}`,
    `--web.listen-address=127.0.0.1:${at.port}`,
    "--log.level=error",
  ]);
}

/** How late timers fire, since the last time somebody asked. */
async function eventLoopDelayMs(url: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const match = /^ciliascope_event_loop_delay_seconds\{quantile="0\.99"\} (\S+)/m.exec(text);
  return Number(match?.[1] ?? Number.NaN) * 1000;
}

async function samplesServed(firstPort: number): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${firstPort}/stats`);
  return ((await answer.json()) as { samples: number }).samples;
}

function sleep(seconds: number): Promise<void> {
  return new Promise((done) => setTimeout(done, seconds * 1000));
}
