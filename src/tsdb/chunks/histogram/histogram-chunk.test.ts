import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../base/seeded-random.ts";
import type { FloatHistogram, Histogram } from "../../../model/histogram.ts";
import { SampleBuffer } from "../../../model/sample.ts";
import { bitSlackBytes } from "../bit-stream.ts";
import {
  absoluteCounts,
  bucketIndexes,
  deltasOf,
  spansOf,
  withKnownSchema,
} from "./bucket-spans.ts";
import { appendHistogram, beginHistogramChunk } from "./histogram-append.ts";
import type { HistogramChunk } from "./histogram-chunk.ts";
import { HistogramChunkReader, readHistogramSamples } from "./histogram-reader.ts";

const everything = { startMs: Number.NEGATIVE_INFINITY, endMs: Number.POSITIVE_INFINITY };

function histogramOf(
  buckets: ReadonlyMap<number, number>,
  isFloat: boolean,
): Histogram | FloatHistogram {
  const indexes = [...buckets.keys()].sort((a, b) => a - b);
  const counts = indexes.map((index) => buckets.get(index) ?? 0);
  const total = counts.reduce((sum, count) => sum + count, 0);
  return {
    kind: isFloat ? "float" : "integer",
    counterResetHint: "unknown",
    schema: 3,
    zeroThreshold: 0.001,
    zeroCount: 0,
    count: total,
    sum: total * 1.25,
    positiveSpans: spansOf(indexes),
    negativeSpans: [],
    positiveBuckets: isFloat ? counts : deltasOf(counts),
    negativeBuckets: [],
    customValues: undefined,
  };
}

function filledBuckets(histogram: Histogram | FloatHistogram): string {
  const { kind, positiveBuckets, positiveSpans } = histogram;
  const counts = kind === "integer" ? absoluteCounts(positiveBuckets) : positiveBuckets;
  return bucketIndexes(positiveSpans)
    .map((index, i) => `${index}:${counts[i]}`)
    .filter((text) => !text.endsWith(":0"))
    .join(" ");
}

function decode(chunk: HistogramChunk): SampleBuffer {
  const bytes = new Uint8Array(chunk.sizeBytes + bitSlackBytes);
  bytes.set(chunk.toBytes());
  const into = new SampleBuffer();
  const reader = new HistogramChunkReader(bytes, 0, chunk.sizeBytes, chunk.encoding);
  expect(readHistogramSamples(reader, into, everything)).toBe(chunk.sizeBytes);
  return into;
}

describe("histogram chunks", () => {
  it.each([false, true])(
    "give back growing histograms whose buckets come by and by (float: %s)",
    (isFloat) => {
      for (let seed = 1; seed <= 40; seed++) {
        const random = seededRandom(seed);
        const buckets = new Map<number, number>();
        const wanted: string[] = [];
        const have: string[] = [];
        let chunk: HistogramChunk | undefined;
        const finish = (done: HistogramChunk): void => {
          for (const one of decode(done).histograms ?? []) if (one) have.push(filledBuckets(one));
        };
        for (let i = 0; i < 60; i++) {
          const index = Math.floor(random() * 30) - 15;
          buckets.set(index, (buckets.get(index) ?? 0) + 1 + Math.floor(random() * 1000));
          const histogram = histogramOf(buckets, isFloat);
          wanted.push(filledBuckets(histogram));
          const sample = { timestampMs: 1e12 + i * 15_000, startMs: 0, histogram, isStale: false };
          if (chunk === undefined) chunk = beginHistogramChunk(sample, seed % 2 === 0);
          else {
            const next = appendHistogram(chunk, sample);
            if (next.outcome === "new") finish(chunk);
            chunk = next.chunk;
          }
        }
        if (chunk !== undefined) finish(chunk);
        expect(have, `seed ${seed}`).toEqual(wanted);
      }
    },
  );

  it("begins a new chunk that says so where a bucket fell", () => {
    const at = (timestampMs: number, count: number) => ({
      timestampMs,
      startMs: 0,
      histogram: histogramOf(
        new Map([
          [1, count],
          [2, 9 - count],
        ]),
        false,
      ),
      isStale: false,
    });
    const chunk = beginHistogramChunk(at(1, 5), false);
    const next = appendHistogram(chunk, at(2, 4));
    expect([next.outcome, next.chunk.header]).toEqual(["new", 0x80]);
  });

  it("keeps a stale marker apart from a sum that is no number", () => {
    const histogram = { ...histogramOf(new Map([[1, 5]]), false), sum: Number.NaN };
    const chunk = beginHistogramChunk(
      { timestampMs: 1, startMs: 0, histogram, isStale: false },
      false,
    );
    appendHistogram(chunk, { timestampMs: 2, startMs: 0, histogram, isStale: true });
    const into = decode(chunk);
    expect([into.isStale(0), into.isStale(1)]).toEqual([false, true]);
  });

  it("says that a chunk cut short is damaged", () => {
    const histogram = histogramOf(new Map([[1, 5]]), true);
    const chunk = beginHistogramChunk(
      { timestampMs: 1, startMs: 0, histogram, isStale: false },
      false,
    );
    const reader = new HistogramChunkReader(
      chunk.toBytes(),
      0,
      chunk.sizeBytes - 4,
      chunk.encoding,
    );
    expect(readHistogramSamples(reader, new SampleBuffer(), everything)).toBe(-1);
  });

  it("reduces a schema above 8 to 8 by joining buckets", () => {
    const fine = {
      ...histogramOf(
        new Map([
          [1, 1],
          [2, 2],
          [3, 4],
          [6, 8],
        ]),
        true,
      ),
      schema: 9,
    };
    expect(filledBuckets(withKnownSchema(fine))).toBe("1:3 2:4 3:8");
  });
});
