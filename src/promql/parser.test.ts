import { describe, expect, it } from "vitest";
import { errorMessage } from "../base/errors.ts";
import { matcherToString } from "../model/matcher.ts";
import type { BinaryExpr, Expr } from "./ast.ts";
import { type ParserOptions, parseExpr, parseMetricSelector, valueTypeOf } from "./parser.ts";
import { printExpr } from "./printer.ts";

const everything: ParserOptions = {
  enableExperimentalFunctions: true,
  enableExtendedRangeSelectors: true,
  enableBinopFillModifiers: true,
};

/** The tree with every operator and modifier bracketed. */
function bracketed(expr: Expr): string {
  switch (expr.kind) {
    case "binary":
      return `(${bracketed(expr.left)} ${expr.operator} ${bracketed(expr.right)})`;
    case "unary":
      return `(${expr.operator}${bracketed(expr.expr)})`;
    case "paren":
      return bracketed(expr.expr);
    default:
      return `${printExpr(expr)}`;
  }
}

function errorOf(query: string, options?: ParserOptions): string {
  try {
    parseExpr(query, options);
    return "accepted";
  } catch (thrown) {
    return errorMessage(thrown);
  }
}

describe("operators", () => {
  const check = (query: string, want: string) => expect(bracketed(parseExpr(query))).toBe(want);

  it("bind in Prometheus' order", () => {
    check("a or b and c unless d", "(a or ((b and c) unless d))");
    check("a + b * c == d", "((a + (b * c)) == d)");
    check("a - b - c", "((a - b) - c)");
    check("a atan2 b % c", "((a atan2 b) % c)");
    check("a ^ b ^ c", "(a ^ (b ^ c))");
  });

  it("let a sign bind looser than a power and tighter than the rest", () => {
    check("-a ^ b", "(-(a ^ b))");
    check("-a * b", "((-a) * b)");
    check("a ^ -b ^ c", "(a ^ (-(b ^ c)))");
    check("-2 ^ b", "(-(2 ^ b))");
    check("- -2", "2");
  });

  it("keep their words as names where no operator can stand", () => {
    check("and and or or by", "((and and or) or by)");
    check("sum + offset", "(sum + offset)");
    check("fill + fill_left", "(fill + fill_left)");
  });

  it("say what group_left lacks where no operand can begin", () => {
    const at = (rest: string) => errorOf(`a + on() group_left ${rest}`);
    expect(at("@ 1")).toBe('1:21: parse error: unexpected <op:@> in grouping opts, expected "("');
    expect(at("bool b")).toBe(
      '1:21: parse error: unexpected <bool> in grouping opts, expected "("',
    );
    expect(at("-b")).toBe("accepted");
  });

  it("match set operations many-to-many and drop matching beside a scalar", () => {
    const set = parseExpr("a and on (x) b") as BinaryExpr;
    expect(set.matching).toMatchObject({ cardinality: "many-to-many", isOn: true, labels: ["x"] });
    expect(parseExpr("a + 1")).not.toHaveProperty("matching");
  });
});

describe("selectors", () => {
  const matchers = (text: string) => parseMetricSelector(text).map(matcherToString);

  it("put the matcher of the name last", () => {
    expect(matchers('up{b="c",a!~"d"}')).toEqual(['b="c"', 'a!~"d"', '__name__="up"']);
  });

  it("take names and labels in quotes", () => {
    expect(matchers('{"a.b", "c.d"=~"e"}')).toEqual(['__name__="a.b"', '"c.d"=~"e"']);
    expect(matchers("{`a`, }")).toEqual(['__name__="a"']);
  });

  it("may be empty in parseMetricSelector, whose caller judges that", () => {
    expect(matchers("{}")).toEqual([]);
  });

  it("carry ranges, offsets and @ in milliseconds", () => {
    expect(parseExpr("up[1h30m] offset -5m @ 1.5")).toMatchObject({
      kind: "matrixSelector",
      rangeMs: 5_400_000,
      selector: { offsetMs: -300_000, at: { kind: "timestamp", timestampMs: 1500 } },
    });
    expect(parseExpr("up[300:0.5] @ end()")).toMatchObject({
      kind: "subquery",
      rangeMs: 300_000,
      stepMs: 500,
      at: { kind: "end" },
    });
  });

  it("count positions in bytes", () => {
    expect(parseExpr('up{a="日本"} + x')).toMatchObject({
      left: { start: 0, end: 14 },
      right: { start: 17, end: 18 },
    });
  });
});

describe("literals", () => {
  const value = (query: string) => {
    const expr = parseExpr(query);
    return expr.kind === "number" || expr.kind === "string" ? expr.value : undefined;
  };

  it("are numbers in all of Go's spellings", () => {
    expect(value("0x1F")).toBe(31);
    expect(value("010")).toBe(8);
    expect(value("1_000")).toBe(1000);
    expect(value("1_0.5_0e0_1")).toBe(105);
    expect(value("0_8")).toBe(8);
    expect(value("-.5e1")).toBe(-5);
    expect(value("iNf")).toBe(Number.POSITIVE_INFINITY);
    expect(value("NAN")).toBeNaN();
    expect(value("5m30s")).toBe(330);
  });

  it("are strings with Go's escapes", () => {
    expect(value("'\\x41\\101\\u65e5\\U0001F600\\n\\''")).toBe("AA日😀\n'");
    expect(value("`\\n`")).toBe("\\n");
  });
});

