/**
 * Part "memory": many active series with an hour of 15 s samples in the head: resident memory, then
 * kill -9 and start again: how long the log takes to replay, and memory afterwards.
 */

import { loadavg } from "node:os";
import { join } from "node:path";
import type { AppTestContext } from "../apptest/app-test.ts";
import { sendBulkLoad } from "./bulk-load.ts";
import { cpuSeconds, folderBytes, memoryMib } from "./process-usage.ts";
import { type BenchServer, benchInTurn, type FoundServers, startBenchServer } from "./servers.ts";

const points = 240;
/** Garbage collectors get so long, s. */
const restSeconds = 15;

/** One run of one server. */
export interface MemoryRun {
  readonly server: string;
  readonly samples: number;
  readonly loadedRssMib: number;
  readonly restRssMib: number;
  readonly logBytesPerSample: number | undefined;
  /** Of the start after kill -9: whole start and CPU, per million samples of the log. */
  readonly replaySeconds: number;
  readonly replayCpu: number;
  readonly replayedRssMib: number;
  readonly loadAverage: number;
}

/** How many series, and where. */
export interface MemoryBench {
  readonly pods: number;
  readonly workDir: string;
}

/** Runs the comparison: ours, the peers, ours again. */
export async function benchMemory(bench: MemoryBench, found: FoundServers): Promise<MemoryRun[]> {
  return benchInTurn(found, async (context, server, index) => {
    const dir = join(bench.workDir, `memory-${index}-${server.name.replaceAll(" ", "-")}`);
    const run = await measure(context, server, dir, bench);
    console.error(memoryRow(run));
    return run;
  });
}

async function measure(
  context: AppTestContext,
  server: BenchServer,
  dir: string,
  { pods }: MemoryBench,
): Promise<MemoryRun> {
  const first = await startBenchServer(context, server, { dir });
  const { samples } = await sendBulkLoad(`${first.url}/api/v1/write`, { pods, points });
  const loadedRssMib = memoryMib(first.pid);
  await new Promise((done) => setTimeout(done, restSeconds * 1000));
  const restRssMib = memoryMib(first.pid);
  await first.stop("SIGKILL");
  const hasLog = server.name !== "victoria-metrics";
  const logBytes = hasLog ? folderBytes(join(first.dataDir, "wal")) : undefined;
  const loadAverage = loadavg()[0] ?? 0;
  const second = await startBenchServer(context, server, { dir });
  const replayCpu = cpuSeconds(second.pid) / (samples / 1e6);
  const replayedRssMib = memoryMib(second.pid);
  await second.stop("SIGKILL");
  return {
    server: server.name,
    samples,
    loadedRssMib,
    restRssMib,
    logBytesPerSample: logBytes === undefined ? undefined : logBytes / samples,
    replaySeconds: second.startSeconds / (samples / 1e6),
    replayCpu,
    replayedRssMib,
    loadAverage,
  };
}

/** Lines of the report. */
export function memoryLines(runs: readonly MemoryRun[], { pods }: MemoryBench): string[] {
  return [
    `## Memory and replay: ${pods * 100} series with one hour of 15 s samples in the head, killed with -9 and started again`,
    "",
    "| server, in the order of the runs | RSS MiB after the load | at rest | log bytes/sample | start s per million samples | CPU s per million | RSS MiB after the start | load average |",
    "|---|---|---|---|---|---|---|---|",
    ...runs.map(memoryRow),
    "",
    ...ratioLines(runs),
    "",
  ];
}

function memoryRow(run: MemoryRun): string {
  const cells = [
    run.server,
    run.loadedRssMib.toFixed(0),
    run.restRssMib.toFixed(0),
    run.logBytesPerSample?.toFixed(2) ?? "",
    run.replaySeconds.toFixed(3),
    run.replayCpu.toFixed(3),
    run.replayedRssMib.toFixed(0),
    run.loadAverage.toFixed(1),
  ];
  return `| ${cells.join(" | ")} |`;
}

function ratioLines(runs: readonly MemoryRun[]): string[] {
  const ours = runs.filter((run) => run.server === "ciliascope");
  const best = (pick: (run: MemoryRun) => number) => Math.min(...ours.map(pick));
  return runs
    .filter((run) => run.server !== "ciliascope")
    .map((peer) => {
      const ratio = (pick: (run: MemoryRun) => number) => (best(pick) / pick(peer)).toFixed(2);
      const log =
        peer.logBytesPerSample === undefined
          ? ""
          : `, log bytes ${ratio((run) => run.logBytesPerSample ?? Number.NaN)}`;
      return `Ours / ${peer.server}: RSS at rest ${ratio((run) => run.restRssMib)}, start after kill ${ratio((run) => run.replaySeconds)} (CPU ${ratio((run) => run.replayCpu)})${log}  `;
    });
}
