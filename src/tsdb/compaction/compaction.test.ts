/** Blocks from outside: what queries see before and after cutting, compacting, deleting, copying, damage and crashes. */

import * as nodeFs from "node:fs";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../../base/clock.ts";
import { type LogFields, type Logger, silentLogger } from "../../base/logger.ts";
import { seededRandom } from "../../base/seeded-random.ts";
import { type Labels, labelsFromObject } from "../../model/labels.ts";
import { createMatcher, type Matcher } from "../../model/matcher.ts";
import { highWord, lowWord, SampleBuffer } from "../../model/sample.ts";
import { readMeta } from "../block/block-meta.ts";
import { isUlid } from "../block/ulid.ts";
import type { FileSystem } from "../file-system.ts";
import { lonelyProcess, quickFiles } from "../testing/quick-files.ts";
import { openTsdb, type Tsdb } from "../tsdb.ts";
import type { TsdbOptions } from "../tsdb-options.ts";

const hourMs = 3_600_000;
const minuteMs = 60_000;
/** A multiple of six hours, so that levels fill up soon. */
const startMs = Math.floor(1_700_000_000_000 / (6 * hourMs)) * 6 * hourMs;
const everything = { startMs: Number.NEGATIVE_INFINITY, endMs: Number.POSITIVE_INFINITY };
let dir = "";
let opened: Tsdb[] = [];
let random = seededRandom(7);

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "blocks-"));
  random = seededRandom(7);
});

afterEach(async () => {
  for (const db of opened) await db.close();
  opened = [];
  rmSync(dir, { recursive: true, force: true });
});

async function open(options: Partial<TsdbOptions> = {}): Promise<Tsdb> {
  const clock = new FakeClock(startMs);
  const quick = { fs: quickFiles, processFacts: lonelyProcess };
  const db = await openTsdb({ dir, clock, logger: silentLogger, random, ...quick, ...options });
  opened.push(db);
  return db;
}

function labelsOf(i: number): Labels {
  return labelsFromObject({ __name__: i % 2 === 0 ? "even" : "odd", i: String(i), ü: "🙂" });
}

/** A sample a minute of five series; one begins late, one ends early with a stale marker. */
function fill(db: Tsdb, fromHour: number, toHour: number): void {
  for (let minute = fromHour * 60; minute < toHour * 60; minute++) {
    const appender = db.appender();
    for (let i = 0; i < 5; i++) {
      const t = startMs + minute * minuteMs + i;
      if ((i === 3 && minute < 200) || (i === 4 && minute > 150)) continue;
      if (i === 4 && minute === 150) appender.appendStale(0, labelsOf(i), t);
      else appender.append(0, labelsOf(i), t, minute % 7 === 0 ? Number.NaN : Math.sin(minute) * i);
    }
    appender.commit();
  }
}

async function dump(
  db: Tsdb,
  matchers: readonly Matcher[] = [],
  range = everything,
): Promise<string[]> {
  const querier = db.querier(range.startMs, range.endMs);
  const { series } = await querier.select(matchers, range);
  const into = new SampleBuffer();
  const lines = series.map((one) => {
    into.clear();
    one.readSamples(into, range.startMs, range.endMs);
    let line = one.labels.toString();
    for (let i = 0; i < into.count; i++) {
      const [high, low] = [into.valueWords[i * 2 + highWord], into.valueWords[i * 2 + lowWord]];
      line += ` ${(into.timestampsMs[i] as number) - startMs}:${high?.toString(16)}-${low?.toString(16)}`;
    }
    return line;
  });
  querier.close();
  return lines;
}

function blockNames(folder = dir): string[] {
  return readdirSync(folder).filter(isUlid).sort();
}

