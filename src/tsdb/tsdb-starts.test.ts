/** Start times through the database: what a querier sees, what a restart, a checkpoint and a block keep. */

import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { silentLogger } from "../base/logger.ts";
import type { FloatHistogram, Histogram } from "../model/histogram.ts";
import { type Labels, labelsFromObject } from "../model/labels.ts";
import { SampleBuffer } from "../model/sample.ts";
import { openTsdb, type Tsdb } from "./tsdb.ts";
import type { TsdbOptions } from "./tsdb-options.ts";

const startMs = 1_700_006_400_000;
const stepMs = 15_000;
const counter = labelsFromObject({ __name__: "requests_total" });
const gauge = labelsFromObject({ __name__: "temperature" });
const latency = labelsFromObject({ __name__: "latency" });
let root = "";
let dir = "";
let opened: Tsdb[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "tsdb-starts-"));
  dir = join(root, "db");
});

afterEach(async () => {
  for (const db of opened) await db.close();
  opened = [];
  rmSync(root, { recursive: true, force: true });
});

async function open(at = dir, more: Partial<TsdbOptions> = {}): Promise<Tsdb> {
  const clock = new FakeClock(startMs);
  const options = { dir: at, clock, logger: silentLogger, keepsStartTimestamps: true, ...more };
  const db = await openTsdb(options);
  opened.push(db);
  return db;
}

/** Opens a copy, as after kill -9. */
async function reopened(more: Partial<TsdbOptions> = {}): Promise<Tsdb> {
  const copy = join(root, `copy${opened.length}`);
  const isOwn = (path: string): boolean => !path.endsWith("/lock");
  cpSync(dir, copy, { recursive: true, filter: isOwn });
  return await open(copy, more);
}

function histogramOf(kind: "integer" | "float", count: number): Histogram | FloatHistogram {
  return {
    kind,
    counterResetHint: "unknown",
    schema: 2,
    zeroThreshold: 0.001,
    zeroCount: 0,
    count,
    sum: count,
    positiveSpans: [{ offset: 0, length: 1 }],
    negativeSpans: [],
    positiveBuckets: [count],
    negativeBuckets: [],
    customValues: undefined,
  };
}

/** The counter restarts every `period` steps. */
function beganAt(step: number, period = 7): number {
  return startMs + Math.floor(step / period) * period * stepMs - 1_234;
}

function write(db: Tsdb, steps: number, kind: "integer" | "float" = "integer"): void {
  for (let step = 0; step < steps; step++) {
    const appender = db.appender();
    const timestampMs = startMs + step * stepMs;
    const ref = appender.append(0, counter, timestampMs, step % 7);
    appender.appendStartTimestamp?.(ref, beganAt(step));
    appender.append(0, gauge, timestampMs, step);
    const other = appender.appendHistogram(0, latency, timestampMs, histogramOf(kind, step + 1));
    appender.appendStartTimestamp?.(other, startMs - 5);
    appender.commit();
  }
}

async function startsOf(db: Tsdb, labels: Labels): Promise<number[]> {
  const range = { startMs: 0, endMs: Number.MAX_SAFE_INTEGER };
  const querier = db.querier(range.startMs, range.endMs);
  const { series } = await querier.select([], range);
  const into = new SampleBuffer();
  series.find((one) => one.labels.equals(labels))?.readSamples(into, range.startMs, range.endMs);
  querier.close();
  return Array.from({ length: into.count }, (_, i) => into.startTimestampsMs?.[i] ?? 0);
}

async function expectAll(db: Tsdb, steps: number): Promise<void> {
  const wanted = Array.from({ length: steps }, (_, step) => beganAt(step));
  expect(await startsOf(db, counter)).toEqual(wanted);
  expect(await startsOf(db, latency)).toEqual(new Array(steps).fill(startMs - 5));
  expect(await startsOf(db, gauge)).toEqual(new Array(steps).fill(0));
}

describe("start times", () => {
  it("come back from the head, over many chunks", async () => {
    const db = await open();
    write(db, 400);
    await expectAll(db, 400);
  });

  it("survive kill -9, by the log alone and by the chunks of the head", async () => {
    write(await open(), 300, "float");
    await expectAll(await reopened(), 300);
    await expectAll(await reopened({ walCompression: "none" }), 300);
  });

  it("survive checkpoints, blocks and compaction", async () => {
    const db = await open(dir, { walSegmentSizeBytes: 32 * 1024 });
    write(db, 1500);
    await db.compact();
    expect(db.stats().blockCount).toBeGreaterThan(0);
    await expectAll(db, 1500);
    await expectAll(await reopened(), 1500);
  });

  it("are kept for late samples", async () => {
    const db = await open(dir, { outOfOrderWindowMs: 3_600_000 });
    write(db, 100);
    const appender = db.appender();
    const ref = appender.append(0, counter, startMs + 1, 3);
    appender.appendStartTimestamp?.(ref, startMs - 77);
    appender.commit();
    expect((await startsOf(db, counter))[1]).toBe(startMs - 77);
    const again = await reopened({ outOfOrderWindowMs: 3_600_000 });
    expect((await startsOf(again, counter))[1]).toBe(startMs - 77);
  });

  it("are passed over without the feature, and the samples are kept", async () => {
    const db = await open(dir, { keepsStartTimestamps: false });
    write(db, 20);
    expect(await startsOf(db, counter)).toEqual(new Array(20).fill(0));
  });

  it("end with the target that gave them: later chunks are such that every Prometheus reads", async () => {
    const db = await open();
    write(db, 10);
    for (let step = 10; step < 600; step++) {
      const appender = db.appender();
      appender.append(0, counter, startMs + step * stepMs, step);
      appender.commit();
    }
    const starts = await startsOf(db, counter);
    expect(starts.length).toBe(600);
    expect(starts.slice(10).every((one) => one === 0)).toBe(true);
  });
});
