/**
 * Part "query": twelve dashboard queries over data that was loaded by remote write: 6 h (step 60 s) with
 * 2,000 and 20,000 series, and days (step 10 min) with 2,000. Every answer is compared with that of
 * Prometheus 3 in this run before its time counts; VictoriaMetrics extrapolates rates otherwise by
 * design, so of its answers only the number of series is compared, and 2.42 counts ranges otherwise too.
 * No two runs of a query ask for the same span of time, as no two refreshes of a dashboard do.
 */

import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { loadavg } from "node:os";
import { join } from "node:path";
import { AppTestContext, projectDir } from "../apptest/app-test.ts";
import { settle } from "./bulk.ts";
import { loadStartMs, loadStepMs, sendBulkLoad } from "./bulk-load.ts";
import { cpuSeconds, memoryMib } from "./process-usage.ts";
import {
  type BenchServer,
  eventLoopDelayMs,
  type FoundServers,
  type RunningServer,
  type ServerName,
  startBenchServer,
} from "./servers.ts";

const runsMax = 10;
/** A query that took so long altogether is not asked again, but at least `runsMin` times. */
const querySecondsMax = 10;
const runsMin = 3;
/** Values may differ by so much, relatively: the order in which floats are added is not promised. */
const tolerance = 1e-12;
const backgroundTargets = 20;
const warmUpRuns = 100;
/** From run to run the span begins later and ends earlier by so much, in turn by 0 to 3 times. */
const spanShiftSeconds = 15;
const spanShifts = 4;

/** How many times as fast as each peer we want to be. */
const wantedRatios: Readonly<Record<ServerName, number>> = {
  ciliascope: 1,
  "prometheus 3": 5,
  "prometheus 2.42": 5,
  "victoria-metrics": 1,
};

/** The queries; SELECT stands for the choice of series, with what the query adds. */
const queries: readonly string[] = [
  "sum(rate(perf_requests_total{}[1m]))",
  "sum by (pod) (rate(perf_requests_total{}[5m]))",
  "sum by (status) (rate(perf_requests_total{}[5m]))",
  "histogram_quantile(0.99, sum by (le) (rate(perf_latency_seconds_bucket{}[5m])))",
  "histogram_quantile(0.9, sum by (le, pod) (rate(perf_latency_seconds_bucket{}[5m])))",
  "topk(5, sum by (pod, method) (rate(perf_requests_total{}[5m])))",
  "avg by (kind) (perf_gauge{})",
  "max by (pod) (max_over_time(perf_gauge{}[10m]))",
  'sum(rate(perf_requests_total{status=~"5.."}[5m])) / sum(rate(perf_requests_total{}[5m]))',
  'perf_gauge{kind="k0"}',
  "sum by (pod) (increase(perf_requests_total{}[1h]))",
  "count by (cluster) (perf_gauge{} > 50)",
];

/** One table: which data, which part of the series, over which time. */
export interface QueryScene {
  readonly title: string;
  readonly data: DataSet;
  /** Only a tenth of the pods (the label shard is 0). */
  readonly isSmall: boolean;
  readonly stepSeconds: number;
}

/** What was loaded. */
export interface DataSet {
  readonly name: string;
  readonly pods: number;
  readonly points: number;
}

/** Where and how. */
export interface QueryBench {
  readonly workDir: string;
  readonly scenes: readonly QueryScene[];
  /** A scrape body: then everything is asked once more while 20 targets are scraped each second. */
  readonly bodyFile: string | undefined;
  readonly firstPort: number;
}

/** What one query took on one server. */
interface QueryTiming {
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly cpuMs: number;
  /** The first run: what is not read, decoded or compiled yet is then. */
  readonly firstMs: number;
  /** Of the first run, over the whole span. */
  readonly answer: Answer;
}

/** Series by their labels; each "time value time value". */
type Answer = ReadonlyMap<string, readonly (readonly [number, string])[]>;

/** One scene on one server. */
export interface SceneRun {
  readonly scene: QueryScene;
  readonly server: ServerName;
  readonly isScraping: boolean;
  readonly timings: readonly QueryTiming[];
  readonly peakRssMib: number;
  /** While the queries ran; ours only. */
  readonly eventLoopDelayP99Ms: number | undefined;
  readonly loadAverage: number;
}

