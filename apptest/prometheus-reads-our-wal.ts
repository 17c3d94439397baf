/**
 * A real Prometheus and we on each other's data directory: it starts on a log that we wrote and killed,
 * and gives the same samples; we open one that it wrote and was killed over. Skipped, and said so,
 * where no prometheus is installed.
 */

import { spawn, spawnSync } from "node:child_process";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../src/base/clock.ts";
import { silentLogger } from "../src/base/logger.ts";
import { labelsFromObject } from "../src/model/labels.ts";
import { SampleBuffer } from "../src/model/sample.ts";
import { openTsdb, type Tsdb } from "../src/tsdb/tsdb.ts";
import { type AppTest, expectEqual, freePort } from "./app-test.ts";
import { isInstalled } from "./peers.ts";

const rounds = 300;
const seriesCount = 20;
const startDeadlineMs = 20_000;

export const prometheusReadsOurWalTest: AppTest = {
  name: "prometheus-reads-our-wal",
  async run(context) {
    if (!isInstalled("promtool")) return;
    const dir = context.tempDir();
    const ours = join(dir, "ours");
    const db = await openTsdb({ dir: ours, clock: systemClock, logger: silentLogger });
    fill(db);
    // What a kill -9 leaves is the directory as it is now.
    const killed = join(dir, "killed");
    cpSync(ours, killed, { recursive: true });
    rmSync(join(killed, "lock"));
    const wanted = await dump(db);
    await db.close();
    expectSameLines(promtoolDump(ours), wanted, "promtool dump of a closed directory");
    expectSameLines(promtoolDump(killed), wanted, "promtool dump of a killed directory");
    const theirs = await letPrometheusScrapeItself(join(dir, "theirs"));
    const opened = await openTsdb({ dir: theirs, clock: systemClock, logger: silentLogger });
    const read = await dump(opened);
    await opened.close();
    expectEqual(read.length > 100, true, "Prometheus' own samples read by us");
    expectSameLines(read, promtoolDump(theirs), "a directory that Prometheus was killed over");
  },
};

/** As expectEqual, showing the first lines that only one side has. */
export function expectSameLines(
  actual: readonly string[],
  wanted: readonly string[],
  what: string,
): void {
  const [have, want] = [new Set(actual), new Set(wanted)];
  const missing = wanted.filter((line) => !have.has(line)).slice(0, 3);
  const extra = actual.filter((line) => !want.has(line)).slice(0, 3);
  expectEqual(
    { count: actual.length, missing, extra },
    { count: wanted.length, missing: [], extra: [] },
    what,
  );
}

/** Floats of all kinds, a stale marker, a series that begins late, label values beyond ASCII. */
function fill(db: Tsdb): void {
  const firstMs = systemClock.nowMs() - rounds * 2000;
  for (let round = 0; round < rounds; round++) {
    const appender = db.appender();
    for (let i = 0; i < seriesCount; i++) {
      if (i === 3 && round < 100) continue;
      const labels = labelsFromObject({ __name__: "our_metric", i: String(i), place: "größe 🙂" });
      const atMs = firstMs + round * 2000 + ((round * i) % 7);
      const special = [Number.NaN, Number.POSITIVE_INFINITY, -0][round % 50];
      const isLast = i === 5 && round === rounds - 1;
      if (isLast) appender.appendStale(0, labels, atMs);
      else appender.append(0, labels, atMs, i === 7 ? (special ?? round) : Math.sin(round * i) * i);
    }
    appender.commit();
  }
}

/** `{labels} value time`, one line a sample, as promtool prints, sorted. */
export async function dump(db: Tsdb): Promise<string[]> {
  const range = { startMs: Number.NEGATIVE_INFINITY, endMs: Number.POSITIVE_INFINITY };
  const querier = db.querier(range.startMs, range.endMs);
  const { series } = await querier.select([], range);
  const into = new SampleBuffer();
  const lines: string[] = [];
  for (const one of series) {
    into.clear();
    one.readSamples(into, range.startMs, range.endMs);
    for (let i = 0; i < into.count; i++) {
      lines.push(
        lineOf(one.labels.toString(), into.values[i] as number, into.timestampsMs[i] as number),
      );
    }
  }
  querier.close();
  return lines.sort();
}

function lineOf(labels: string, value: number, timestampMs: number): string {
  return `${labels} ${value === Number.POSITIVE_INFINITY ? "+Inf" : Object.is(value, -0) ? "-0" : value} ${timestampMs}`;
}

export function promtoolDump(dir: string): string[] {
  const result = spawnSync("promtool", ["tsdb", "dump", dir], { maxBuffer: 1 << 28 });
  const lines = result.stdout
    .toString()
    .split("\n")
    .filter((line) => line !== "");
  return lines
    .map((line) => {
      // {labels} value timestamp; Go spells numbers otherwise than JavaScript, so they are read as numbers.
      const match = /^(.*\}) (\S+) (-?\d+)$/.exec(line);
      if (match === null) throw new Error(`promtool printed ${line}`);
      const value = Number((match[2] as string).replace(/Inf$/, "Infinity"));
      return lineOf(match[1] as string, value, Number(match[3]));
    })
    .sort();
}

async function letPrometheusScrapeItself(dir: string): Promise<string> {
  const port = await freePort();
  const config = `${dir}.yml`;
  writeFileSync(
    config,
    `global: {scrape_interval: 1s}\nscrape_configs: [{job_name: self, static_configs: [{targets: ["127.0.0.1:${port}"]}]}]\n`,
  );
  const child = spawn(
    "prometheus",
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${dir}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--log.level=error",
    ],
    { stdio: "ignore" },
  );
  const ended = new Promise((resolve) => child.once("exit", resolve));
  try {
    await waitForSamples(port);
    await expectOpenDirectoryRefused(dir);
  } finally {
    child.kill("SIGKILL");
    await ended;
  }
  return dir;
}

async function expectOpenDirectoryRefused(dir: string): Promise<void> {
  const opening = openTsdb({ dir, clock: systemClock, logger: silentLogger });
  const code = await opening.then(
    async (db) => {
      await db.close();
      return "opened";
    },
    (thrown: { code?: string }) => thrown.code,
  );
  // Only Linux tells which files another process has open.
  if (process.platform === "linux") expectEqual(code, "locked", "a directory that Prometheus uses");
}

async function waitForSamples(port: number): Promise<void> {
  const deadlineMs = systemClock.nowMs() + startDeadlineMs;
  while (systemClock.nowMs() < deadlineMs) {
    await new Promise((resolve) => setTimeout(resolve, 300));
    const url = `http://127.0.0.1:${port}/api/v1/query?query=count_over_time(up[1m])`;
    const text = await fetch(url).then(
      (response) => response.text(),
      () => "",
    );
    const count = Number(/"value":\[[\d.]+,"(\d+)"\]/.exec(text)?.[1] ?? 0);
    if (count >= 4) return;
  }
  throw new Error("prometheus scraped nothing in time");
}
