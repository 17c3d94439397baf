import { describe, expect, it } from "vitest";
import { FakeClock } from "../../base/clock.ts";
import { QueryError } from "../../base/errors.ts";
import type { FloatHistogram } from "../../model/histogram.ts";
import { labelsFromObject } from "../../model/labels.ts";
import type { SampleBuffer } from "../../model/sample.ts";
import { MemoryStorage } from "../../storage/memory-storage.ts";
import type { Queryable } from "../../storage/storage.ts";
import { Engine, type EngineOptions } from "./engine.ts";

function storageOf(seriesCount: number, sampleCount: number): MemoryStorage {
  const storage = new MemoryStorage();
  const appender = storage.appender();
  for (let series = 0; series < seriesCount; series++) {
    const labels = labelsFromObject({ __name__: "x_total", i: String(series) });
    for (let i = 0; i < sampleCount; i++) appender.append(0, labels, i * 15_000, i * series);
  }
  appender.commit();
  return storage;
}

const range = { startMs: 0, endMs: 600_000, stepMs: 60_000 };

function engineOf(options: Partial<EngineOptions> = {}): Engine {
  return new Engine({ clock: new FakeClock(), ...options });
}

async function errorOf(run: Promise<unknown>): Promise<QueryError> {
  const thrown: unknown = await run.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(thrown instanceof QueryError)) throw new TypeError(`want a QueryError, have ${thrown}`);
  return thrown;
}

/** Counts what is asked of storage. */
function counting(storage: Queryable): { queryable: Queryable; selected: string[] } {
  const selected: string[] = [];
  const queryable: Queryable = {
    querier(minMs, maxMs) {
      const querier = storage.querier(minMs, maxMs);
      return {
        select(matchers, hints) {
          selected.push(`${hints.startMs}..${hints.endMs}`);
          return querier.select(matchers, hints);
        },
        labelNames: (matchers, limit) => querier.labelNames(matchers, limit),
        labelValues: (name, matchers, limit) => querier.labelValues(name, matchers, limit),
        close: () => querier.close(),
      };
    },
  };
  return { queryable, selected };
}

const tinyHistogram: FloatHistogram = {
  kind: "float",
  counterResetHint: "unknown",
  schema: 1,
  zeroThreshold: 0.001,
  zeroCount: 1,
  count: 6,
  sum: 9,
  positiveSpans: [
    { offset: -1, length: 2 },
    { offset: 3, length: 1 },
  ],
  negativeSpans: [],
  positiveBuckets: [1, 2, 2],
  negativeBuckets: [],
  customValues: undefined,
};