/** Start and end of each block in hours, and its level. */
function spans(folder = dir): string[] {
  const texts = blockNames(folder).map((name) => {
    const { minTimeMs, maxTimeMs, level } = readMeta(nodeFs, join(folder, name));
    return `${Math.round((minTimeMs - startMs) / hourMs)}-${(maxTimeMs - startMs) / hourMs}:${level}`;
  });
  return texts.sort();
}

const even = createMatcher("=", "__name__", "even");

describe("cutting the head", () => {
  it("leaves answers, label names and values as they were, also after a restart and a kill", async () => {
    const db = await open();
    fill(db, 0, 5);
    const before = await dump(db);
    const sixthHour = { startMs: startMs + 1.5 * hourMs, endMs: startMs + 2.5 * hourMs };
    const part = await dump(db, [even], sixthHour);
    await db.compact();
    expect(spans()).toEqual(["0-2:1"]);
    expect(db.stats().minTimeMs).toBe(startMs + 2 * hourMs);
    expect(await dump(db)).toEqual(before);
    expect(await dump(db, [even], sixthHour)).toEqual(part);
    const querier = db.querier(everything.startMs, everything.endMs);
    expect((await querier.labelNames([])).values).toEqual(["__name__", "i", "ü"]);
    expect((await querier.labelValues("i", [even])).values).toEqual(["0", "2", "4"]);
    expect((await querier.labelValues("i", [], 2)).values).toEqual(["0", "1"]);
    querier.close();
    const killed = join(dir, "killed");
    for (const name of [...blockNames(), "wal"]) {
      cpSync(join(dir, name), join(killed, name), { recursive: true });
    }
    expect(await dump(await open({ dir: killed }))).toEqual(before);
    await db.close();
    const again = await open();
    expect(await dump(again)).toEqual(before);
    await again.compact();
    expect(spans()).toEqual(["0-2:1"]);
  });

  it("waits with the head until three hours are there", async () => {
    const db = await open();
    fill(db, 0, 3);
    await db.compact();
    expect(blockNames()).toEqual([]);
  });

  it("shortens the log once, after all blocks that are due", async () => {
    const said: string[] = [];
    const db = await open({ logger: recorder(said, "info"), walSegmentSizeBytes: 32 * 1024 });
    fill(db, 0, 96);
    await db.compact();
    const messages = said.map((line) => line.slice(0, line.indexOf("{")).trim());
    const atCheckpoint = messages.indexOf("replaced WAL segments by a checkpoint");
    expect(messages.lastIndexOf("cut a block from the head")).toBe(atCheckpoint - 1);
    expect(messages.slice(0, atCheckpoint)).toHaveLength(47);
    expect(messages.lastIndexOf("replaced WAL segments by a checkpoint")).toBe(atCheckpoint);
  });
});

describe("compaction", () => {
  it("makes six hours of three blocks, and removes what retention gives up", async () => {
    const db = await open();
    fill(db, 0, 12);
    const before = await dump(db);
    await db.compact();
    expect(spans()).toEqual(["0-6:2", "6-8:1", "8-10:1"]);
    expect(await dump(db)).toEqual(before);
    await db.close();
    const short = await open({ retentionMs: 4 * hourMs });
    await short.compact();
    expect(spans()).toEqual(["6-8:1", "8-10:1"]);
    const left = await dump(short, [], { startMs, endMs: startMs + 6 * hourMs - 1 });
    expect(left).toEqual([]);
  });

  it("merges blocks that overlap: one sample a timestamp", async () => {
    const db = await open();
    fill(db, 0, 5);
    await db.compact();
    const before = await dump(db);
    await db.close();
    // The same block once more, under another name and with a part of it.
    const [name] = blockNames() as [string];
    const other = `${name.slice(0, -1)}${name.endsWith("0") ? "1" : "0"}`;
    cpSync(join(dir, name), join(dir, other), { recursive: true });
    const file = join(dir, other, "meta.json");
    writeFileSync(file, readFileSync(file, "utf8").replaceAll(name, other));
    const again = await open();
    expect(again.stats().blockCount).toBe(2);
    expect(await dump(again)).toEqual(before);
    await again.compact();
    expect(spans()).toEqual(["0-2:2"]);
    expect(await dump(again)).toEqual(before);
  });
});

