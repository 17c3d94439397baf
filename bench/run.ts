/**
 * `npm run bench [-- PART…] [--small] [--seconds N] [--body FILE] [--first-port N] [--work DIR]
 * [--data 6h|days] [--without PEER…] [--write-docs]`: our figures
 * beside the peers', in one run on this machine. Parts: scrape, start, bundle, bulk, memory, flows, dashboard, policy, lab, query; all unless named. Nothing
 * here passes or fails; docs/BENCHMARKS.md is written from it, part by part. A peer that is not there is named and left out.
 */

import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { cpus, loadavg, tmpdir, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs, promisify } from "node:util";
import { projectDir } from "../apptest/app-test.ts";
import { benchBulk, bulkLines } from "./bulk.ts";
import { type BundleSize, firstLoadSizes } from "./bundle.ts";
import { benchMemory, memoryLines } from "./memory.ts";
import { benchQueries, type DataSet, queryLines } from "./query.ts";
import { benchScrape, firstPortDefault, type ScrapeRun } from "./scrape.ts";
import { findServers } from "./servers.ts";
import { benchStart } from "./start.ts";

const startRuns = 5;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "60" },
    body: {
      type: "string",
      default: join(projectDir, "..", "shared", "data", "scrapes", "cilium-agent-mixed.txt"),
    },
    "first-port": { type: "string", default: String(firstPortDefault) },
    /** A tenth of the data: for quick work, not for the table. */
    small: { type: "boolean", default: false },
    /** Data directories stay here, and loaded data is used again; else in a temporary folder. */
    work: { type: "string" },
    /** Of the queries: only this data, "6h" or "days". */
    data: { type: "string" },
    /** Peers to leave out, by a part of their names. */
    without: { type: "string", multiple: true, default: [] },
    "write-docs": { type: "boolean", default: false },
  },
});
const seconds = Number(values.seconds);
const firstPort = Number(values["first-port"]);
const workDir = values.work ?? mkdtempSync(join(tmpdir(), "ciliascope-bench-"));
mkdirSync(workDir, { recursive: true });
const found = findServers();
const servers = {
  ...found,
  servers: found.servers.filter(({ name }) => !values.without.some((part) => name.includes(part))),
};

/** A part prints its lines. */
type Part = () => Promise<readonly string[]>;

const parts: Readonly<Record<string, Part>> = {
  async scrape() {
    requireBody();
    return scrapeLines(await benchScrape({ bodyFile: values.body, seconds, firstPort }, servers));
  },
  async start() {
    return startLines(await benchStart(startRuns));
  },
  async bundle() {
    return bundleLines(firstLoadSizes());
  },
  async bulk() {
    const bench = { pods: values.small ? 20 : 200, points: 1440, workDir };
    return bulkLines(await benchBulk(bench, servers), bench);
  },
  async memory() {
    const bench = { pods: values.small ? 100 : 1000, workDir };
    return memoryLines(await benchMemory(bench, servers), bench);
  },
  async flows() {
    const flows = values.small ? "200000" : "1000000";
    return ["## Flow store", "", ...(await scriptLines("flow-store.ts", ["--flows", flows])), ""];
  },
  async dashboard() {
    const lines = await scriptLines("dashboard.ts", ["--port", String(firstPort)]);
    const title = "## Dashboard of 70 panels, and panning 100,000 points, in Debian's Chromium";
    return [title, "", ...listed(lines), ""];
  },
  async policy() {
    const size = values.small ? ["--policies", "100", "--identities", "500"] : [];
    return ["## Policies", "", ...listed(await scriptLines("policy.ts", size)), ""];
  },
  async lab() {
    const size = values.small ? ["proxy", "--seconds", "3"] : [];
    return ["## Laboratory", "", ...listed(await scriptLines("lab.ts", size)), ""];
  },
  async query() {
    const sixHours: DataSet = { name: "6h", pods: values.small ? 40 : 200, points: 1440 };
    const days: DataSet = { name: "days", pods: 20, points: 5760 * (values.small ? 1 : 7) };
    const ofPods = (pods: number) => `${(pods * 100).toLocaleString("en")} series`;
    const scenes = [
      { title: `${ofPods(sixHours.pods / 10)}, 6 h, step 60 s`, data: sixHours, isSmall: true },
      { title: `${ofPods(sixHours.pods)}, 6 h, step 60 s`, data: sixHours, isSmall: false },
    ].map((scene) => ({ ...scene, stepSeconds: 60 }));
    const long = {
      title: `${ofPods(days.pods)}, ${values.small ? 1 : 7} d, step 10 min`,
      data: days,
      isSmall: false,
      stepSeconds: 600,
    };
    const bodyFile = existsSync(values.body) ? values.body : undefined;
    const chosen = [...scenes, long].filter(({ data }) => data.name === (values.data ?? data.name));
    return queryLines(
      await benchQueries({ workDir, scenes: chosen, bodyFile, firstPort }, servers),
    );
  },
};

