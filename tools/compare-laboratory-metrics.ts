/**
 * `npx tsx tools/compare-laboratory-metrics.ts`: the laboratory's metric names and labels beside the
 * catalogue and the recorded bodies. Prints, for each version, how many names are served, how many are
 * absent for which reason, and every one that is absent without a reason (exit 1). The pages of a
 * running mesh scene are compared with recorded bodies of Envoy, clustermesh-apiserver and kvstoremesh.
 */

import { existsSync, readFileSync } from "node:fs";
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
let unexplained = 0;

function compareVersion(version: CiliumVersion, sources: readonly string[]): void {
  const byReason = new Map<string, number>();
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
      const reason = absentReasonOf(name);
      if (reason === undefined) {
        unexplained++;
        console.log(`  ${version}: ${name} is absent without a reason`);
      } else byReason.set(reason, (byReason.get(reason) ?? 0) + 1);
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
  for (const [reason, number] of [...byReason].sort((a, b) => b[1] - a[1]))
    console.log(`  ${number} absent: ${reason}`);
  for (const text of differing) console.log(`  labels differ: ${text}`);
}

/** Name → type of an exposition. */
function namesOf(text: string): Map<string, string> {
  const found = new Map<string, string>();
  for (const [, name = "", type = ""] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm))
    found.set(name, type);
  return found;
}

async function comparePages(scrapesDir: string): Promise<void> {
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
      console.log(
        `${job}: ${shared.length} of ${recorded.size} names of ${file} are served, ${wrong.length} with another type`,
      );
      if (foreign.length > 0) console.log(`  not in that body: ${foreign.join(", ")}`);
    }
  } finally {
    await laboratory.stop();
  }
}

for (const { version, sources } of versions) compareVersion(version, sources);
const scrapesDir = join(resolve(import.meta.dirname, ".."), "..", "shared", "data", "scrapes");
if (existsSync(scrapesDir)) await comparePages(scrapesDir);
else console.log("the recorded bodies are not beside the project: pages are not compared");
process.exit(unexplained > 0 ? 1 : 0);