describe("deleting", () => {
  it("hides samples of head and blocks at once, after a restart, after cleaning and cutting", async () => {
    const db = await open();
    fill(db, 0, 5);
    await db.compact();
    const all = await dump(db);
    const [fromMs, toMs] = [startMs + 1.25 * hourMs, startMs + 2.75 * hourMs];
    expect(await db.deleteSeries(fromMs, toMs, [even])).toBeGreaterThan(0);
    const wanted = all
      .map((line) => {
        const [labels = "", ...samples] = line.split(/ (?=-?\d+:)/);
        const left = samples.filter((sample) => {
          const t = Number(sample.split(":")[0]) + startMs;
          return !labels.includes('"even"') || t < fromMs || t > toMs;
        });
        return [labels, ...left].join(" ");
      })
      .filter((line) => / -?\d+:/.test(line));
    expect(await dump(db)).toEqual(wanted);
    await db.close();
    const again = await open();
    expect(await dump(again)).toEqual(wanted);
    expect(await again.cleanTombstones()).toBe(1);
    expect(await again.cleanTombstones()).toBe(0);
    expect(spans()).toEqual(["0-2:1"]);
    fill(again, 5, 6);
    fill(again, 6, 8);
    await again.compact();
    const late = { startMs, endMs: startMs + 5 * hourMs - 1 };
    expect(await dump(again, [], late)).toEqual(wanted);
  });

  it("drops a block whose samples are all deleted", async () => {
    const db = await open();
    fill(db, 0, 5);
    await db.compact();
    await db.deleteSeries(startMs, startMs + 2 * hourMs - 1, [createMatcher("=~", "i", ".*")]);
    await db.cleanTombstones();
    expect(blockNames()).toEqual([]);
  });
});

describe("snapshots", () => {
  it("copy blocks and head; the copy opens with the same content", async () => {
    const db = await open();
    fill(db, 0, 5);
    await db.compact();
    const copy = join(dir, "snapshots", "one");
    await db.snapshot(copy);
    expect(spans(copy)).toHaveLength(2);
    expect(await dump(await open({ dir: copy }))).toEqual(await dump(db));
    const blocksOnly = join(dir, "snapshots", "two");
    await db.snapshot(blocksOnly, { skipsHead: true });
    expect(blockNames(blocksOnly)).toEqual(blockNames());
  });
});

describe("damage", () => {
  it("sets the block aside, names it, serves the rest and changes nothing", async () => {
    const db = await open();
    fill(db, 0, 7);
    await db.compact();
    const [first, second] = blockNames() as [string, string];
    const kept = { startMs: startMs + 2 * hourMs, endMs: everything.endMs };
    const before = await dump(db, [], kept);
    await db.close();
    const index = join(dir, first, "index");
    const bytes = readFileSync(index);
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    writeFileSync(index, bytes);
    const said: string[] = [];
    const again = await open({ logger: recorder(said) });
    expect([...again.stats().corruptBlocks.keys()]).toEqual([first]);
    expect(said.filter((line) => line.includes(first))).toHaveLength(1);
    expect(await dump(again)).toEqual(before);
    await again.compact();
    expect(blockNames()).toEqual([first, second]);
  });

  it("found while asking leaves the block out with a warning", async () => {
    const db = await open();
    fill(db, 0, 7);
    await db.compact();
    const [first] = blockNames() as [string];
    await db.close();
    const index = join(dir, first, "index");
    const bytes = readFileSync(index);
    // The first series stands behind the symbols at a multiple of 16.
    const at = Math.ceil((5 + 4 + bytes.readUInt32BE(5) + 4) / 16) * 16;
    bytes[at + 2] = (bytes[at + 2] ?? 0) ^ 1;
    writeFileSync(index, bytes);
    const again = await open();
    const querier = again.querier(everything.startMs, everything.endMs);
    const { series, warnings } = await querier.select([], everything);
    expect(warnings[0]).toContain(`block ${first} is damaged and left out`);
    expect(series.length).toBeGreaterThan(0);
    querier.close();
    expect(again.stats().blockCount).toBe(1);
  });
});

