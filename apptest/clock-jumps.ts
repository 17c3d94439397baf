/**
 * The clock jumps under a database: an hour ahead, half an hour back, a month ahead and back. No sample
 * that was taken is lost, none comes twice; what is older than its series is refused by name, or taken as
 * late where the window allows it, and when the clock has caught up everything goes on.
 */

import { join } from "node:path";
import { labelsFromObject } from "../src/model/labels.ts";
import { appendFailure } from "../src/storage/storage.ts";
import type { Tsdb } from "../src/tsdb/tsdb.ts";
import { type AppTest, expectEqual } from "./app-test.ts";
import { MemoryDisk } from "./faults/memory-disk.ts";
import { contentOf, openOnDisk, StepClock } from "./faults/storage-workload.ts";

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;
const startMs = Date.UTC(2026, 2, 1);
const seriesCount = 5;

export const clockJumpsTest: AppTest = {
  name: "clock-jumps",
  async run(context) {
    for (const windowMs of [0, hourMs]) {
      const dir = join(context.tempDir(), "data");
      console.log(`      window ${windowMs / minuteMs} min: ${await jump(dir, windowMs)}`);
    }
  },
};

async function jump(dir: string, windowMs: number): Promise<string> {
  const disk = new MemoryDisk();
  const clock = new StepClock(startMs);
  const options = { clock, outOfOrderWindowMs: windowMs, retentionMs: 15 * dayMs };
  let db = await openOnDisk(disk, dir, options);
  const taken = new Map<string, Set<number>>();
  const refused: Record<string, number> = {};
  const run = async (minutes: number, of: Tsdb) => {
    const before = refusedCount(refused);
    for (let i = 0; i < minutes; i++) {
      clock.now += minuteMs;
      appendAll(of, clock.now, taken, refused);
      if (i % 30 === 29) await of.compact();
    }
    return refusedCount(refused) - before;
  };
  expectEqual(await run(200, db), 0, "refused before any jump");
  clock.now += hourMs;
  expectEqual(await run(60, db), 0, "refused after a jump of an hour ahead");
  clock.now -= 30 * minuteMs;
  const behind = await run(30, db);
  // The window takes them; without it each is older than its series.
  expectEqual(behind > 0, windowMs === 0, "refused half an hour behind");
  expectEqual(await run(60, db), 0, "refused when the clock has caught up");
  clock.now += 30 * dayMs;
  expectEqual(await run(3, db), 0, "refused a month ahead");
  clock.now -= 30 * dayMs;
  const lost = await run(10, db);
  expectEqual(lost, 10 * seriesCount, "refused a month behind");
  await expectAll(db, taken, "after the month's jump");
  await db.close();
  db = await openOnDisk(disk, dir, options);
  await expectAll(db, taken, "after a restart");
  clock.now += 30 * dayMs;
  expectEqual(await run(30, db), 0, "refused when the month has passed");
  await expectAll(db, taken, "when the month has passed", clock.now - options.retentionMs);
  await db.close();
  return `${[...taken.values()].reduce((sum, { size }) => sum + size, 0)} taken, refused ${JSON.stringify(refused)}`;
}

function refusedCount(refused: Readonly<Record<string, number>>): number {
  return Object.values(refused).reduce((sum, count) => sum + count, 0);
}

function appendAll(
  db: Tsdb,
  nowMs: number,
  taken: Map<string, Set<number>>,
  refused: Record<string, number>,
): void {
  const appender = db.appender();
  for (let i = 0; i < seriesCount; i++) {
    const labels = labelsFromObject({ __name__: "jumping", i: String(i) });
    // Not quite the minute: a clock set back meets no time twice.
    const atMs = nowMs + i + ((taken.get(labels.toString())?.size ?? 0) % 977);
    const ref = appender.append(0, labels, atMs, i);
    if (ref < 0) {
      const name =
        Object.entries(appendFailure).find(([, code]) => code === ref)?.[0] ?? String(ref);
      refused[name] = (refused[name] ?? 0) + 1;
      continue;
    }
    const times = taken.get(labels.toString()) ?? new Set();
    taken.set(labels.toString(), times.add(atMs));
  }
  appender.commit();
}

/** All that was taken is there, but what retention may have removed; contentOf fails where a time comes twice. */
async function expectAll(
  db: Tsdb,
  taken: ReadonlyMap<string, ReadonlySet<number>>,
  when: string,
  fromMs = Number.NEGATIVE_INFINITY,
): Promise<void> {
  const content = await contentOf(db);
  let missing = 0;
  for (const [series, times] of taken) {
    for (const atMs of times) if (atMs >= fromMs && !content.get(series)?.has(atMs)) missing++;
  }
  expectEqual(missing, 0, `samples missing ${when}`);
}
