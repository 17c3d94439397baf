/**
 * A real Prometheus on our head: native histograms, late samples (wbl/), finished chunks (chunks_head/)
 * and deletions, closed and killed, answer there as they do here; and back again. Skipped, and said
 * so, where no prometheus is installed.
 */

import { spawn } from "node:child_process";
import { cpSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../src/base/clock.ts";
import { silentLogger } from "../src/base/logger.ts";
import { labelsFromObject } from "../src/model/labels.ts";
import { createMatcher } from "../src/model/matcher.ts";
import { SampleBuffer } from "../src/model/sample.ts";
import { openTsdb, type Tsdb } from "../src/tsdb/tsdb.ts";
import { type AppTest, expectEqual, freePort } from "./app-test.ts";
import { isInstalled } from "./peers.ts";
import { sampleHistogram } from "./sample-histogram.ts";

const rounds = 500;
const stepMs = 5000;
const lateEach = 10;
const readyDeadlineMs = 20_000;
/** What both must answer, each the number of samples in the last two hours. */
const metrics = ["counter", "float", "histogram", "float_histogram", "deleted"] as const;

export const prometheusReadsOurHeadTest: AppTest = {
  name: "prometheus-reads-our-head",
  async run(context) {
    if (!isInstalled("prometheus")) return;
    const dir = context.tempDir();
    const closed = join(dir, "closed");
    const db = await open(closed);
    await fill(db);
    const wanted = await countSamples(db);
    const late = rounds / lateEach;
    expectEqual(wanted["counter"], rounds + late, "late samples beside the others");
    // What a kill -9 leaves is the directory as it is now.
    const killed = join(dir, "killed");
    cpSync(closed, killed, { recursive: true });
    rmSync(join(killed, "lock"));
    await db.close();
    for (const [data, what] of [
      [closed, "a closed directory"],
      [killed, "a killed directory"],
    ] as const) {
      expectEqual(await askPrometheus(data, dir), wanted, `Prometheus on ${what}`);
      const again = await open(data);
      expectEqual(await countSamples(again), wanted, `${what}, after Prometheus had it`);
      await again.close();
    }
  },
};

function open(dir: string): Promise<Tsdb> {
  return openTsdb({
    dir,
    clock: systemClock,
    logger: silentLogger,
    outOfOrderWindowMs: 3_600_000,
  });
}

async function fill(db: Tsdb): Promise<void> {
  const firstMs = systemClock.nowMs() - rounds * stepMs;
  const named = (name: string) => labelsFromObject({ __name__: name, place: "größe" });
  for (let round = 0; round < rounds; round++) {
    const atMs = firstMs + round * stepMs;
    const appender = db.appender();
    appender.append(0, named("counter"), atMs, round * 7);
    appender.append(0, named("float"), atMs, Math.sin(round));
    appender.append(0, named("deleted"), atMs, round);
    appender.appendHistogram(0, named("histogram"), atMs, sampleHistogram(round, "integer"));
    appender.appendHistogram(0, named("float_histogram"), atMs, sampleHistogram(round, "float"));
    if (round % lateEach === lateEach - 1) {
      appender.append(0, named("counter"), atMs - 2.5 * stepMs, 0.5);
    }
    appender.commit();
  }
  const matchers = [createMatcher("=", "__name__", "deleted")];
  await db.deleteSeries(firstMs + 100 * stepMs, firstMs + 149 * stepMs, matchers);
}

async function countSamples(db: Tsdb): Promise<Record<string, number>> {
  const range = { startMs: 0, endMs: Number.MAX_SAFE_INTEGER };
  const querier = db.querier(range.startMs, range.endMs);
  const { series } = await querier.select([], range);
  const counts: Record<string, number> = {};
  const into = new SampleBuffer();
  for (const metric of metrics) {
    into.clear();
    const own = series.find(({ labels }) => labels.get("__name__") === metric);
    own?.readSamples(into, range.startMs, range.endMs);
    counts[metric] = into.count;
  }
  querier.close();
  return counts;
}

async function askPrometheus(data: string, dir: string): Promise<Record<string, number>> {
  const port = await freePort();
  const config = join(dir, "prometheus.yml");
  writeFileSync(config, "storage: {tsdb: {out_of_order_time_window: 1h}}\n");
  const child = spawn(
    "prometheus",
    [
      `--config.file=${config}`,
      `--storage.tsdb.path=${data}`,
      `--web.listen-address=127.0.0.1:${port}`,
      "--enable-feature=native-histograms",
      "--log.level=error",
    ],
    { stdio: "ignore" },
  );
  const ended = new Promise((resolve) => child.once("exit", resolve));
  try {
    await waitUntilReady(port);
    const counts: Record<string, number> = {};
    for (const metric of metrics) {
      const query = encodeURIComponent(`count_over_time(${metric}[2h])`);
      const answer = await fetch(`http://127.0.0.1:${port}/api/v1/query?query=${query}`);
      const text = await answer.text();
      counts[metric] = Number(/"value":\[[\d.]+,"(\d+)"\]/.exec(text)?.[1] ?? 0);
    }
    return counts;
  } finally {
    child.kill("SIGTERM");
    await ended;
  }
}

async function waitUntilReady(port: number): Promise<void> {
  const deadlineMs = systemClock.nowMs() + readyDeadlineMs;
  while (systemClock.nowMs() < deadlineMs) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    const isReady = await fetch(`http://127.0.0.1:${port}/-/ready`).then(
      (response) => response.ok,
      () => false,
    );
    if (isReady) return;
  }
  throw new Error("prometheus was not ready in time");
}
