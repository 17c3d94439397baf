/**
 * One data directory, three servers: ours, Debian's Prometheus and Prometheus 3.15 answer the same from
 * a directory that we wrote (blocks, head, late samples, histograms, deletions) and from one that a
 * Prometheus wrote under load and was killed over. Each refuses a directory that another one uses.
 */

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../src/base/clock.ts";
import { silentLogger } from "../src/base/logger.ts";
import { labelsFromObject } from "../src/model/labels.ts";
import { createMatcher } from "../src/model/matcher.ts";
import { openTsdb, type Tsdb } from "../src/tsdb/tsdb.ts";
import {
  type AppTest,
  type AppTestContext,
  expectEqual,
  expectMatch,
  type RunningServer,
} from "./app-test.ts";
import { sendRemoteWrite } from "./faults/remote-write-client.ts";
import { findPrometheusPeers, type PrometheusPeer, startPrometheus } from "./peers.ts";
import { dump, expectSameLines } from "./prometheus-reads-our-wal.ts";
import { sampleHistogram } from "./sample-histogram.ts";

const hourMs = 3_600_000;
const hours = 9;
const seriesCount = 10;

/** Selectors are the same in every release; the rest only where ranges are open at their start. */
const selectors = [
  "counter",
  'counter{i=~"[1-4]",place!=""}',
  "gauge",
  "late",
  "shape",
  "deleted",
  '{__name__=~".+"}',
];
const queries = [
  "sum by (i) (rate(counter[5m]))",
  "increase(counter[1h])",
  "avg_over_time(gauge[30m])",
  "count_over_time(late[2h])",
  "histogram_quantile(0.9, rate(shape[10m]))",
  "topk(3, gauge)",
  "absent(deleted)",
  'label_replace(counter, "j", "$1", "i", "(.)") * 2',
  "counter[7m]",
];

export const interoperabilityTest: AppTest = {
  name: "interoperability",
  async run(context) {
    const peers = findPrometheusPeers();
    const dir = context.tempDir();
    // A whole number of block lengths ago, so that blocks are cut where the hours are.
    const firstMs = Math.floor(systemClock.nowMs() / (2 * hourMs)) * 2 * hourMs - 12 * hourMs;
    const ours = join(dir, "ours", "tsdb");
    await writeOurs(ours, firstMs);
    for (const peer of peers) {
      const compared = await compareDirectory(context, { ours, peer, dir, firstMs });
      console.log(`      our directory, ${peer.name}: ${compared}`);
    }
    for (const peer of peers) {
      const theirs = await writeTheirs(context, peer, dir, firstMs);
      const compared = await compareDirectory(context, { ours: theirs, peer, dir, firstMs });
      console.log(`      directory of ${peer.name}, killed: ${compared}`);
    }
    for (const peer of peers) await loadImport(peer, dir, firstMs);
    for (const peer of peers) await exchangeLocks(context, peer, dir);
  },
};

/** Nine hours: blocks and a head, with all kinds of samples; left as a kill leaves it. */
async function writeOurs(dir: string, firstMs: number): Promise<void> {
  mkdirSync(dir, { recursive: true });
  const db = await openTsdb({
    dir,
    clock: systemClock,
    logger: silentLogger,
    outOfOrderWindowMs: hourMs,
  });
  for (let minute = 0; minute < hours * 60; minute++) {
    appendMinute(db, firstMs + minute * 60_000, minute);
    if (minute === 400) await db.compact();
  }
  await db.deleteSeries(firstMs, firstMs + 30 * hourMs, [
    createMatcher("=", "__name__", "deleted"),
  ]);
  await db.close();
}

function appendMinute(db: Tsdb, atMs: number, minute: number): void {
  const appender = db.appender();
  const named = (name: string, i = 0) =>
    labelsFromObject({ __name__: name, i: String(i), place: "größe 🙂" });
  for (let i = 0; i < seriesCount; i++) {
    const at = atMs + i * 13;
    appender.append(0, named("counter", i), at, ((minute * (i + 1)) % 700) + i / 3);
    if (i === 4 && minute % 50 === 49) appender.appendStale(0, named("gauge", i), at);
    else appender.append(0, named("gauge", i), at, Math.sin(minute * i) * 10 ** i);
  }
  appender.append(0, named("deleted"), atMs, minute);
  appender.append(0, named("late"), atMs, minute);
  if (minute % 9 === 8) appender.append(0, named("late"), atMs - 150_000, -minute);
  appender.appendHistogram(0, named("shape"), atMs, sampleHistogram(minute));
  appender.commit();
}

