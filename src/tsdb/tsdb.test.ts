/** The database from outside: what may be appended, what a querier sees, what a restart keeps. */

import * as nodeFs from "node:fs";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { type LogFields, type Logger, silentLogger } from "../base/logger.ts";
import { seededRandom } from "../base/seeded-random.ts";
import { Registry } from "../metrics/registry.ts";
import { type Labels, labelsFromObject } from "../model/labels.ts";
import { createMatcher, type Matcher } from "../model/matcher.ts";
import { highWord, lowWord, SampleBuffer } from "../model/sample.ts";
import { appendFailure } from "../storage/storage.ts";
import { lonelyProcess, quickFiles } from "./testing/quick-files.ts";
import { openTsdb, type Tsdb } from "./tsdb.ts";
import type { TsdbOptions } from "./tsdb-options.ts";

const hourMs = 3_600_000;
const startMs = 1_700_000_000_000;
let dir = "";
let opened: Tsdb[] = [];
let clock = new FakeClock(startMs);

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "tsdb-"));
  clock = new FakeClock(startMs);
});

afterEach(async () => {
  for (const db of opened) await db.close();
  opened = [];
  rmSync(dir, { recursive: true, force: true });
});

async function open(options: Partial<TsdbOptions> = {}): Promise<Tsdb> {
  const quick = { fs: quickFiles, processFacts: lonelyProcess };
  const db = await openTsdb({ dir, clock, logger: silentLogger, ...quick, ...options });
  opened.push(db);
  return db;
}

/** Time flies: every slice of work is over at once. */
class HurriedClock extends FakeClock {
  #asked = 0;
  override monotonicMs(): number {
    return super.monotonicMs() + 20 * this.#asked++;
  }
}

function series(name: string, more: Record<string, string> = {}): Labels {
  return labelsFromObject({ __name__: name, ...more });
}

function put(db: Tsdb, labels: Labels, timestampMs: number, value: number, ref = 0): number {
  const appender = db.appender();
  const result = appender.append(ref, labels, timestampMs, value);
  appender.commit();
  return result;
}

/** `{labels} time:bits …` one line a series: two databases are equal when these are. */
async function dump(db: Tsdb, matchers: readonly Matcher[] = []): Promise<string[]> {
  const everything = { startMs: Number.NEGATIVE_INFINITY, endMs: Number.POSITIVE_INFINITY };
  const querier = db.querier(everything.startMs, everything.endMs);
  const { series: found } = await querier.select(matchers, everything);
  const into = new SampleBuffer();
  return found.map((one) => {
    into.clear();
    one.readSamples(into, everything.startMs, everything.endMs);
    let line = one.labels.toString();
    for (let i = 0; i < into.count; i++) {
      const high = into.valueWords[i * 2 + highWord]!.toString(16);
      line += ` ${into.timestampsMs[i]}:${high}-${into.valueWords[i * 2 + lowWord]!.toString(16)}`;
    }
    return line;
  });
}

async function names(db: Tsdb, ...matchers: Matcher[]): Promise<string[]> {
  const range = { startMs: 0, endMs: Number.MAX_SAFE_INTEGER };
  const { series: found } = await db.querier(range.startMs, range.endMs).select(matchers, range);
  return found.map(({ labels }) => labels.toString());
}

