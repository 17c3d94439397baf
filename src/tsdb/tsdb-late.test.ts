/** Samples that come out of order: the window, the out-of-order log, blocks of late samples, deletions. */

import * as fs from "node:fs";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { silentLogger } from "../base/logger.ts";
import { seededRandom } from "../base/seeded-random.ts";
import { labelsFromObject } from "../model/labels.ts";
import { createMatcher } from "../model/matcher.ts";
import { SampleBuffer } from "../model/sample.ts";
import { appendFailure } from "../storage/storage.ts";
import { ByteWriter } from "./byte-writer.ts";
import { lonelyProcess, quickFiles } from "./testing/quick-files.ts";
import { openTsdb, type Tsdb } from "./tsdb.ts";
import type { TsdbOptions } from "./tsdb-options.ts";
import { beginSamples, encodeLabels, encodeSample, recordType } from "./wal/wal-records.ts";
import { WalWriter } from "./wal/wal-writer.ts";

const minuteMs = 60_000;
const hourMs = 3_600_000;
const startMs = 1_700_006_400_000;
const metric = labelsFromObject({ __name__: "temperature" });
let dir = "";
let opened: Tsdb[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "tsdb-late-"));
});

afterEach(async () => {
  for (const db of opened) await db.close();
  opened = [];
  rmSync(dir, { recursive: true, force: true });
});

async function open(options: Partial<TsdbOptions> = {}): Promise<Tsdb> {
  const db = await openTsdb({
    dir,
    clock: new FakeClock(startMs),
    logger: silentLogger,
    fs: quickFiles,
    processFacts: lonelyProcess,
    outOfOrderWindowMs: 2 * hourMs,
    ...options,
  });
  opened.push(db);
  return db;
}

function put(db: Tsdb, minute: number, value = minute): number {
  const appender = db.appender();
  const result = appender.append(0, metric, startMs + minute * minuteMs, value);
  appender.commit();
  return result;
}

/** Minutes of all samples of the metric. */
async function minutes(db: Tsdb): Promise<number[]> {
  const range = { startMs: 0, endMs: Number.MAX_SAFE_INTEGER };
  const querier = db.querier(range.startMs, range.endMs);
  const { series } = await querier.select([], range);
  const into = new SampleBuffer();
  for (const one of series) one.readSamples(into, range.startMs, range.endMs);
  querier.close();
  return Array.from(into.timestampsMs.subarray(0, into.count), (ms) => (ms - startMs) / minuteMs);
}

function kill(): string {
  const copy = mkdtempSync(join(tmpdir(), "tsdb-late-copy-"));
  for (const name of readdirSync(dir)) {
    if (name !== "lock") cpSync(join(dir, name), join(copy, name), { recursive: true });
  }
  rmSync(dir, { recursive: true, force: true });
  return copy;
}

describe("samples out of order", () => {
  it("are merged in where they belong, and survive kill -9 twice", async () => {
    const random = seededRandom(7);
    const db = await open();
    const wanted: number[] = [];
    put(db, 100);
    for (let i = 0; i < 600; i++) {
      const minute = Math.floor(random() * 100_000) / 1000;
      wanted.push(minute);
      put(db, minute);
    }
    const sorted = [...new Set([...wanted, 100])].sort((a, b) => a - b);
    expect(await minutes(db)).toEqual(sorted);
    dir = kill();
    const again = await open();
    expect(await minutes(again)).toEqual(sorted);
    put(again, 50.0005);
    dir = kill();
    expect((await minutes(await open())).length).toBe(sorted.length + 1);
  });

  it("are refused behind the window, and all where there is none", async () => {
    const db = await open();
    put(db, 200);
    expect(put(db, 79)).toBe(appendFailure.tooOld);
    expect(put(db, 81)).toBeGreaterThan(0);
    db.setOutOfOrderWindow(0);
    expect(put(db, 199)).toBe(appendFailure.outOfOrder);
    expect(await minutes(db)).toEqual([81, 200]);
  });

  it("are kept where one transaction has them in the wrong order", async () => {
    const db = await open();
    const appender = db.appender();
    for (const minute of [3, 1, 2]) appender.append(0, metric, startMs + minute * minuteMs, 1);
    appender.commit();
    expect(await minutes(db)).toEqual([1, 2, 3]);
    dir = kill();
    expect(await minutes(await open())).toEqual([1, 2, 3]);
  });

  it("go into blocks with the head, and their log goes then", async () => {
    const db = await open();
    for (let minute = 0; minute <= 230; minute += 2) put(db, minute);
    for (let minute = 129; minute < 230; minute += 2) put(db, minute);
    const wanted = await minutes(db);
    put(db, 400);
    await db.compact();
    expect(await minutes(db)).toEqual([...wanted, 400]);
    expect(readdirSync(join(dir, "wbl")).length).toBe(1);
    put(db, 281);
    dir = kill();
    const again = await open();
    expect(await minutes(again)).toEqual([...wanted, 281, 400]);
    expect(again.stats().blockCount).toBeGreaterThan(0);
  });

  it("are in a snapshot", async () => {
    const db = await open();
    for (const minute of [100, 50, 60]) put(db, minute);
    const copy = join(dir, "snapshot");
    await db.snapshot(copy);
    expect(await minutes(await open({ dir: copy }))).toEqual([50, 60, 100]);
    expect(await minutes(db)).toEqual([50, 60, 100]);
  });

  it("can be deleted", async () => {
    const db = await open();
    put(db, 100);
    put(db, 50);
    put(db, 60);
    await db.deleteSeries(startMs, startMs + 55 * minuteMs, [
      createMatcher("=", "__name__", "temperature"),
    ]);
    expect(await minutes(db)).toEqual([60, 100]);
    dir = kill();
    expect(await minutes(await open())).toEqual([60, 100]);
  });

  it("are found in the WAL where a Prometheus left a damaged log of them", async () => {
    const write = (folder: string, samples: readonly number[], isNamed: boolean): void => {
      mkdirSync(join(dir, folder), { recursive: true });
      const log = { dir: join(dir, folder), firstSegment: 0, fs, logger: silentLogger };
      const writer = new WalWriter({ ...log, compression: "none" });
      const record = new ByteWriter();
      if (isNamed) {
        record.byte(recordType.series);
        record.int64(7);
        encodeLabels(record, metric.pairs);
        writer.log(record.bytes, record.length);
      }
      for (const minute of samples) {
        record.clear();
        beginSamples(record, 7, startMs + minute * minuteMs);
        encodeSample(record, 0, 0, 0x3ff00000, 0);
        writer.log(record.bytes, record.length);
      }
      writer.close();
    };
    write("wal", [100, 50, 60], true);
    write("wbl", [50, 60], false);
    const path = join(dir, "wbl", "00000000");
    const bytes = fs.readFileSync(path);
    bytes[20] = (bytes[20] ?? 0) ^ 1;
    fs.writeFileSync(path, bytes);
    expect(await minutes(await open())).toEqual([50, 60, 100]);
    dir = kill();
    expect(await minutes(await open())).toEqual([50, 60, 100]);
  });

  it("leave no log behind where there were none", async () => {
    const db = await open();
    put(db, 1);
    await db.close();
    expect(existsSync(join(dir, "wbl"))).toBe(false);
  });
});
