import { describe, expect, it } from "vitest";
import { formatSampleValue } from "../model/value-format.ts";
import { AsciiTexts, JsonBytes } from "./json-bytes.ts";

function written(value: number): string {
  const bytes = new JsonBytes(4);
  bytes.value(new AsciiTexts(['[1,"']), 0, value);
  return new TextDecoder().decode(bytes.take());
}

describe("JsonBytes", () => {
  it("writes every value as the text form does", () => {
    const values = [0, -0, 1, 9, 10, 99, 100, -1, 2 ** 31 - 1, 2 ** 31, -(2 ** 31), 1e21, 1e-7];
    for (const value of [...values, Number.NaN, Infinity, -Infinity, 0.1, 123_456_789, 1e9]) {
      expect(written(value)).toBe(`[1,"${formatSampleValue(value)}`);
    }
  });

  it("grows, keeps what stands there, and starts anew after take", () => {
    const bytes = new JsonBytes(2);
    bytes.text('{"a":"Ünïcode 🐝"');
    bytes.value(new AsciiTexts([";;;;;", ","]), 1, 7);
    expect(bytes.length).toBe(23);
    expect(new TextDecoder().decode(bytes.take())).toBe('{"a":"Ünïcode 🐝",7');
    expect(bytes.length).toBe(0);
  });
});
