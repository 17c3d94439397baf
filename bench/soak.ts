/**
 * `npm run soak [-- --minutes N] [--only NAME]`: what takes too long for CI: the storage faults at length
 * (soak-storage.ts), then the demo for N minutes, its memory, series and event loop delay once a minute.
 * Ends with a line for each part and exit code 1 where one is bad. Parts: --only names one.
 */

import { parseArgs } from "node:util";
import { AppTestContext, queryValue } from "../apptest/app-test.ts";
import { memoryMib } from "./process-usage.ts";
import { type SoakPart, type SoakResult, storageParts } from "./soak-storage.ts";

/** The demo's resident memory in the last quarter over that in the second: more is growth. */
const growthMax = 1.5;
const { values } = parseArgs({
  options: { minutes: { type: "string", default: "120" }, only: { type: "string" } },
});
const minutes = Number(values.minutes);
const parts: readonly SoakPart[] = [...storageParts, { name: "demo", run: soakDemo }];
const chosen = parts.filter(({ name }) => values.only === undefined || values.only === name);
if (chosen.length === 0) {
  console.error(`no part ${values.only}; there are ${parts.map(({ name }) => name).join(", ")}`);
  process.exit(2);
}
const summary: string[] = [];
for (const part of chosen) {
  const context = new AppTestContext();
  const startedMs = performance.now();
  console.log(`== ${part.name}`);
  let result: SoakResult;
  try {
    result = await part.run(context);
  } catch (thrown) {
    result = { isGood: false, line: thrown instanceof Error ? thrown.message : String(thrown) };
  } finally {
    await context.close();
  }
  if (!result.isGood) process.exitCode = 1;
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
  summary.push(`${result.isGood ? "ok  " : "BAD "} ${part.name} (${seconds} s): ${result.line}`);
  console.log(summary.at(-1));
}
console.log(`\n${summary.join("\n")}`);

async function soakDemo(context: AppTestContext): Promise<SoakResult> {
  const { program: demo, url } = await context.startDemo();
  const resident: number[] = [];
  for (let minute = 1; minute <= minutes; minute++) {
    await new Promise((done) => setTimeout(done, 60_000));
    const rss = memoryMib(demo.child.pid as number);
    resident.push(rss);
    const series = await queryValue(url, "prometheus_tsdb_head_series");
    const delay = await queryValue(url, 'ciliascope_event_loop_delay_seconds{percentile="99"}');
    console.log(
      `minute ${minute}: ${rss.toFixed(0)} MiB, ${series} series, event loop p99 ${((delay ?? 0) * 1000).toFixed(1)} ms`,
    );
  }
  await demo.stop();
  const quarter = Math.max(1, Math.floor(minutes / 4));
  const early = mean(resident.slice(quarter, 2 * quarter));
  const late = mean(resident.slice(-quarter));
  return {
    isGood: minutes < 4 || late <= early * growthMax,
    line: `resident memory: second quarter ${early.toFixed(0)} MiB, last quarter ${late.toFixed(0)} MiB`,
  };
}

function mean(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / Math.max(1, numbers.length);
}
