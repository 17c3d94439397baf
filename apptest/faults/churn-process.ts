/** `churn-process DIR MINUTES`: see series-churn.ts; prints one line of figures a simulated minute. */

import * as nodeFs from "node:fs";
import { silentLogger } from "../../src/base/logger.ts";
import { Labels, labelsFromObject } from "../../src/model/labels.ts";
import { openTsdb, type Tsdb } from "../../src/tsdb/tsdb.ts";
import type { ChurnFigures } from "../series-churn.ts";
import { StepClock } from "./storage-workload.ts";

const shortSeries = 10_000;
const steadySeries = 2000;
const scrapeMs = 15_000;
const [dir = "", minutesText = ""] = process.argv.slice(2);
const clock = new StepClock(Date.UTC(2026, 0, 1));
nodeFs.mkdirSync(dir, { recursive: true });
const db = await openTsdb({ dir, clock, logger: silentLogger });
const steady = new Float64Array(steadySeries);

for (let minute = 1; minute <= Number(minutesText); minute++) {
  const short = new Float64Array(shortSeries);
  for (let scrape = 0; scrape < 4; scrape++) {
    clock.now += scrapeMs;
    append(db, steady, (i) => labelsFromObject({ __name__: "steady", i: String(i) }));
    append(db, short, (i) =>
      labelsFromObject({ __name__: "short", pod: `pod-${minute}-${i}`, i: String(i % 100) }),
    );
  }
  const appender = db.appender();
  for (const ref of short) appender.appendStale(ref, Labels.empty, clock.now + 1);
  appender.commit();
  await db.compact();
  print(minute);
}
await db.close();

function append(to: Tsdb, refs: Float64Array, labelsOf: (i: number) => Labels): void {
  const appender = to.appender();
  for (let i = 0; i < refs.length; i++) {
    const ref = refs[i]!;
    refs[i] = appender.append(
      ref,
      ref === 0 ? labelsOf(i) : Labels.empty,
      clock.now,
      clock.now % (i + 7),
    );
  }
  appender.commit();
}

function print(minute: number): void {
  (globalThis as { gc?: () => void }).gc?.();
  const { heapUsed, rss } = process.memoryUsage();
  const { seriesCount, memoryBytes, blockCount } = db.stats();
  const figures: ChurnFigures = {
    minute,
    seriesCount,
    memoryMib: (heapUsed + memoryBytes) / 2 ** 20,
    residentMib: rss / 2 ** 20,
    blockCount,
  };
  console.log(JSON.stringify(figures));
}
