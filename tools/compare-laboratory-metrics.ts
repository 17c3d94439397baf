/**
 * `npx tsx tools/compare-laboratory-metrics.ts [--write]`: the laboratory's metric names and labels beside the
 * catalogue and the recorded bodies. Prints, for each version, how many names are served, how many are
 * absent for which reason, and every one that is absent without a reason (exit 1). The pages of a
 * running mesh scene are compared with recorded bodies of Envoy, clustermesh-apiserver and kvstoremesh;
 * --write writes what they lack into docs/laboratory.md, by reason.
 */

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { systemClock } from "../src/base/clock.ts";
import { silentLogger } from "../src/base/logger.ts";
import { agentRows } from "../src/lab/cilium-metrics/agent-rows.ts";
import { recordedMetrics } from "../src/lab/cilium-metrics/generated/recorded-metrics.ts";
import { isServed, type MetricRow } from "../src/lab/cilium-metrics/metric-book.ts";
import { operatorRows } from "../src/lab/cilium-metrics/operator-rows.ts";
import type { CiliumVersion } from "../src/lab/lab-state.ts";
import { startLaboratory } from "../src/lab/laboratory.ts";
import { loadScene } from "../src/lab/scenes/scene-file.ts";
import { absentReasonOf } from "./absent-metrics.ts";

const rows: readonly MetricRow[] = [...agentRows, ...operatorRows];
const versions = [
  { version: "1.6", sources: ["scrape-1.6"] },
  { version: "1.9", sources: ["scrape-1.9"] },
  { version: "1.16", sources: ["catalogue-1.16"] },
  { version: "1.19", sources: ["catalogue-1.19", "scrape-1.19"] },
] as const;
/** How long the scene runs before its pages are read. */
const warmUpMs = 6000;
const begin = "<!-- pages:begin, written by tools/compare-laboratory-metrics.ts --write -->";
const end = "<!-- pages:end -->";
let unexplained = 0;
/** Reason → names. */
type Absent = Map<string, string[]>;

/** Adds a name to those of its reason; one without is printed at once. */
function countAbsent(where: string, name: string, byReason: Absent): void {
  const reason = absentReasonOf(name);
  if (reason === undefined) {
    unexplained++;
    console.log(`  ${where}: ${name} is absent without a reason`);
  } else byReason.set(reason, [...(byReason.get(reason) ?? []), name]);
}

function printReasons(byReason: Absent): void {
  for (const [reason, names] of [...byReason].sort((a, b) => b[1].length - a[1].length))
    console.log(`  ${names.length} absent: ${reason}`);
}

function compareVersion(version: CiliumVersion, sources: readonly string[]): void {
  const byReason: Absent = new Map();
  const differing: string[] = [];
  let servedCount = 0;
  let count = 0;
  for (const [name, { labels }] of Object.entries(recordedMetrics)) {
    const recorded = sources
      .map((source) => (labels as Readonly<Record<string, string>>)[source])
      .find((text) => text !== undefined);
    if (recorded === undefined) continue;
    count++;
    const row = rows.find((one) => one.name === name && isServed(one, version));
    if (row === undefined) {
      countAbsent(version, name, byReason);
      continue;
    }
    servedCount++;
    const own = [...row.labels].sort().join(" ");
    if (own !== recorded)
      differing.push(
        `${name} {${own}} recorded {${recorded}}: ${row.assumed ?? "as the bodies of this and the neighbouring versions have it"}`,
      );
  }
  console.log(`${version}: ${servedCount} of ${count} recorded names are served`);
  printReasons(byReason);
  for (const text of differing) console.log(`  labels differ: ${text}`);
}

/** Name → type of an exposition. */
function namesOf(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name = "", type = ""] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm))
    found.set(name, type);
  return found;
}

/** A page beside the recorded body. */
interface ComparedPage {
  readonly job: string;
  readonly servedCount: number;
  readonly count: number;
  readonly byReason: Absent;
}

async function comparePages(scrapesDir: string): Promise<readonly ComparedPage[]> {
  const pages: ComparedPage[] = [];
  const laboratory = await startLaboratory({
    scene: loadScene("mesh"),
    ciliumVersion: "1.19",
    clock: systemClock,
    logger: silentLogger,
    seed: 1,
    addressBase: "127.119.0",
    isEphemeral: true,
    hasTraffic: true,
    labDir: undefined,
  });
  try {
    await new Promise((done) => setTimeout(done, warmUpMs));
    for (const [job, file] of [
      ["cilium-envoy", "envoy-1.40.txt"],
      ["clustermesh-apiserver", "clustermesh-apiserver-1.19.txt"],
      ["kvstoremesh", "kvstoremesh-1.19.txt"],
    ] as const) {
      const url = laboratory.endpointUrls.find((one) => one.job === job)?.url ?? "";
      const own = namesOf(await (await fetch(url)).text());
      const recorded = namesOf(readFileSync(join(scrapesDir, file), "utf8"));
      const shared = [...own.keys()].filter((name) => recorded.has(name));
      const wrong = shared.filter((name) => own.get(name) !== recorded.get(name));
      const foreign = [...own.keys()].filter((name) => !recorded.has(name));
      const byReason: Absent = new Map();
      for (const name of recorded.keys()) if (!own.has(name)) countAbsent(file, name, byReason);
      console.log(
        `${job}: ${shared.length} of ${recorded.size} names of ${file} are served, ${wrong.length} with another type`,
      );
      printReasons(byReason);
      pages.push({ job, servedCount: shared.length, count: recorded.size, byReason });
      if (foreign.length > 0) console.log(`  not in that body: ${foreign.join(", ")}`);
    }
  } finally {
    await laboratory.stop();
  }
  return pages;
}

function pagesTable(pages: readonly ComparedPage[]): string {
  const lines = pages.flatMap(({ job, servedCount, count, byReason }) => [
    `| **${job}**: ${servedCount} of ${count} names are served | |`,
    ...[...byReason].map(([reason, names]) => {
      const isRuntime = names.every((name) => name.startsWith("go_"));
      const shown = isRuntime
        ? `\`go_*\` (${names.length})`
        : names.map((one) => `\`${one}\``).join(" ");
      return `| ${reason} | ${shown} |`;
    }),
  ]);
  return [begin, "| reason | names |", "|---|---|", ...lines, end].join("\n");
}

function writeDocs(pages: readonly ComparedPage[]): void {
  const file = join(resolve(import.meta.dirname, ".."), "docs", "laboratory.md");
  const text = readFileSync(file, "utf8");
  const from = text.indexOf(begin);
  const to = text.indexOf(end);
  if (from < 0 || to < from) throw new Error(`${file} has no place for the table of pages`);
  writeFileSync(file, text.slice(0, from) + pagesTable(pages) + text.slice(to + end.length));
}

for (const { version, sources } of versions) compareVersion(version, sources);
const scrapesDir = join(resolve(import.meta.dirname, ".."), "..", "shared", "data", "scrapes");
if (existsSync(scrapesDir)) {
  const pages = await comparePages(scrapesDir);
  if (process.argv.includes("--write")) writeDocs(pages);
} else console.log("the recorded bodies are not beside the project: pages are not compared");
process.exit(unexplained > 0 ? 1 : 0);
