/**
 * `npx tsx bench/flow-store.ts [--flows N] [--pods N] [--data DIR] [--dir DIR]`: the flow store with N flows (1,000,000;
 * the figures of docs/BENCHMARKS.md: 10,000,000): written a CPU second, bytes a flow on disk, and searches
 * with a cold page cache, each count checked against a full scan with Hubble's own test.
 */

import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { systemClock } from "../src/base/clock.ts";
import { silentLogger } from "../src/base/logger.ts";
import { seededRandom } from "../src/base/seeded-random.ts";
import { compileFlowFilters, type FlowFilter } from "../src/flow/filter/flow-filter.ts";
import { MapRollups } from "../src/flow/map/map-rollups.ts";
import { mapTable } from "../src/flow/map/map-table.ts";
import { buildServiceMap, type MapEdge, type ServiceMap } from "../src/flow/map/service-map.ts";
import { type Flow, type FlowEndpoint, formatTimestamp } from "../src/flow/model/flow.ts";
import { findRecords } from "../src/flow/protobuf/delimited-records.ts";
import { FlowDecoder } from "../src/flow/protobuf/flow-decoder.ts";
import { countFlows, groupFlows } from "../src/flow/store/flow-groups.ts";
import { FlowStore } from "../src/flow/store/flow-store.ts";
import { type GroupField, groupFields } from "../src/flow/store/group-field.ts";
import { RowFilter } from "../src/flow/store/row-filter.ts";

const { values } = parseArgs({
  options: {
    flows: { type: "string", default: "1000000" },
    data: {
      type: "string",
      default: join(import.meta.dirname, "..", "..", "shared", "perf", "hubble"),
    },
    dir: { type: "string", default: tmpdir() },
    /** Endpoints of so many pods (a sixth as many workloads) instead of the recorded ones. */
    pods: { type: "string", default: "0" },
  },
});
const recordsFile = join(values.data, "flows.binpb.gz");
if (!existsSync(recordsFile)) {
  console.error(`no flows at ${recordsFile}; give their folder with --data DIR`);
  process.exit(2);
}
const flowCount = Number(values.flows);
const podCount = Number(values.pods);
/** Flows handed over at once, as a source does, and appended between two flushes to the log. */
const batchFlows = 500;
const flushFlows = 20_000;
/** 7,000 flows a second: 400,000 a minute. */
const flowGapNs = 142_857;
/** A block as it is sealed, and how often that is watched. */
const sealFlows = 65_000;
const sealRuns = 9;
const startMs = Date.parse("2026-01-15T00:00:00Z");
const dir = mkdtempSync(join(values.dir, "flow-store-bench-"));
const records = gunzipSync(readFileSync(recordsFile));
const spans = findRecords(records);
/** As the gRPC source does: equal endpoints of one stream are one object. */
const decoder = new FlowDecoder();
const random = seededRandom(20_260_115);

const store = await FlowStore.open({
  dir,
  clock: systemClock,
  logger: silentLogger,
  retentionMs: Number.MAX_SAFE_INTEGER,
  retentionBytes: Number.MAX_SAFE_INTEGER,
  tables: [mapTable],
});
const rollups = new MapRollups(store, silentLogger);
try {
  await write();
  await sealing();
  await searches();
} finally {
  await store.close();
  rmSync(dir, { recursive: true });
}

/** Flows of the data in turn, each decoded anew from protobuf, with times, uuids, 0.1 % of one pod and 2 % dropped of our own. */
function makeFlow(index: number): Flow {
  const at = index % spans.starts.length;
  const flow: Flow = decoder.response(records, spans.starts[at], spans.ends[at]).flow ?? {};
  const ns = index * flowGapNs;
  const ms = Math.floor(ns / 1e6);
  flow.time = formatTimestamp(startMs + ms, ns - ms * 1e6);
  flow.uuid = randomUuid();
  const isDropped = next() % 50 === 0;
  flow.verdict = isDropped ? "DROPPED" : flow.verdict === "DROPPED" ? "FORWARDED" : flow.verdict;
  if (podCount > 0) {
    flow.source = pod(next() % podCount);
    // A pod talks to a few others.
    flow.destination = pod((next() % 8) * 37 + ((flow.source.identity ?? 0) % 50));
  }
  if (next() % 1000 === 0) {
    flow.source = { identity: 4711, namespace: "bench", pod_name: "needle-0", labels: ["k8s:a=b"] };
  }
  if (flow.l7?.http !== undefined) {
    flow.l7.http.url = `http://shop/items/${next() % 100_000}?page=${index % 7}`;
  }
  return flow;
}