/** A Prometheus takes remote writes of nine hours, cuts blocks meanwhile, and is killed. */
async function writeTheirs(
  context: AppTestContext,
  peer: PrometheusPeer,
  dir: string,
  firstMs: number,
): Promise<string> {
  const data = join(dir, `theirs-${peer.hasOpenRanges}`, "tsdb");
  mkdirSync(data, { recursive: true });
  const args = ["--web.enable-remote-write-receiver"];
  const { url, program } = await startPrometheus(context, peer, data, { args });
  for (let minute = 0; minute < hours * 60; minute += 2) {
    const series = Array.from({ length: seriesCount * 2 }, (_, n) => {
      const i = n % seriesCount;
      const name = n < seriesCount ? "counter" : "gauge";
      const samples = [0, 60_000].map((more) => ({
        timestampMs: firstMs + minute * 60_000 + more + i * 13,
        value: name === "counter" ? minute * (i + 1) + more / 60_000 : Math.cos(minute * i + more),
      }));
      return { labels: ["__name__", name, "i", String(i), "place", "größe 🙂"], samples };
    });
    expectEqual(await sendRemoteWrite(url, series), 204, `remote write to ${peer.name}`);
  }
  program.child.kill("SIGKILL");
  await program.waitForExit();
  return data;
}

interface Comparison {
  readonly ours: string;
  readonly peer: PrometheusPeer;
  readonly dir: string;
  readonly firstMs: number;
}

/** Both on copies of one directory; returns what was compared. */
async function compareDirectory(
  context: AppTestContext,
  { ours, peer, dir, firstMs }: Comparison,
): Promise<string> {
  const copies = { ours: join(dir, "copy-ours"), peer: join(dir, "copy-peer") };
  for (const copy of Object.values(copies)) rmSync(copy, { recursive: true, force: true });
  mkdirSync(copies.ours);
  cpSync(ours, join(copies.ours, "tsdb"), { recursive: true });
  cpSync(ours, copies.peer, { recursive: true });
  for (const copy of [join(copies.ours, "tsdb"), copies.peer])
    rmSync(join(copy, "lock"), { force: true });
  expectTool(peer, copies.peer);
  const theirs = await startPrometheus(context, peer, copies.peer);
  if (theirs.url === "") throw new Error(`${peer.name} ended: ${theirs.program.output()}`);
  const mine = await startOurs(context, copies.ours);
  const found = { answers: 0, rows: 0 };
  const compare = async (path: string, what: string) => {
    const [have, want] = [await answerOf(mine.url, path), await answerOf(theirs.url, path)];
    expectSameLines(have, want, `${what}, ${peer.name}`);
    found.answers++;
    found.rows += want.length;
  };
  const asked = peer.hasOpenRanges ? [...selectors, ...queries] : selectors;
  // Within each block, at their ends, in the head and behind all.
  for (const hour of [0.5, 1.99, 2, 4.4, 6, 7.3, 8.6, hours, hours + 1]) {
    for (const query of asked) {
      const time = String((firstMs + hour * hourMs) / 1000);
      await compare(
        `/api/v1/query?${new URLSearchParams({ query, time })}`,
        `${query} at ${hour} h`,
      );
    }
  }
  const range = { start: String(firstMs / 1000), end: String(firstMs / 1000 + hours * 3600) };
  for (const [path, parameters] of [
    ["query_range", { ...range, query: "gauge", step: "97" }],
    ["series", { ...range, "match[]": "{i=~'.+'}" }],
    ["labels", range],
    ["label/__name__/values", range],
  ] as const) {
    await compare(`/api/v1/${path}?${new URLSearchParams(parameters)}`, path);
  }
  await theirs.program.stop("SIGTERM");
  await mine.program.stop();
  // Nothing on both sides would be the same too.
  expectEqual(found.rows > 300, true, `more than ${found.rows} rows`);
  return `${found.answers} answers (${found.rows} rows) the same`;
}

/** promtool lists, analyzes and dumps without a word of trouble, and dumps the same before and after us. */
function expectTool(peer: PrometheusPeer, dir: string): void {
  expectMatch(runTool(peer, "list", dir), /^01[0-9A-Z]{24} /m, `${peer.name}: list`);
  expectMatch(runTool(peer, "analyze", dir), /^(Total )?Series: \d/m, `${peer.name}: analyze`);
  const lines = runTool(peer, "dump", dir).split("\n");
  expectEqual(lines.length > 5000, true, `${peer.name}: samples dumped`);
}

