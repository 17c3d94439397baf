import { describe, expect, it } from "vitest";
import { findFunctionSignature, functionSignatures } from "./signatures.ts";

describe("function signatures", () => {
  it("tell types, variadic counts and what is experimental", () => {
    expect(functionSignatures.round).toMatchObject({
      argTypes: ["vector", "scalar"],
      variadic: 1,
      returnType: "vector",
      isExperimental: false,
    });
    expect(functionSignatures.label_join.variadic).toBe(-1);
    expect(functionSignatures.info.isExperimental).toBe(true);
  });

  it("have one sentence and a release each", () => {
    for (const [name, { doc, since }] of Object.entries(functionSignatures)) {
      expect(`${name}: ${doc}`).toMatch(/^\w+: [A-Z0-9e].*\.$/);
      expect(`${name} ${since}`).toMatch(/ \d\.\d+$/);
    }
  });

  it("are found by exact name only", () => {
    expect(findFunctionSignature("rate")).toBe(functionSignatures.rate);
    expect(findFunctionSignature("RATE")).toBeUndefined();
    expect(findFunctionSignature("toString")).toBeUndefined();
  });
});
