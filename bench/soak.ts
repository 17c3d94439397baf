/**
 * `npm run soak [-- --minutes N]`: the demo for a long time, its memory, series and event loop delay
 * once a minute. Ends with exit code 1 when resident memory of the last quarter is more than half as
 * much again as that of the second quarter: something grows that should not.
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { AppTestContext, queryValue } from "../apptest/app-test.ts";
import { memoryMib } from "./process-usage.ts";

const growthMax = 1.5;
const { values } = parseArgs({ options: { minutes: { type: "string", default: "120" } } });
const minutes = Number(values.minutes);
const context = new AppTestContext();
try {
  const port = await context.freePort();
  const url = `http://127.0.0.1:${port}`;
  const demo = context.startProgram([
    "demo",
    "--data-dir",
    join(context.tempDir(), "data"),
    "--listen",
    `127.0.0.1:${port}`,
  ]);
  await demo.waitForLine(/^ready /m);
  const resident: number[] = [];
  for (let minute = 1; minute <= minutes; minute++) {
    await new Promise((done) => setTimeout(done, 60_000));
    const rss = memoryMib(demo.child.pid as number);
    resident.push(rss);
    const series = await queryValue(url, "prometheus_tsdb_head_series");
    const delay = await queryValue(url, 'ciliascope_event_loop_delay_seconds{quantile="0.99"}');
    console.log(
      `minute ${minute}: ${rss.toFixed(0)} MiB, ${series} series, event loop p99 ${((delay ?? 0) * 1000).toFixed(1)} ms`,
    );
  }
  const quarter = Math.max(1, Math.floor(minutes / 4));
  const early = mean(resident.slice(quarter, 2 * quarter));
  const late = mean(resident.slice(-quarter));
  console.log(
    `resident memory: second quarter ${early.toFixed(0)} MiB, last quarter ${late.toFixed(0)} MiB`,
  );
  if (minutes >= 4 && late > early * growthMax) process.exitCode = 1;
  await demo.stop();
} finally {
  await context.close();
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / Math.max(1, numbers.length);
}