/** Runs everything: for each data set each server after the other. */
export async function benchQueries(bench: QueryBench, found: FoundServers): Promise<SceneRun[]> {
  await warmUpClient();
  const runs: SceneRun[] = [];
  const dataSets = [...new Map(bench.scenes.map(({ data }) => [data.name, data])).values()];
  for (const data of dataSets) {
    for (const server of found.servers) {
      await prepare(bench, server, data);
      runs.push(...(await askAll(bench, server, data, false)));
      if (bench.bodyFile !== undefined && server.name !== "prometheus 2.42") {
        runs.push(...(await askAll(bench, server, data, true)));
      }
    }
  }
  return runs;
}

/** Whoever is asked first must not pay for a client that is not compiled yet: it asks a server of its own before. */
async function warmUpClient(): Promise<void> {
  const values = Array.from({ length: 361 }, (_, step) => [step * 60, String(step / 3)]);
  const result = Array.from({ length: 20 }, (_, pod) => ({ metric: { pod: String(pod) }, values }));
  const body = JSON.stringify({ status: "success", data: { resultType: "matrix", result } });
  const server = createServer((_, response) => response.end(body));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  for (let i = 0; i < warmUpRuns; i++) {
    const answer = await fetch(`http://127.0.0.1:${port}/`);
    readAnswer(await answer.text());
  }
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}

function folderOf(bench: QueryBench, server: BenchServer, data: DataSet): string {
  return join(bench.workDir, `query-${data.name}-${server.name.replaceAll(" ", "-")}`);
}

/** Loads the data unless an earlier run did. */
async function prepare(bench: QueryBench, server: BenchServer, data: DataSet): Promise<void> {
  const dir = folderOf(bench, server, data);
  const mark = join(dir, `loaded-${data.pods}-${data.points}`);
  if (existsSync(mark)) return;
  mkdirSync(dir, { recursive: true });
  const context = new AppTestContext();
  try {
    const running = await startBenchServer(context, server, { dir });
    await sendBulkLoad(`${running.url}/api/v1/write`, { pods: data.pods, points: data.points });
    await settle(running);
    await running.stop();
    writeFileSync(mark, "");
    console.error(`loaded ${data.name} into ${server.name}`);
  } finally {
    await context.close();
  }
}

async function askAll(
  bench: QueryBench,
  server: BenchServer,
  data: DataSet,
  isScraping: boolean,
): Promise<SceneRun[]> {
  const context = new AppTestContext();
  try {
    const targets = isScraping ? await startTargets(context, bench) : [];
    const running = await startBenchServer(context, server, {
      dir: folderOf(bench, server, data),
      targets,
    });
    const runs: SceneRun[] = [];
    for (const scene of bench.scenes.filter((one) => one.data.name === data.name)) {
      runs.push(await askScene(running, scene, isScraping));
      const total = runs.at(-1)?.timings.reduce((sum, { p50Ms }) => sum + p50Ms, 0) ?? 0;
      console.error(`${server.name}: ${sceneTitle(scene, isScraping)}: ${total.toFixed(0)} ms`);
    }
    await running.stop();
    return runs;
  } finally {
    await context.close();
  }
}

async function startTargets(context: AppTestContext, bench: QueryBench): Promise<string[]> {
  const load = context.startCommand(process.execPath, [
    "--import",
    "tsx",
    join(projectDir, "bench", "scrape-load.ts"),
    bench.bodyFile ?? "",
    String(bench.firstPort),
    String(backgroundTargets),
  ]);
  await load.waitForLine(/^serving/m);
  return Array.from(
    { length: backgroundTargets },
    (_, index) => `127.0.0.1:${bench.firstPort + index}`,
  );
}

async function askScene(
  running: RunningServer,
  scene: QueryScene,
  isScraping: boolean,
): Promise<SceneRun> {
  const timings: QueryTiming[] = [];
  // What was before does not count.
  await eventLoopDelayMs(running);
  for (const query of queries) timings.push(await askQuery(running, scene, query));
  return {
    scene,
    server: running.name,
    isScraping,
    timings,
    peakRssMib: memoryMib(running.pid, "VmHWM"),
    eventLoopDelayP99Ms: await eventLoopDelayMs(running),
    loadAverage: loadavg()[0] ?? 0,
  };
}

