import { describe, expect, it } from "vitest";
import type { Variable } from "../../src/dashboard/model.ts";
import { resolveVariables } from "./use-variables.ts";

function variable(extra: Partial<Variable>): Variable {
  return {
    name: "v",
    label: "",
    type: "query",
    query: "",
    regex: "",
    isMulti: false,
    includesAll: false,
    sort: 0,
    refresh: "load",
    isHidden: false,
    current: [],
    options: [],
    ...extra,
  };
}
const options = ["a", "b"].map((value) => ({ text: value, value }));

describe("resolveVariables", () => {
  it("gives each variable the choices made before it, and goes on after an error", async () => {
    const seen: string[] = [];
    const resolved = await resolveVariables(
      [variable({ name: "y", query: 'label_values(up{x=~"$x"}, y)' }), variable({ name: "x" })],
      new Map([["y", ["b"]]]),
      (one, states) => {
        seen.push(`${one.name} knows ${[...states.keys()].join(",")}`);
        if (one.name === "x") return Promise.reject(new Error("no such label"));
        return Promise.resolve({ options });
      },
    );
    expect(seen).toEqual(["x knows ", "y knows x"]);
    expect(resolved.chosen.map((one) => [one.variable.name, one.values, one.problem])).toEqual([
      ["y", ["b"], undefined],
      ["x", [], "no such label"],
    ]);
    expect(resolved.states.get("y")?.value).toBe("b");
  });

  it("takes the file's choice where the address has none", async () => {
    const resolved = await resolveVariables(
      [variable({ name: "v", current: ["b"] })],
      new Map([["v", []]]),
      () => Promise.resolve({ options }),
    );
    expect(resolved.chosen[0]?.values).toEqual(["b"]);
  });
});
