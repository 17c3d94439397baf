import { describe, expect, it } from "vitest";
import { seededRandom } from "../base/seeded-random.ts";
import { decodeSnappyBlock, snappyPlainLength } from "./snappy-block.ts";

function decode(...bytes: number[]): string {
  const block = Uint8Array.from(bytes);
  const into = new Uint8Array(snappyPlainLength(block));
  decodeSnappyBlock(block, into);
  return Buffer.from(into).toString("latin1");
}

const text = (s: string) => [...Buffer.from(s, "latin1")];

describe("decodeSnappyBlock", () => {
  it("reads literals with lengths in the tag and behind it", () => {
    expect(decode(3, 2 << 2, ...text("abc"))).toBe("abc");
    expect(decode(100, 60 << 2, 99, ...text("x".repeat(100)))).toBe("x".repeat(100));
    expect(decode(3, 61 << 2, 2, 0, ...text("abc"))).toBe("abc");
    expect(decode(3, 63 << 2, 2, 0, 0, 0, ...text("abc"))).toBe("abc");
  });

  it("reads copies of all three kinds, overlapping ones too", () => {
    expect(decode(8, 3 << 2, ...text("abcd"), 1, 4)).toBe("abcdabcd");
    expect(decode(7, 1 << 2, ...text("ab"), (4 << 2) | 2, 2, 0)).toBe("abababa");
    expect(decode(7, 1 << 2, ...text("ab"), (4 << 2) | 3, 1, 0, 0, 0)).toBe("abbbbbb");
  });

  it("reads the empty block", () => {
    expect(decode(0)).toBe("");
  });

  it("refuses damaged blocks in the words of Prometheus' decoder", () => {
    const damaged = [
      [],
      [0x80],
      [0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
      [3, 2 << 2, 97, 98],
      [2, 2 << 2, 97, 98, 99],
      [4, 2 << 2, 97, 98, 99],
      [5, 0, 97, 1, 2],
      [5, 0, 97, 1, 0],
      [5, 0, 97, 1],
      [5, 0, 97, 2, 1],
      [5, 0, 97, 3, 1, 0, 0],
      [1, 61 << 2, 0],
      [5, 0, 97, (8 << 2) | 2, 1, 0],
    ];
    for (const bytes of damaged) expect(() => decode(...bytes)).toThrow("s2: corrupt input");
  });

  it("never writes beyond the plain length, whatever the bytes are", () => {
    const random = seededRandom(7);
    const byte = () => Math.floor(random() * 256);
    for (let round = 0; round < 5000; round++) {
      const block = Uint8Array.from({ length: 1 + (byte() % 40) }, byte);
      block[0] = byte() % 64;
      const plainLength = snappyPlainLength(block);
      const memory = new Uint8Array(plainLength + 256).fill(0xaa);
      try {
        decodeSnappyBlock(block, memory.subarray(0, plainLength));
      } catch (thrown) {
        expect((thrown as Error).message).toBe("s2: corrupt input");
      }
      expect(memory.subarray(plainLength).every((byte) => byte === 0xaa)).toBe(true);
    }
  });
});