async function askQuery(
  running: RunningServer,
  scene: QueryScene,
  query: string,
): Promise<QueryTiming> {
  const times: number[] = [];
  let cpu = 0;
  let firstText = "";
  let totalMs = 0;
  while (times.length < runsMax && (totalMs < querySecondsMax * 1000 || times.length < runsMin)) {
    const url = rangeUrl(running, scene, query, times.length % spanShifts);
    const cpuBefore = cpuSeconds(running.pid);
    const startedMs = performance.now();
    const answer = await fetch(url, { headers: { "accept-encoding": "identity" } });
    const text = await answer.text();
    times.push(performance.now() - startedMs);
    totalMs += times.at(-1) ?? 0;
    cpu += cpuSeconds(running.pid) - cpuBefore;
    if (!answer.ok) throw new Error(`${running.name} answered ${answer.status}: ${text}`);
    if (times.length === 1) firstText = text;
  }
  const firstMs = times[0] ?? Number.NaN;
  times.sort((a, b) => a - b);
  const at = (share: number) => times[Math.min(times.length - 1, Math.floor(share * times.length))];
  return {
    p50Ms: at(0.5) ?? Number.NaN,
    p95Ms: at(0.95) ?? Number.NaN,
    cpuMs: (cpu * 1000) / times.length,
    firstMs,
    answer: readAnswer(firstText),
  };
}

function rangeUrl(running: RunningServer, scene: QueryScene, query: string, shift: number): string {
  const startSeconds = loadStartMs / 1000;
  const endSeconds = startSeconds + (scene.data.points * loadStepMs) / 1000;
  const parameters = new URLSearchParams({
    query: scene.isSmall ? ofFirstShard(query) : query,
    start: String(startSeconds + shift * spanShiftSeconds),
    end: String(endSeconds - shift * spanShiftSeconds),
    step: String(scene.stepSeconds),
    nocache: "1",
  });
  return `${running.url}/api/v1/query_range?${parameters}`;
}

function ofFirstShard(query: string): string {
  return query.replace(/\{([^}]*)\}/g, (_, matchers: string) =>
    matchers === "" ? '{shard="0"}' : `{shard="0",${matchers}}`,
  );
}

function readAnswer(text: string): Answer {
  const body = JSON.parse(text) as {
    data: { result: { metric: Record<string, string>; values: [number, string][] }[] };
  };
  const answer = new Map<string, [number, string][]>();
  for (const { metric, values } of body.data.result) {
    const labels = Object.entries(metric).sort(([a], [b]) => (a < b ? -1 : 1));
    answer.set(JSON.stringify(labels), values);
  }
  return answer;
}

/** How two answers differ, in a few words; undefined where they are the same. */
function difference(want: Answer, have: Answer): string | undefined {
  if (want.size !== have.size) return `${have.size} series instead of ${want.size}`;
  let worst = 0;
  for (const [labels, wanted] of want) {
    const values = have.get(labels);
    if (values === undefined) return `no series ${labels}`;
    if (values.length !== wanted.length)
      return `${values.length} points instead of ${wanted.length}`;
    for (const [index, [time, value]] of wanted.entries()) {
      const other = values[index];
      if (other === undefined || other[0] !== time) return `no point at ${time}`;
      worst = Math.max(worst, relativeDifference(Number(value), Number(other[1])));
    }
  }
  return worst <= tolerance ? undefined : `values differ by up to ${worst.toExponential(1)}`;
}

function relativeDifference(a: number, b: number): number {
  if (Object.is(a, b) || a === b) return 0;
  const scale = Math.max(Math.abs(a), Math.abs(b));
  const share = Math.abs(a - b) / scale;
  return Number.isNaN(share) ? Number.POSITIVE_INFINITY : share;
}

function sceneTitle(scene: QueryScene, isScraping: boolean): string {
  return `${scene.title}${isScraping ? `, while ${backgroundTargets} targets are scraped each second` : ""}`;
}

/** Lines of the report. */
export function queryLines(runs: readonly SceneRun[]): string[] {
  const keys = [...new Set(runs.map((run) => sceneTitle(run.scene, run.isScraping)))];
  return keys.flatMap((title) =>
    sceneLines(
      title,
      runs.filter((run) => sceneTitle(run.scene, run.isScraping) === title),
    ),
  );
}

