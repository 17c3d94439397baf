/** Reading through the cache: whatever is kept, dropped or asked first, each window has its samples, bit for bit. */

import { describe, expect, it } from "vitest";
import { seededRandom } from "../base/seeded-random.ts";
import { highWord, lowWord, SampleBuffer } from "../model/sample.ts";
import { decodeChunk } from "./block/chunk-samples.ts";
import type { SampleRun } from "./chunks/sample-run.ts";
import { XorChunk, xorEncoding } from "./chunks/xor/xor-appender.ts";
import { DecodedChunks } from "./decoded-chunks.ts";
import { type ChunkList, KeptChunkReader, KeptSeries } from "./kept-chunks.ts";

const startMs = 1_763_697_600_000;
const awkward = [0, -0, 1, 255, 256, 65_535, 65_536, 2 ** 32, -(2 ** 31), 2 ** 53, 1e300, 0.1];
const special = [Number.NaN, Infinity, -Infinity, "stale"] as const;

type Random = () => number;
type Value = number | "stale";

/** XOR chunks of a series; the oldest may go. */
class TestSeries implements ChunkList {
  readonly whole: SampleBuffer;
  readonly #chunks: { readonly bytes: Uint8Array; firstMs: number; lastMs: number }[] = [];
  decoded = 0;

  constructor(chunks: readonly SampleBuffer[]) {
    this.whole = new SampleBuffer(4);
    for (const samples of chunks) {
      const chunk = new XorChunk();
      const { timestampsMs, valueWords, count } = samples;
      for (let i = 0; i < count; i++) {
        const high = valueWords[i * 2 + highWord] as number;
        chunk.append(timestampsMs[i] as number, high, valueWords[i * 2 + lowWord] as number);
      }
      this.whole.pushRange(samples, 0, count);
      const [firstMs, lastMs] = [timestampsMs[0] as number, timestampsMs[count - 1] as number];
      this.#chunks.push({ bytes: chunk.toBytes(), firstMs, lastMs });
    }
  }

  get chunkCount(): number {
    return this.#chunks.length;
  }

  firstMsOf(chunk: number): number {
    return this.#chunks[chunk]?.firstMs as number;
  }

  lastMsOf(chunk: number): number {
    return this.#chunks[chunk]?.lastMs as number;
  }

  decode(chunk: number, run: SampleRun): boolean {
    this.decoded++;
    const { bytes } = this.#chunks[chunk] as { bytes: Uint8Array };
    return decodeChunk({ encoding: xorEncoding, bytes, at: 0, length: bytes.length }, run);
  }

  dropOldest(): void {
    const gone = this.#chunks.shift();
    const next = this.#chunks[0]?.firstMs ?? Infinity;
    if (gone === undefined) return;
    const left = new SampleBuffer(4);
    for (let i = 0; i < this.whole.count; i++) {
      if ((this.whole.timestampsMs[i] as number) >= next) left.pushRange(this.whole, i, i + 1);
    }
    this.whole.clear();
    this.whole.pushRange(left, 0, left.count);
  }
}

function bufferOf(times: readonly number[], values: readonly Value[]): SampleBuffer {
  const buffer = new SampleBuffer(4);
  for (const [i, timeMs] of times.entries()) {
    const value = values[i] as Value;
    if (value === "stale") buffer.pushStale(timeMs);
    else buffer.push(timeMs, value);
  }
  return buffer;
}

function textOf(buffer: SampleBuffer): string {
  const samples: string[] = [];
  for (let i = 0; i < buffer.count; i++) {
    const [low, high] = [buffer.valueWords[i * 2], buffer.valueWords[i * 2 + 1]];
    samples.push(`${buffer.timestampsMs[i]}:${high?.toString(16)}.${low?.toString(16)}`);
  }
  return samples.join(" ");
}

/** What a plain walk gives. */
function windowOf(buffer: SampleBuffer, fromMs: number, toMs: number): SampleBuffer {
  const cut = new SampleBuffer(4);
  for (let i = 0; i < buffer.count; i++) {
    const timeMs = buffer.timestampsMs[i] as number;
    if (timeMs >= fromMs && timeMs <= toMs) cut.pushRange(buffer, i, i + 1);
  }
  return cut;
}

