import { describe, expect, it } from "vitest";
import { FakeClock } from "../../base/clock.ts";
import { type Random, seededRandom } from "../../base/seeded-random.ts";
import { type FloatHistogram, histogramToString } from "../../model/histogram.ts";
import { labelsFromObject } from "../../model/labels.ts";
import { MemoryStorage } from "../../storage/memory-storage.ts";
import { Engine } from "./engine.ts";
import type { QueryResult } from "./query-result.ts";

const pick = <T>(random: Random, items: readonly T[]): T =>
  items[Math.floor(random() * items.length)] as T;

function randomHistogram(random: Random): FloatHistogram {
  const buckets = Array.from({ length: 3 }, () => Math.floor(random() * 5));
  return {
    kind: "float",
    counterResetHint: "unknown",
    schema: Math.floor(random() * 3) - 1,
    zeroThreshold: 0.001,
    zeroCount: 1,
    count: buckets.reduce((sum, count) => sum + count, 1),
    sum: pick(random, [1, 5, Number.NaN]),
    positiveSpans: [{ offset: 0, length: 3 }],
    negativeSpans: [],
    positiveBuckets: buckets,
    negativeBuckets: [],
    customValues: undefined,
  };
}

/** When the plain series are there, ms: all the time, from late on, to early on, in the middle. */
const lives = [
  [0, 900_000],
  [420_000, 900_000],
  [0, 300_000],
  [360_000, 600_000],
] as const;

/** Series of two metrics: plain counters, values that hurt, gaps, stale markers, and histograms in a few. */
function hostileStorage(random: Random, histogramShare: number): MemoryStorage {
  const storage = new MemoryStorage();
  const appender = storage.appender();
  for (const name of ["x_total", "y"]) {
    for (let index = 0; index < 14; index++) {
      const labels = labelsFromObject({ __name__: name, a: String(index % 3), i: String(index) });
      const isHostile = index >= 8;
      const [bornMs, diedMs] = lives[
        isHostile ? 0 : Math.floor(index / 2)
      ] as (typeof lives)[number];
      let level = index === 3 ? 1.5e308 : 0;
      for (let timeMs = bornMs; timeMs <= diedMs; timeMs += 15_000) {
        level += Math.floor(random() * 9);
        const dice = isHostile ? random() : 1;
        if (dice < 0.1) continue;
        if (dice < 0.13) appender.appendStale(0, labels, timeMs);
        else if (dice < 0.13 + histogramShare && index > 11) {
          appender.appendHistogram(0, labels, timeMs, randomHistogram(random));
        } else if (dice < 0.4) {
          const value = pick(random, [Number.NaN, Infinity, -Infinity, -0, 1e16, -1e16, 1.7e308]);
          appender.append(0, labels, timeMs, value);
        } else appender.append(0, labels, timeMs, dice < 0.5 ? level - 40 : level);
      }
    }
  }
  appender.commit();
  return storage;
}

const selectors = ["x_total", 'x_total{a="1"}', "y", "y offset 1m", '{__name__=~"x_total|y"}'];
const rangeFunctions = ["rate", "increase", "delta", "max_over_time", "last_over_time", "changes"];
const operations: readonly ((inner: string, number: string) => string)[] = [
  (inner) => `-(${inner})`,
  (inner) => `abs(${inner})`,
  (inner) => `ceil(${inner})`,
  (inner, number) => `round(${inner}, ${number})`,
  (inner, number) => `clamp(${inner}, ${number}, 30)`,
  (inner, number) => `clamp_min(${inner}, ${number})`,
  (inner, number) => `clamp_max(${inner}, ${number})`,
  ...["+", "-", "*", "/", "%", "^", "atan2", "==", "!=", "<", "<=", ">", ">="].flatMap(
    (operator) => [
      (inner: string, number: string) => `(${inner}) ${operator} ${number}`,
      (inner: string, number: string) => `${number} ${operator} (${inner})`,
    ],
  ),
  ...["==", ">", "<="].flatMap((operator) => [
    (inner: string, number: string) => `(${inner}) ${operator} bool ${number}`,
    (inner: string, number: string) => `${number} ${operator} bool (${inner})`,
  ]),
];
const numbers = ["0", "8", "-0.5", "NaN", "Inf", "(time() / 40)", "(-time() % 7)"];
const groupings = ["", " by (a)", " by (a, i)", " by (__name__)", " without (i)"];
const operators = ["sum", "avg", "count", "min", "max", "group", "stddev", "stdvar"];

