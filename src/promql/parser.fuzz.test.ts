/**
 * Seeded fuzz of the parser: whatever the text, it gives a tree or Prometheus' parse error, in time
 * bound by the text's length; a tree prints as a text that parses to the same text again. The seed
 * stands in the failure's message. `FUZZ_SEED=n FUZZ_ROUNDS=n` look elsewhere.
 */

import { describe, expect, it } from "vitest";
import { ParseError } from "../base/errors.ts";
import { parseExpr } from "./parser.ts";
import { prettyPrint, printExpr } from "./printer.ts";
import { QueryGenerator } from "./testing/query-generator.ts";

const firstSeed = Number(process.env["FUZZ_SEED"] ?? 1);
const rounds = Number(process.env["FUZZ_ROUNDS"] ?? 3000);
const options = {
  enableExperimentalFunctions: true,
  enableExtendedRangeSelectors: true,
  enableBinopFillModifiers: true,
};

/** The printed tree, or undefined where the text is refused as it should be. */
function checkText(text: string, seed: number): string | undefined {
  try {
    const expr = parseExpr(text, options);
    const printed = printExpr(expr);
    expect(printExpr(parseExpr(printed, options)), `seed ${seed}: ${text}`).toBe(printed);
    expect(printExpr(parseExpr(prettyPrint(expr), options)), `seed ${seed}: ${text}`).toBe(printed);
    return printed;
  } catch (thrown) {
    if (!(thrown instanceof ParseError))
      throw new Error(`seed ${seed}: ${text}`, { cause: thrown });
    expect(thrown.message, `seed ${seed}: ${text}`).toMatch(
      /^(?:\d+:\d+|unknown position): parse error: ./,
    );
    return undefined;
  }
}

describe("parseExpr under fuzz", () => {
  it("takes or refuses what the grammar makes, and prints what it took", () => {
    let taken = 0;
    for (let seed = firstSeed; seed < firstSeed + rounds; seed++) {
      const text = new QueryGenerator(seed).expression(4);
      if (checkText(text, seed) !== undefined) taken++;
    }
    // Types are chosen at random, so most are refused; were all, nothing would be tested.
    expect(taken).toBeGreaterThan(rounds / 50);
  });

  it("takes or refuses mutations", () => {
    for (let seed = firstSeed; seed < firstSeed + rounds; seed++) {
      const generator = new QueryGenerator(seed);
      checkText(generator.mutate(generator.expression(3)), seed);
    }
  });

  it("refuses random bytes", () => {
    for (let seed = firstSeed; seed < firstSeed + rounds / 4; seed++) {
      const generator = new QueryGenerator(seed);
      const codes = Array.from({ length: generator.below(60) }, () => generator.below(256));
      checkText(String.fromCharCode(...codes), seed);
    }
  });

  it.each([
    ["(", 100_000],
    ["-", 100_000],
    ["sum(", 50_000],
    ["1+", 50_000],
    ["1^", 50_000],
    ["a[", 50_000],
    ["{a=~", 50_000],
    ["up offset 5m ", 20_000],
    ['"', 100_001],
    ["#", 100_000],
    ["[5m:", 50_000],
  ])("answers soon to %s written %i times", (piece, count) => {
    const startedMs = performance.now();
    expect(checkText(piece.repeat(count), 0)).toBeUndefined();
    expect(performance.now() - startedMs).toBeLessThan(3000);
  });
});