/** Chunks that follow one another, mostly on one line of time. */
function someChunks(random: Random, chunkCount: number): SampleBuffer[] {
  const pick = (below: number): number => Math.floor(random() * below);
  const chunks: SampleBuffer[] = [];
  const isCounter = pick(2) === 0;
  const speed = [0, 1, 40, 5000, 2 ** 30, 0.3][pick(6)] as number;
  const step = pick(5) === 0 ? 40_000 : 15_000;
  let [timeMs, value] = [startMs, speed < 1 ? 0.5 : pick(1000) - 500];
  for (let n = 0; n < chunkCount; n++) {
    const isOdd = pick(8) === 0;
    const [times, values]: [number[], Value[]] = [[], []];
    for (let i = 1 + pick(100); i > 0; i--) {
      timeMs += isOdd && pick(50) === 0 ? step + 1 + pick(3) * 20_000 : step;
      value += isCounter ? pick(speed + 1) : pick(speed + 1) - (speed >> 1);
      const kind = isOdd ? pick(30) : 9;
      times.push(timeMs);
      if (kind === 0) values.push(awkward[pick(awkward.length)] as number);
      else values.push(kind === 1 ? (special[pick(4)] as Value) : value);
    }
    chunks.push(bufferOf(times, values));
    if (pick(20) === 0) timeMs += 3_600_000;
  }
  return chunks;
}

/** Whether what the buffer says of its samples is true. */
function isKnownTrue({ values, plainCount, risingCount }: SampleBuffer): boolean {
  for (let i = 0; i < plainCount; i++) if (Number.isNaN(values[i])) return false;
  for (let i = 1; i < risingCount; i++) {
    if ((values[i] as number) < (values[i - 1] as number)) return false;
  }
  return true;
}