function randomQuery(random: Random): string {
  let inner = pick(random, selectors);
  if (random() < 0.4) {
    const [name, ...shift] = inner.split(" ");
    inner = `${pick(random, rangeFunctions)}(${name}[2m]${shift.length > 0 ? ` ${shift.join(" ")}` : ""})`;
  }
  for (let depth = Math.floor(random() * 4); depth > 0; depth--) {
    inner = pick(random, operations)(inner, pick(random, numbers));
  }
  return `${pick(random, operators)}${pick(random, groupings)} (${inner})`;
}

/** Everything but times and peaks, each float by its bits. */
function toText({ value, warnings, infos, stats }: QueryResult): string {
  const lines = value.type === "matrix" ? value.series.map(seriesText) : ["no matrix"];
  return [...lines, ...[...warnings, ...infos].sort(), stats.totalQueryableSamples].join("\n");
}

function seriesText(series: (QueryResult["value"] & { type: "matrix" })["series"][number]): string {
  const bits = new BigUint64Array(Float64Array.from(series.values).buffer);
  const floats = Array.from(series.timestampsMs, (timeMs, i) => {
    return `${timeMs}:${Number.isNaN(series.values[i]) ? "NaN" : bits[i]}`;
  });
  const histograms = series.histograms?.map(
    ({ timestampMs, histogram }) => `${timestampMs}:${histogramToString(histogram)}`,
  );
  return `${series.labels.key} ${floats.join(" ")} ${histograms?.join(" ") ?? ""}`;
}

async function answer(engine: Engine, storage: MemoryStorage, query: string, isWhole: boolean) {
  const range = { startMs: 120_000, endMs: 960_000, stepMs: 60_000 };
  // Costs are those of single nodes: then each node is evaluated whole.
  return engine
    .rangeQuery(storage, query, range, { wantsNodeStats: isWhole })
    .then(toText, (thrown: unknown) => String(thrown));
}

describe("aggregations over rows as they come", () => {
  const seed = Number(process.env["ROWS_SEED"] ?? 11);
  const queries = 400;

  for (const [title, histogramShare, options] of [
    ["floats", 0, {}],
    ["floats and histograms", 0.2, {}],
    ["names dropped at the end", 0.1, { enableDelayedNameRemoval: true }],
  ] as const) {
    it(`are to the bit those over whole vectors: ${title} (ROWS_SEED=${seed})`, async () => {
      const random = seededRandom(seed);
      const storage = hostileStorage(random, histogramShare);
      const engine = new Engine({ clock: new FakeClock(0), ...options });
      for (let round = 0; round < queries; round++) {
        const query = randomQuery(random);
        const whole = await answer(engine, storage, query, true);
        expect(`${query}\n${await answer(engine, storage, query, false)}`).toBe(
          `${query}\n${whole}`,
        );
      }
    });
  }

  it("hold the results of no row", async () => {
    const storage = hostileStorage(seededRandom(seed), 0);
    const engine = new Engine({ clock: new FakeClock(0) });
    const range = { startMs: 120_000, endMs: 840_000, stepMs: 60_000 };
    const { stats } = await engine.rangeQuery(
      storage,
      "sum(rate(x_total[2m]) * 8 > bool 1)",
      range,
    );
    expect(stats.peakSamples).toBeLessThanOrEqual(13);
  });
});
