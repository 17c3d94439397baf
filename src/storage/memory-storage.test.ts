import { describe, expect, it } from "vitest";
import type { Histogram } from "../model/histogram.ts";
import { labelsFromObject } from "../model/labels.ts";
import { createMatcher } from "../model/matcher.ts";
import { SampleBuffer } from "../model/sample.ts";
import { MemoryStorage } from "./memory-storage.ts";
import { appendFailure } from "./storage.ts";

const up = (job: string) => labelsFromObject({ __name__: "up", job });

function toText(buffer: SampleBuffer): string {
  const parts: string[] = [];
  for (let i = 0; i < buffer.count; i++) {
    parts.push(`${buffer.timestampsMs[i]}:${buffer.isStale(i) ? "stale" : buffer.values[i]}`);
  }
  return parts.join(" ");
}

async function read(storage: MemoryStorage, minMs: number, maxMs: number): Promise<string> {
  const querier = storage.querier(minMs, maxMs);
  const { series } = await querier.select([], { startMs: minMs, endMs: maxMs });
  return series
    .map((one) => {
      const buffer = new SampleBuffer();
      one.readSamples(buffer, minMs, maxMs);
      return `${one.labels.get("job")} ${toText(buffer)}`;
    })
    .join("; ");
}

describe("MemoryStorage", () => {
  it("shows samples only after commit, both bounds included", async () => {
    const storage = new MemoryStorage();
    const appender = storage.appender();
    const ref = appender.append(0, up("a"), 1, 10);
    appender.append(ref, up("a"), 2, 20);
    appender.append(ref, up("a"), 3, 30);
    expect(await read(storage, 0, 9)).toBe("");
    appender.commit();
    expect(await read(storage, 2, 3)).toBe("a 2:20 3:30");
  });

  it("keeps stale markers apart from NaN", async () => {
    const storage = new MemoryStorage();
    const appender = storage.appender();
    const ref = appender.append(0, up("a"), 1, Number.NaN);
    appender.appendStale(ref, up("a"), 2);
    appender.commit();
    expect(await read(storage, 0, 9)).toBe("a 1:NaN 2:stale");
  });

  it("refuses late and contradictory samples as tsdb does", () => {
    const appender = new MemoryStorage().appender();
    const ref = appender.append(0, up("a"), 5, 1);
    expect(appender.append(ref, up("a"), 4, 1)).toBe(appendFailure.outOfOrder);
    expect(appender.append(ref, up("a"), 5, 2)).toBe(appendFailure.duplicateTimestamp);
    expect(appender.append(ref, up("a"), 5, 1)).toBe(ref);
  });

  it("refuses them across transactions too, and takes an equal sample", () => {
    const storage = new MemoryStorage();
    const first = storage.appender();
    const ref = first.append(0, up("a"), 5, 1);
    first.commit();
    const second = storage.appender();
    expect(second.append(ref, up("a"), 4, 1)).toBe(appendFailure.outOfOrder);
    expect(second.appendStale(ref, up("a"), 5)).toBe(appendFailure.duplicateTimestamp);
    expect(second.append(ref, up("a"), 5, 1)).toBe(ref);
  });

  it("puts late samples in their place where that is allowed", async () => {
    const storage = new MemoryStorage({ allowOutOfOrder: true });
    const appender = storage.appender();
    const ref = appender.append(0, up("a"), 5, 5);
    appender.append(ref, up("a"), 1, 1);
    appender.appendStale(ref, up("a"), 3);
    appender.append(ref, up("a"), 5, 6);
    appender.commit();
    expect(await read(storage, 0, 9)).toBe("a 1:1 3:stale 5:6");
  });

  it("forgets what is rolled back", async () => {
    const storage = new MemoryStorage();
    const appender = storage.appender();
    appender.append(0, up("a"), 1, 1);
    appender.rollback();
    appender.commit();
    expect(await read(storage, 0, 9)).toBe("");
  });

  it("selects in the order of labels, series without samples in range left out", async () => {
    const storage = new MemoryStorage();
    const appender = storage.appender();
    appender.append(0, up("b"), 1, 1);
    appender.append(0, up("a"), 1, 2);
    appender.append(0, up("c"), 50, 2);
    appender.commit();
    expect(await read(storage, 0, 9)).toBe("a 1:2; b 1:1");
    const querier = storage.querier(0, 99);
    const some = await querier.select([createMatcher("=~", "job", "b|c")], {
      startMs: 0,
      endMs: 99,
    });
    expect(some.series.map((series) => series.labels.get("job"))).toEqual(["b", "c"]);
  });

  it("lists label names and values, cut at a limit with a warning", async () => {
    const storage = new MemoryStorage();
    const appender = storage.appender();
    appender.append(0, up("b"), 1, 1);
    appender.append(0, up("a"), 1, 2);
    appender.commit();
    const querier = storage.querier(0, 9);
    expect((await querier.labelNames([])).values).toEqual(["__name__", "job"]);
    expect((await querier.labelValues("job", [])).values).toEqual(["a", "b"]);
    expect(await querier.labelValues("job", [], 1)).toEqual({
      values: ["a"],
      warnings: ["results truncated due to limit"],
    });
  });

  it("returns exemplars of the series asked for, late ones dropped", async () => {
    const storage = new MemoryStorage();
    const appender = storage.appender();
    const ref = appender.append(0, up("a"), 1, 1);
    const exemplar = (timestampMs: number) => ({
      labels: labelsFromObject({ id: "x" }),
      value: 1,
      timestampMs,
    });
    appender.appendExemplar(ref, exemplar(5));
    appender.appendExemplar(ref, exemplar(4));
    appender.commit();
    const found = await storage.selectExemplars(0, 9, [[createMatcher("=", "job", "a")]]);
    expect(found.map((one) => one.exemplars.map((e) => e.timestampMs))).toEqual([[5]]);
  });

  it("keeps native histograms beside floats and stale markers", async () => {
    const storage = new MemoryStorage({ allowOutOfOrder: true });
    const appender = storage.appender();
    const ref = appender.appendHistogram(0, up("a"), 1, histogram(3));
    expect(appender.appendHistogram(ref, up("a"), 5, histogram(5))).toBe(ref);
    appender.appendStale(ref, up("a"), 7);
    appender.append(ref, up("a"), 8, 4);
    appender.commit();
    const late = storage.appender();
    late.append(ref, up("a"), 3, 9);
    late.commit();
    expect(await readKinds(storage)).toEqual(["1:h3", "3:9", "5:h5", "7:stale", "8:4"]);
  });

  it("takes the same histogram twice and refuses another one at the same time", () => {
    const storage = new MemoryStorage();
    const first = storage.appender();
    const ref = first.appendHistogram(0, up("a"), 1, histogram(3));
    first.commit();
    const second = storage.appender();
    expect(second.appendHistogram(ref, up("a"), 1, histogram(3))).toBe(ref);
    expect(second.appendHistogram(ref, up("a"), 1, histogram(4))).toBe(
      appendFailure.duplicateTimestamp,
    );
    expect(second.append(ref, up("a"), 1, 3)).toBe(appendFailure.duplicateTimestamp);
    second.rollback();
  });
});

