/**
 * A real Prometheus and we on each other's blocks: promtool lists, analyzes and dumps blocks that we cut
 * and compacted, a server answers from them as we do; blocks that promtool makes load here, and those of our
 * import there. Skipped, and said so, where no prometheus is installed.
 */

import { spawnSync } from "node:child_process";
import { cpSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../src/base/clock.ts";
import { silentLogger } from "../src/base/logger.ts";
import { labelsFromObject } from "../src/model/labels.ts";
import { createMatcher } from "../src/model/matcher.ts";
import { importText } from "../src/tsdb/offline.ts";
import { openTsdb, type Tsdb } from "../src/tsdb/tsdb.ts";
import { type AppTest, type AppTestContext, expectEqual, expectMatch, poll } from "./app-test.ts";
import { isInstalled } from "./peers.ts";
import { dump, expectSameLines, promtoolDump } from "./prometheus-reads-our-wal.ts";

const hourMs = 3_600_000;
const hours = 15;
const seriesCount = 12;

export const prometheusReadsOurBlocksTest: AppTest = {
  name: "prometheus-reads-our-blocks",
  async run(context) {
    if (!isInstalled("promtool")) return;
    const dir = context.tempDir();
    const ours = join(dir, "ours");
    // Range vectors reach back to here: a whole six hours, long enough ago.
    const firstMs = Math.floor(systemClock.nowMs() / (6 * hourMs)) * 6 * hourMs - 18 * hourMs;
    const wanted = await writeOurs(ours, firstMs);
    expectSameLines(promtoolDump(ours), wanted, "promtool's dump of our blocks");
    expectMatch(promtool("tsdb", "list", ours), /^01[0-9A-Z]{24} /m, "promtool's list");
    expectMatch(promtool("tsdb", "analyze", ours), /^Series: 12$/m, "promtool's analysis");
    await expectServed(context, ours, firstMs, wanted.length);
    const reopened = await openTsdb({ dir: ours, clock: systemClock, logger: silentLogger });
    expectSameLines(await dump(reopened), wanted, "our directory after Prometheus ran on it");
    await reopened.close();
    await exchangeImports(dir, firstMs);
  },
};

/** Fifteen hours a sample a minute, cut, compacted, some of it deleted; returns what is left. */
async function writeOurs(dir: string, firstMs: number): Promise<string[]> {
  const db = await openTsdb({ dir, clock: systemClock, logger: silentLogger });
  for (let minute = 0; minute < hours * 60; minute++) {
    const appender = db.appender();
    for (let i = 0; i < seriesCount; i++) {
      const labels = labelsFromObject({ __name__: "ours", i: String(i), place: "größe 🙂" });
      const atMs = firstMs + minute * 60_000 + ((minute * i) % 7);
      if (i === 5 && minute === 500) appender.appendStale(0, labels, atMs);
      else appender.append(0, labels, atMs, i === 7 ? minute : Math.sin(minute * i) * i);
    }
    appender.commit();
  }
  const before = await dump(db);
  await db.compact();
  expectSameLines(await dump(db), before, "our samples after compaction");
  const { blockCount } = db.stats();
  // One of six hours, three of two (the newest stays as it is); the head keeps the rest.
  expectEqual(blockCount, 4, "blocks");
  await db.deleteSeries(firstMs, firstMs + 7 * hourMs - 1, [createMatcher("=", "i", "3")]);
  const wanted = await dump(db);
  expectEqual(before.length - wanted.length, 7 * 60, "deleted samples");
  await db.close();
  return wanted;
}

function promtool(...args: string[]): string {
  const result = spawnSync("promtool", args, { maxBuffer: 1 << 28 });
  if (result.status !== 0) throw new Error(`promtool ${args.join(" ")}: ${String(result.stderr)}`);
  return String(result.stdout);
}

/** A server on our directory must count the same samples. */
async function expectServed(
  context: AppTestContext,
  dir: string,
  firstMs: number,
  sampleCount: number,
): Promise<void> {
  const port = await context.freePort();
  const config = `${dir}.yml`;
  writeFileSync(config, "global: {scrape_interval: 1h}\n");
  const server = context.startCommand("prometheus", [
    `--config.file=${config}`,
    `--storage.tsdb.path=${dir}`,
    "--storage.tsdb.retention.time=10y",
    `--web.listen-address=127.0.0.1:${port}`,
    "--log.level=warn",
  ]);
  const base = `http://127.0.0.1:${port}`;
  await poll(async () => {
    const ready = await fetch(`${base}/-/ready`).catch(() => undefined);
    return ready?.ok === true ? true : undefined;
  });
  const atS = (firstMs + hours * hourMs) / 1000;
  const query = encodeURIComponent(`sum(count_over_time(ours[${hours}h]))`);
  const answer = await fetch(`${base}/api/v1/query?query=${query}&time=${atS}`);
  const body = (await answer.json()) as { data: { result: { value: [number, string] }[] } };
  // count_over_time leaves the stale marker out.
  expectEqual(body.data.result[0]?.value[1], String(sampleCount - 1), "samples that it serves");
  await server.stop("SIGTERM");
  expectEqual(
    /level=(error|warn)[^\n]*(block|corrupt)/i.test(server.output()),
    false,
    server.output(),
  );
}

/** The same text through promtool's import and ours must give the same samples in either. */
async function exchangeImports(dir: string, firstMs: number): Promise<void> {
  const text = join(dir, "text");
  const lines = ["# TYPE imported gauge"];
  for (let i = 0; i < 3; i++) {
    for (let minute = 0; minute < 300; minute++) {
      const seconds = firstMs / 1000 + minute * 60;
      lines.push(`imported{i="${i}",text="a\\"b\\\\c\\nd"} ${Math.cos(minute) * i} ${seconds}`);
    }
  }
  writeFileSync(text, `${lines.join("\n")}\n# EOF\n`);
  const [theirs, ours] = [join(dir, "theirs"), join(dir, "imported")];
  for (const one of [theirs, ours]) mkdirSync(join(one, "wal"), { recursive: true });
  promtool("tsdb", "create-blocks-from", "openmetrics", text, theirs);
  const metas = await importText(text, ours, systemClock);
  const wanted = promtoolDump(theirs);
  expectEqual(wanted.length, 900, "samples imported by promtool");
  expectEqual(metas.length, 3, "blocks of the import");
  expectSameLines(promtoolDump(ours), wanted, "promtool's dump of our import");
  expectSameLines(await dumpDir(theirs), wanted, "our dump of promtool's import");
  expectSameLines(await dumpDir(ours), wanted, "our dump of our import");
  // Both at once overlap; compaction merges them.
  for (const name of readdirSync(theirs)) {
    if (/^01/.test(name)) cpSync(join(theirs, name), join(ours, name), { recursive: true });
  }
  const merged = await openTsdb({ dir: ours, clock: systemClock, logger: silentLogger });
  expectSameLines(await dump(merged), wanted, "both imports together");
  await merged.compact();
  expectSameLines(await dump(merged), wanted, "both imports, compacted");
  await merged.close();
}

async function dumpDir(dir: string): Promise<string[]> {
  const db: Tsdb = await openTsdb({ dir, clock: systemClock, logger: silentLogger });
  const lines = await dump(db);
  await db.close();
  return lines;
}
