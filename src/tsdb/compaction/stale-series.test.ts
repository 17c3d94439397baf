import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../../base/clock.ts";
import { silentLogger } from "../../base/logger.ts";
import { Labels, labelsFromObject } from "../../model/labels.ts";
import { SampleBuffer } from "../../model/sample.ts";
import { lonelyProcess, quickFiles } from "../testing/quick-files.ts";
import { openTsdb, type Tsdb } from "../tsdb.ts";

const startMs = Date.UTC(2026, 0, 1);
const seriesCount = 500;
const clock = new FakeClock(startMs);
let dir = "";

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "stale-"));
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

function open(): Promise<Tsdb> {
  return openTsdb({
    dir,
    clock,
    logger: silentLogger,
    memoryBudgetBytes: 0,
    staleSeriesMin: seriesCount,
    fs: quickFiles,
    processFacts: lonelyProcess,
  });
}

const pod = (i: number) => labelsFromObject({ __name__: "short", pod: `p${i}` });

/** Samples by series, as one number each, and how many series there are. */
async function count(db: Tsdb): Promise<{ series: number; samples: number }> {
  const range = { startMs: 0, endMs: Number.MAX_SAFE_INTEGER };
  const querier = db.querier(range.startMs, range.endMs);
  const { series } = await querier.select([], range);
  const into = new SampleBuffer();
  let samples = 0;
  for (const one of series) {
    into.clear();
    one.readSamples(into, range.startMs, range.endMs);
    samples += into.count;
  }
  querier.close();
  return { series: series.length, samples };
}

describe("series that ended", () => {
  it("leave the head for a block, are read from there, come back, and survive a restart", async () => {
    const db = await open();
    const refs: number[] = [];
    const put = (of: Tsdb, atMs: number, i: number) => {
      const appender = of.appender();
      appender.append(0, pod(i), atMs, i);
      appender.commit();
    };
    let appender = db.appender();
    for (let i = 0; i < seriesCount; i++) refs.push(appender.append(0, pod(i), startMs, i));
    appender.commit();
    appender = db.appender();
    for (const ref of refs) appender.appendStale(ref, Labels.empty, startMs + 1000);
    appender.commit();
    put(db, startMs + 10 * 60_000, seriesCount);
    const wanted = { series: seriesCount + 1, samples: seriesCount * 2 + 1 };
    expect(await count(db)).toEqual(wanted);
    await db.compact();
    expect(db.stats().seriesCount).toBe(1);
    expect(db.stats().blockCount).toBe(1);
    expect(await count(db)).toEqual(wanted);
    put(db, startMs + 11 * 60_000, 7);
    const more = { ...wanted, samples: wanted.samples + 1 };
    expect(await count(db)).toEqual(more);
    await db.close();
    const again = await open();
    expect(await count(again)).toEqual(more);
    await again.close();
  });
});
