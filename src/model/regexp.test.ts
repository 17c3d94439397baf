import { describe, expect, it } from "vitest";
import { createMatcher, matcherToString } from "./matcher.ts";
import { compileAnchoredRegexp } from "./regexp.ts";

describe("anchored expressions", () => {
  it("match the whole text, newlines included, as the automaton would", () => {
    const sources = [
      "a",
      "a|b|",
      "(a|bc)",
      "(?:x|y)",
      ".*",
      ".+",
      "a.*",
      "a.+",
      ".*a",
      ".+a",
      ".*a.*",
      ".+a.+",
      ".+a.*",
      ".*a.+",
      "",
      "a.c",
      "[ab]+",
      "ab*",
      "abc?",
      "(?i)AB",
      "a{2}",
      "x|a.*",
    ];
    const texts = [
      "",
      "a",
      "b",
      "aa",
      "ab",
      "bc",
      "abc",
      "a\nb",
      "xax",
      "xa",
      "ax",
      "aXa",
      "x",
      "y",
      "AB",
      "ba",
      "aaa",
      "bab",
    ];
    for (const source of sources) {
      const fast = compileAnchoredRegexp(source);
      const oracle = new RegExp(
        `^(?:${source.replace("(?i)", "")})$`,
        source.startsWith("(?i)") ? "si" : "s",
      );
      for (const text of texts)
        expect([source, text, fast.matches(text)]).toEqual([source, text, oracle.test(text)]);
    }
  });

  it("know their literals and prefix where they are certain", () => {
    expect(compileAnchoredRegexp("a|b").literals).toEqual(["a", "b"]);
    expect(compileAnchoredRegexp("abc.*").prefix).toBe("abc");
    expect(compileAnchoredRegexp("abc*d").prefix).toBe("ab");
    expect(compileAnchoredRegexp("abc|d.").prefix).toBe("");
  });

  it("refuse what RE2 refuses, with its reason", () => {
    expect(() => compileAnchoredRegexp("a(")).toThrow(/missing closing \)/);
    expect(() => compileAnchoredRegexp("(?=a)")).toThrow(/invalid/);
  });
});

describe("matchers", () => {
  it("see a missing label as the empty string", () => {
    expect(createMatcher("=", "a", "").matches("")).toBe(true);
    expect(createMatcher("!~", "a", ".+").matches("")).toBe(true);
    expect(createMatcher("!=", "a", "").matches("x")).toBe(true);
  });

  it("print as PromQL", () => {
    expect(matcherToString(createMatcher("=~", "a.b", 'x"'))).toBe('"a.b"=~"x\\""');
  });
});
