import { describe, expect, it } from "vitest";
import { FakeClock } from "../../base/clock.ts";
import { QueryError } from "../../base/errors.ts";
import type { FloatHistogram } from "../../model/histogram.ts";
import { histogramToString } from "../../model/histogram.ts";
import { labelsFromObject } from "../../model/labels.ts";
import { MemoryStorage } from "../../storage/memory-storage.ts";
import { Engine } from "./engine.ts";
import type { QueryResult } from "./query-result.ts";

/** Deterministic numbers in [0, 1). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

type Random = () => number;

const pick = <T>(random: Random, items: readonly T[]): T =>
  items[Math.floor(random() * items.length)] as T;

function randomHistogram(random: Random, isCustom: boolean): FloatHistogram {
  const buckets = Array.from({ length: 3 }, () => Math.floor(random() * 5));
  const zeroCount = isCustom ? 0 : Math.floor(random() * 3);
  return {
    kind: "float",
    counterResetHint: pick(random, ["unknown", "not_reset", "reset", "gauge"] as const),
    schema: isCustom ? -53 : Math.floor(random() * 4) - 1,
    zeroThreshold: isCustom ? 0 : pick(random, [0, 0.001, 0.6]),
    zeroCount,
    count: buckets.reduce((sum, count) => sum + count, zeroCount),
    sum: pick(random, [1, 5, Number.NaN, Infinity]),
    positiveSpans: [{ offset: isCustom ? 0 : Math.floor(random() * 4) - 2, length: 3 }],
    negativeSpans: [],
    positiveBuckets: buckets,
    negativeBuckets: [],
    customValues: isCustom
      ? pick(random, [
          [1, 2],
          [1, 5],
          [-1, 2],
        ])
      : undefined,
  };
}

/** Series of floats, exponential and custom histograms, and of all by turns, with gaps and stale markers. */
function hostileStorage(random: Random): MemoryStorage {
  const storage = new MemoryStorage();
  const appender = storage.appender();
  const kinds = ["float", "exponential", "custom", "any"] as const;
  for (const [index, kind] of kinds.entries()) {
    for (const le of ["", "1", "+Inf"]) {
      const labels = labelsFromObject({ __name__: "x_total", i: String(index), ...(le && { le }) });
      for (let timeMs = 0; timeMs <= 600_000; timeMs += 20_000) {
        const own = kind === "any" ? pick(random, ["float", "exponential", "custom"]) : kind;
        const dice = random();
        if (dice < 0.1) continue;
        if (dice < 0.13) appender.appendStale(0, labels, timeMs);
        else if (own === "float") appender.append(0, labels, timeMs, Math.floor(random() * 9));
        else {
          const histogram = randomHistogram(random, own === "custom");
          appender.appendHistogram(0, labels, timeMs, histogram);
        }
      }
    }
  }
  appender.commit();
  return storage;
}

const rangeFunctions =
  "rate increase delta irate idelta resets changes sum_over_time avg_over_time count_over_time max_over_time last_over_time first_over_time present_over_time stddev_over_time deriv ts_of_last_over_time".split(
    " ",
  );
const vectorFunctions =
  "histogram_count histogram_sum histogram_avg histogram_stddev abs ceil -".split(" ");

function randomQuery(random: Random, depth: number): string {
  const kind = depth === 0 ? 0 : Math.floor(random() * 8);
  const inner = () => randomQuery(random, depth - 1);
  switch (kind) {
    case 0:
      return pick(random, ["x_total", 'x_total{i="3"}', "x_total offset 1m", 'x_total{le=""}']);
    case 1:
      return `${pick(random, rangeFunctions)}(x_total[${pick(random, ["1m", "3m", "5m:30s"])}])`;
    case 2:
      return `${pick(random, ["sum", "avg", "min", "count", "group", "stddev"])} by (${pick(random, ["i", "le", ""])}) (${inner()})`;
    case 3:
      return `${pick(random, vectorFunctions)}(${inner()})`;
    case 4:
      return `(${inner()}) ${pick(random, ["*", "/", "+", "</", ">/", "==", "<"])} ${pick(random, ["2", "-1", "0"])}`;
    case 5:
      return `(${inner()}) ${pick(random, ["+", "-", "*", "==", "!=", "and", "or", "unless"])} (${inner()})`;
    case 6:
      return `histogram_quantile(0.7, ${inner()})`;
    default:
      return `histogram_fraction(0, 2, ${inner()})`;
  }
}

/** Series at one time as lines of text. */
function linesAt({ value }: QueryResult, timeMs: number): string[] {
  const lines: string[] = [];
  if (value.type === "vector") {
    for (const { labels, value: float, histogram } of value.samples) {
      const sample = histogram === undefined ? String(float) : histogramToString(histogram);
      lines.push(`${labels} ${sample}`);
    }
  } else if (value.type === "matrix") {
    for (const { labels, timestampsMs, values, histograms = [] } of value.series) {
      const index = timestampsMs.indexOf(timeMs);
      if (index >= 0) lines.push(`${labels} ${values[index]}`);
      const point = histograms.find(({ timestampMs }) => timestampMs === timeMs);
      if (point !== undefined) lines.push(`${labels} ${histogramToString(point.histogram)}`);
    }
  }
  return lines.sort();
}

async function attempt(run: Promise<QueryResult>): Promise<QueryResult | undefined> {
  try {
    return await run;
  } catch (thrown) {
    // Series that meet after their names are gone, ambiguous matches: errors of the query.
    if (thrown instanceof QueryError) return undefined;
    throw thrown;
  }
}

describe("floats and native histograms together", () => {
  it("give at each step of a range what an instant query gives there, and never a fault of ours", async () => {
    const random = createRandom(20_251);
    const storage = hostileStorage(random);
    let compared = 0;
    for (let run = 0; run < 300; run++) {
      const query = randomQuery(random, 3);
      const engine = new Engine({
        clock: new FakeClock(),
        enableDelayedNameRemoval: run % 2 === 0,
      });
      const range = { startMs: 120_000, endMs: 600_000, stepMs: 120_000 };
      const whole = await attempt(engine.rangeQuery(storage, query, range));
      if (whole === undefined) continue;
      for (let timeMs = range.startMs; timeMs <= range.endMs; timeMs += range.stepMs) {
        const one = await attempt(engine.instantQuery(storage, query, timeMs));
        if (one === undefined) continue;
        expect(linesAt(whole, timeMs), `${query} at ${timeMs}`).toEqual(linesAt(one, timeMs));
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(500);
  });
});
