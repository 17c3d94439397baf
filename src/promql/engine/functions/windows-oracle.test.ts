import { describe, expect, it } from "vitest";
import { FakeClock } from "../../../base/clock.ts";
import { labelsFromObject } from "../../../model/labels.ts";
import { MemoryStorage } from "../../../storage/memory-storage.ts";
import { CompensatedSum } from "../compensated-sum.ts";
import { Engine } from "../engine.ts";

/** Deterministic numbers in [0, 1). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

interface Sample {
  readonly timeMs: number;
  readonly value: number;
}

const stepMs = 20_000;
const stepCount = 60;

/** Samples that hurt: 1e16 beside 1, resets, NaN and infinities that enter and leave windows. */
function hostileSamples(random: () => number, specials: readonly number[]): Sample[] {
  const samples: Sample[] = [];
  let level = 0;
  for (let timeMs = 0; timeMs <= stepMs * stepCount; timeMs += 3000 + Math.floor(random() * 9000)) {
    const kind = random();
    level = random() < 0.1 ? 0 : level + Math.floor(random() * 30);
    let value = level;
    if (kind < 0.15) value = specials[Math.floor(random() * specials.length)] ?? 0;
    else if (kind < 0.3) value = (random() - 0.5) * 10 ** Math.floor(random() * 12 - 6);
    samples.push({ timeMs, value });
  }
  return samples;
}

type Oracle = (window: readonly Sample[]) => number | undefined;

const valuesOf = (window: readonly Sample[]) => window.map(({ value }) => value);

function sumOf(values: readonly number[]): number {
  const sum = new CompensatedSum(0);
  for (const value of values) sum.add(value);
  return Number.isFinite(sum.sum) ? sum.total() : sum.sum;
}

function meanOf(values: readonly number[]): number {
  const sum = new CompensatedSum(values[0] as number);
  let isRunning = false;
  for (const [index, value] of values.entries()) {
    if (index === 0) continue;
    if (!isRunning && sum.addUnlessInfinite(value)) continue;
    if (!isRunning) sum.divide(index);
    isRunning = true;
    sum.scale(index / (index + 1));
    sum.add(value / (index + 1));
  }
  const size = values.length;
  return isRunning ? sum.total() : sum.sum / size + sum.lost / size;
}

function extremeOf(values: readonly number[], isBetter: (a: number, b: number) => boolean): number {
  let best = values[0] as number;
  for (const value of values) if (isBetter(value, best) || Number.isNaN(best)) best = value;
  return best;
}

function quantileOf(values: readonly number[], quantile: number): number {
  const rankOf = (value: number) => (Number.isNaN(value) ? -1 : 0);
  const sorted = [...values].sort((a, b) => rankOf(a) - rankOf(b) || (a < b ? -1 : a > b ? 1 : 0));
  const rank = quantile * (sorted.length - 1);
  const lower = sorted[Math.floor(rank)] as number;
  const upper = sorted[Math.min(sorted.length - 1, Math.floor(rank) + 1)] as number;
  const weight = rank - Math.floor(rank);
  return lower * (1 - weight) + upper * weight;
}

function countPairs(
  values: readonly number[],
  isEvent: (before: number, value: number) => boolean,
): number {
  return values.filter((value, i) => i > 0 && isEvent(values[i - 1] as number, value)).length;
}

const oracles: Readonly<Record<string, Oracle>> = {
  "sum_over_time(x[W])": (window) => sumOf(valuesOf(window)),
  "avg_over_time(x[W])": (window) => meanOf(valuesOf(window)),
  "max_over_time(x[W])": (window) => extremeOf(valuesOf(window), (a, b) => a > b),
  "min_over_time(x[W])": (window) => extremeOf(valuesOf(window), (a, b) => a < b),
  "count_over_time(x[W])": (window) => window.length,
  "quantile_over_time(0.3, x[W])": (window) => quantileOf(valuesOf(window), 0.3),
  "resets(x[W])": (window) => countPairs(valuesOf(window), (before, value) => value < before),
  "changes(x[W])": (window) =>
    countPairs(
      valuesOf(window),
      (before, value) => value !== before && !(Number.isNaN(value) && Number.isNaN(before)),
    ),
};

function expectClose(actual: number | undefined, wanted: number | undefined, where: string): void {
  if (actual === undefined || wanted === undefined || Object.is(actual, wanted)) {
    expect(actual, where).toBe(wanted);
    return;
  }
  const allowed = 1e-12 * Math.max(Math.abs(actual), Math.abs(wanted));
  if (!(Math.abs(actual - wanted) <= allowed)) expect(actual, where).toBe(wanted);
}

async function checkAgainstOracle(
  query: string,
  oracle: Oracle,
  samples: readonly Sample[],
  windowSeconds: number,
): Promise<void> {
  const storage = new MemoryStorage();
  const appender = storage.appender();
  const labels = labelsFromObject({ __name__: "x", a: "b" });
  for (const { timeMs, value } of samples) appender.append(0, labels, timeMs, value);
  appender.commit();
  const engine = new Engine({ clock: new FakeClock() });
  const range = { startMs: 0, endMs: stepMs * stepCount, stepMs };
  const result = await engine.rangeQuery(storage, query.replace("W", `${windowSeconds}s`), range);
  if (result.value.type !== "matrix") throw new TypeError("a range query gives a matrix");
  const series = result.value.series[0];
  const found = new Map<number, number>();
  series?.timestampsMs.forEach((timeMs, index) => {
    found.set(timeMs, series.values[index] as number);
  });
  for (let timeMs = 0; timeMs <= range.endMs; timeMs += stepMs) {
    const window = samples.filter(
      (sample) => sample.timeMs <= timeMs && sample.timeMs > timeMs - windowSeconds * 1000,
    );
    const wanted = window.length === 0 ? undefined : oracle(window);
    expectClose(found.get(timeMs), wanted, `${query} [${windowSeconds}s] at ${timeMs}`);
  }
}

describe("range functions against slow, obvious ones", () => {
  for (const [query, oracle] of Object.entries(oracles)) {
    it(`${query} agrees on windows that overlap, touch and leave gaps`, async () => {
      for (let seed = 1; seed <= 12; seed++) {
        const specials = seed % 2 === 0 ? [1e16, -1e16, 1] : [1e16, NaN, Infinity, -Infinity, -0];
        const samples = hostileSamples(createRandom(seed), specials);
        for (const windowSeconds of [7, 20, 130, 900]) {
          await checkAgainstOracle(query, oracle, samples, windowSeconds);
        }
      }
    });

    it(`${query} agrees on whole numbers, where prefix sums serve`, async () => {
      const random = createRandom(99);
      const samples = Array.from({ length: 200 }, (_, i) => ({
        timeMs: i * 6000,
        value: Math.floor(random() * 1e9),
      }));
      for (const windowSeconds of [20, 300]) {
        await checkAgainstOracle(query, oracle, samples, windowSeconds);
      }
    });
  }
});
