/** XOR chunks: the contract, a slow BigInt encoder as oracle, and bytes worked out by hand. */

import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../base/seeded-random.ts";
import {
  awkwardSamples,
  type ContractSample,
  runChunkContract,
  sampleOf,
} from "../chunk.contract.ts";
import { XorChunk } from "./xor-appender.ts";
import { readXorSamples } from "./xor-reader.ts";

function encode(samples: readonly ContractSample[]): Uint8Array {
  const chunk = new XorChunk();
  for (const { timestampMs, high, low } of samples) chunk.append(timestampMs, high, low);
  return chunk.toBytes();
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("hex");
}

/** The format in strings of "0" and "1", as obvious as can be. */
function encodeSlowly(samples: readonly ContractSample[]): Uint8Array {
  const word = (value: bigint, width: number): string =>
    width === 0 ? "" : BigInt.asUintN(width, value).toString(2).padStart(width, "0");
  const uvarint = (value: bigint): string =>
    value < 128n ? word(value, 8) : word((value & 127n) | 128n, 8) + uvarint(value >> 7n);
  let text = word(BigInt(samples.length), 16);
  let window: [number, number] | undefined;
  const bitsOf = (s: ContractSample): bigint => (BigInt(s.high) << 32n) | BigInt(s.low);
  for (const [i, sample] of samples.entries()) {
    const time = BigInt(sample.timestampMs);
    const previous = samples[i - 1];
    if (previous === undefined) {
      text += uvarint(time >= 0n ? time * 2n : -time * 2n - 1n) + word(bitsOf(sample), 64);
      continue;
    }
    const delta = time - BigInt(previous.timestampMs);
    const before = samples[i - 2];
    if (before === undefined) text += uvarint(BigInt.asUintN(64, delta));
    else {
      const dod = delta - (BigInt(previous.timestampMs) - BigInt(before.timestampMs));
      const fits = (bits: bigint): boolean =>
        dod >= -(2n ** (bits - 1n) - 1n) && dod <= 2n ** (bits - 1n);
      if (dod === 0n) text += "0";
      else if (fits(14n)) text += `10${word(dod, 14)}`;
      else if (fits(17n)) text += `110${word(dod, 17)}`;
      else if (fits(20n)) text += `1110${word(dod, 20)}`;
      else text += `1111${word(dod, 64)}`;
    }
    const xor = bitsOf(sample) ^ bitsOf(previous);
    if (xor === 0n) {
      text += "0";
      continue;
    }
    const bits = word(xor, 64);
    const leading = Math.min(31, bits.indexOf("1"));
    const trailing = 63 - bits.lastIndexOf("1");
    if (window === undefined || leading < window[0] || trailing < window[1]) {
      window = [leading, trailing];
      const width = 64 - leading - trailing;
      text += `11${word(BigInt(leading), 5)}${word(BigInt(width), 6)}`;
    } else text += "10";
    text += bits.slice(window[0], 64 - window[1]);
  }
  const bytes = text.padEnd(Math.ceil(text.length / 8) * 8, "0").match(/.{8}/g) ?? [];
  return Uint8Array.from(bytes, (byte) => Number.parseInt(byte, 2));
}

describe("XOR chunks", () => {
  runChunkContract({
    encode,
    decode: (bytes, into, startMs, endMs) => readXorSamples(bytes, 0, into, { startMs, endMs }),
  });

  it("has the bytes that the layout says", () => {
    expect(hex(encode([]))).toBe("0000");
    // count 1 | varint 2 (t = 1) | 1.0
    expect(hex(encode([sampleOf(1, 1)]))).toBe("0001023ff0000000000000");
    // … | delta 10 | same value: one zero bit | dod 0, same value: two zero bits
    const steady = [sampleOf(1, 1), sampleOf(11, 1), sampleOf(21, 1)];
    expect(hex(encode(steady))).toBe("0003023ff00000000000000a00");
  });

  it("has the bytes of the slow encoder (seeds 1..300)", () => {
    for (let seed = 1; seed <= 300; seed++) {
      const random = seededRandom(seed * 7919);
      const samples = awkwardSamples(random, 1 + Math.floor(random() * 130));
      expect(hex(encode(samples)), `seed ${seed}`).toBe(hex(encodeSlowly(samples)));
    }
  });

  it("keeps the lopsided limits of the delta of deltas", () => {
    for (const dod of [8192, -8191, 8193, -8192, 65536, -65535, 65537, 524288, -524287, 524289]) {
      const samples = [sampleOf(0, 1), sampleOf(1e9, 1), sampleOf(2e9 + dod, 1)];
      expect(hex(encode(samples)), `dod ${dod}`).toBe(hex(encodeSlowly(samples)));
    }
  });
});
