/** Native histograms through the database: what a querier sees, and what a restart keeps. */

import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { silentLogger } from "../base/logger.ts";
import { customBucketsSchema, type FloatHistogram, type Histogram } from "../model/histogram.ts";
import { type Labels, labelsFromObject } from "../model/labels.ts";
import { SampleBuffer } from "../model/sample.ts";
import { appendFailure } from "../storage/storage.ts";
import { lonelyProcess, quickFiles } from "./testing/quick-files.ts";
import { openTsdb, type Tsdb } from "./tsdb.ts";

const startMs = 1_700_000_000_000;
const stepMs = 15_000;
const metric = labelsFromObject({ __name__: "latency" });
let dir = "";
let opened: Tsdb[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "tsdb-histograms-"));
});

afterEach(async () => {
  for (const db of opened) await db.close();
  opened = [];
  rmSync(dir, { recursive: true, force: true });
});

async function open(at = dir): Promise<Tsdb> {
  const clock = new FakeClock(startMs);
  const db = await openTsdb({
    dir: at,
    clock,
    logger: silentLogger,
    fs: quickFiles,
    processFacts: lonelyProcess,
  });
  opened.push(db);
  return db;
}

function histogramOf(
  count: number,
  kind: "integer" | "float",
  isCustom = false,
): Histogram | FloatHistogram {
  return {
    kind,
    counterResetHint: "unknown",
    schema: isCustom ? customBucketsSchema : 2,
    zeroThreshold: isCustom ? 0 : 0.001,
    zeroCount: 0,
    count: count * 3,
    sum: count * 1.5,
    positiveSpans: [{ offset: isCustom ? 0 : -1, length: 2 }],
    negativeSpans: [],
    positiveBuckets: kind === "float" ? [count, count * 2] : [count, count],
    negativeBuckets: [],
    customValues: isCustom ? [0.5, 2.75] : undefined,
  };
}

function put(
  db: Tsdb,
  labels: Labels,
  at: number,
  sample: Histogram | FloatHistogram | number,
): number {
  const appender = db.appender();
  const timestampMs = startMs + at * stepMs;
  const result =
    typeof sample === "number"
      ? appender.append(0, labels, timestampMs, sample)
      : appender.appendHistogram(0, labels, timestampMs, sample);
  appender.commit();
  return result;
}

/** "0:integer 3 1:stale 2:5": step, then kind and count, or the value. */
async function read(db: Tsdb, labels = metric): Promise<string> {
  const range = { startMs: 0, endMs: Number.MAX_SAFE_INTEGER };
  const { series } = await db.querier(range.startMs, range.endMs).select([], range);
  const into = new SampleBuffer();
  series.find((one) => one.labels.equals(labels))?.readSamples(into, range.startMs, range.endMs);
  return Array.from({ length: into.count }, (_, i) => {
    const histogram = into.histograms?.[i];
    let text =
      histogram === undefined ? String(into.values[i]) : `${histogram.kind} ${histogram.count}`;
    if (into.isStale(i)) text = histogram === undefined ? "stale" : `stale ${histogram.kind}`;
    return `${((into.timestampsMs[i] ?? 0) - startMs) / stepMs}:${text}`;
  }).join(" ");
}

describe("native histograms", () => {
  it("come back in order beside floats of the same series, after kill -9 too", async () => {
    const db = await open();
    put(db, metric, 0, histogramOf(1, "integer"));
    put(db, metric, 1, histogramOf(2, "integer"));
    put(db, metric, 2, 7);
    put(db, metric, 3, histogramOf(3, "float"));
    const wanted = "0:integer 3 1:integer 6 2:7 3:float 9";
    expect(await read(db)).toBe(wanted);
    const copy = join(dir, "copy");
    cpSync(join(dir, "wal"), join(copy, "wal"), { recursive: true });
    expect(await read(await open(copy))).toBe(wanted);
  });

  it("keep custom bounds through restart and chunks", async () => {
    const db = await open();
    for (let i = 0; i < 300; i++) put(db, metric, i, histogramOf(i + 1, "integer", true));
    await db.close();
    const again = await open();
    const range = { startMs: 0, endMs: Number.MAX_SAFE_INTEGER };
    const { series } = await again.querier(0, range.endMs).select([], range);
    const into = new SampleBuffer();
    series[0]?.readSamples(into, 0, range.endMs);
    expect(into.count).toBe(300);
    expect(into.histograms?.[299]).toMatchObject({ count: 900, customValues: [0.5, 2.75] });
    expect(again.stats().chunkCount).toBeGreaterThan(1);
  });

  it("end with a stale marker of their kind", async () => {
    const db = await open();
    const ref = put(db, metric, 0, histogramOf(1, "float"));
    const appender = db.appender();
    expect(appender.appendStale(ref, metric, startMs + stepMs)).toBe(ref);
    appender.commit();
    expect(await read(db)).toBe("0:float 3 1:stale float");
    await db.close();
    expect(await read(await open())).toBe("0:float 3 1:stale float");
  });

  it("keep their place where one transaction has a histogram and then a float of one series", async () => {
    const db = await open();
    const appender = db.appender();
    const ref = appender.appendHistogram(0, metric, startMs, histogramOf(1, "integer"));
    appender.append(ref, metric, startMs + stepMs, 5);
    appender.appendHistogram(ref, metric, startMs + 2 * stepMs, histogramOf(2, "integer"));
    appender.commit();
    const wanted = "0:integer 3 1:5 2:integer 6";
    expect(await read(db)).toBe(wanted);
    await db.close();
    expect(await read(await open())).toBe(wanted);
  });

  it("are refused late and at a taken time, unless they repeat what is there", async () => {
    const db = await open();
    const ref = put(db, metric, 1, histogramOf(2, "integer"));
    expect(put(db, metric, 0, histogramOf(1, "integer"))).toBe(appendFailure.outOfOrder);
    expect(put(db, metric, 1, histogramOf(3, "integer"))).toBe(appendFailure.duplicateTimestamp);
    expect(put(db, metric, 1, 3)).toBe(appendFailure.duplicateTimestamp);
    expect(put(db, metric, 1, histogramOf(2, "integer"))).toBe(ref);
    expect(await read(db)).toBe("1:integer 6");
  });

  it("survive a checkpoint and go with truncation", async () => {
    const db = await open();
    for (let i = 0; i < 40; i++) put(db, metric, i, histogramOf(i + 1, "integer"));
    for (let i = 0; i < 4; i++) await db.truncate(startMs);
    await db.close();
    const again = await open();
    expect((await read(again)).split(" ").length).toBe(80);
    await again.truncate(startMs + 100 * stepMs);
    expect(again.stats().seriesCount).toBe(0);
  });
});
