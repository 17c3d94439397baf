/**
 * `npx tsx bench/promql.ts [--series N] [--runs N] [--only TEXT]`: how long the engine takes for range queries over
 * series in memory: 6 h of scrapes at 15 s, 361 steps of a minute. Figures of one process, the storage
 * being arrays: a change of the engine shows here first. Native histograms have lines of their own.
 */

import { parseArgs } from "node:util";
import { systemClock } from "../src/base/clock.ts";
import type { FloatHistogram } from "../src/model/histogram.ts";
import { labelsFromEntries } from "../src/model/labels.ts";
import { Engine } from "../src/promql/engine/engine.ts";
import { MemoryStorage } from "../src/storage/memory-storage.ts";

const { values: flags } = parseArgs({
  options: {
    series: { type: "string", default: "2000" },
    runs: { type: "string", default: "9" },
    /** Only queries that contain this. */
    only: { type: "string", default: "" },
  },
});
const seriesCount = Number(flags.series);
const runs = Number(flags.runs);
const scrapeMs = 15_000;
const startMs = 1_700_000_000_000;
const endMs = startMs + 6 * 3_600_000;
/** Histograms are larger: a tenth of the series. */
const histogramSeriesCount = Math.ceil(seriesCount / 10);

const queries = [
  "sum(rate(x_total[1m]))",
  "sum by (pod) (rate(x_total[5m]))",
  "x_total",
  "x_total + x_total",
  "avg_over_time(x_total[5m])",
  "quantile_over_time(0.9, x_total[5m])",
  "stddev_over_time(x_total[5m])",
  "topk(5, rate(x_total[5m]))",
  "sum(rate(h[1m]))",
  "histogram_quantile(0.9, sum by (pod) (rate(h[5m])))",
  "histogram_count(sum(rate(h[5m])))",
];

const storage = new MemoryStorage();
loadFloats();
loadHistograms();
const engine = new Engine({ clock: systemClock });
console.log(
  `${seriesCount} series of floats, ${histogramSeriesCount} of histograms, 6 h at 15 s, 361 steps; best, median and worst of ${runs} runs`,
);
for (const query of queries) if (query.includes(flags.only)) await measure(query);

async function measure(query: string): Promise<void> {
  const range = { startMs, endMs, stepMs: 60_000 };
  const times: number[] = [];
  for (let run = 0; run < runs + 2; run++) {
    const before = performance.now();
    await engine.rangeQuery(storage, query, range);
    // Two runs to warm up.
    if (run >= 2) times.push(performance.now() - before);
  }
  times.sort((a, b) => a - b);
  const median = times[times.length >> 1] ?? 0;
  const worst = times.at(-1) ?? 0;
  const figures = [times[0] ?? 0, median, worst].map((ms) => `${ms.toFixed(1).padStart(8)} ms`);
  console.log(`${figures.join(" ")}  ${query}`);
}

function seriesLabels(name: string, index: number) {
  return labelsFromEntries([
    ["__name__", name],
    ["instance", `10.0.0.${index}:9962`],
    ["pod", `cilium-${index % 50}`],
  ]);
}

/** Counters with small steps that differ from series to series. */
function loadFloats(): void {
  const appender = storage.appender();
  for (let index = 0; index < seriesCount; index++) {
    const labels = seriesLabels("x_total", index);
    let ref = 0;
    let value = index;
    for (let timeMs = startMs - 3_600_000 / 4; timeMs <= endMs; timeMs += scrapeMs) {
      value += 1 + ((index * 31 + timeMs / 1000) % 7);
      ref = appender.append(ref, labels, timeMs, value);
    }
    // One series at a time, so that the pending list stays small.
    appender.commit();
  }
}

/** Latency histograms of 24 buckets that fill up. */
function loadHistograms(): void {
  const appender = storage.appender();
  for (let index = 0; index < histogramSeriesCount; index++) {
    const labels = seriesLabels("h", index);
    let ref = 0;
    const buckets = new Array<number>(24).fill(0);
    for (let timeMs = startMs - 3_600_000 / 4; timeMs <= endMs; timeMs += scrapeMs) {
      const bucket = (index + timeMs / scrapeMs) % 24;
      buckets[bucket] = (buckets[bucket] ?? 0) + 3;
      ref = appender.appendHistogram(ref, labels, timeMs, histogramOf([...buckets]));
    }
    appender.commit();
  }
}

function histogramOf(buckets: readonly number[]): FloatHistogram {
  const count = buckets.reduce((sum, bucket) => sum + bucket, 0);
  return {
    kind: "float",
    counterResetHint: "not_reset",
    schema: 3,
    zeroThreshold: 2 ** -128,
    zeroCount: 0,
    count,
    sum: count * 0.7,
    positiveSpans: [{ offset: -12, length: buckets.length }],
    negativeSpans: [],
    positiveBuckets: buckets,
    negativeBuckets: [],
    customValues: undefined,
  };
}