describe("appending", () => {
  it("gives a ref that makes the labels superfluous, and the same ref for the same labels", async () => {
    const db = await open();
    const ref = put(db, series("a"), startMs, 1);
    expect(ref).toBeGreaterThan(0);
    expect(put(db, series("a"), startMs + 1, 2)).toBe(ref);
    expect(put(db, series("never looked at"), startMs + 2, 3, ref)).toBe(ref);
    expect(await names(db)).toEqual(['{__name__="a"}']);
  });

  it("refuses late samples, takes the same sample twice, refuses another value at the same time", async () => {
    const db = await open();
    put(db, series("a"), startMs, 1);
    expect(put(db, series("a"), startMs - 1, 1)).toBe(appendFailure.outOfOrder);
    expect(put(db, series("a"), startMs, 2)).toBe(appendFailure.duplicateTimestamp);
    expect(put(db, series("a"), startMs, 1)).toBeGreaterThan(0);
    expect(await dump(db)).toEqual([`{__name__="a"} ${startMs}:3ff00000-0`]);
  });

  it("tells 0 from -0 and NaN from a stale marker at the same time", async () => {
    const db = await open();
    put(db, series("zero"), startMs, 0);
    expect(put(db, series("zero"), startMs, -0)).toBe(appendFailure.duplicateTimestamp);
    put(db, series("nan"), startMs, Number.NaN);
    expect(put(db, series("nan"), startMs, Number.NaN)).toBeGreaterThan(0);
    const appender = db.appender();
    expect(appender.appendStale(0, series("nan"), startMs)).toBe(appendFailure.duplicateTimestamp);
    expect(appender.appendStale(0, series("nan"), startMs + 1)).toBeGreaterThan(0);
    appender.commit();
    expect(await dump(db, [createMatcher("=", "__name__", "nan")])).toEqual([
      `{__name__="nan"} ${startMs}:7ff80000-1 ${startMs + 1}:7ff00000-2`,
    ]);
  });

  it("refuses what is more than an hour older than the head's newest sample, by any series", async () => {
    const db = await open();
    put(db, series("a"), startMs, 1);
    expect(put(db, series("b"), startMs - hourMs, 1)).toBeGreaterThan(0);
    expect(put(db, series("c"), startMs - hourMs - 1, 1)).toBe(appendFailure.outOfBounds);
  });

  it("shows nothing before commit and nothing of a rollback", async () => {
    const db = await open();
    const appender = db.appender();
    appender.append(0, series("a"), startMs, 1);
    expect(await names(db)).toEqual([]);
    appender.commit();
    const other = db.appender();
    other.append(0, series("a"), startMs + 1, 2);
    other.append(0, series("b"), startMs + 1, 2);
    other.rollback();
    expect(await names(db)).toEqual(['{__name__="a"}']);
    expect(() => other.commit()).toThrow("BUG: an appender is used after commit or rollback");
  });

  it("drops the second of two samples of one series and time within a transaction", async () => {
    const db = await open();
    const appender = db.appender();
    appender.append(0, series("a"), startMs, 1);
    appender.append(0, series("a"), startMs, 2);
    appender.commit();
    expect(await dump(db)).toEqual([`{__name__="a"} ${startMs}:3ff00000-0`]);
  });

  it("refuses new series above the limit, and still takes samples of old ones", async () => {
    const db = await open({ seriesMax: 1 });
    put(db, series("a"), startMs, 1);
    expect(put(db, series("b"), startMs, 1)).toBe(appendFailure.seriesLimit);
    expect(put(db, series("a"), startMs + 1, 1)).toBeGreaterThan(0);
  });

  it("stores no sample that the disk refused", async () => {
    let isFull = false;
    const fs: typeof nodeFs = Object.assign(Object.create(nodeFs), {
      writeSync: (fd: number, bytes: Uint8Array, from: number, length: number, at: number) => {
        if (isFull) throw new Error("ENOSPC");
        return nodeFs.writeSync(fd, bytes, from, length, at);
      },
    });
    const db = await open({ fs });
    put(db, series("a"), startMs, 1);
    isFull = true;
    expect(() => put(db, series("b"), startMs + 1, 1)).toThrow("cannot write to WAL segment");
    isFull = false;
    put(db, series("b"), startMs + 2, 2);
    const before = await dump(db);
    expect(before).toHaveLength(2);
    await db.close();
    expect(await dump(await open())).toEqual(before);
  });
});