function sceneLines(title: string, runs: readonly SceneRun[]): string[] {
  const peers = runs.filter((run) => run.server !== "ciliascope");
  const ours = runs.find((run) => run.server === "ciliascope");
  const reference = runs.find((run) => run.server === "prometheus 3");
  const head = [
    "query",
    ...runs.map((run) => `${run.server} p50 / p95 (CPU) ms`),
    ...peers.map((run) => `${run.server} / ours`),
    "answers",
  ];
  const rows = queries.map((query, index) => {
    const timing = (run: SceneRun | undefined) => run?.timings[index];
    const mine = timing(ours);
    return [
      `\`${query.replaceAll("|", "\\|")}\``,
      ...runs.map((run) => timingCell(timing(run))),
      ...peers.map(
        (run) =>
          `${((timing(run)?.p50Ms ?? Number.NaN) / (mine?.p50Ms ?? Number.NaN)).toFixed(1)}x`,
      ),
      answerCell(runs, index, reference),
    ];
  });
  return [
    `## Queries: ${title}`,
    "",
    `| ${head.join(" | ")} |`,
    `|${"---|".repeat(head.length)}`,
    ...rows.map((row) => `| ${row.join(" | ")} |`),
    "",
    ...peers.map((peer) => peerLine(peer, ours)),
    `First query after the start of the scene, ms: ${runs.map((run) => `${run.server} ${run.timings[0]?.firstMs.toFixed(0)}`).join(", ")}; event loop delay p99 of ours ${ours?.eventLoopDelayP99Ms?.toFixed(0) ?? "-"} ms  `,
    `Peak RSS MiB: ${runs.map((run) => `${run.server} ${run.peakRssMib.toFixed(0)}`).join(", ")}; load average ${runs.map((run) => run.loadAverage.toFixed(1)).join(", ")}`,
    "",
  ];
}

function peerLine(peer: SceneRun, ours: SceneRun | undefined): string {
  const p50 = ({ p50Ms }: QueryTiming) => p50Ms;
  const first = ({ firstMs }: QueryTiming) => firstMs;
  const cpu = ({ cpuMs }: QueryTiming) => Math.max(1, cpuMs);
  const wanted = wantedRatios[peer.server];
  const reached = (pick: (timing: QueryTiming) => number) =>
    ratios(peer, ours, pick).filter((ratio) => ratio >= wanted).length;
  return [
    `${peer.server} / ours, geometric means: p50 ${meanRatio(peer, ours, p50)}x`,
    `first runs ${meanRatio(peer, ours, first)}x`,
    `CPU ${meanRatio(peer, ours, cpu)}x`,
    `at least ${wanted.toFixed(1)}x: ${reached(p50)} of ${queries.length} by p50, ${reached(first)} by the first run  `,
  ].join(", ");
}

function timingCell(timing: QueryTiming | undefined): string {
  if (timing === undefined) return "-";
  return `${timing.p50Ms.toFixed(1)} / ${timing.p95Ms.toFixed(1)} (${timing.cpuMs.toFixed(0)})`;
}

/** Who answered as Prometheus 3 did. */
function answerCell(
  runs: readonly SceneRun[],
  index: number,
  reference: SceneRun | undefined,
): string {
  const want = reference?.timings[index]?.answer;
  if (want === undefined) return "not compared";
  const cells: string[] = [];
  for (const run of runs) {
    const have = run.timings[index]?.answer;
    if (run === reference || have === undefined) continue;
    if (run.server === "ciliascope") cells.push(`ours ${difference(want, have) ?? "the same"}`);
    else if (have.size !== want.size)
      cells.push(`${run.server} ${have.size} series of ${want.size}`);
  }
  return cells.join("; ");
}

/** How many times as much the peer takes, over all queries alike. */
function meanRatio(
  peer: SceneRun,
  ours: SceneRun | undefined,
  pick: (timing: QueryTiming) => number,
): string {
  const logs = ratios(peer, ours, pick).map(Math.log);
  return Math.exp(logs.reduce((sum, log) => sum + log, 0) / logs.length).toFixed(2);
}

/** How many times as much the peer takes for each query. */
function ratios(
  peer: SceneRun,
  ours: SceneRun | undefined,
  pick: (timing: QueryTiming) => number,
): readonly number[] {
  return peer.timings.map((timing, index) => {
    const own = ours?.timings[index];
    return pick(timing) / (own === undefined ? Number.NaN : pick(own));
  });
}