describe("chunks read through the cache", () => {
  it("give every bit of any window, whatever was read before (seeds 1..60)", () => {
    let [decoded, chunksRead] = [0, 0];
    for (let seed = 1; seed <= 60; seed++) {
      const random = seededRandom(seed);
      const pick = (below: number): number => Math.floor(random() * below);
      // In every third world pages are emptied all the time.
      const reader = new KeptChunkReader(
        new DecodedChunks(seed % 3 === 0 ? 2 << 18 : 8 << 20, random),
      );
      const worlds = Array.from({ length: seed % 3 === 0 ? 30 : 4 }, () => ({
        series: new TestSeries(someChunks(random, 1 + pick(12))),
        kept: new KeptSeries(),
      }));
      const into = new SampleBuffer(4);
      const ahead = bufferOf([1], [7]);
      for (let round = 0; round < 60; round++) {
        const { series, kept } = worlds[pick(worlds.length)] as (typeof worlds)[number];
        if (pick(12) === 0 && series.chunkCount > 1) series.dropOldest();
        const isWhole = pick(3) === 0;
        const fromMs = isWhole ? -Infinity : startMs + pick(700 * 15_000) - 100_000;
        const toMs = isWhole ? Infinity : fromMs + pick(600 * 15_000);
        into.clear();
        const isBehind = pick(2) === 0;
        if (isBehind) into.pushRange(ahead, 0, 1);
        reader.begin(kept, into, fromMs, toMs).read(series);
        const want = isBehind ? bufferOf([1], [7]) : new SampleBuffer(4);
        const cut = windowOf(series.whole, fromMs, toMs);
        want.pushRange(cut, 0, cut.count);
        expect(textOf(into), `seed ${seed}, round ${round}`).toBe(textOf(want));
        expect(isKnownTrue(into), `seed ${seed}`).toBe(true);
        chunksRead += series.chunkCount;
      }
      for (const { series } of worlds) decoded += series.decoded;
    }
    expect(decoded).toBeLessThan(chunksRead / 2);
  });

  it("decode once what stays, in few records", () => {
    const chunks = new DecodedChunks(1 << 20, () => 0);
    const reader = new KeptChunkReader(chunks);
    const times = Array.from({ length: 120 }, (_, i) => startMs + i * 15_000);
    const buffers = Array.from({ length: 4 }, (_, n) =>
      bufferOf(
        times.map((timeMs) => timeMs + n * 120 * 15_000),
        times.map((_, i) => n * 500 + i * 4),
      ),
    );
    const [series, kept] = [new TestSeries(buffers), new KeptSeries()];
    const into = new SampleBuffer(4);
    for (let round = 0; round < 3; round++) {
      into.clear();
      reader.begin(kept, into, -Infinity, Infinity).read(series);
      expect(textOf(into)).toBe(textOf(series.whole));
      expect([into.plainCount, into.risingCount]).toEqual([480, 480]);
    }
    expect(series.decoded).toBe(4);
    // One record for the whole: the second and third reading asked for it once each.
    expect([chunks.misses, chunks.hits]).toEqual([1, 2]);
    expect(into.sameTimesCount).toBe(480);
  });

  it("give a reader the values it wants, or tell it to read again (seeds 1..100)", () => {
    let sparse = 0;
    for (let seed = 1; seed <= 100; seed++) {
      const random = seededRandom(seed);
      const pick = (below: number): number => Math.floor(random() * below);
      const reader = new KeptChunkReader(new DecodedChunks(1 << 20, random));
      const buffer = new SampleBuffer(4);
      const speed = [0, 3, 300, 2 ** 20, 0.3][pick(5)] as number;
      const isRising = pick(2) === 0;
      let wanted: Int32Array | undefined;
      let before = 0;
      for (let n = 0; n < 6; n++) {
        let [timeMs, value] = [startMs, 100];
        const lengths = [20, 30, pick(5) === 0 ? 7 : 10];
        const parts = pick(4) === 0 ? lengths.slice(0, 2) : lengths;
        const series = new TestSeries(
          parts.map((length) => {
            const chunk = new SampleBuffer(4);
            for (let i = 0; i < length; i++) {
              timeMs += 15_000;
              value += speed * random();
              const isOdd = pick(300) === 0;
              if (speed >= 1) value = Math.floor(value);
              if (isOdd && pick(2) === 0) chunk.push(timeMs, Number.NaN);
              else chunk.push(timeMs, isOdd ? value - 90 : value);
            }
            return chunk;
          }),
        );
        const kept = new KeptSeries();
        const read = () => {
          buffer.clear();
          reader.begin(kept, buffer, 0, Infinity).read(series);
        };
        read();
        buffer.want(wanted, before, isRising);
        read();
        const isTrusted = buffer.isSparse && !buffer.isBroken;
        if (isTrusted) sparse++;
        else if (buffer.isBroken) {
          buffer.want(undefined);
          read();
        }
        const { whole } = series;
        expect(buffer.count).toBe(whole.count);
        for (let i = 0; i < whole.count; i++) {
          expect(buffer.timestampsMs[i]).toBe(whole.timestampsMs[i]);
          if (isTrusted && wanted?.includes(i) === false) continue;
          expect(buffer.values[i], `seed ${seed}`).toBe(whole.values[i]);
        }
        before = whole.count;
        wanted = Int32Array.from(whole.values.subarray(0, before).keys()).filter(() => !pick(4));
      }
    }
    expect(sparse).toBeGreaterThan(50);
  });

  it("stay within their bytes and are decoded again when they went", () => {
    const random = seededRandom(1);
    const chunks = new DecodedChunks(2 << 20, random);
    const reader = new KeptChunkReader(chunks);
    const times = Array.from({ length: 120 }, (_, i) => startMs + i * 15_000);
    const all = Array.from({ length: 6000 }, (_, n) => ({
      n,
      series: new TestSeries([
        bufferOf(
          times,
          times.map((_, i) => n + i + 0.5),
        ),
      ]),
      kept: new KeptSeries(),
    }));
    const into = new SampleBuffer(4);
    for (let round = 0; round < 2; round++) {
      for (const { n, series, kept } of all) {
        into.clear();
        reader.begin(kept, into, -Infinity, Infinity).read(series);
        expect(into.values[3]).toBe(n + 3.5);
      }
      // What was kept last is looked for first.
      all.reverse();
    }
    expect(chunks.sizeBytes).toBe(2 << 20);
    expect(chunks.evictions).toBeGreaterThan(0);
    expect(chunks.hits).toBeGreaterThan(0);
  });

  it("are not kept where they may take no memory", () => {
    const chunks = new DecodedChunks(0, () => 0);
    const reader = new KeptChunkReader(chunks);
    const [series, kept] = [new TestSeries([bufferOf([1, 2], [3, 4])]), new KeptSeries()];
    for (let round = 1; round <= 2; round++) {
      const into = new SampleBuffer(4);
      reader.begin(kept, into, 0, 10).read(series);
      expect(textOf(into)).toBe(textOf(series.whole));
      expect(series.decoded).toBe(round);
    }
    expect(chunks.sizeBytes).toBe(0);
  });
});