function histogram(count: number): Histogram {
  return {
    kind: "integer",
    counterResetHint: "unknown",
    schema: 0,
    zeroThreshold: 0.001,
    zeroCount: 0,
    count,
    sum: count * 1.5,
    positiveSpans: [{ offset: 0, length: 1 }],
    negativeSpans: [],
    positiveBuckets: [count],
    negativeBuckets: [],
    customValues: undefined,
  };
}

async function readKinds(storage: MemoryStorage): Promise<string[]> {
  const found = await storage.querier(0, 99).select([createMatcher("=", "job", "a")], {
    startMs: 0,
    endMs: 99,
  });
  const buffer = new SampleBuffer(1);
  found.series[0]?.readSamples(buffer, 0, 99);
  return Array.from({ length: buffer.count }, (_, i) => {
    const own = buffer.histograms?.[i];
    const text = own === undefined ? String(buffer.values[i]) : `h${own.count}`;
    return `${buffer.timestampsMs[i]}:${buffer.isStale(i) ? "stale" : text}`;
  });
}

describe("start timestamps", () => {
  it("keeps start timestamps with their samples, also when earlier samples come later", async () => {
    const storage = new MemoryStorage({ allowOutOfOrder: true });
    const labels = labelsFromObject({ __name__: "x" });
    const append = (timestampMs: number, startMs: number) => {
      const appender = storage.appender();
      const ref = appender.append(0, labels, timestampMs, timestampMs);
      if (startMs !== 0) appender.appendStartTimestamp?.(ref, startMs);
      appender.commit();
    };
    append(10, 0);
    append(30, 25);
    append(20, 15);
    append(40, 0);
    const [series] = (await storage.querier(0, 100).select([], { startMs: 0, endMs: 100 })).series;
    const buffer = new SampleBuffer(1);
    series?.readSamples(buffer, 0, 100);
    expect([...buffer.timestampsMs.subarray(0, 4)]).toEqual([10, 20, 30, 40]);
    expect(buffer.startTimestampsMs?.slice(0, 4)).toEqual(Float64Array.of(0, 15, 25, 0));
  });
});
