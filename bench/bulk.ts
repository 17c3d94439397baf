/**
 * Part "bulk": a load by remote write into each server on an empty folder: CPU per million samples
 * while loading and with all compaction that follows, memory, bytes per sample in blocks and with the
 * log, and (ours) how late the event loop is while blocks are cut. Order: ours, the peers, ours again.
 */

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { loadavg } from "node:os";
import { join } from "node:path";
import type { AppTestContext } from "../apptest/app-test.ts";
import { type LoadResult, sendBulkLoad } from "./bulk-load.ts";
import { cpuSeconds, folderBytes, memoryMib } from "./process-usage.ts";
import {
  type BenchServer,
  benchInTurn,
  eventLoopDelayMs,
  type FoundServers,
  type RunningServer,
  startBenchServer,
} from "./servers.ts";

/** One run of one server. */
export interface BulkRun {
  readonly server: string;
  readonly load: LoadResult;
  /** Per million samples: while loading; and until the server is quiet again. */
  readonly loadCpu: number;
  readonly totalCpu: number;
  readonly peakRssMib: number;
  readonly restRssMib: number;
  /** Per sample of the blocks; undefined where there are none. */
  readonly blockBytes: number | undefined;
  /** Everything in the folder, log included, per sample. */
  readonly folderBytes: number;
  /** Ours only, ms: highest p99 of two seconds, while loading and while compacting. */
  readonly loadDelayMs: number | undefined;
  readonly compactDelayMs: number | undefined;
  readonly loadAverage: number;
}

/** Quiet: less CPU than this in a look, for so many looks. */
const quietCpuSeconds = 0.06;
const quietLooks = 6;
const lookSeconds = 2;
/** We look once a minute for something to compact. */
const settleSecondsMin = { ciliascope: 66, peers: 20 } as const;
const settleSecondsMax = 240;

/** How much to load, and where. */
export interface BulkBench {
  readonly pods: number;
  readonly points: number;
  /** Folders of the servers lie here. */
  readonly workDir: string;
}

/** Runs the comparison. The data directories stay in `workDir/NAME`. */
export async function benchBulk(bench: BulkBench, found: FoundServers): Promise<BulkRun[]> {
  return benchInTurn(found, async (context, server, index) => {
    const dir = join(bench.workDir, `bulk-${index}-${server.name.replaceAll(" ", "-")}`);
    const run = await measure(context, server, dir, bench);
    console.error(bulkRow(run));
    return run;
  });
}

async function measure(
  context: AppTestContext,
  server: BenchServer,
  dir: string,
  bench: BulkBench,
): Promise<BulkRun> {
  const running = await startBenchServer(context, server, { dir });
  const { pid } = running;
  const cpuBefore = cpuSeconds(pid);
  let peakRssMib = 0;
  const watch = setInterval(() => {
    peakRssMib = Math.max(peakRssMib, memoryMib(pid));
  }, 500);
  await eventLoopDelayMs(running);
  const load = await sendLoad(running, bench).finally(() => clearInterval(watch));
  const loadAverage = loadavg()[0] ?? 0;
  const cpuLoaded = cpuSeconds(pid);
  const loadDelayMs = await eventLoopDelayMs(running);
  const compactDelayMs = await settle(running);
  const cpuSettled = cpuSeconds(pid);
  const restRssMib = memoryMib(pid);
  await running.stop();
  const millions = load.samples / 1e6;
  return {
    server: server.name,
    load,
    loadCpu: (cpuLoaded - cpuBefore) / millions,
    totalCpu: (cpuSettled - cpuBefore) / millions,
    peakRssMib,
    restRssMib,
    blockBytes: blockBytesPerSample(running.dataDir),
    folderBytes: folderBytes(running.dataDir) / load.samples,
    loadDelayMs,
    compactDelayMs,
    loadAverage,
  };
}

function sendLoad(running: RunningServer, { pods, points }: BulkBench): Promise<LoadResult> {
  return sendBulkLoad(`${running.url}/api/v1/write`, { pods, points });
}

