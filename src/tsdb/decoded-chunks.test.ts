/** Decoded chunks: what goes in comes out bit for bit, cut to the window; pages are emptied within the bound. */

import { describe, expect, it } from "vitest";
import { seededRandom } from "../base/seeded-random.ts";
import { SampleBuffer } from "../model/sample.ts";
import { DecodedChunks } from "./decoded-chunks.ts";

const startMs = 1_763_697_600_000;

function bufferOf(times: readonly number[], values: readonly (number | "stale")[]): SampleBuffer {
  const buffer = new SampleBuffer(4);
  for (const [i, timeMs] of times.entries()) {
    const value = values[i] as number | "stale";
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

const awkward = [0, -0, 1, 255, 256, 65_535, 65_536, 2 ** 32, -(2 ** 31), 2 ** 53, 1e300, 0.1];
const special = [Number.NaN, Infinity, -Infinity, "stale"] as const;

describe("decoded chunks", () => {
  it("give back every bit, cut to any window (seeds 1..300)", () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = seededRandom(seed);
      const pick = (below: number): number => Math.floor(random() * below);
      const count = 1 + pick(130);
      const jitter = [0, 0, 3, 40_000][pick(4)] as number;
      const spread = [0, 1, 200, 60_000, 2 ** 31, 2 ** 40][pick(6)] as number;
      const times: number[] = [];
      let timeMs = startMs;
      for (let i = 0; i < count; i++) {
        timeMs += 15_000 + pick(jitter + 1);
        times.push(timeMs);
      }
      const values = times.map(() => {
        if (seed % 5 === 0 && pick(20) === 0) return special[pick(4)] as number | "stale";
        if (seed % 3 === 0 && pick(10) === 0) return awkward[pick(awkward.length)] as number;
        return seed % 7 === 0 ? random() : pick(spread + 1);
      });
      const whole = bufferOf(times, values);
      const chunks = new DecodedChunks(1 << 20, random);
      const handle = chunks.keep(whole, 0);
      expect(handle, `seed ${seed}`).toBeGreaterThan(0);
      for (let round = 0; round < 8; round++) {
        const fromMs = startMs + pick(count * 20_000) - 20_000;
        const toMs = round === 0 ? Infinity : fromMs + pick(count * 20_000);
        const into = bufferOf([1], [7]);
        expect(chunks.read(handle, into, round === 0 ? -Infinity : fromMs, toMs)).toBe(true);
        const want = bufferOf([1], [7]);
        const cut = windowOf(whole, round === 0 ? -Infinity : fromMs, toMs);
        want.pushRange(cut, 0, cut.count);
        expect(textOf(into), `seed ${seed}`).toBe(textOf(want));
      }
    }
  });

  it("of one series share records where they fit, and give back every bit (seeds 1..200)", () => {
    let shared = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const random = seededRandom(seed);
      const pick = (below: number): number => Math.floor(random() * below);
      const chunks = new DecodedChunks(1 << 20, random);
      const whole = new SampleBuffer(4);
      const handles: number[] = [];
      let [timeMs, value] = [startMs, pick(1000)];
      const isCounter = pick(2) === 0;
      const speed = [0, 1, 40, 5000, 2 ** 30][pick(5)] as number;
      for (let n = 0; n < 12; n++) {
        const chunk = new SampleBuffer(4);
        const isOdd = pick(8) === 0;
        for (let i = 1 + pick(100); i > 0; i--) {
          timeMs += isOdd && pick(50) === 0 ? 15_001 : 15_000;
          value += isCounter ? pick(speed + 1) : pick(speed + 1) - (speed >> 1);
          const kind = isOdd ? pick(30) : 2;
          if (kind === 0) chunk.push(timeMs, awkward[pick(awkward.length)] as number);
          else if (kind === 1) chunk.pushStale(timeMs);
          else chunk.push(timeMs, value);
        }
        whole.pushRange(chunk, 0, chunk.count);
        const handle = chunks.keep(chunk, 0, handles.at(-1) ?? 0);
        if (handle === handles.at(-1)) shared++;
        handles.push(handle);
      }
      for (let round = 0; round < 4; round++) {
        const fromMs = startMs + pick(600 * 15_000);
        const toMs = fromMs + pick(600 * 15_000);
        const into = new SampleBuffer(4);
        for (const handle of new Set(handles)) chunks.read(handle, into, fromMs, toMs);
        expect(textOf(into), `seed ${seed}`).toBe(textOf(windowOf(whole, fromMs, toMs)));
        for (let i = 1; i < into.risingCount; i++) {
          expect(into.values[i]).toBeGreaterThanOrEqual(into.values[i - 1] as number);
        }
      }
    }
    expect(shared).toBeGreaterThan(1000);
  });

  it("give a reader the values it wants, or tell it to read again (seeds 1..200)", () => {
    let sparse = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const random = seededRandom(seed);
      const pick = (below: number): number => Math.floor(random() * below);
      const chunks = new DecodedChunks(1 << 20, random);
      const buffer = new SampleBuffer(4);
      const speed = [0, 3, 300, 2 ** 20, 0.3][pick(5)] as number;
      const isRising = pick(2) === 0;
      let wanted: Int32Array | undefined;
      let before = 0;
      for (let series = 0; series < 6; series++) {
        const whole = new SampleBuffer(4);
        const handles: number[] = [];
        let [timeMs, value] = [startMs, 100];
        const lengths = [20, 30, pick(5) === 0 ? 7 : 10];
        for (const length of pick(4) === 0 ? lengths.slice(0, 2) : lengths) {
          const chunk = new SampleBuffer(4);
          for (let i = 0; i < length; i++) {
            timeMs += 15_000;
            value += speed * random();
            const isOdd = pick(300) === 0;
            if (speed >= 1) value = Math.floor(value);
            if (isOdd && pick(2) === 0) chunk.push(timeMs, Number.NaN);
            else chunk.push(timeMs, isOdd ? value - 90 : value);
          }
          whole.pushRange(chunk, 0, chunk.count);
          handles.push(chunks.keep(chunk, 0, pick(2) === 0 ? 0 : (handles.at(-1) ?? 0)));
        }
        const read = () => {
          buffer.clear();
          for (const handle of new Set(handles)) chunks.read(handle, buffer, 0, Infinity);
        };
        buffer.want(wanted, before, isRising);
        read();
        const isTrusted = buffer.isSparse && !buffer.isBroken;
        if (isTrusted) sparse++;
        else if (buffer.isBroken) {
          buffer.want(undefined);
          read();
        }
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
    expect(sparse).toBeGreaterThan(100);
  });

  it("stay within their bytes and say what they do not have any more", () => {
    const random = seededRandom(1);
    const chunks = new DecodedChunks(2 << 20, random);
    const handles: number[] = [];
    const times = Array.from({ length: 120 }, (_, i) => startMs + i * 15_000);
    for (let n = 0; n < 6000; n++) {
      handles.push(
        chunks.keep(
          bufferOf(
            times,
            times.map((_, i) => n + i + 0.5),
          ),
          0,
        ),
      );
    }
    expect(chunks.sizeBytes).toBe(2 << 20);
    expect(chunks.evictions).toBeGreaterThan(0);
    let found = 0;
    for (const [n, handle] of handles.entries()) {
      const into = new SampleBuffer(4);
      if (!chunks.read(handle, into, -Infinity, Infinity)) continue;
      found++;
      expect(into.values[3]).toBe(n + 3.5);
    }
    // A record takes 124 units of 8 bytes.
    expect(found).toBeGreaterThan(1500);
    expect(found).toBeLessThan((2 << 20) / 992);
  });

  it("keep nothing where they may take no memory", () => {
    const chunks = new DecodedChunks(0, () => 0);
    expect(chunks.keep(bufferOf([1, 2], [3, 4]), 0)).toBe(0);
    expect(chunks.read(0, new SampleBuffer(4), 0, 10)).toBe(false);
    expect(chunks.sizeBytes).toBe(0);
  });
});
