import { describe, expect, it } from "vitest";
import { policyKindOf } from "./policy-kind.ts";

describe("policyKindOf", () => {
  it("knows kinds, resources and short names in any case", () => {
    expect(["cnp", "CiliumNetworkPolicies", "ciliumnetworkpolicy"].map(policyKindOf)).toEqual(
      new Array(3).fill("CiliumNetworkPolicy"),
    );
    expect(policyKindOf("ccnp")).toBe("CiliumClusterwideNetworkPolicy");
    expect(policyKindOf("netpol")).toBe("NetworkPolicy");
    expect(policyKindOf("pod")).toBeUndefined();
  });
});
