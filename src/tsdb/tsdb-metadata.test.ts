/** What series are: kept in the head, logged, replayed and carried through checkpoints. */

import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { silentLogger } from "../base/logger.ts";
import { labelsFromObject } from "../model/labels.ts";
import type { MetricMetadata } from "../model/sample.ts";
import { lonelyProcess, quickFiles } from "./testing/quick-files.ts";
import { openTsdb, type Tsdb } from "./tsdb.ts";

const startMs = 1_700_006_400_000;
const counter = labelsFromObject({ __name__: "requests_total", pod: "a" });
const other = labelsFromObject({ __name__: "up" });
const requests: MetricMetadata = { type: "counter", unit: "", help: "Requests.\nAll of them." };
const better: MetricMetadata = { type: "counter", unit: "1", help: "Requests." };
let root = "";
let opened: Tsdb[] = [];

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "tsdb-metadata-"));
});

afterEach(async () => {
  for (const db of opened) await db.close();
  opened = [];
  rmSync(root, { recursive: true, force: true });
});

async function open(dir: string): Promise<Tsdb> {
  const clock = new FakeClock(startMs);
  const db = await openTsdb({
    dir,
    clock,
    logger: silentLogger,
    fs: quickFiles,
    processFacts: lonelyProcess,
    walSegmentSizeBytes: 32_768,
  });
  opened.push(db);
  return db;
}

/** Opens a copy, as after kill -9. */
async function reopened(): Promise<Tsdb> {
  const copy = join(root, `copy${opened.length}`);
  const isOwn = (path: string): boolean => !path.endsWith("/lock");
  cpSync(join(root, "db"), copy, { recursive: true, filter: isOwn });
  return await open(copy);
}

function put(db: Tsdb, timestampMs: number, metadata: MetricMetadata | undefined): void {
  const appender = db.appender();
  const ref = appender.append(0, counter, timestampMs, timestampMs / 7);
  if (metadata !== undefined) appender.updateMetadata?.(ref, metadata);
  appender.append(0, other, timestampMs, 1);
  appender.commit();
}

it("is kept with the series, the newest of it, and logged only when it changes", async () => {
  const db = await open(join(root, "db"));
  put(db, startMs, requests);
  expect(db.metadataOf(counter)).toEqual(requests);
  expect(db.metadataOf(other)).toBeUndefined();
  const before = db.stats().walBytesWritten;
  put(db, startMs + 1, undefined);
  const plain = db.stats().walBytesWritten - before;
  put(db, startMs + 2, { ...requests });
  expect(db.stats().walBytesWritten - before - plain).toBeLessThan(plain + 8);
  put(db, startMs + 3, better);
  expect(db.metadataOf(counter)).toEqual(better);
});

it("is forgotten with a transaction that is rolled back", async () => {
  const db = await open(join(root, "db"));
  put(db, startMs, requests);
  const appender = db.appender();
  const ref = appender.append(0, counter, startMs + 1, 1);
  appender.updateMetadata?.(ref, better);
  appender.rollback();
  expect(db.metadataOf(counter)).toEqual(requests);
});

it("survives kill -9 and checkpoints, and goes with its series", async () => {
  const db = await open(join(root, "db"));
  put(db, startMs, requests);
  put(db, startMs + 1, better);
  expect((await reopened()).metadataOf(counter)).toEqual(better);
  for (let step = 1; step < 3000; step++) put(db, startMs + step * 15_000, undefined);
  await db.compact();
  await db.truncate(startMs + 2500 * 15_000);
  expect(db.metadataOf(counter)).toEqual(better);
  expect((await reopened()).metadataOf(counter)).toEqual(better);
  await db.truncate(startMs + 5000 * 15_000);
  expect(db.metadataOf(counter)).toBeUndefined();
});