function runTool(peer: PrometheusPeer, command: string, dir: string): string {
  const result = spawnSync(peer.promtool, ["tsdb", command, dir], { maxBuffer: 1 << 28 });
  if (result.status !== 0) throw new Error(`promtool tsdb ${command}: ${String(result.stderr)}`);
  return String(result.stdout);
}

function startOurs(context: AppTestContext, dataDir: string): Promise<RunningServer> {
  const config = `${join(dataDir, "..", "copy-peer")}.yml`;
  return context.startServer([
    ...["--data-dir", dataDir, "--config", config],
    ...["--storage.tsdb.retention.time=10y", "--log.level=warn"],
  ]);
}

async function answerOf(url: string, path: string): Promise<string[]> {
  const answer = await fetch(url + path);
  const body = (await answer.json()) as { data?: unknown; error?: string };
  if (body.data === undefined) throw new Error(`${url}${path}: ${body.error}`);
  const data = body.data as { result?: unknown[]; resultType?: string };
  const rows = Array.isArray(data) ? data : (data.result ?? []);
  // Order is not promised but by sort and topk.
  return rows.map((row) => canonical(row)).sort();
}

/** Keys sorted, so that only content counts. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

/** Blocks that the peer's promtool makes of OpenMetrics text load here, sample for sample. */
async function loadImport(peer: PrometheusPeer, dir: string, firstMs: number): Promise<void> {
  const text = join(dir, "openmetrics");
  const target = join(dir, `imported-${peer.hasOpenRanges}`);
  mkdirSync(join(target, "wal"), { recursive: true });
  const wanted: string[] = [];
  const lines = ["# TYPE imported gauge"];
  for (let minute = 0; minute < 400; minute++) {
    const atMs = firstMs + minute * 60_000;
    const value = Math.cos(minute);
    lines.push(`imported{text="a\\"b\\nc"} ${value} ${atMs / 1000}`);
    wanted.push(`{__name__="imported", text="a\\"b\\nc"} ${value} ${atMs}`);
  }
  writeFileSync(text, `${lines.join("\n")}\n# EOF\n`);
  const args = ["tsdb", "create-blocks-from", "openmetrics", text, target];
  const result = spawnSync(peer.promtool, args);
  expectEqual(result.status, 0, `${peer.name}: ${String(result.stderr)}`);
  const db = await openTsdb({ dir: target, clock: systemClock, logger: silentLogger });
  expectSameLines(await dump(db), wanted.sort(), `import by ${peer.name}`);
  await db.close();
  console.log(
    `      blocks imported by promtool of ${peer.name}: ${wanted.length} samples the same`,
  );
}

/** Each refuses what the other holds, and takes it when the other is gone. */
async function exchangeLocks(
  context: AppTestContext,
  peer: PrometheusPeer,
  dir: string,
): Promise<void> {
  // Debian's locks only when told to.
  const args = peer.hasOpenRanges ? [] : ["--storage.tsdb.use-lockfile"];
  const dataDir = join(dir, `locks-${peer.hasOpenRanges}`);
  const data = join(dataDir, "tsdb");
  mkdirSync(data, { recursive: true });
  const theirs = await startPrometheus(context, peer, data, { args });
  const refused = await openTsdb({ dir: data, clock: systemClock, logger: silentLogger }).then(
    async (db) => {
      await db.close();
      return "opened";
    },
    (thrown: { code?: string; message: string }) => `${thrown.code}: ${thrown.message}`,
  );
  expectMatch(refused, /^locked: .*kernel lock as Prometheus takes it/, `ours beside ${peer.name}`);
  await theirs.program.stop("SIGTERM");
  const db = await openTsdb({ dir: data, clock: systemClock, logger: silentLogger });
  try {
    const second = await startPrometheus(context, peer, data, { args });
    expectEqual(second.url, "", `${peer.name} starts beside us`);
    expectMatch(
      second.program.output(),
      /lock|resource temporarily unavailable/i,
      `${peer.name} beside us`,
    );
  } finally {
    await db.close();
  }
  const third = await startPrometheus(context, peer, data, { args });
  expectEqual(third.url !== "", true, `${peer.name} after us`);
  await third.program.stop("SIGTERM");
  console.log(`      locks with ${peer.name}: each refuses the other`);
}
