import { describe, expect, it } from "vitest";
import { candidateNames } from "./resolver.ts";

describe("candidateNames", () => {
  it("tries the search path first for names with fewer than five dots", () => {
    expect(candidateNames("deathstar", "default")).toEqual([
      "deathstar.default.svc.cluster.local",
      "deathstar.svc.cluster.local",
      "deathstar.cluster.local",
      "deathstar",
    ]);
  });

  it("tries names with five dots as they are first, and rooted names only so", () => {
    expect(candidateNames("a.b.c.d.e.f", "default")[0]).toBe("a.b.c.d.e.f");
    expect(candidateNames("deathstar.default.", "default")).toEqual(["deathstar.default"]);
  });
});
