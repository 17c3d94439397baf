/**
 * `npx tsx bench/flow-series.ts [--series N]`: the flow metrics at the edge of their budget of a million
 * series (a counter by pods, and a histogram), as the server has them: what they take in memory, how fast
 * they count before and beyond the edge, what the page costs, and how much CPU the longest turn of the event loop takes.
 */

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { systemClock } from "../src/base/clock.ts";
import { silentLogger } from "../src/base/logger.ts";
import type { Flow } from "../src/flow/model/flow.ts";
import { renderText } from "../src/metrics/exposition.ts";
import { Registry } from "../src/metrics/registry.ts";
import { startFlowMetricsService } from "../src/server/flow-metrics-service.ts";
import { openTsdb } from "../src/tsdb/tsdb.ts";
import { memoryMib } from "./process-usage.ts";

const { values } = parseArgs({ options: { series: { type: "string", default: "1000000" } } });
const seriesMax = Number(values.series);
const dir = mkdtempSync(join(tmpdir(), "flow-series-bench-"));
const batchFlows = 500;
/** So many pods make half a million pairs of them; each pair is a counter and, with layer 7, 14 series of a histogram. */
const podCount = 1100;
const metrics =
  "flow:sourceContext=pod;destinationContext=pod httpV2:sourceContext=pod;destinationContext=workload-name";

const registry = new Registry();

const tsdb = await openTsdb({ dir: join(dir, "tsdb"), clock: systemClock, logger: silentLogger });
const service = await startFlowMetricsService({
  settings: { listen: "127.0.0.1:0", metrics, dynamicFile: undefined },
  clock: systemClock,
  logger: silentLogger,
  registry,
  appendable: tsdb,
  nodes: () => [],
  seriesMax,
});
const idleMib = rssMib();
let longestMs = 0;
const stop = watchTurns((ms) => {
  longestMs = Math.max(longestMs, ms);
});

console.log(`${seriesMax} series, Node ${process.versions.node}`);
console.log("| what | figure |\n|---|---|");
let next = 0;
const filled = await count(() => seriesOf() < seriesMax - 14 && refusedOf() === 0);
row("flows to the edge", `${filled.flows}, ${perCpuSecond(filled)} a CPU second`);
const known = await count((flows) => flows < 200_000, 0);
row("flows of series that exist", `${perCpuSecond(known)} a CPU second`);
const beyond = await count((flows) => flows < 200_000, 5_000_000);
row(
  "flows beyond the edge",
  `${perCpuSecond(beyond)} a CPU second, ${refusedOf()} refused and counted`,
);
row("series", String(seriesOf()));
row("longest turn of the event loop so far, storing every 15 s", `${longestMs.toFixed(0)} ms`);
row("warning", service.warnings().join(" "));
longestMs = 0;
for (const which of ["the page", "the page again"]) {
  const before = process.cpuUsage();
  const bytes = await readPage();
  const { user, system } = process.cpuUsage(before);
  const cpu = ((user + system) / 1e6).toFixed(1);
  row(
    which,
    `${(bytes / 2 ** 20).toFixed(0)} MiB, ${cpu} CPU s, longest turn ${longestMs.toFixed(0)} ms`,
  );
  longestMs = 0;
}
await new Promise((resolve) => setTimeout(resolve, 35_000));
row("longest turn while nothing but the storing runs, 35 s", `${longestMs.toFixed(0)} ms`);
row("resident memory", `${rssMib()} MiB, ${idleMib} at the start`);
stop();
await service.close();
await tsdb.close();
rmSync(dir, { recursive: true });

/** Flows in batches with turns in between, as a source brings them, until `isWanted` says no. */
async function count(
  isWanted: (flows: number) => boolean,
  from = next,
): Promise<{ readonly flows: number; readonly cpuSeconds: number }> {
  const before = process.cpuUsage();
  let flows = 0;
  next = from;
  while (isWanted(flows)) {
    const batch: Flow[] = [];
    for (let i = 0; i < batchFlows; i++) batch.push(flowOf(next++));
    service.process(batch);
    flows += batch.length;
    await new Promise((resolve) => setImmediate(resolve));
  }
  const { user, system } = process.cpuUsage(before);
  return { flows, cpuSeconds: (user + system) / 1e6 };
}

function flowOf(index: number): Flow {
  const source = pod(index % podCount, Math.floor(index / (podCount * podCount)));
  const destination = pod(Math.floor(index / podCount) % podCount, 0);
  const flow: Flow = { verdict: "FORWARDED", Type: "L3_L4", source, destination };
  flow.event_type = { type: 4 };
  flow.traffic_direction = "EGRESS";
  if (index % 20 !== 0) return { ...flow, l4: { TCP: { destination_port: 80 } } };
  return {
    ...flow,
    Type: "L7",
    is_reply: true,
    l7: {
      type: "RESPONSE",
      latency_ns: String((index % 1000) * 1e6),
      http: { method: "GET", code: 200, protocol: "HTTP/1.1" },
    },
  };
}

function pod(index: number, generation: number): Flow["source"] {
  const workload = `app-${index % 60}`;
  return {
    namespace: `team-${index % 20}`,
    pod_name: `${workload}-7d9f8b6c5-${index.toString(36).padStart(3, "x")}${generation}`,
    workloads: [{ name: workload, kind: "Deployment" }],
  };
}

/** Bytes of the page, read by another process. */
async function readPage(): Promise<number> {
  const url = `http://${service.address}/metrics`;
  const curl = await promisify(execFile)("curl", [
    "-s",
    "-o",
    "/dev/null",
    "-w",
    "%{size_download}",
    url,
  ]);
  return Number(curl.stdout);
}

function seriesOf(): number {
  return figure("ciliascope_flow_metrics_series");
}

function refusedOf(): number {
  return figure("ciliascope_flow_metrics_refused_flows_total");
}

function figure(name: string): number {
  return Number(new RegExp(`^${name} (.*)$`, "m").exec(renderText(registry))?.[1] ?? 0);
}

function perCpuSecond({ flows, cpuSeconds }: Awaited<ReturnType<typeof count>>): string {
  return `${(flows / cpuSeconds / 1000).toFixed(0)}k`;
}

/** Tells how much CPU each turn of the event loop took: on a busy machine, wall clocks tell of the neighbours. */
function watchTurns(told: (ms: number) => void): () => void {
  let last = process.cpuUsage();
  let isOver = false;
  const look = () => {
    const { user, system } = process.cpuUsage(last);
    last = process.cpuUsage();
    told((user + system) / 1000);
    if (!isOver) setTimeout(look, 1);
  };
  look();
  return () => {
    isOver = true;
  };
}

function rssMib(): string {
  return memoryMib(process.pid).toFixed(0);
}

function row(what: string, text: string): void {
  console.log(`| ${what} | ${text} |`);
}
