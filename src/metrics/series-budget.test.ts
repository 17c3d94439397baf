import { expect, test } from "vitest";
import { Registry } from "./registry.ts";
import { labelValueBytesMax, SeriesBudget } from "./series-budget.ts";

test("series beyond the budget are not made, and those that exist count on", () => {
  const budget = new SeriesBudget(3);
  const registry = new Registry(budget);
  const flows = registry.counter({ name: "flows_total", help: "h", labelNames: ["pod"] });
  for (const pod of ["a", "b", "c", "d", "a", "e", "d"]) flows.labels(pod).inc();
  expect(flows.sortedChildren().map(({ labelValues, value }) => [labelValues[0], value])).toEqual([
    ["a", 2],
    ["b", 1],
    ["c", 1],
  ]);
  expect([budget.used, budget.refused, budget.lastRefused]).toEqual([3, 3, "flows_total"]);
});

test("a histogram takes as many series as it shows", () => {
  const budget = new SeriesBudget(10);
  const options = { name: "seconds", help: "h", labelNames: ["pod"], buckets: [1, 2] };
  const seconds = new Registry(budget).histogram(options);
  seconds.labels("a").observe(1);
  seconds.labels("b").observe(1);
  seconds.labels("c").observe(1);
  expect([budget.used, seconds.seriesCount]).toEqual([10, 2]);
});

test("series that go give their place back", () => {
  const budget = new SeriesBudget(2);
  const registry = new Registry(budget);
  const flows = registry.counter({ name: "flows_total", help: "h", labelNames: ["pod"] });
  flows.labels("a").inc();
  flows.labels("b").inc();
  flows.removeMatching(([pod]) => pod === "a");
  flows.labels("c").inc();
  expect(flows.sortedChildren().map(({ labelValues }) => labelValues[0])).toEqual(["b", "c"]);
  registry.unregister("flows_total");
  expect(budget.used).toBe(0);
});

test("a label value beyond the limit in bytes makes no series, and others count on", () => {
  const budget = new SeriesBudget(10);
  const flows = new Registry(budget).counter({
    name: "dns_total",
    help: "h",
    labelNames: ["rcode", "query"],
  });
  const longest = "ä".repeat(labelValueBytesMax / 2);
  for (const query of [longest, `${longest}x`, "a.example", `${longest}x`]) {
    flows.labels("No Error", query).inc();
  }
  expect(flows.children().map(({ labelValues, value }) => [labelValues[1], value])).toEqual([
    [longest, 1],
    ["a.example", 1],
  ]);
  expect([budget.used, budget.refused, budget.overlong]).toEqual([2, 0, 2]);
  const bytes = labelValueBytesMax + 1;
  expect(budget.takeOverlong()).toEqual([{ family: "dns_total", label: "query", bytes }]);
  expect(budget.takeOverlong()).toEqual([]);
});