describe("a stop at any step", () => {
  it("of cutting, compacting, cleaning loses nothing and doubles nothing", async () => {
    const base = await open();
    fill(base, 0, 10);
    await base.deleteSeries(startMs + hourMs, startMs + 1.5 * hourMs, [even]);
    const wanted = await dump(base);
    await base.close();
    opened = [];
    const steps = await runUntil(Number.POSITIVE_INFINITY, wanted);
    expect(steps).toBeGreaterThan(50);
    for (let step = 1; step < steps; step += 1 + Math.floor(step / 5)) await runUntil(step, wanted);
  });

  /** Compacts a copy with a file system that stops working at a step, opens what is left; returns the steps done. */
  async function runUntil(step: number, wanted: readonly string[]): Promise<number> {
    const copy = join(dir, `copy-${step}`);
    cpSync(join(dir, "wal"), join(copy, "wal"), { recursive: true });
    const breaking = new BreakingFiles();
    const db = await openTsdb({
      dir: copy,
      clock: new FakeClock(startMs),
      logger: silentLogger,
      random: seededRandom(step),
      fs: breaking.fs,
      processFacts: lonelyProcess,
    });
    breaking.arm(step);
    await db.compact().catch(() => undefined);
    await db.cleanTombstones().catch(() => undefined);
    await db.close().catch(() => undefined);
    rmSync(join(copy, "lock"), { force: true });
    const again = await open({ dir: copy });
    expect(await dump(again), `stopped at step ${step}`).toEqual(wanted);
    await again.compact();
    expect(await dump(again), `compacted after a stop at step ${step}`).toEqual(wanted);
    await again.close();
    expect(readdirSync(copy).filter((name) => name.includes("tmp"))).toEqual([]);
    rmSync(copy, { recursive: true });
    return breaking.steps;
  }
});

/** A file system that refuses everything that changes a file from a chosen step on, as after a kill. */
class BreakingFiles {
  steps = 0;
  #last = Number.POSITIVE_INFINITY;
  readonly fs: FileSystem;

  constructor() {
    const guard = <Args extends unknown[], Result>(run: (...args: Args) => Result) =>
      ((...args: Args): Result => {
        if (++this.steps > this.#last) throw new Error("the process is dead");
        return run(...args);
      }) as typeof run;
    this.fs = {
      ...quickFiles,
      writeSync: guard(
        nodeFs.writeSync as (...args: unknown[]) => number,
      ) as typeof nodeFs.writeSync,
      renameSync: guard(nodeFs.renameSync),
      rmSync: guard(nodeFs.rmSync),
      unlinkSync: guard(nodeFs.unlinkSync),
      mkdirSync: guard(
        nodeFs.mkdirSync as (...args: unknown[]) => string,
      ) as typeof nodeFs.mkdirSync,
      ftruncateSync: guard(nodeFs.ftruncateSync),
      fsyncSync: guard(quickFiles.fsyncSync),
    };
  }

  arm(lastStep: number): void {
    this.steps = 0;
    this.#last = lastStep;
  }
}

/** Notes messages of the level and above. */
function recorder(said: string[], level: "info" | "warn" = "warn"): Logger {
  const note = (fields: LogFields, message: string): void => {
    said.push(`${message} ${JSON.stringify(fields)}`);
  };
  const info = level === "info" ? note : silentLogger.info;
  const logger: Logger = { ...silentLogger, info, warn: note, error: note, child: () => logger };
  return logger;
}