describe("selecting", () => {
  async function filled(): Promise<Tsdb> {
    const db = await open();
    for (const code of ["200", "404", "500"]) {
      for (const job of ["api", "web"]) put(db, series("requests", { code, job }), startMs, 1);
    }
    put(db, series("up", { job: "api" }), startMs, 1);
    put(db, series("größe", { job: "ü🙂" }), startMs, 1);
    return db;
  }

  it("finds by every operator, absent labels being empty, sorted by labels", async () => {
    const db = await filled();
    const check = async (want: string[], ...matchers: Matcher[]): Promise<void> => {
      expect(await names(db, ...matchers)).toEqual(want);
    };
    const request = (code: string, job: string): string =>
      `{__name__="requests", code="${code}", job="${job}"}`;
    const up = '{__name__="up", job="api"}';
    const size = '{__name__="größe", job="ü🙂"}';
    await check(
      [request("200", "api"), request("404", "api"), request("500", "api"), up],
      createMatcher("=", "job", "api"),
    );
    await check(
      [request("404", "web")],
      createMatcher("=", "code", "404"),
      createMatcher("=", "job", "web"),
    );
    await check([size, up], createMatcher("=", "code", ""));
    await check([size, up], createMatcher("!~", "code", ".+"));
    await check(
      [request("404", "api"), request("500", "api")],
      createMatcher("=~", "code", "4..|500"),
      createMatcher("=~", "job", "api|none"),
    );
    await check(
      [request("200", "web"), request("500", "web")],
      createMatcher("=", "job", "web"),
      createMatcher("!=", "code", "404"),
    );
    await check([up], createMatcher("!~", "__name__", "requests|größe"));
    await check([], createMatcher("=", "nosuch", "x"));
    await check([], createMatcher("=", "job", "nosuch"));
    await check([size], createMatcher("=~", "job", "ü.*"));
    expect(await names(db)).toHaveLength(8);
  });

  it("lists label names and values, with matchers and a limit", async () => {
    const querier = (await filled()).querier(0, Number.MAX_SAFE_INTEGER);
    expect((await querier.labelNames([])).values).toEqual(["__name__", "code", "job"]);
    expect((await querier.labelNames([createMatcher("=", "__name__", "up")])).values).toEqual([
      "__name__",
      "job",
    ]);
    expect((await querier.labelValues("job", [])).values).toEqual(["api", "web", "ü🙂"]);
    expect(
      (await querier.labelValues("code", [createMatcher("=", "job", "web")], 2)).values,
    ).toEqual(["200", "404"]);
    expect((await querier.labelValues("nosuch", [])).values).toEqual([]);
  });

  it("leaves out series without samples in the range, and cuts at the limit with a warning", async () => {
    const db = await open();
    put(db, series("old"), startMs, 1);
    put(db, series("new"), startMs + 1000, 1);
    const select = async (from: number, to: number, limit = 0) =>
      db.querier(from, to).select([], { startMs: from, endMs: to, limit });
    expect((await select(startMs, startMs + 999)).series.map((s) => s.labels.metricName)).toEqual([
      "old",
    ]);
    expect((await select(startMs + 1, startMs + 1000)).series).toHaveLength(1);
    const cut = await select(startMs, startMs + 1000, 1);
    expect([cut.series.length, cut.warnings.length]).toEqual([1, 1]);
  });

  it("keeps answers sorted while series come and go", async () => {
    const db = await open();
    const random = seededRandom(3);
    const wanted = new Set<string>();
    for (let round = 0; round < 20; round++) {
      for (let i = 0; i < 20; i++) {
        const name = `m${Math.floor(random() * 1000)}`;
        put(db, series(name), startMs + round, round);
        wanted.add(`{__name__="${name}"}`);
      }
      expect(await names(db)).toEqual([...wanted].sort());
    }
  });
});