describe("Engine", () => {
  it("refuses what does not parse as bad_data, with the position", async () => {
    const error = await errorOf(engineOf().instantQuery(storageOf(1, 1), "sum(", 0));
    expect(error.kind).toBe("bad_data");
    expect(error.message).toMatch(/^1:5: parse error: /);
  });

  it("refuses a range query of a range vector", async () => {
    const error = await errorOf(engineOf().rangeQuery(storageOf(1, 1), "x_total[5m]", range));
    expect(error.kind).toBe("bad_data");
    expect(error.message).toBe(
      'invalid expression type "range vector" for range query, must be Scalar or instant Vector',
    );
  });

  it("holds no more samples than it may", async () => {
    const storage = storageOf(20, 60);
    const error = await errorOf(
      engineOf({ maxSamples: 100 }).rangeQuery(storage, "x_total", range),
    );
    expect(error.kind).toBe("execution");
    expect(error.message).toBe(
      "query processing would load too many samples into memory in query execution (limit 100: select fewer series or a shorter time, or raise --query.max-samples)",
    );
    await engineOf({ maxSamples: 220 }).rangeQuery(storage, "x_total", range);
    const window = engineOf({ maxSamples: 30 }).instantQuery(
      storage,
      "rate(x_total[10m])",
      600_000,
    );
    expect((await errorOf(window)).message).toContain("too many samples");
  });

  it("carries a mean on where the sum overflows, in rows with and without gaps", async () => {
    const storage = new MemoryStorage();
    const appender = storage.appender();
    for (const [series, end] of [1, 1, 600, 600, 600].entries()) {
      const labels = labelsFromObject({ __name__: "x", i: String(series) });
      for (let s = 0; s < end; s += 60) appender.append(0, labels, s * 1000, 1.5e308);
    }
    appender.commit();
    for (const query of ["avg(x)", "avg(last_over_time(x[1m]))"]) {
      const { value } = await engineOf({ lookbackDeltaMs: 60_000 }).rangeQuery(storage, query, {
        startMs: 0,
        endMs: 540_000,
        stepMs: 60_000,
      });
      const [mean] = value.type === "matrix" ? value.series : [];
      expect(mean?.values.length).toBe(10);
      for (const number of mean?.values ?? []) expect(number / 1.5e308).toBeCloseTo(1, 12);
    }
  });

  it("stops when cancelled", async () => {
    const controller = new AbortController();
    controller.abort();
    const error = await errorOf(
      engineOf().instantQuery(storageOf(1, 1), "x_total", 0, { signal: controller.signal }),
    );
    expect(error.kind).toBe("canceled");
    expect(error.message).toBe("query was canceled in expression evaluation");
  });

  it("gives way to others while it works, and stops there when cancelled or out of time", async () => {
    let nowMs = 0;
    let pauses = 0;
    const controller = new AbortController();
    const clock = {
      nowMs: () => nowMs,
      // Each look at the clock takes 1 ms.
      monotonicMs: () => nowMs++,
      after: () => () => undefined,
    };
    const yieldNow = async () => {
      pauses++;
    };
    const many = storageOf(8000, 40);
    await engineOf({ clock, yieldNow }).rangeQuery(many, "rate(x_total[5m])", range);
    expect(pauses).toBeGreaterThan(5);

    const slow = engineOf({ clock, yieldNow, timeoutMs: 50 });
    const late = await errorOf(slow.rangeQuery(many, "rate(x_total[5m])", range));
    expect(late.kind).toBe("timeout");
    expect(late.message).toMatch(
      /^query timed out in expression evaluation \(limit 50ms: .*--query\.timeout/,
    );

    const stopping = engineOf({ clock, yieldNow: async () => controller.abort() });
    const stopped = await errorOf(
      stopping.rangeQuery(many, "rate(x_total[5m])", range, {
        signal: controller.signal,
      }),
    );
    expect(stopped.kind).toBe("canceled");
  });

  it("selects each set of matchers once, over the union of the times", async () => {
    const { queryable, selected } = counting(storageOf(2, 60));
    await engineOf().rangeQuery(
      queryable,
      'x_total{i="1"} + rate(x_total{i="1"}[10m]) - x_total{i="1"} offset 20m + x_total{i="0"} @ 30',
      range,
    );
    expect(selected).toEqual(["-1499999..600000", "-269999..30000"]);
  });

  it("takes the lookback of a query before its own", async () => {
    const storage = storageOf(1, 1);
    const engine = engineOf({ lookbackDeltaMs: 60_000 });
    const samplesAt = async (timeMs: number, lookbackDeltaMs?: number) => {
      const options = lookbackDeltaMs === undefined ? {} : { lookbackDeltaMs };
      const { value } = await engine.instantQuery(storage, "x_total", timeMs, options);
      return value.type === "vector" ? value.samples.length : -1;
    };
    expect(await samplesAt(59_999)).toBe(1);
    expect(await samplesAt(60_000)).toBe(0);
    expect(await samplesAt(60_000, 120_000)).toBe(1);
  });

  it("counts the samples it read, window by window", async () => {
    const { stats } = await engineOf().rangeQuery(storageOf(2, 60), "rate(x_total[1m])", range);
    // 11 windows of 4 samples but the first, which holds one; two series.
    expect(stats.totalQueryableSamples).toBe(2 * (10 * 4 + 1));
    expect(stats.peakSamples).toBeGreaterThan(0);
  });

  it("keeps names to the end where their removal is delayed", async () => {
    const storage = new MemoryStorage();
    const appender = storage.appender();
    appender.append(0, labelsFromObject({ __name__: "a_total", i: "1" }), 0, 1);
    appender.append(0, labelsFromObject({ __name__: "b_total", i: "1" }), 0, 2);
    appender.commit();
    const query =
      'label_replace(abs({__name__=~".*_total"}), "name", "$1", "__name__", "(.)_total")';
    const collides = await errorOf(engineOf().instantQuery(storage, query, 0));
    expect(collides.message).toBe("vector cannot contain metrics with the same labelset");
    const engine = engineOf({ enableDelayedNameRemoval: true });
    const { value } = await engine.instantQuery(storage, query, 0);
    if (value.type !== "vector") throw new TypeError("want a vector");
    expect(value.samples.map(({ labels }) => labels.toString()).sort()).toEqual([
      '{i="1", name="a"}',
      '{i="1", name="b"}',
    ]);
  });

  it("knows start timestamps only where they are switched on", async () => {
    const storage = new MemoryStorage();
    const appender = storage.appender();
    const ref = appender.append(0, labelsFromObject({ __name__: "x_total" }), 30_000, 5);
    appender.appendStartTimestamp?.(ref, 12_500);
    appender.commit();
    const starts = async (enableStartTimestamps: boolean) => {
      const parser = { enableExperimentalFunctions: true };
      const engine = engineOf({ parser, enableStartTimestamps });
      const { value } = await engine.instantQuery(storage, "start_timestamp(x_total)", 40_000);
      return value.type === "vector" ? value.samples.map((sample) => sample.value) : [];
    };
    expect(await starts(true)).toEqual([12.5]);
    expect(await starts(false)).toEqual([]);
  });

  it("gives floats and histograms of one series apart, each with its time", async () => {
    const storage = new MemoryStorage();
    const labels = labelsFromObject({ __name__: "x" });
    const appender = storage.appender();
    appender.append(0, labels, 0, 1);
    appender.appendHistogram(0, labels, 60_000, tinyHistogram);
    appender.commit();
    const range = { startMs: 0, endMs: 120_000, stepMs: 60_000 };
    const { value } = await engineOf().rangeQuery(storage, "x", range);
    const [series] = value.type === "matrix" ? value.series : [];
    expect([...(series?.timestampsMs ?? [])]).toEqual([0]);
    expect(series?.histograms?.map(({ timestampMs }) => timestampMs)).toEqual([60_000, 120_000]);
    expect(series?.histograms?.[0]?.histogram).toEqual(tinyHistogram);
  });

  it("tells what each part of a query cost where asked", async () => {
    const query = "sum(rate(x_total[5m])) + 1";
    const options = { wantsNodeStats: true };
    const { stats } = await engineOf().rangeQuery(storageOf(3, 40), query, range, options);
    const bytes = new TextEncoder().encode(query);
    const shown = stats.nodes?.map(({ start, end, seriesCount, samples }) => {
      const text = new TextDecoder().decode(bytes.subarray(start, end));
      return `${text}: ${seriesCount} series, ${samples} samples`;
    });
    expect(shown).toEqual([
      "sum(rate(x_total[5m])) + 1: 1 series, 10 samples",
      "sum(rate(x_total[5m])): 1 series, 10 samples",
      "rate(x_total[5m]): 3 series, 30 samples",
      "x_total[5m]: 3 series, 492 samples",
      "1: 1 series, 11 samples",
    ]);
    const plain = await engineOf().rangeQuery(storageOf(3, 40), query, range);
    expect(plain.stats.nodes).toBeUndefined();
    expect(plain.stats.totalQueryableSamples).toBe(stats.totalQueryableSamples);
  });

  describe("counts samples by step where asked", () => {
    const countsOf = async (query: string) => {
      const options = { wantsStepStats: true };
      const { stats } = await engineOf().rangeQuery(storageOf(2, 60), query, late, options);
      const [queryable, read] = [stats.perStep?.queryable ?? [], stats.perStep?.read ?? []];
      const sum = (counts: ArrayLike<number>) => Array.from(counts).reduce((a, b) => a + b, 0);
      const plain = await engineOf().rangeQuery(storageOf(2, 60), query, late);
      expect([sum(queryable), sum(read)]).toEqual([
        plain.stats.totalQueryableSamples,
        plain.stats.samplesRead,
      ]);
      return { queryable: [...queryable], read: [...read] };
    };
    // Steps at 5, 6 and 7 minutes; a sample each 15 s.
    const late = { startMs: 300_000, endMs: 420_000, stepMs: 60_000 };

    it("those of a window whole, and as read what the window before had not", async () => {
      expect(await countsOf("rate(x_total[2m])")).toEqual({
        queryable: [16, 16, 16],
        read: [16, 8, 8],
      });
      expect(await countsOf("sum(rate(x_total[30s]))")).toEqual({
        queryable: [4, 4, 4],
        read: [4, 4, 4],
      });
    });

    it("those of a repeated part each time", async () => {
      expect(await countsOf("sum(x_total) / sum(x_total)")).toEqual({
        queryable: [4, 4, 4],
        read: [4, 4, 4],
      });
    });

    it("what holds for all steps as given at each and read at the first", async () => {
      expect(await countsOf("sum(rate(x_total[2m] @ 300))")).toEqual({
        queryable: [16, 16, 16],
        read: [16, 0, 0],
      });
    });

    it("a subquery's values as given, its samples as read where they are needed first", async () => {
      expect(await countsOf("max_over_time(sum(x_total)[2m:30s])")).toEqual({
        queryable: [4, 4, 4],
        read: [8, 4, 4],
      });
      // Between the windows nothing counts; the offset moves the steps, not what is needed.
      expect(await countsOf("max_over_time(x_total[30s:15s] offset 1m)")).toEqual({
        queryable: [4, 4, 4],
        read: [4, 4, 4],
      });
    });
  });

  it("counts a subquery that is the answer by what it was given", async () => {
    const { stats } = await engineOf().instantQuery(storageOf(2, 60), "x_total[2m:30s]", 300_000);
    expect([stats.totalQueryableSamples, stats.samplesRead]).toEqual([8, 8]);
  });

  it("counts nothing for a part of a subquery that has no steps", async () => {
    const query = "max_over_time((x_total @ 300)[10s:2m])";
    const { stats } = await engineOf().instantQuery(storageOf(2, 60), query, 311_000);
    expect([stats.totalQueryableSamples, stats.samplesRead]).toEqual([0, 0]);
  });

  it("evaluates once what is written twice, and answers as if it were not", async () => {
    const storage = storageOf(3, 40);
    let reads = 0;
    const counting: Queryable = {
      querier(minMs, maxMs) {
        const querier = storage.querier(minMs, maxMs);
        return {
          select: async (matchers, hints) => {
            const { series, warnings } = await querier.select(matchers, hints);
            const counted = series.map((one) => ({
              labels: one.labels,
              readSamples(into: SampleBuffer, startMs: number, endMs: number) {
                reads++;
                one.readSamples(into, startMs, endMs);
              },
            }));
            return { series: counted, warnings };
          },
          labelNames: (...args) => querier.labelNames(...args),
          labelValues: (...args) => querier.labelValues(...args),
          close: () => querier.close(),
        };
      },
    };
    const once = "abs(x_total) * 2";
    const query = `-(${once}) + (${once}) * (${once} > 0) + timestamp(x_total)`;
    const { value, stats } = await engineOf().rangeQuery(counting, query, range);
    // Three series for the repeated part, three for timestamp(), whose argument stands for itself.
    expect(reads).toBe(6);
    expect(stats.totalQueryableSamples).toBe(4 * 33);
    const [series] = value.type === "matrix" ? value.series.slice(2) : [];
    const double = (timeMs: number) => 2 * 2 * Math.min(39, timeMs / 15_000);
    expect([...(series?.values ?? [])]).toEqual(
      [...(series?.timestampsMs ?? [])].map((timeMs) => {
        const own = double(timeMs);
        return -own + own * own + Math.min(585, timeMs / 1000);
      }),
    );
  });

  it("passes warnings of storage on", async () => {
    const storage = storageOf(1, 1);
    const queryable: Queryable = {
      querier(minMs, maxMs) {
        const querier = storage.querier(minMs, maxMs);
        return {
          select: async (matchers, hints) => ({
            ...(await querier.select(matchers, hints)),
            warnings: ["one block is missing"],
          }),
          labelNames: (matchers) => querier.labelNames(matchers),
          labelValues: (name, matchers) => querier.labelValues(name, matchers),
          close: () => querier.close(),
        };
      },
    };
    const { warnings } = await engineOf().instantQuery(queryable, "x_total", 0);
    expect(warnings).toEqual(["one block is missing"]);
  });
});
