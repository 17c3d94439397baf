/**
 * `npm run bench [-- --seconds N] [--body FILE] [--first-port N] [--write-docs]`: our figures beside the peer's, in one
 * run on this machine. Nothing here passes or fails; docs/BENCHMARKS.md is written from it.
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { projectDir } from "../apptest/app-test.ts";
import { type BundleSize, firstLoadSizes } from "./bundle.ts";
import { benchScrape, firstPortDefault, type ScrapeRun } from "./scrape.ts";
import { benchStart } from "./start.ts";

const startRuns = 5;

const { values } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    body: {
      type: "string",
      default: join(projectDir, "..", "shared", "data", "scrapes", "cilium-agent-mixed.txt"),
    },
    "first-port": { type: "string", default: String(firstPortDefault) },
    "write-docs": { type: "boolean", default: false },
  },
});
if (!existsSync(values.body)) {
  console.error(
    `no scrape body at ${values.body}; give one with --body FILE (any agent's /metrics)`,
  );
  process.exit(2);
}
const seconds = Number(values.seconds);
const starts = await benchStart(startRuns);
const sizes = firstLoadSizes();
const runs = await benchScrape({
  bodyFile: values.body,
  seconds,
  firstPort: Number(values["first-port"]),
});
const report = [
  ...machineLines(),
  ...scrapeLines(runs),
  ...startLines(starts),
  ...bundleLines(sizes),
].join("\n");
console.log(report);
if (values["write-docs"]) writeDocs(report);

function machineLines(): string[] {
  const cores = cpus();
  return [
    `Machine: ${cores.length} cores (${cores[0]?.model.trim()}), ${(totalmem() / 2 ** 30).toFixed(0)} GiB, Node ${process.versions.node}. Shared and noisy: ratios and CPU seconds count.`,
    "",
  ];
}

function scrapeLines(results: readonly ScrapeRun[]): string[] {
  const ours = results.filter((run) => run.server === "ciliascope");
  const theirs = results.find((run) => run.server === "prometheus");
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
    theirs === undefined
      ? ""
      : `CPU ratio ours / Prometheus: ${(best / theirs.cpuSecondsPerMillion).toFixed(2)}`,
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

/** Replaces what stands between the marks; what people wrote around it stays. */
function writeDocs(text: string): void {
  const file = join(projectDir, "docs", "BENCHMARKS.md");
  const [begin, end] = ["<!-- bench:begin -->", "<!-- bench:end -->"];
  const old = readFileSync(file, "utf8");
  const before = old.slice(0, old.indexOf(begin) + begin.length);
  writeFileSync(file, `${before}\n${text}\n${old.slice(old.indexOf(end))}`);
}