describe("restarting", () => {
  /** Thousands of samples of many kinds over several chunks and segments. */
  async function fill(db: Tsdb, seed: number, rounds: number): Promise<void> {
    const random = seededRandom(seed);
    for (let round = 0; round < rounds; round++) {
      const appender = db.appender();
      for (let i = 0; i < 20; i++) {
        if (random() < 0.1) continue;
        const labels = series(`m${i % 3}`, { i: String(i), ü: "🙂" });
        const at = startMs + round * 15_000 + Math.floor(random() * 10);
        if (random() < 0.02) appender.appendStale(0, labels, at);
        else appender.append(0, labels, at, random() < 0.02 ? Number.NaN : random() * 1000);
      }
      appender.commit();
    }
  }

  it("gives the same answers after a clean end, after kill -9, and after both again", async () => {
    for (const walCompression of ["snappy", "none"] as const) {
      const options = { walCompression, walSegmentSizeBytes: 65_536 };
      const db = await open(options);
      await fill(db, 1, 600);
      const before = await dump(db);
      const stats = db.stats();
      expect(stats.chunkCount).toBeGreaterThan(80);
      const killed = `${dir}-killed`;
      cpSync(dir, killed, { recursive: true });
      rmSync(join(killed, "lock"));
      await db.close();
      for (const place of [dir, killed, dir]) {
        const again = await open({ ...options, dir: place });
        expect(await dump(again)).toEqual(before);
        expect(again.stats().chunkCount).toBe(stats.chunkCount);
        expect(again.stats().minTimeMs).toBe(stats.minTimeMs);
        expect(again.stats().maxTimeMs).toBe(stats.maxTimeMs);
        await again.close();
      }
      rmSync(killed, { recursive: true });
      rmSync(join(dir, "wal"), { recursive: true });
    }
  });

  it("goes on with the series it had: samples of before and after are one series", async () => {
    const first = await open();
    put(first, series("a"), startMs, 1);
    await first.close();
    const second = await open();
    put(second, series("a"), startMs + 1, 2);
    put(second, series("b"), startMs + 1, 3);
    await second.close();
    const third = await open();
    expect(await dump(third)).toEqual([
      `{__name__="a"} ${startMs}:3ff00000-0 ${startMs + 1}:40000000-0`,
      `{__name__="b"} ${startMs + 1}:40080000-0`,
    ]);
    expect(third.replay.samples).toBe(3);
  });

  it("says once what a torn tail cost", async () => {
    const db = await open({ walCompression: "none" });
    put(db, series("a"), startMs, 1);
    put(db, series("a"), startMs + 1, 0.1);
    const torn = `${dir}-torn`;
    cpSync(dir, torn, { recursive: true });
    rmSync(join(torn, "lock"));
    const path = join(torn, "wal", "00000000");
    nodeFs.truncateSync(path, nodeFs.statSync(path).size - 3);
    const warnings: LogFields[] = [];
    const logger: Logger = { ...silentLogger, warn: (fields) => warnings.push(fields) };
    const again = await open({ dir: torn, logger });
    expect(await dump(again)).toEqual([`{__name__="a"} ${startMs}:3ff00000-0`]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatchObject({ removedSegments: 0, lostBytes: 31 });
    rmSync(torn, { recursive: true });
  });

  it("refuses a second opening and gives the directory free when closed", async () => {
    const db = await open();
    await expect(open()).rejects.toMatchObject({ code: "locked" });
    await db.close();
    expect(readdirSync(dir)).toEqual(["wal"]);
    await open();
  });
});

describe("exemplars", () => {
  const trace = (id: string) => labelsFromObject({ trace_id: id });

  it("come back by selector and time, and after a restart", async () => {
    const db = await open();
    const appender = db.appender();
    const ref = appender.append(0, series("a"), startMs, 1);
    appender.appendExemplar(ref, { labels: trace("1"), value: 0.5, timestampMs: startMs });
    appender.appendExemplar(ref, { labels: trace("1"), value: 0.5, timestampMs: startMs });
    appender.appendExemplar(ref, { labels: trace("late"), value: 1, timestampMs: startMs - 1 });
    appender.appendExemplar(ref, { labels: trace("2"), value: 1, timestampMs: startMs + 5 });
    appender.commit();
    const wanted = [
      {
        labels: series("a"),
        exemplars: [
          { labels: trace("1"), value: 0.5, timestampMs: startMs },
          { labels: trace("2"), value: 1, timestampMs: startMs + 5 },
        ],
      },
    ];
    const all = [[createMatcher("=", "__name__", "a")]];
    const check = (found: unknown): void =>
      expect(JSON.parse(JSON.stringify(found))).toEqual(JSON.parse(JSON.stringify(wanted)));
    check(await db.selectExemplars(startMs, startMs + 5, all));
    expect((await db.selectExemplars(startMs + 1, startMs + 5, all))[0]?.exemplars).toHaveLength(1);
    expect(
      await db.selectExemplars(startMs, startMs, [[createMatcher("=", "__name__", "b")]]),
    ).toEqual([]);
    await db.close();
    check(await (await open()).selectExemplars(startMs, startMs + 5, all));
  });

  it("keep to their limit, the oldest going first", async () => {
    const db = await open({ exemplarsMax: 3 });
    for (let i = 0; i < 7; i++) {
      const appender = db.appender();
      const ref = appender.append(0, series(`s${i % 2}`), startMs + i, 1);
      appender.appendExemplar(ref, { labels: trace(String(i)), value: i });
      appender.commit();
    }
    const found = await db.selectExemplars(0, startMs + 100, [
      [createMatcher("=~", "__name__", ".+")],
    ]);
    expect(found.map(({ exemplars }) => exemplars.map(({ value }) => value))).toEqual([
      [4, 6],
      [5],
    ]);
  });
});

describe("truncation", () => {
  /** Samples from the cut on are the same; of older ones a restart may bring more or fewer. */
  function expectKept(before: readonly string[], after: readonly string[], cutMs: number): void {
    const split = (line: string): [string, string] => {
      const at = line.indexOf("} ");
      const samples = line.slice(at + 2).split(" ");
      return [
        line.slice(0, at),
        samples.filter((sample) => Number.parseInt(sample, 10) >= cutMs).join(),
      ];
    };
    const samplesBySeries = new Map(after.map(split));
    for (const [labels, samples] of before.map(split)) {
      expect(samplesBySeries.get(labels), labels).toBe(samples);
    }
  }

  it("drops old chunks and dead series, reuses their memory, and never revives a ref", async () => {
    const db = await open();
    const dead = put(db, series("dead"), startMs, 1);
    let alive = 0;
    for (let i = 0; i <= 4 * 60; i++)
      alive = put(db, series("alive"), startMs + i * 60_000, i, alive);
    await db.truncate(startMs + 2 * hourMs);
    expect(await names(db)).toEqual(['{__name__="alive"}']);
    const [line = ""] = await dump(db);
    expect(line.split(" ").length - 1).toBeLessThan(200);
    expect(line).toContain(` ${startMs + 4 * hourMs}:`);
    // The slot of the dead series is used again, but its old ref does not lead there.
    const fresh = put(db, series("fresh"), startMs + 4 * hourMs, 1);
    const again = put(db, series("dead"), startMs + 4 * hourMs, 2, dead);
    expect(new Set([dead, fresh, again]).size).toBe(3);
    expect(await names(db)).toEqual([
      '{__name__="alive"}',
      '{__name__="dead"}',
      '{__name__="fresh"}',
    ]);
    const before = await dump(db);
    await db.close();
    expectKept(before, await dump(await open()), startMs + 2 * hourMs);
  });

  it("keeps memory and log flat over days of short-lived series, and replays what it kept", async () => {
    const db = await open({ retentionMs: 2 * hourMs, walSegmentSizeBytes: 65_536 });
    const sizes: number[] = [];
    const logs: number[] = [];
    for (let minute = 0; minute < 48 * 60; minute++) {
      const appender = db.appender();
      const at = startMs + minute * 60_000;
      for (let i = 0; i < 10; i++)
        appender.append(
          0,
          series("pod", { name: `p${Math.floor(minute / 30)}-${i}` }),
          at,
          minute * i,
        );
      appender.append(0, series("steady"), at, minute);
      appender.commit();
      await clock.advance(60_000);
      // Truncation writes files in slices of real time.
      await new Promise((resume) => setImmediate(resume));
      if (minute % 240 === 239) {
        await db.truncate(at - 2 * hourMs);
        sizes.push(db.stats().memoryUsedBytes);
        logs.push(readdirSync(join(dir, "wal")).length);
      }
    }
    expect(Math.max(...sizes.slice(4))).toBeLessThan(1.3 * Math.max(...sizes.slice(0, 4)));
    expect(Math.max(...logs)).toBeLessThan(12);
    expect(readdirSync(join(dir, "wal")).some((name) => name.startsWith("checkpoint."))).toBe(true);
    const before = await dump(db);
    await db.close();
    const again = await open();
    expectKept(before, await dump(again), startMs + 46 * hourMs);
    expect(again.replay.unknownSeries).toBe(0);
  });

  it("removes the checkpoint that a killed process left half-written", async () => {
    const db = await open({ walSegmentSizeBytes: 32_768 });
    const left = join(dir, "wal", "checkpoint.00000007.tmp");
    mkdirSync(left);
    for (let i = 0; i < 20_000; i++) put(db, series("a"), startMs + i * 1000, i * 1.1);
    await db.truncate(startMs + 2 * hourMs);
    expect(existsSync(left)).toBe(false);
    expect(readdirSync(join(dir, "wal")).filter((name) => name.startsWith("check"))).toHaveLength(
      1,
    );
  });

  it("abandons a checkpoint when it is closed, and loses nothing", async () => {
    const db = await open({ walSegmentSizeBytes: 32_768, clock: new HurriedClock(startMs) });
    for (let i = 0; i < 20_000; i++) put(db, series("a"), startMs + i * 1000, i * 1.1);
    const before = await dump(db);
    const cutMs = startMs + 2 * hourMs;
    let pauses = 0;
    const truncation = db.truncate(cutMs);
    for (; !readdirSync(join(dir, "wal")).some((name) => name.endsWith(".tmp")); pauses++) {
      expect(pauses).toBeLessThan(100);
      await Promise.resolve();
    }
    await db.close();
    await truncation;
    expect(readdirSync(join(dir, "wal")).filter((name) => name.startsWith("check"))).toEqual([]);
    expectKept(before, await dump(await open()), cutMs);
  });
});

describe("figures", () => {
  it("counts series, chunks and refusals under Prometheus' names", async () => {
    const registry = new Registry();
    const db = await open({ registry });
    put(db, series("a", { x: "1" }), startMs, 1);
    put(db, series("a", { x: "2" }), startMs, 1);
    put(db, series("a", { x: "2" }), startMs - 5, 1);
    const value = (name: string): number | undefined => {
      const family = registry.collect().find((one) => one.name === `prometheus_tsdb_${name}`);
      const child = family?.sortedChildren()[0];
      return child !== undefined && "value" in child ? child.value : undefined;
    };
    expect(value("head_series")).toBe(2);
    expect(value("head_chunks")).toBe(2);
    expect(value("head_samples_appended_total")).toBe(2);
    expect(value("out_of_order_samples_total")).toBe(1);
    expect(value("head_max_time")).toBe(startMs);
    expect(db.stats()).toMatchObject({ seriesCount: 2, chunkCount: 2, labelPairCount: 3 });
    expect(db.cardinality(2)).toMatchObject({
      seriesCountByMetricName: [{ name: "a", value: 2 }],
      labelValueCountByLabelName: [
        { name: "x", value: 2 },
        { name: "__name__", value: 1 },
      ],
      seriesCountByLabelValuePair: [
        { name: "__name__=a", value: 2 },
        { name: "x=1", value: 1 },
      ],
    });
  });
});
