import { describe, expect, it } from "vitest";
import type { ActiveTarget } from "../api/server-queries.ts";
import { groupTargets, readTargetFilter } from "./target-list.ts";

function target(scrapePool: string, host: string, health: ActiveTarget["health"]): ActiveTarget {
  return {
    discoveredLabels: {},
    labels: { job: scrapePool, instance: host },
    scrapePool,
    scrapeUrl: `http://${host}/metrics`,
    globalUrl: "",
    lastError: health === "down" ? "connection refused" : "",
    lastScrape: "",
    lastScrapeDuration: 0,
    health,
    scrapeInterval: "2s",
    scrapeTimeout: "2s",
  };
}
const targets = [
  target("hubble", "b:1", "up"),
  target("agent", "c:2", "down"),
  target("agent", "a:2", "up"),
];
const list = (query: string) =>
  groupTargets(targets, readTargetFilter(new URLSearchParams(query))).map(
    (pool) =>
      `${pool.name} ${pool.upCount}/${pool.totalCount}: ${pool.targets.map((one) => one.labels["instance"])}`,
  );

describe("groupTargets", () => {
  it("lists pools and targets in order, with their health", () => {
    expect(list("")).toEqual(["agent 1/2: a:2,c:2", "hubble 1/1: b:1"]);
  });

  it("filters by state, pool and words of address, label and error", () => {
    expect(list("state=down")).toEqual(["agent 1/2: c:2"]);
    expect(list("pool=hubble")).toEqual(["hubble 1/1: b:1"]);
    expect(list("q=refused+job%3Dagent")).toEqual(["agent 1/2: c:2"]);
    expect(list("q=nothing")).toEqual([]);
  });
});
