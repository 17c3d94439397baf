import { describe, expect, it } from "vitest";
import {
  compareLabels,
  compareUtf8,
  Labels,
  LabelsBuilder,
  labelsFromEntries,
  labelsFromObject,
  quoteString,
} from "./labels.ts";

describe("label sets", () => {
  it("are sorted by name whatever the order they were given in", () => {
    expect(labelsFromObject({ job: "a", __name__: "up", instance: "i" }).pairs).toEqual([
      "__name__",
      "up",
      "instance",
      "i",
      "job",
      "a",
    ]);
  });

  it("drop labels with an empty value", () => {
    expect(labelsFromObject({ a: "", b: "x" }).pairs).toEqual(["b", "x"]);
    expect(new LabelsBuilder(labelsFromObject({ a: "1" })).set("a", "").labels()).toBe(
      Labels.empty,
    );
  });

  it("keep the last value of a repeated name", () => {
    expect(
      labelsFromEntries([
        ["a", "1"],
        ["a", "2"],
      ]).get("a"),
    ).toBe("2");
  });

  it("print as Prometheus prints them, names outside the legacy set quoted", () => {
    expect(labelsFromObject({ __name__: "up", "l x": 'a"b\n' }).toString()).toBe(
      '{__name__="up", "l x"="a\\"b\\n"}',
    );
  });

  it("share a key exactly when equal", () => {
    const a = labelsFromObject({ a: "1", b: "2" });
    expect(a.key).toBe(labelsFromObject({ b: "2", a: "1" }).key);
    expect(a.key).not.toBe(labelsFromObject({ a: "1b", b: "2" }).key);
    expect(a.equals(labelsFromObject({ b: "2", a: "1" }))).toBe(true);
  });

  it("order pair by pair, a prefix first", () => {
    const check = (a: Record<string, string>, b: Record<string, string>, sign: number) =>
      expect(Math.sign(compareLabels(labelsFromObject(a), labelsFromObject(b)))).toBe(sign);
    check({ a: "1" }, { a: "1", b: "1" }, -1);
    check({ a: "2" }, { a: "1", b: "1" }, 1);
    check({ a: "1" }, { a: "1" }, 0);
    check({ a: "1" }, { b: "0" }, -1);
  });
});

describe("compareUtf8", () => {
  it("orders as the UTF-8 bytes do, also around surrogate pairs", () => {
    const texts = ["", "a", "ab", "b", "é", "\uffff", "😀", "\ue000", "a😀", "a\uffff", "\ud7ff"];
    const byBytes = [...texts].sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
    expect([...texts].sort(compareUtf8)).toEqual(byBytes);
  });
});

describe("quoteString", () => {
  it("escapes as Go's strconv.Quote", () => {
    const check = (input: string, want: string) => expect(quoteString(input)).toBe(want);
    check("a\tb", '"a\\tb"');
    check("\u0000\u007f", '"\\x00\\x7f"');
    check("é😀", '"é😀"');
    check("\u200b", '"\\u200b"');
    check("a\\b", '"a\\\\b"');
  });
});
