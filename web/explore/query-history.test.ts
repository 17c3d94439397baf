import { describe, expect, it } from "vitest";
import { QueryHistory } from "./query-history.ts";

function fakeStorage(start?: string) {
  let kept = start ?? null;
  return {
    getItem: () => kept,
    setItem: (_key: string, value: string) => {
      kept = value;
    },
  };
}

describe("QueryHistory", () => {
  it("keeps each query once, newest first, at most fifty", () => {
    const history = new QueryHistory(fakeStorage());
    for (let index = 0; index < 60; index++) history.add([`q${index}`]);
    history.add(["q30", " "]);
    expect(history.list()).toHaveLength(50);
    expect(history.list().slice(0, 2)).toEqual(["q30", "q59"]);
  });

  it("forgets all when told to", () => {
    const history = new QueryHistory(fakeStorage());
    history.add(["up"]);
    history.clear();
    expect(history.list()).toEqual([]);
    history.add(["up == 0"]);
    expect(history.list()).toEqual(["up == 0"]);
  });

  it("lives without storage and with a spoilt one", () => {
    expect(new QueryHistory(undefined).list()).toEqual([]);
    const spoilt = new QueryHistory(fakeStorage("{not json"));
    expect(spoilt.list()).toEqual([]);
    spoilt.add(["up"]);
    expect(spoilt.list()).toEqual(["up"]);
  });
});