function pod(index: number): FlowEndpoint {
  const workload = Math.floor(index / 6);
  const namespace = `team-${workload % 60}`;
  return {
    ID: index,
    identity: 1000 + workload,
    cluster_name: "default",
    namespace,
    labels: [
      `k8s:app=app-${workload}`,
      `k8s:io.kubernetes.pod.namespace=${namespace}`,
      "k8s:io.cilium.k8s.policy.cluster=default",
    ],
    pod_name: `app-${workload}-7d9f8b6c5-${index.toString(36).padStart(5, "x")}`,
    workloads: [{ name: `app-${workload}`, kind: "Deployment" }],
  };
}

/** 28 bits. */
function next(): number {
  return Math.floor(random() * 2 ** 28);
}

function randomUuid(): string {
  let hex = "";
  for (let i = 0; i < 5; i++) hex += next().toString(16).padStart(7, "0");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-a${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}

async function write(): Promise<void> {
  let cpuSeconds = 0;
  for (let at = 0; at < flowCount; at += batchFlows) {
    const batch: Flow[] = [];
    for (let i = at; i < Math.min(flowCount, at + batchFlows); i++) batch.push(makeFlow(i));
    const before = process.cpuUsage();
    store.append(batch);
    if ((at + batchFlows) % flushFlows === 0) {
      store.flush();
      await store.settled();
      await rollups.catchUp();
    }
    cpuSeconds += cpuSince(before);
  }
  const before = process.cpuUsage();
  await store.seal();
  await rollups.catchUp();
  cpuSeconds += cpuSince(before);
  const bytes = readdirSync(dir).reduce((sum, name) => sum + statSync(join(dir, name)).size, 0);
  console.log(`${flowCount} flows, Node ${process.versions.node}, ${store.stats().blocks} blocks`);
  console.log("| what | figure | wanted |\n|---|---|---|");
  console.log(
    `| written (log, block, sums of the map), flows per CPU second | ${(flowCount / cpuSeconds / 1000).toFixed(0)}k | 100k |`,
  );
  console.log(`| bytes a flow on disk | ${(bytes / flowCount).toFixed(1)} | 60 |`);
}

/** How long the event loop has no turn while a full block is sealed: what live streams and scrapes wait. */
async function sealing(): Promise<void> {
  const longest: number[] = [];
  for (let run = 0; run < sealRuns; run++) {
    const flows = Array.from({ length: sealFlows }, (_, i) => makeFlow(flowCount + i));
    for (let at = 0; at < flows.length; at += batchFlows) {
      store.append(flows.slice(at, at + batchFlows));
    }
    store.flush();
    let isDone = false;
    const sealed = store.seal().then(() => {
      isDone = true;
    });
    let most = 0;
    while (!isDone) {
      const startedMs = systemClock.monotonicMs();
      await new Promise((resolve) => setImmediate(resolve));
      most = Math.max(most, systemClock.monotonicMs() - startedMs);
    }
    await sealed;
    longest.push(most);
  }
  longest.sort((a, b) => a - b);
  console.log(
    `| longest stall of the event loop while ${sealFlows} flows are sealed, least and median of ${sealRuns} | ${longest[0]?.toFixed(1)} ms, ${longest[sealRuns >> 1]?.toFixed(1)} ms | |`,
  );
}

function cpuSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

async function searches(): Promise<void> {
  const filters: readonly (readonly [name: string, filter: FlowFilter, wantedSeconds: number])[] = [
    ["one pod (0.1 %)", { source_pod: ["bench/needle-0"] }, 2],
    ["verdict DROPPED (2 %)", { verdict: ["DROPPED"] }, 2],
    ["URL regex", { http_url: ["items/[0-9]*77[?]page=[35]$"] }, 20],
  ];
  const full = await fullScan(filters.map(([, filter]) => filter));
  for (const [index, [name, filter, wanted]] of filters.entries()) {
    const cache = dropCache();
    const { seconds, cpu, result } = await timed(() =>
      countFlows(store, { span: {}, filter: new RowFilter({ allow: [filter], deny: [] }) }),
    );
    const isRight = result === full[index];
    console.log(
      `| ${name}: ${result} found, ${isRight ? "as the full scan" : `WRONG, ${full[index]}`} | ${seconds.toFixed(2)} s, ${cpu.toFixed(2)} CPU s, ${cache} | ${wanted} s |`,
    );
  }
  const fields = ["verdict", "source", "destination"].map(
    (name) => groupFields.get(name) as GroupField,
  );
  const buckets = { startMs, stepMs: 60_000, count: 60 };
  const filter = new RowFilter({ allow: [], deny: [] });
  dropCache();
  const groups = await timed(() => groupFlows(store, { span: {}, filter }, fields, buckets));
  console.log(
    `| group by verdict, source, destination: ${groups.result.groups.length} groups | ${groups.seconds.toFixed(2)} s, ${groups.cpu.toFixed(2)} CPU s | |`,
  );
  dropCache();
  const first = await timed(async () => {
    let count = 0;
    const search = { filter: { allow: [{ source_pod: ["bench/needle-0"] }], deny: [] }, last: 100 };
    for await (const batch of store.search(search)) count += batch.length;
    return count;
  });
  console.log(
    `| the last 100 flows of the pod, whole: ${first.result} | ${first.seconds.toFixed(2)} s | |`,
  );
  await maps();
}

/** The map of everything: counted from all rows, from the sums that are kept (cold, then held), and both compared. */
async function maps(): Promise<void> {
  const search = { span: {}, level: "workload" } as const;
  const filter = new RowFilter({ allow: [{}], deny: [] });
  dropCache();
  const counted = await timed(() => buildServiceMap(store, { ...search, filter }));
  dropCache();
  const fresh = new MapRollups(store, silentLogger);
  const cold = await timed(() => buildServiceMap(store, { ...search, rollups: fresh }));
  const warm = await timed(() => buildServiceMap(store, { ...search, rollups: fresh }));
  const text = ({ edges }: ServiceMap) =>
    JSON.stringify(edges.map((edge) => ({ ...edge, ...mapsOf(edge) })));
  const isRight = text(counted.result) === text(cold.result);
  for (const [name, { result, seconds, cpu }] of [
    ["counted from all rows", counted],
    [`from sums, cold${isRight ? ", the same" : ", WRONG"}`, cold],
    ["from sums, asked again", warm],
  ] as const) {
    console.log(
      `| service map of all of it, ${name}: ${result.nodes.length} nodes, ${result.edges.length} edges | ${seconds.toFixed(2)} s, ${cpu.toFixed(2)} CPU s | |`,
    );
  }
}

/** The maps of an edge as lists, for comparison. */
function mapsOf({ verdicts, dropReasons, ports, latencies, l7 }: MapEdge): object {
  return {
    verdicts: [...verdicts],
    dropReasons: [...dropReasons],
    ports: [...ports],
    latencies: [...latencies],
    l7: [...l7].map(([protocol, { requests, responses, operations, statuses }]) => [
      protocol,
      requests,
      responses,
      [...operations],
      [...statuses],
    ]),
  };
}

async function timed<Result>(
  run: () => Promise<Result>,
): Promise<{ readonly seconds: number; readonly cpu: number; readonly result: Result }> {
  const before = process.cpuUsage();
  const startedMs = systemClock.monotonicMs();
  const result = await run();
  return { seconds: (systemClock.monotonicMs() - startedMs) / 1000, cpu: cpuSince(before), result };
}

/** Every flow made whole and asked, one by one. */
async function fullScan(filters: readonly FlowFilter[]): Promise<number[]> {
  const tests = filters.map((filter) => compileFlowFilters([filter]));
  const counts = filters.map(() => 0);
  for await (const batch of store.search({ filter: { allow: [], deny: [] } })) {
    for (const flow of batch) {
      for (const [index, test] of tests.entries())
        if (test(flow)) counts[index] = (counts[index] ?? 0) + 1;
    }
  }
  return counts;
}

/** Puts the files out of the page cache (GNU dd does so without being root); says whether it could. */
function dropCache(): string {
  try {
    for (const name of readdirSync(dir)) {
      execFileSync("dd", [`if=${join(dir, name)}`, "iflag=nocache", "count=0"], {
        stdio: "ignore",
      });
    }
    return "cold";
  } catch {
    return "warm (no GNU dd here)";
  }
}
