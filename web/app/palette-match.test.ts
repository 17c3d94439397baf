import { describe, expect, it } from "vitest";
import { rankMatches } from "./palette-match.ts";

const names = ["hubble_drop_total", "cilium_drop_count_total", "drops", "cilium_endpoint_state"];
const rank = (query: string) => rankMatches(names, query, (name) => name);

describe("rankMatches", () => {
  it("puts names that begin with the word first, then word starts", () => {
    expect(rank("drop")).toEqual(["drops", "hubble_drop_total", "cilium_drop_count_total"]);
  });

  it("takes words in any order, with spaces or underscores", () => {
    expect(rank("count cilium")).toEqual(["cilium_drop_count_total"]);
    expect(rank("endpoint_state")).toEqual(["cilium_endpoint_state"]);
  });

  it("gives all for no query and none for an unknown word", () => {
    expect(rank(" ")).toEqual(names);
    expect(rank("dropx")).toEqual([]);
  });
});
