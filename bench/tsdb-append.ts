/**
 * `npx tsx bench/tsdb-append.ts [series] [rounds] [histogram series]`: append, commit (WAL included),
 * memory, disk and replay of the storage alone, in one process and one thread, without HTTP. Values
 * are a third counters, a third gauges, a third at rest, as a scrape of exporters gives.
 */

import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../src/base/clock.ts";
import { silentLogger } from "../src/base/logger.ts";
import type { Histogram } from "../src/model/histogram.ts";
import { type Labels, labelsFromObject } from "../src/model/labels.ts";
import { openTsdb, type Tsdb } from "../src/tsdb/tsdb.ts";

const [seriesCount = 50_000, rounds = 240, histogramCount = 0] = process.argv.slice(2).map(Number);
const startMs = 1_700_000_000_000;
const stepMs = 15_000;
const seriesPerScrape = 1000;

/** CPU seconds of this process since `from`: the machine may be busy with other things. */
function seconds(from: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(from);
  return (user + system) / 1e6;
}

function folderBytes(dir: string): number {
  let total = 0;
  for (const name of readdirSync(dir)) {
    const path = join(dir, name);
    total += statSync(path).isDirectory() ? folderBytes(path) : statSync(path).size;
  }
  return total;
}

function valueAt(series: number, round: number): number {
  if (series % 3 === 0) return round * (1 + (series % 7));
  if (series % 3 === 1) return Math.round(Math.sin(series + round / 9) * 1000) / 10;
  return series;
}

function histogramOf(series: number, round: number): Histogram {
  const counts = Array.from({ length: 12 }, (_, i) => round * ((series + i) % 5) + i);
  const buckets = counts.map((count, i) => count - (counts[i - 1] ?? 0));
  const count = counts.reduce((sum, one) => sum + one, 0);
  return {
    kind: "integer",
    counterResetHint: "unknown",
    schema: 3,
    zeroThreshold: 2 ** -128,
    zeroCount: 0,
    count,
    sum: count * 0.7,
    positiveSpans: [{ offset: -3, length: 12 }],
    negativeSpans: [],
    positiveBuckets: buckets,
    negativeBuckets: [],
    customValues: undefined,
  };
}

interface Round {
  readonly labels: readonly Labels[];
  readonly values: readonly number[];
  /** Of the series behind those with values. */
  readonly histograms: readonly Histogram[];
}

/** One sample of each series, a transaction every so many. A function of its own, so that it is compiled well. */
function appendRound(db: Tsdb, refs: Float64Array, timestampMs: number, round: Round): void {
  const { labels, values, histograms } = round;
  for (let first = 0; first < labels.length; first += seriesPerScrape) {
    const appender = db.appender();
    const end = Math.min(labels.length, first + seriesPerScrape);
    for (let i = first; i < end; i++) {
      const own = labels[i];
      if (own === undefined) continue;
      const ref = refs[i] ?? 0;
      const histogram = i < values.length ? undefined : histograms[i - values.length];
      refs[i] =
        histogram === undefined
          ? appender.append(ref, own, timestampMs, values[i] ?? 0)
          : appender.appendHistogram(ref, own, timestampMs, histogram);
    }
    appender.commit();
  }
}

const dir = mkdtempSync(join(tmpdir(), "bench-tsdb-"));
try {
  const options = { dir, clock: systemClock, logger: silentLogger };
  const db = await openTsdb(options);
  const labels = Array.from({ length: seriesCount + histogramCount }, (_, i) =>
    labelsFromObject({
      __name__: `metric_${i % 300}`,
      instance: `10.0.${(i >> 10) & 255}.${(i >> 2) & 255}:9100`,
      job: "bench",
      id: String(i),
    }),
  );
  const refs = new Float64Array(labels.length);
  let appendSeconds = 0;
  for (let round = 0; round < rounds; round++) {
    const timestampMs = startMs + round * stepMs;
    const values = Array.from({ length: seriesCount }, (_, i) => valueAt(i, round));
    const histograms = Array.from({ length: histogramCount }, (_, i) => histogramOf(i, round));
    const from = process.cpuUsage();
    appendRound(db, refs, timestampMs, { labels, values, histograms });
    appendSeconds += seconds(from);
  }
  const samples = labels.length * rounds;
  const stats = db.stats();
  const print = (name: string, value: string): void => {
    process.stdout.write(`${name.padEnd(28)}${value}\n`);
  };
  print("samples", `${samples} (${labels.length} series x ${rounds})`);
  print(
    "append + commit",
    `${(samples / appendSeconds / 1e6).toFixed(2)} M samples per CPU second`,
  );
  print("head, used of pages", `${mib(stats.memoryUsedBytes)} of ${mib(stats.memoryBytes)}`);
  print("head bytes per series", (stats.memoryUsedBytes / labels.length).toFixed(0));
  print("RSS", mib(process.memoryUsage().rss));
  await db.close();
  print("WAL bytes per sample", (folderBytes(join(dir, "wal")) / samples).toFixed(2));
  print("directory", mib(folderBytes(dir)));
  const from = process.cpuUsage();
  const again = await openTsdb(options);
  const replayed = seconds(from);
  print(
    "replay",
    `${replayed.toFixed(2)} CPU s, ${(samples / replayed / 1e6).toFixed(2)} M samples per CPU second`,
  );
  await again.close();
} finally {
  rmSync(dir, { recursive: true, force: true });
}

function mib(bytes: number): string {
  return `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
