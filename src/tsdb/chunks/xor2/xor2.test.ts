import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../base/seeded-random.ts";
import { SampleBuffer } from "../../../model/sample.ts";
import { bitSlackBytes } from "../bit-stream.ts";
import { runChunkContract, sampleOf } from "../chunk.contract.ts";
import { Xor2Chunk } from "./xor2-appender.ts";
import { readXor2Samples } from "./xor2-reader.ts";

describe("XOR2 chunks", () => {
  runChunkContract({
    encode(samples) {
      const chunk = new Xor2Chunk();
      for (const { timestampMs, high, low } of samples) chunk.append(timestampMs, high, low);
      return chunk.toBytes();
    },
    decode(bytes, into, startMs, endMs) {
      const length = bytes.length - bitSlackBytes;
      return readXor2Samples(bytes, 0, length, into, { startMs, endMs });
    },
  });

  it("gives back start times that come, change and go (seeds 1..50)", () => {
    for (let seed = 1; seed <= 50; seed++) {
      const random = seededRandom(seed);
      const chunk = new Xor2Chunk();
      const wanted: number[] = [];
      let startMs = 0;
      for (let i = 0; i < 200; i++) {
        if (random() < 0.05) startMs = random() < 0.3 ? 0 : 1_000_000 + Math.floor(random() * 1e6);
        const { timestampMs, high, low } = sampleOf(2_000_000 + i * 15_000, random());
        chunk.append(timestampMs, high, low, startMs);
        wanted.push(startMs);
      }
      const bytes = new Uint8Array(chunk.toBytes().length + bitSlackBytes);
      bytes.set(chunk.toBytes());
      const window = { startMs: 0, endMs: 1e9 };
      const into = new SampleBuffer();
      readXor2Samples(bytes, 0, bytes.length - bitSlackBytes, into, window);
      const starts = Array.from(into.startTimestampsMs?.subarray(0, into.count) ?? []);
      expect(starts, `seed ${seed}`).toEqual(wanted);
    }
  });

  it("says that a chunk cut short is damaged", () => {
    const chunk = new Xor2Chunk();
    for (let i = 0; i < 50; i++) chunk.append(i * 1000 + (i % 7), i * 77, i * 99);
    const bytes = chunk.toBytes();
    const window = { startMs: 0, endMs: 1e9 };
    expect(readXor2Samples(bytes, 0, bytes.length - 9, new SampleBuffer(), window)).toBe(-1);
  });
});
