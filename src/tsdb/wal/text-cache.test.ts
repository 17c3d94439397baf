import { describe, expect, it } from "vitest";
import { TextCache } from "./text-cache.ts";

const bytesOf = (text: string) => new TextEncoder().encode(text);

describe("TextCache", () => {
  it("gives every text back, however often places are taken over", () => {
    const cache = new TextCache();
    const texts = ["", "a", "ü🙂", "x".repeat(63), "x".repeat(64), "y".repeat(5000), "\u0000"];
    for (let i = 0; i < 20_000; i++) texts.push(`label-${i % 9000}`);
    for (const text of texts) {
      const bytes = bytesOf(`<${text}>`);
      expect(cache.textOf(bytes, 1, bytes.length - 1)).toBe(text);
    }
  });
});
