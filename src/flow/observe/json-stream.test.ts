import { describe, expect, it } from "vitest";
import { splitJsonStream } from "./json-stream.ts";

function split(text: string): string[] {
  return [...splitJsonStream(text)];
}

describe("splitJsonStream", () => {
  it("cuts values apart, with or without space between them", () => {
    expect(split(' {"a":[1,{"b":"}\\""}]}{} \n-1.5e+3 true"é"[]\t')).toEqual([
      '{"a":[1,{"b":"}\\""}]}',
      "{}",
      "-1.5e+3",
      "true",
      '"é"',
      "[]",
    ]);
    expect(split("01")).toEqual(["0", "1"]);
    expect(split(" \n")).toEqual([]);
  });

  it("gives a value before it looks at what follows", () => {
    expect(splitJsonStream("{}x").next().value).toBe("{}");
  });

  it("says in Go's words what is no JSON", () => {
    function check(text: string, want: string): void {
      expect(() => split(text), text).toThrow(want);
    }
    for (const text of ["{", '{"a', '{"a":1,', "[1", "-", "1.", "1e", "tru", '"\\u12']) {
      check(text, "unexpected EOF");
    }
    check("{'a':1}", "invalid character '\\'' looking for beginning of object key string");
    check('{"a":1,}', "invalid character '}' looking for beginning of object key string");
    check('{"a" 1}', "invalid character '1' after object key");
    check('{"a":1 "b":2}', "invalid character '\"' after object key:value pair");
    check("[1 2]", "invalid character '2' after array element");
    check("{},{}", "invalid character ',' looking for beginning of value");
    check("é", "invalid character 'Ã' looking for beginning of value");
    check('"\n"', "invalid character '\\n' in string literal");
    check('"\\q"', "invalid character 'q' in string escape code");
    check('"\\u12x4"', "invalid character 'x' in \\u hexadecimal character escape");
    check("-x", "invalid character 'x' in numeric literal");
    check("1.x", "invalid character 'x' after decimal point in numeric literal");
    check("1ex", "invalid character 'x' in exponent of numeric literal");
    check("trux", "invalid character 'x' in literal true (expecting 'e')");
    check("[".repeat(1001), "exceeded max depth");
  });
});
