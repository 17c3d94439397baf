import { describe, expect, it } from "vitest";
import { findFault } from "./parse-error.ts";

const check = (message: string, query: string) => {
  const fault = findFault(message, query);
  return fault && [fault.column, query.slice(fault.start, fault.end), fault.text];
};

describe("findFault", () => {
  it("finds the place on one line", () => {
    const query = 'rate(hubble_drop_total{reason="POLICY_DENIED")[5m]';
    const message = `invalid parameter "query": 1:46: parse error: unexpected ")" in label matching`;
    expect(check(message, query)).toEqual([46, ")", 'unexpected ")" in label matching']);
  });

  it("finds the place on a later line", () => {
    expect(check("2:3: parse error: unexpected identifier", "sum(\n  x y)")).toEqual([
      3,
      "x",
      "unexpected identifier",
    ]);
  });

  it("counts bytes, as Prometheus does", () => {
    expect(check("1:9: parse error: bad", 'a{b="ü"} x')).toEqual([9, "}", "bad"]);
  });

  it("points past the end without an underline", () => {
    expect(check("1:5: parse error: unexpected end of input", "sum(")?.[1]).toBe("");
  });

  it("has no place for errors of evaluation", () => {
    expect(findFault("query timed out", "up")).toBeUndefined();
  });
});
