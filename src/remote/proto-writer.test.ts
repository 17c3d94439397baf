import { describe, expect, it } from "vitest";
import { ProtoCursor } from "./proto-cursor.ts";
import { ProtoWriter } from "./proto-writer.ts";

function written(write: (writer: ProtoWriter) => void): Uint8Array {
  const writer = new ProtoWriter();
  write(writer);
  return writer.toBytes();
}

describe("ProtoWriter", () => {
  it("writes integers that are read as they were, negative and large ones too", () => {
    for (const value of [
      1,
      127,
      128,
      16_384,
      2 ** 31,
      2 ** 40 + 1,
      -1,
      -128,
      -(2 ** 33),
      -(2 ** 51),
    ]) {
      const bytes = written((writer) => writer.int64Field(1, value));
      const cursor = new ProtoCursor();
      cursor.reset(bytes);
      cursor.tag("m", bytes.length);
      expect(cursor.int64(bytes.length)).toBe(value);
      expect(cursor.at).toBe(bytes.length);
    }
  });

  it("leaves out defaults, but not a negative zero", () => {
    const nothing = written((writer) => {
      writer.int64Field(1, 0);
      writer.zigzagField(2, 0);
      writer.doubleField(3, 0);
      writer.textField(4, "");
    });
    expect(nothing.length).toBe(0);
    expect(written((writer) => writer.doubleField(3, -0)).length).toBe(9);
  });

  it("writes messages of any length inside each other", () => {
    for (const length of [0, 126, 127, 128, 16_000, 17_000, 3_000_000]) {
      const bytes = written((writer) => {
        const outer = writer.open(1);
        writer.textField(2, "é".repeat(length));
        writer.close(outer);
        writer.uvarintField(3, 7);
      });
      const cursor = new ProtoCursor();
      cursor.reset(bytes);
      cursor.tag("m", bytes.length);
      const end = cursor.lengthEnd(bytes.length);
      if (length > 0) {
        cursor.tag("m", end);
        expect(cursor.lengthEnd(end)).toBe(end);
      }
      expect([...bytes.subarray(end)]).toEqual([3 << 3, 7]);
    }
  });

  it("writes an ordinary NaN by Prometheus' bits", () => {
    expect([...written((writer) => writer.double(Number.NaN))]).toEqual([
      1, 0, 0, 0, 0, 0, 0xf8, 0x7f,
    ]);
  });
});
