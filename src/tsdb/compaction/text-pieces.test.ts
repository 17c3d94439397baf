import { describe, expect, it } from "vitest";
import { textPieces } from "./text-pieces.ts";

/** The pieces of a text that is read a few bytes at a time. */
function piecesOf(text: string, pieceBytes: number, readBytes: number): string[] {
  const bytes = new TextEncoder().encode(text);
  let from = 0;
  const pieces = textPieces((into, at) => {
    const part = bytes.subarray(from, from + Math.min(readBytes, into.length - at));
    into.set(part, at);
    from += part.length;
    return part.length;
  }, pieceBytes);
  return Array.from(pieces, (piece) => new TextDecoder().decode(piece));
}

describe("textPieces", () => {
  const text = `${Array.from({ length: 50 }, (_, i) => `metric_${i}{a="ü"} ${i} ${i * 10}\n`).join("")}# EOF\n`;

  it("gives all lines once and whole, and ends each piece but the last with the end mark", () => {
    for (const pieceBytes of [10, 40, 100, 1000, 10_000]) {
      for (const readBytes of [1, 7, 10_000]) {
        const pieces = piecesOf(text, pieceBytes, readBytes);
        const last = pieces.pop();
        for (const piece of pieces) expect(piece.endsWith("\n# EOF\n")).toBe(true);
        const joined = pieces.map((piece) => piece.slice(0, -"# EOF\n".length)).join("") + last;
        expect(joined).toBe(text);
      }
    }
  });

  it("leaves the last piece as it is: without an end mark where the file has none", () => {
    expect(piecesOf("a 1 1\nb 2 2\n", 8, 100).at(-1)).toBe("b 2 2\n");
    expect(piecesOf("", 6, 100)).toEqual([""]);
  });
});
