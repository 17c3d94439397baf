import { describe, expect, it } from "vitest";
import { readByteLines } from "./byte-line-source.ts";
import { readStreamLines } from "./line-source.ts";

async function* inChunks(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

describe("readByteLines", () => {
  it("gives the lines that readStreamLines gives, wherever the chunks end", async () => {
    const texts = ["", "a", "\n", "a\n", "a\r\nb\n\n\nc", "ä€😀\nb\r\n\r\n😀", "\n\na\rb\n"];
    for (const text of texts) {
      const bytes = Buffer.from(text);
      for (let size = 1; size <= bytes.length + 1; size++) {
        const want: string[] = [];
        await readStreamLines(inChunks(bytes, size), (line) => want.push(line) > 0);
        const got: string[] = [];
        await readByteLines(inChunks(bytes, size), (line, start, end) => {
          got.push(Buffer.from(line.subarray(start, end)).toString());
        });
        expect(got, JSON.stringify([text, size])).toEqual(want);
      }
    }
  });
});
