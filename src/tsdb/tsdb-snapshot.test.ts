/** The head's snapshot: the next start gives the same answers, with it, without it, and after a kill behind it. */

import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { type Logger, silentLogger } from "../base/logger.ts";
import { type Labels, labelsFromObject } from "../model/labels.ts";
import { createMatcher } from "../model/matcher.ts";
import { SampleBuffer } from "../model/sample.ts";
import { lonelyProcess, quickFiles } from "./testing/quick-files.ts";
import { openTsdb, type Tsdb } from "./tsdb.ts";

const startMs = Math.floor(1_700_000_000_000 / 7_200_000) * 7_200_000;
let root = "";
let dir = "";
let said: string[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "snapshot-"));
  dir = join(root, "db");
  said = [];
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function open(at = dir, keepsSnapshot = true, outOfOrderWindowMs = 0): Promise<Tsdb> {
  const note = (_fields: object, message: string) => said.push(message);
  const logger: Logger = { ...silentLogger, info: note, warn: note };
  const quick = { fs: quickFiles, processFacts: lonelyProcess };
  const clock = new FakeClock(startMs);
  return openTsdb({ dir: at, clock, logger, ...quick, keepsSnapshot, outOfOrderWindowMs });
}

const name = (i: number) => labelsFromObject({ __name__: "m", i: String(i), ü: "🙂" });

/** Samples 10 s apart: some series have finished chunks, one has ended. */
function fill(db: Tsdb, from: number, to: number): void {
  for (let at = from; at < to; at++) {
    const appender = db.appender();
    for (let i = 0; i < 4; i++) {
      if (i === 3 && at % 50 !== 0) continue;
      const ms = startMs + at * 10_000 + i;
      if (i === 2 && at === from) appender.appendStale(0, name(i), ms);
      else appender.append(0, name(i), ms, Math.sin(at) * i);
    }
    appender.commit();
  }
}

async function dump(db: Tsdb): Promise<string[]> {
  const range = { startMs: 0, endMs: Number.MAX_SAFE_INTEGER };
  const querier = db.querier(range.startMs, range.endMs);
  const { series } = await querier.select([], range);
  const lines = series.map((one) => {
    const into = new SampleBuffer();
    one.readSamples(into, range.startMs, range.endMs);
    const words = into.valueWords.subarray(0, into.count * 2).join(",");
    return `${one.labels} ${into.timestampsMs.subarray(0, into.count).join(",")} ${words}`;
  });
  querier.close();
  const exemplars = await db.selectExemplars(range.startMs, range.endMs, [[]]);
  return [...lines, JSON.stringify(exemplars)];
}

function snapshots(at = dir): string[] {
  return readdirSync(at).filter((file) => file.startsWith("chunk_snapshot"));
}

function copy(to: string): string {
  const path = join(root, to);
  cpSync(dir, path, { recursive: true, filter: (file) => !file.endsWith("/lock") });
  return path;
}

/** A database with everything that a snapshot holds, closed; what it answered. */
async function prepared(): Promise<string[]> {
  const db = await open();
  fill(db, 0, 300);
  const appender = db.appender();
  const ref = appender.append(0, name(1), startMs + 3_000_001, 1);
  const exemplar = { labels: labelsFromObject({ trace: "1" }), value: 0.5, timestampMs: startMs };
  appender.appendExemplar(ref, exemplar);
  appender.commit();
  await db.deleteSeries(startMs, startMs + 500_000, [createMatcher("=", "i", "0")]);
  const wanted = await dump(db);
  await db.close();
  return wanted;
}

describe("a snapshot of the head", () => {
  it("gives the same answers at the next start, without a sample of the log", async () => {
    const wanted = await prepared();
    expect(snapshots()).toHaveLength(1);
    rmSync(join(dir, "wal", "00000000"));
    writeFileSync(join(dir, "wal", "00000000"), Buffer.alloc(Number(snapshots()[0]?.slice(-10))));
    const db = await open();
    expect(await dump(db)).toEqual(wanted);
    expect(said).toContain("read a snapshot of the head");
    await db.close();
  });

  it("is of no matter to who does not ask for it", async () => {
    const wanted = await prepared();
    const db = await open(dir, false);
    expect(await dump(db)).toEqual(wanted);
    await db.close();
    expect(snapshots()).toHaveLength(1);
  });

  it("and the log behind it are all, after a kill and over several rounds", async () => {
    await prepared();
    for (let round = 1; round < 4; round++) {
      const db = await open();
      fill(db, round * 400, round * 400 + 130);
      const wanted = await dump(db);
      const killed = await open(copy(`killed-${round}`));
      expect(await dump(killed)).toEqual(wanted);
      await killed.close();
      await db.close();
      expect(snapshots()).toHaveLength(1);
      const plain = await open(copy(`plain-${round}`), false);
      expect(await dump(plain)).toEqual(wanted);
      await plain.close();
    }
  });

  it("that is damaged anywhere is said and replaced by the log", async () => {
    const wanted = await prepared();
    const file = join(snapshots()[0] ?? "", "00000000");
    const bytes = readFileSync(join(dir, file));
    for (const at of [0, 3, 40, 300, bytes.length]) {
      said = [];
      const broken = copy(`broken-${at}`);
      const damaged = Buffer.from(bytes.subarray(0, at === bytes.length ? 0 : undefined));
      if (at < bytes.length) damaged[at] = (damaged[at] ?? 0) ^ 0x41;
      writeFileSync(join(broken, file), damaged);
      const db = await open(broken);
      expect(await dump(db), `damaged at ${at}`).toEqual(wanted);
      expect(said).toContain("left a snapshot of the head alone and read the whole log");
      await db.close();
    }
  });

  it("is left alone where its log or its chunk files are not whole, or late samples are there", async () => {
    const wanted = await prepared();
    const chunks = copy("chunks");
    const file = join(chunks, "chunks_head", "000001");
    const bytes = readFileSync(file);
    bytes[30] = (bytes[30] ?? 0) ^ 1;
    writeFileSync(file, bytes);
    const db = await open(chunks);
    expect(await dump(db)).toEqual(wanted);
    await db.close();
    const bare = copy("bare");
    rmSync(join(bare, "chunks_head"), { recursive: true });
    said = [];
    const without = await open(bare);
    expect(await dump(without)).toEqual(wanted);
    expect(said).not.toContain("read a snapshot of the head");
    await without.close();
    const late = await open(dir, true, 3_600_000);
    const appender = late.appender();
    appender.append(0, name(1), startMs + 1, 7);
    appender.commit();
    const more = await dump(late);
    await late.close();
    const again = await open(dir, true, 3_600_000);
    expect(await dump(again)).toEqual(more);
    await again.close();
  });

  it("does not give numbers of series that left to others", async () => {
    const db = await open();
    const put = (of: Tsdb, labels: Labels, ms: number) => {
      const appender = of.appender();
      appender.append(0, labels, ms, 1);
      appender.commit();
    };
    put(db, name(1), startMs + 100_000);
    put(db, name(2), startMs);
    await db.truncate(startMs + 50_000);
    await db.close();
    const again = await open();
    expect(said).toContain("read a snapshot of the head");
    put(again, name(3), startMs + 110_000);
    const wanted = await dump(again);
    await again.close();
    rmSync(join(dir, snapshots()[0] ?? ""), { recursive: true });
    const third = await open();
    // The log still has what was cut of the series that left.
    const others = (await dump(third)).filter((line) => !line.includes('i="2"'));
    expect(others).toEqual(wanted);
    await third.close();
  });
});
