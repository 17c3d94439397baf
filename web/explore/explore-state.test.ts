import { describe, expect, it } from "vitest";
import { updateParams } from "../router/history-router.ts";
import { readExploreState, refIdOf, writeExploreState } from "./explore-state.ts";

describe("Explore's address", () => {
  it("restores what it stored", () => {
    const state = {
      queries: ['rate(x{a="b,c"}[5m])', "up"],
      view: "table" as const,
      style: "stacked" as const,
      step: "30s",
      hasExemplars: true,
      traceTemplate: "https://traces/{trace_id}",
    };
    const params = updateParams(new URLSearchParams("from=now-1h"), writeExploreState(state));
    expect(readExploreState(new URLSearchParams(params.toString()))).toEqual(state);
    expect(params.get("from")).toBe("now-1h");
  });

  it("leaves no trace of defaults and of empty rows", () => {
    const params = updateParams(
      new URLSearchParams("q=old&view=table&stack=1&step=1m&ex=1"),
      writeExploreState({
        queries: ["", " "],
        view: "graph",
        style: "lines",
        step: "auto",
        hasExemplars: false,
      }),
    );
    expect(params.toString()).toBe("");
  });

  it("starts with one empty row", () => {
    expect(readExploreState(new URLSearchParams("view=nonsense"))).toEqual({
      queries: [""],
      view: "graph",
      style: "lines",
      step: "auto",
      hasExemplars: false,
    });
    expect([0, 2].map(refIdOf)).toEqual(["A", "C"]);
  });
});