/** What a bench of its own prints. */
async function scriptLines(name: string, options: readonly string[]): Promise<string[]> {
  const args = ["--import", "tsx", join(projectDir, "bench", name), ...options];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: projectDir });
  return stdout.trimEnd().split("\n");
}

function listed(lines: readonly string[]): string[] {
  return lines.map((line) => `- ${line}`);
}

const wanted = positionals.length > 0 ? positionals : Object.keys(parts);
const unknown = wanted.filter((name) => parts[name] === undefined);
if (unknown.length > 0) {
  console.error(`no part ${unknown.join(", ")}; there are ${Object.keys(parts).join(", ")}`);
  process.exit(2);
}
for (const sentence of found.skipped) console.error(`left out: ${sentence}`);
try {
  for (const name of wanted) {
    const lines = [...machineLines(), ...((await parts[name]?.()) ?? [])];
    console.log(lines.join("\n"));
    if (values["write-docs"]) writeDocs(name, lines.join("\n"));
  }
} finally {
  if (values.work === undefined) rmSync(workDir, { recursive: true, force: true });
}

function requireBody(): void {
  if (existsSync(values.body)) return;
  console.error(
    `no scrape body at ${values.body}; give one with --body FILE (any agent's /metrics)`,
  );
  process.exit(2);
}

function machineLines(): string[] {
  const cores = cpus();
  return [
    `Machine: ${cores.length} cores (${cores[0]?.model.trim()}), ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.versions.node}, load average ${(loadavg()[0] ?? 0).toFixed(1)} at the start. Shared and noisy: ratios and CPU seconds count.`,
    "",
  ];
}

function scrapeLines(results: readonly ScrapeRun[]): string[] {
  const ours = results.filter((run) => run.server === "ciliascope");
  const peers = results.filter((run) => run.server !== "ciliascope");
  const best = Math.min(...ours.map((run) => run.cpuSecondsPerMillion));
  return [
    `## Scrape: one agent body from 40 targets each second, ${seconds} s measured after 15 s`,
    "",
    "| server, in the order of the runs | samples/s | CPU s per million samples | peak RSS MiB | data MB | targets up | event loop delay p99 ms |",
    "|---|---|---|---|---|---|---|",
    ...results.map(
      (run) =>
        `| ${run.server} | ${run.samplesPerSecond.toFixed(0)} | ${run.cpuSecondsPerMillion.toFixed(2)} | ${run.peakRssMib.toFixed(0)} | ${run.dataMb.toFixed(1)} | ${run.targetsUp} | ${run.eventLoopDelayP99Ms?.toFixed(1) ?? ""} |`,
    ),
    "",
    ...peers.map(
      (peer) =>
        `CPU ratio ours / ${peer.server}: ${(best / peer.cpuSecondsPerMillion).toFixed(2)}  `,
    ),
    "",
  ];
}

function startLines(times: readonly number[]): string[] {
  const sorted = [...times].sort((a, b) => a - b);
  return [
    "## Server start to `ready`, empty directory",
    "",
    `min ${sorted[0]?.toFixed(0)} ms, median ${sorted[Math.floor(sorted.length / 2)]?.toFixed(0)} ms, max ${sorted.at(-1)?.toFixed(0)} ms of ${times.length} starts (process start included)`,
    "",
  ];
}

function bundleLines(files: readonly BundleSize[]): string[] {
  const total = files.reduce((sum, file) => sum + file.gzipBytes, 0);
  return [
    "## The page's first load, gzipped",
    "",
    `${(total / 1000).toFixed(0)} kB: ${files.map((file) => `${file.file} ${(file.gzipBytes / 1000).toFixed(1)}`).join(", ")}`,
    "",
  ];
}

/** Replaces what stands between the marks of a part; what people wrote around it stays. */
function writeDocs(part: string, text: string): void {
  const file = join(projectDir, "docs", "BENCHMARKS.md");
  const [begin, end] = [`<!-- bench:${part}:begin -->`, `<!-- bench:${part}:end -->`];
  const old = readFileSync(file, "utf8");
  if (!old.includes(begin)) {
    writeFileSync(file, `${old}\n${begin}\n${text}\n${end}\n`);
    return;
  }
  const before = old.slice(0, old.indexOf(begin) + begin.length);
  writeFileSync(file, `${before}\n${text}\n${old.slice(old.indexOf(end))}`);
}
