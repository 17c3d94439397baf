import { describe, expect, it } from "vitest";
import { errorMessage } from "../../../base/errors.ts";
import type { Flow } from "../../model/flow.ts";
import { compileCelExpressions } from "./cel-program.ts";

const flow: Flow = {
  time: "2026-01-15T10:00:00.5Z",
  verdict: "DROPPED",
  IP: { source: "10.0.1.12", ipVersion: "IPv6" },
  l4: { TCP: { destination_port: 443, flags: { SYN: true } } },
  source: { namespace: "shop", labels: ["k8s:app=web", "reserved:host"], identity: 7 },
  l7: { latency_ns: "18446744073709551615", http: { code: 503 } },
};

function check(expression: string, want: boolean): void {
  expect(compileCelExpressions([expression])(flow), expression).toBe(want);
}

function refusal(expression: string): string {
  try {
    compileCelExpressions([expression]);
    return "accepted";
  } catch (thrown) {
    return errorMessage(thrown).replace("error compiling CEL expression: ", "");
  }
}

describe("CEL expressions", () => {
  it("read fields, absent ones as defaults, and enums by name", () => {
    check("_flow.verdict == Verdict.DROPPED && _flow.IP.ipVersion == IPVersion.IPv6", true);
    check("_flow.verdict == flow.Verdict.DROPPED", true);
    check("_flow.l4.UDP.destination_port == 0u", true);
    check("_flow.destination.pod_name == ''", true);
    check("_flow.l7.latency_ns == 18446744073709551615u", true);
  });

  it("know which fields are set", () => {
    check("has(_flow.l7) && has(_flow.l7.http) && !has(_flow.l7.dns)", true);
    check("has(_flow.l4.TCP.source_port) || has(_flow.is_reply)", false);
  });

  it("compare wrappers with values and null", () => {
    check("_flow.is_reply == null", true);
    check("_flow.is_reply == true", false);
  });

  it("have the macros over lists", () => {
    check("_flow.source.labels.exists(l, l.startsWith('reserved:'))", true);
    check("_flow.source.labels.all(l, l.contains(':'))", true);
    check("_flow.source.labels.exists_one(l, l.matches('^k8s'))", true);
    check("_flow.source.labels.filter(l, l != 'reserved:host').size() == 1", true);
    check("_flow.source.labels.map(l, size(l)) == [11, 13]", true);
  });

  it("compute with numbers, texts, lists, maps and times", () => {
    check("1 + 2 * 3 == 7 && 7 % 4 == 3 && -9223372036854775808 < 0", true);
    check(`"a" + 'b' == "\\x61b" && r'\\n'.size() == 2`, true);
    check("_flow.source.namespace in ['shop', 'default']", true);
    check("{'a': 1, 'b': 2}['b'] == 2 && 'a' in {'a': 1}", true);
    check("_flow.time > timestamp('2026-01-15T10:00:00Z') + duration('400ms')", true);
    check("_flow.verdict == 2 ? _flow.l7.http.code >= 500u : false", true);
  });

  it("take the side of || and && that decides when the other has no value", () => {
    check("_flow.source.labels[9] == 'x' || true", true);
    check("_flow.source.labels[9] == 'x'", false);
    check("!(_flow.source.labels[9] == 'x' && false)", true);
    check("1 / 0 == 1", false);
  });

  it("let no later expression pass a flow for which an earlier one has no value", () => {
    expect(compileCelExpressions(["false", "true"])(flow)).toBe(true);
    expect(compileCelExpressions(["1 / 0 == 1", "true"])(flow)).toBe(false);
  });

  it("are read on after a token too many or too few", () => {
    const places = (text: string) => refusal(text).match(/:\d+: .*?(?= expecting|$)/gm);
    expect(places("_flow.reply = true")).toEqual([
      ":13: Syntax error: token recognition error at: '= '",
      ":15: Syntax error: extraneous input 'true'",
    ]);
    expect(places("((true) && +1 == 1")).toEqual([
      ":12: Syntax error: extraneous input '+'",
      ":19: Syntax error: missing ')' at '<EOF>'",
    ]);
    expect(places("'a\\d' == 'b")).toEqual([
      ":1: Syntax error: token recognition error at: ''a\\d'",
      ":11: Syntax error: extraneous input 'b'",
    ]);
    expect(places("_flow.reply and true")).toEqual([":13: Syntax error: mismatched input 'and'"]);
    expect(places("size('a',)")).toEqual([":10: Syntax error: mismatched input ')'"]);
  });

  it("are refused in cel-go's words, with the place", () => {
    expect(refusal("_flow.verdict ==")).toContain(
      "ERROR: <input>:1:17: Syntax error: mismatched input '<EOF>' expecting",
    );
    expect(refusal("_flow.nope == 1")).toBe(
      "ERROR: <input>:1:6: undefined field 'nope'\n | _flow.nope == 1\n | .....^",
    );
    expect(refusal("_flow.source.namespace")).toBe('got "string", wanted "bool" result type');
    expect(refusal("_flow.l4.TCP.destination_port == 443")).toContain(
      "found no matching overload for '_==_' applied to '(uint, int)'",
    );
    expect(refusal("'a' && 1 || bar(foo)").match(/:\d+: .*/g)).toEqual([
      ":1: expected type 'bool' but found 'string'",
      ":8: expected type 'bool' but found 'int'",
      ":16: undeclared reference to 'bar' (in container 'flow')",
      ":17: undeclared reference to 'foo' (in container 'flow')",
    ]);
    expect(refusal("'é' &&")).toBe(
      "ERROR: <input>:1:7: Syntax error: mismatched input '<EOF>' expecting {'[', '{', '(', '.', '-', '!', " +
        "'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}\n" +
        " | 'é' &&\n | .\uff0e....^",
    );
    expect(refusal("1e400 > 1.0")).toContain("<input>:1:1: invalid double literal");
    expect(refusal("null")).toBe('got "null_type", wanted "bool" result type');
    expect(refusal("foo == 1")).toContain("undeclared reference to 'foo' (in container 'flow')");
    expect(refusal(`${"(".repeat(300)}true${")".repeat(300)}`)).toContain("recursion limit");
    expect(refusal("constructor.x == 1")).toContain("undeclared reference");
  });
});
