import { describe, expect, it } from "vitest";
import { parseYamlDocument } from "./yaml-document.ts";

describe("parseYamlDocument", () => {
  it("keeps scalars as they were written", () => {
    const { value } = parseYamlDocument("a: 1.0\nb: '2'\nc: yes\nd: ~\ne:\nf: 0x10\n");
    expect(value).toEqual({ a: "1.0", b: "2", c: "yes", d: null, e: null, f: "0x10" });
  });

  it("resolves anchors and merge keys, the mapping's own keys first", () => {
    const text = "base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\nlist: [*b]\n";
    expect(parseYamlDocument(text).value).toEqual({
      base: { x: "1", y: "2" },
      use: { x: "1", y: "3" },
      list: [{ x: "1", y: "2" }],
    });
  });

  it("finds lines of values, keys and of what is missing", () => {
    const document = parseYamlDocument("a:\n  b:\n  - c: 1\n  - d:\n      2\n");
    expect(document.lineOf(["a", "b", 0, "c"])).toBe(3);
    expect(document.lineOf(["a", "b", 1, "d"])).toBe(5);
    expect(document.lineOfKey(["a", "b", 1, "d"])).toBe(4);
    expect(document.lineOf(["a", "b", 7, "x"])).toBe(3);
  });

  it("names the line of a mistake", () => {
    expect(() => parseYamlDocument("a: 1\nb: [1\nc: 2\n", "x.yml")).toThrow(
      /^x\.yml:\d: cannot read/,
    );
    expect(() => parseYamlDocument("a: 1\na: 2\n", "x.yml")).toThrow(/^x\.yml:2: cannot read YAML/);
    expect(() => parseYamlDocument("a: *nope\n", "x.yml")).toThrow(/^x\.yml:1: .*nope/);
  });

  it("refuses a document whose aliases explode", () => {
    const rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"];
    for (let i = 1; i < 9; i++) {
      rows.push(`a${i}: &a${i} [${Array.from({ length: 10 }, () => `*a${i - 1}`).join(", ")}]`);
    }
    expect(() => parseYamlDocument(rows.join("\n"))).toThrow("more than 1000 aliases");
  });

  it("reads an empty document as null", () => {
    expect(parseYamlDocument("# nothing\n").value).toBeNull();
  });
});