describe("duration expressions", () => {
  const check = (query: string, want: string) => {
    expect(bracketed(parseExpr(query, everything))).toBe(want);
  };

  it("stand between brackets", () => {
    expect(parseExpr("a[5m+2*step()]")).toMatchObject({
      rangeExpr: { operator: "+", right: { operator: "*", right: { operator: "step" } } },
    });
    check("a[max_of(step(), 5m):-1m+2m]", "a[max_of(step(), 5m):-1m + 2m]");
  });

  it("end an offset at its first number unless bracketed", () => {
    check("a offset 5m + 2", "(a offset 5m + 2)");
    check("a offset -2 ^ 2", "(a offset -2s ^ 2)");
    check("a offset -(step() * 2)", "a offset -(step() * 2)");
    check("a offset step() * 2", "(a offset step() * 2)");
  });

  it("can be switched off", () => {
    expect(errorOf("a[1m+1m]", { enableDurationExpressions: false })).toBe(
      "1:3: parse error: experimental duration expression is not enabled",
    );
  });
});

describe("experimental language", () => {
  it("is refused unless enabled", () => {
    expect(errorOf("a + fill(0) b")).toBe(
      "1:1: parse error: binop fill modifiers are experimental and not enabled",
    );
    expect(errorOf("rate(a[5m] smoothed)")).toBe(
      "1:6: parse error: smoothed modifier is experimental and not enabled",
    );
    expect(errorOf("limitk(1, a)")).toMatch(/^1:1: parse error: limitk\(\) is experimental/);
    expect(errorOf("info(a)")).toBe('1:1: parse error: function "info" is not enabled');
  });

  it("is understood where enabled", () => {
    const fill = parseExpr("a + on(x) group_left fill_right(-1) fill_left(NaN) b", everything);
    expect(fill).toMatchObject({ matching: { fillLeft: Number.NaN, fillRight: -1 } });
    expect(parseExpr("rate(a[5m] anchored)", everything)).toMatchObject({
      args: [{ selector: { extension: "anchored" } }],
    });
    expect(errorOf("info(a, {x=~'.*'})", everything)).toBe("accepted");
    expect(errorOf("info(a, b)", everything)).toBe(
      "1:9: parse error: expected label selectors only, got vector selector instead",
    );
  });
});

describe("errors", () => {
  const check = (query: string, want: string) => expect(errorOf(query)).toBe(want);

  it("name what was unexpected, where, and what would have done", () => {
    check("up up", '1:4: parse error: unexpected identifier "up"');
    check("sum(up up)", '1:8: parse error: unexpected identifier "up" in aggregation');
    check("sum by {a}", '1:8: parse error: unexpected "{" in grouping opts, expected "("');
    check(
      "up{a=b}",
      '1:6: parse error: unexpected identifier "b" in label matching, expected string',
    );
    check(
      "up[5m 5m]",
      '1:7: parse error: unexpected duration "5m" in subquery or range, expected ":" or "]"',
    );
    check("up @ end(", "1:10: parse error: unclosed left parenthesis");
    check('x "größe.x"', '1:3: parse error: unexpected string "\\"größe.x\\""...');
    check("x[.5m]", '1:3: parse error: not a valid duration string: ".5m"');
    check('x "a long string"', '1:3: parse error: unexpected string "\\"a long st"...');
  });

  it("come in the order in which Prometheus meets them", () => {
    check("nofunc(up) ~", '1:1: parse error: unknown function with name "nofunc"');
    check("nofunc(up ~", "1:11: parse error: unexpected character: '~'");
    check("abs(up,)", "1:7: parse error: trailing commas not allowed in function call args");
    check("rate(up) + (", "1:13: parse error: unclosed left parenthesis");
  });

  it("explain what is wrong with a duration", () => {
    check("5m5m", '1:1: parse error: not a valid duration string: "5m5m"');
    check("a[5y1hs]", '1:3: parse error: unknown unit "hs" in duration "5y1hs"');
    check("a[1.5m]", '1:3: parse error: unknown unit "." in duration "1.5m"');
    check(
      "a offset 20000000000000000000m",
      '1:10: parse error: not a valid duration string: "20000000000000000000m"',
    );
    check("a[300y]", "1:3: parse error: duration out of range");
    check(
      "1e400",
      '1:1: parse error: error parsing number: strconv.ParseFloat: parsing "1e400": value out of range',
    );
  });

  it("count lines and byte columns", () => {
    check("up\n + '日' + ~", "2:12: parse error: unexpected character: '~'");
    check("", "unknown position: parse error: no expression found in input");
  });

  it("refuse nesting and chains that would exhaust our stack", () => {
    expect(errorOf(`${"(".repeat(5000)}1`)).toContain("nested deeper");
    expect(errorOf(`1${"+1".repeat(5000)}`)).toContain("more than 1000 operators");
  });
});

describe("valueTypeOf", () => {
  it("follows operators and calls", () => {
    const type = (query: string) => valueTypeOf(parseExpr(query));
    expect(type("1 + time()")).toBe("scalar");
    expect(type("-(up + 1)")).toBe("vector");
    expect(type("up[5m:]")).toBe("matrix");
    expect(type("'a'")).toBe("string");
  });
});