/** Waits until nothing is compacted any more; gives the worst event loop delay seen (ours). */
export async function settle(running: RunningServer): Promise<number | undefined> {
  const startedMs = performance.now();
  const seconds = () => (performance.now() - startedMs) / 1000;
  const secondsMin =
    running.name === "ciliascope" ? settleSecondsMin.ciliascope : settleSecondsMin.peers;
  let quiet = 0;
  let worstMs: number | undefined;
  while (seconds() < settleSecondsMax && (quiet < quietLooks || seconds() < secondsMin)) {
    const before = cpuSeconds(running.pid);
    await new Promise((done) => setTimeout(done, lookSeconds * 1000));
    quiet = cpuSeconds(running.pid) - before < quietCpuSeconds ? quiet + 1 : 0;
    const delayMs = await eventLoopDelayMs(running);
    if (delayMs !== undefined) worstMs = Math.max(worstMs ?? 0, delayMs);
  }
  return worstMs;
}

/** Bytes of all blocks by their samples (meta.json). */
function blockBytesPerSample(dataDir: string): number | undefined {
  let bytes = 0;
  let samples = 0;
  for (const name of readdirSync(dataDir)) {
    const meta = join(dataDir, name, "meta.json");
    if (!existsSync(meta)) continue;
    bytes += folderBytes(join(dataDir, name));
    const { stats } = JSON.parse(readFileSync(meta, "utf8")) as { stats: { numSamples: number } };
    samples += stats.numSamples;
  }
  return samples === 0 ? undefined : bytes / samples;
}

/** Lines of the report. */
export function bulkLines(runs: readonly BulkRun[], bench: BulkBench): string[] {
  const million = ((bench.pods * 100 * bench.points) / 1e6).toFixed(1);
  return [
    `## Bulk remote write: ${million} million samples of ${bench.pods * 100} series, 10 samples a series and request`,
    "",
    "| server, in the order of the runs | CPU s per million, loading | with compaction | samples/s of server wait | peak RSS MiB | RSS at rest | bytes/sample in blocks | bytes/sample, all files | event loop p99 ms, loading | compacting | load average |",
    "|---|---|---|---|---|---|---|---|---|---|---|",
    ...runs.map(bulkRow),
    "",
    ...ratioLines(runs),
    "",
  ];
}

function bulkRow(run: BulkRun): string {
  const cells = [
    run.server,
    run.loadCpu.toFixed(2),
    run.totalCpu.toFixed(2),
    (run.load.samples / run.load.waitSeconds / 1e6).toFixed(2).concat(" M"),
    run.peakRssMib.toFixed(0),
    run.restRssMib.toFixed(0),
    run.blockBytes?.toFixed(2) ?? "",
    run.folderBytes.toFixed(2),
    run.loadDelayMs?.toFixed(1) ?? "",
    run.compactDelayMs?.toFixed(1) ?? "",
    run.loadAverage.toFixed(1),
  ];
  return `| ${cells.join(" | ")} |`;
}

/** Ours (the better of both runs) by each peer. */
function ratioLines(runs: readonly BulkRun[]): string[] {
  const ours = runs.filter((run) => run.server === "ciliascope");
  const peers = runs.filter((run) => run.server !== "ciliascope");
  const best = (pick: (run: BulkRun) => number) => Math.min(...ours.map(pick));
  const ratio = (pick: (run: BulkRun) => number | undefined, peer: BulkRun) => {
    const theirs = pick(peer);
    return theirs === undefined
      ? "-"
      : (best((run) => pick(run) ?? Number.NaN) / theirs).toFixed(2);
  };
  return peers.map((peer) =>
    [
      `Ours / ${peer.server}: CPU loading ${ratio((run) => run.loadCpu, peer)}`,
      `with compaction ${ratio((run) => run.totalCpu, peer)}`,
      `peak RSS ${ratio((run) => run.peakRssMib, peer)}`,
      `bytes in blocks ${ratio((run) => run.blockBytes, peer)}`,
      `all files ${ratio((run) => run.folderBytes, peer)}`,
    ]
      .join(", ")
      .concat("  "),
  );
}
