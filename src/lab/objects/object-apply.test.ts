import { describe, expect, it } from "vitest";
import { toKind } from "./object-apply.ts";

describe("toKind", () => {
  it("takes kinds in any case, their plurals and short names", () => {
    expect(toKind("pod")).toBe("Pod");
    expect(toKind("NetworkPolicies")).toBe("NetworkPolicy");
    expect(toKind("cnp")).toBe("CiliumNetworkPolicy");
  });

  it("refuses any other word and names the kinds", () => {
    for (const word of ["pdo", "constructor", "__proto__"]) {
      expect(() => toKind(word)).toThrow(/there is no kind .*: kinds are CiliumNetworkPolicy/);
    }
  });
});
