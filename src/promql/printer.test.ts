import { describe, expect, it } from "vitest";
import { parseExpr } from "./parser.ts";
import { prettyPrint, printExpr } from "./printer.ts";

const options = {
  enableExperimentalFunctions: true,
  enableExtendedRangeSelectors: true,
  enableBinopFillModifiers: true,
};

describe("printExpr", () => {
  const check = (query: string, want: string) => {
    const printed = printExpr(parseExpr(query, options));
    expect(printed).toBe(want);
    expect(printExpr(parseExpr(printed, options))).toBe(printed);
  };

  it("sorts matchers and puts aggregation labels first", () => {
    check('topk(5,a{z="1",b=~"2"})by(c)', 'topk by (c) (5, a{b=~"2",z="1"})');
    check("sum without()(a)", "sum without () (a)");
    check('sum by ("a.b")(a)', 'sum by ("a.b") (a)');
  });

  it("shows matching only where it says something", () => {
    check("a+ignoring()b", "a + b");
    check("a>bool on()group_right(x)b", "a > bool on () group_right (x) b");
    check("a + fill(1) b", "a + fill (1) b");
    check("a + fill_left(1) fill_right(2e9) b", "a + fill_left (1) fill_right (2e+09) b");
  });

  it("writes modifiers in one order", () => {
    check("a[5m:] offset 1h @ 17", "a[5m:] @ 17.000 offset 1h");
    check("a offset -90s @ start()", "a @ start() offset -1m30s");
    check("a[5m] smoothed offset 1m", "a[5m] smoothed offset 1m");
    check("a[(5m)]", "a[(5m)]");
  });

  it("keeps durations as durations and names in braces", () => {
    check("-1h", "-1h");
    check('{"up"}', '{__name__="up"}');
    check("'\\xff'", '"\\xff"');
  });
});

describe("prettyPrint", () => {
  it("leaves a short expression on its line", () => {
    expect(prettyPrint(parseExpr("sum(a)by(b)/2"))).toBe("sum by (b) (a) / 2");
  });

  it("breaks a long one by its structure", () => {
    const long = "a".repeat(60);
    const query = `sum by (x) (rate(${long}[5m])) / on (x) clamp_max(-${long}{b="c"}, 1)`;
    expect(prettyPrint(parseExpr(query))).toBe(
      [`  sum by (x) (rate(${long}[5m]))`, "/ on (x)", `  clamp_max(-${long}{b="c"}, 1)`].join(
        "\n",
      ),
    );
    const nested = `sum(topk(3, (${long} + ${long})))`;
    expect(prettyPrint(parseExpr(nested))).toBe(
      [
        "sum(",
        "  topk(",
        "    3,",
        "    (",
        `        ${long}`,
        "      +",
        `        ${long}`,
        "    )",
        "  )",
        ")",
      ].join("\n"),
    );
  });
});
