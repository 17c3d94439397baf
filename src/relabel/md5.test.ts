import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { md5Modulo, md5Words } from "./md5.ts";

function hex(text: string): string {
  return [...md5Words(text)]
    .flatMap((word) => [word, word >>> 8, word >>> 16, word >>> 24])
    .map((byte) => (byte & 0xff).toString(16).padStart(2, "0"))
    .join("");
}

describe("md5", () => {
  it("agrees with node:crypto at every length around the block size", () => {
    for (let length = 0; length <= 200; length++) {
      const text = "aé日x".repeat(60).slice(0, length);
      expect(hex(text)).toBe(createHash("md5").update(text).digest("hex"));
    }
  });

  it("takes the last eight bytes, big-endian, for the modulus", () => {
    const digest = createHash("md5").update("10.0.0.1:9090").digest();
    expect(md5Modulo("10.0.0.1:9090", 1000n)).toBe(String(digest.readBigUInt64BE(8) % 1000n));
  });
});
