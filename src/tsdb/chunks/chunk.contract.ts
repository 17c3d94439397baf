/** What every encoding of float samples must do; each encoding's test runs it. */

import { expect, it } from "vitest";
import { seededRandom } from "../../base/seeded-random.ts";
import { highWord, lowWord, SampleBuffer } from "../../model/sample.ts";
import { bitSlackBytes } from "./bit-stream.ts";

/** One sample with its value's bits. */
export interface ContractSample {
  readonly timestampMs: number;
  readonly high: number;
  readonly low: number;
}

/** An encoding under test. */
export interface ChunkCodec {
  encode(samples: readonly ContractSample[]): Uint8Array;
  /** Appends to `into`; returns the bytes used. `bytes` carries slack. */
  decode(bytes: Uint8Array, into: SampleBuffer, startMs: number, endMs: number): number;
}

const startMs = 1_700_000_000_000;
const bits = new Float64Array(1);
const bitWords = new Uint32Array(bits.buffer);

/** A sample of an ordinary number. */
export function sampleOf(timestampMs: number, value: number): ContractSample {
  bits[0] = value;
  return { timestampMs, high: bitWords[highWord]!, low: bitWords[lowWord]! };
}

/** Samples of every awkward kind: jumps in time, NaN payloads, infinities, both zeros, repeated values. */
export function awkwardSamples(random: () => number, count: number): ContractSample[] {
  const samples: ContractSample[] = [];
  let timestampMs = random() < 0.2 ? -startMs : startMs;
  let value = 0;
  for (let i = 0; i < count; i++) {
    const jump = random();
    if (jump < 0.6) timestampMs += 15_000;
    else if (jump < 0.9) timestampMs += Math.floor(14_000 + random() * 2000);
    else timestampMs += Math.floor(2 ** (random() * 45)) + 1;
    const kind = random();
    if (kind < 0.3) samples.push(sampleOf(timestampMs, value));
    else if (kind < 0.6) {
      value += Math.floor(random() * 100);
      samples.push(sampleOf(timestampMs, value));
    } else if (kind < 0.8) {
      value = (random() - 0.5) * 10 ** Math.floor(random() * 40 - 20);
      samples.push(sampleOf(timestampMs, value));
    } else {
      const high = [
        0x7ff80000,
        0x7ff00000,
        0xfff00000,
        0x80000000,
        0,
        Math.floor(random() * 2 ** 32),
      ];
      const low = [1, 2, 0, 0xffffffff, Math.floor(random() * 2 ** 32)];
      samples.push({
        timestampMs,
        high: high[Math.floor(random() * high.length)]!,
        low: low[Math.floor(random() * low.length)]!,
      });
    }
  }
  return samples;
}

function withSlack(bytes: Uint8Array): Uint8Array {
  const padded = new Uint8Array(bytes.length + bitSlackBytes).fill(0xff);
  padded.set(bytes);
  return padded;
}

function expectSame(into: SampleBuffer, wanted: readonly ContractSample[], note: string): void {
  expect(into.count, note).toBe(wanted.length);
  for (let i = 0; i < wanted.length; i++) {
    const got = [
      into.timestampsMs[i],
      into.valueWords[i * 2 + highWord],
      into.valueWords[i * 2 + lowWord],
    ];
    expect(got, `${note}, sample ${i}`).toEqual([
      wanted[i]!.timestampMs,
      wanted[i]!.high,
      wanted[i]!.low,
    ]);
  }
}

/** Registers the tests. */
export function runChunkContract(codec: ChunkCodec): void {
  it("gives back every bit of awkward samples (seeds 1..200)", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = seededRandom(seed);
      const samples = awkwardSamples(random, 1 + Math.floor(random() * 240));
      const bytes = codec.encode(samples);
      const into = new SampleBuffer(1);
      const used = codec.decode(
        withSlack(bytes),
        into,
        Number.NEGATIVE_INFINITY,
        Number.POSITIVE_INFINITY,
      );
      expectSame(into, samples, `seed ${seed}`);
      expect(used, `seed ${seed}`).toBe(bytes.length);
    }
  });

  it("gives only the samples between the two times, both included, behind what the buffer holds", () => {
    const samples = [0, 10, 20, 30, 40].map((offset) => sampleOf(startMs + offset, offset));
    const into = new SampleBuffer(1);
    into.push(1, 1);
    codec.decode(withSlack(codec.encode(samples)), into, startMs + 10, startMs + 30);
    expect(Array.from(into.timestampsMs.subarray(0, into.count))).toEqual([
      1,
      startMs + 10,
      startMs + 20,
      startMs + 30,
    ]);
  });

  it("holds no sample and one sample", () => {
    const into = new SampleBuffer();
    const everything = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const;
    codec.decode(withSlack(codec.encode([])), into, ...everything);
    expect(into.count).toBe(0);
    const one = [sampleOf(-5, Number.NEGATIVE_INFINITY)];
    codec.decode(withSlack(codec.encode(one)), into, ...everything);
    expectSame(into, one, "one sample");
  });
}
