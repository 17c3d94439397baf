/** A series that left the head and came back has two numbers in the log: no sample of either is lost. */

import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { silentLogger } from "../base/logger.ts";
import { labelsFromObject } from "../model/labels.ts";
import { SampleBuffer } from "../model/sample.ts";
import { lonelyProcess, quickFiles } from "./testing/quick-files.ts";
import { openTsdb, type Tsdb } from "./tsdb.ts";

const startMs = 1_700_000_000_000;
const minuteMs = 60_000;
const back = labelsFromObject({ __name__: "back" });
const other = labelsFromObject({ __name__: "other" });
let root = "";

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "numbers-"));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

function open(dir: string): Promise<Tsdb> {
  const clock = new FakeClock(startMs);
  const quick = { fs: quickFiles, processFacts: lonelyProcess };
  return openTsdb({ dir, clock, logger: silentLogger, ...quick });
}

function put(db: Tsdb, minute: number, labels = back): void {
  const appender = db.appender();
  appender.append(0, labels, startMs + minute * minuteMs, minute);
  appender.commit();
}

async function minutesOf(db: Tsdb): Promise<number[]> {
  const range = { startMs: 0, endMs: Number.MAX_SAFE_INTEGER };
  const querier = db.querier(range.startMs, range.endMs);
  const { series } = await querier.select([], range);
  const into = new SampleBuffer();
  series.find(({ labels }) => labels.equals(back))?.readSamples(into, range.startMs, range.endMs);
  querier.close();
  return [...into.timestampsMs.subarray(0, into.count)].map((ms) => (ms - startMs) / minuteMs);
}

/** A copy as after kill -9. */
function killed(dir: string, name: string): string {
  const copy = join(root, name);
  cpSync(dir, copy, { recursive: true, filter: (path) => !path.endsWith("/lock") });
  return copy;
}

it("keeps what was logged under the later number through a restart and checkpoints", async () => {
  const first = join(root, "first");
  const db = await open(first);
  put(db, 0);
  put(db, 1, other);
  await db.truncate(startMs + minuteMs);
  put(db, 10);
  put(db, 11);
  put(db, 11, other);
  const second = killed(first, "second");
  await db.close();
  const again = await open(second);
  expect(await minutesOf(again)).toContain(10);
  put(again, 12);
  for (let i = 0; i < 8; i++) await again.truncate(startMs + 2 * minuteMs);
  const wanted = [10, 11, 12];
  expect((await minutesOf(again)).filter((minute) => minute >= 2)).toEqual(wanted);
  const third = await open(killed(second, "third"));
  expect((await minutesOf(third)).filter((minute) => minute >= 2)).toEqual(wanted);
  await again.close();
  await third.close();
});
