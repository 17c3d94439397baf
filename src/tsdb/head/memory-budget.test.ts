import { describe, expect, it } from "vitest";
import { labelsFromObject } from "../../model/labels.ts";
import { Head } from "./head.ts";
import type { BudgetState } from "./memory-budget.ts";
import { seriesField } from "./series-table.ts";

const series = (name: string, id: number) => labelsFromObject({ __name__: name, id: String(id) });

describe("the memory budget", () => {
  it("refuses new series above it, once names the metric that grew most, and keeps the old ones", () => {
    const head = new Head({ exemplarsMax: 0, seriesMax: 0, memoryBudgetBytes: 100_000 });
    const told: BudgetState[] = [];
    head.budget.onExceeded = (state) => told.push(state);
    for (let i = 0; i < 50; i++) head.findOrCreate(series("steady", i));
    head.budget.tick();
    let created = 0;
    while (created < 10_000 && head.findOrCreate(series("explodes", created)) !== 0) created++;
    expect(created).toBeGreaterThan(10);
    expect(created).toBeLessThan(1000);
    expect(head.findOrCreate(series("other", 1))).toBe(0);
    expect(head.counts.seriesRefused).toBe(2);
    expect(told.map(({ grownMetric }) => grownMetric)).toEqual([
      { name: "explodes", series: created, grownBy: created },
    ]);
    expect(head.findOrCreate(series("steady", 1))).toBeGreaterThan(0);
  });

  it("takes series again when old ones have gone", () => {
    const head = new Head({ exemplarsMax: 0, seriesMax: 0, memoryBudgetBytes: 100_000 });
    for (let i = 0; head.findOrCreate(series("a", i)) !== 0; i++);
    head.unlogged.length = 0;
    for (let slot = 1; slot < head.series.slotEnd; slot++) {
      head.series.wordsOf(slot)[head.series.wordAt(slot) + seriesField.isUnlogged] = 0;
    }
    head.truncate(1, () => undefined);
    expect(head.budget.state().isOver).toBe(false);
    expect(head.findOrCreate(series("b", 1))).toBeGreaterThan(0);
  });

  it("counts the records of series, which lie outside the arena", () => {
    const head = new Head({ exemplarsMax: 0, seriesMax: 0, memoryBudgetBytes: 1 << 30 });
    for (let i = 0; i < 1000; i++) head.findOrCreate(series("a", i));
    const { usedBytes } = head.budget.state();
    expect(usedBytes - head.arena.usedBytes).toBeGreaterThan(1000 * 128);
  });

  it("is without limit at 0", () => {
    const head = new Head({ exemplarsMax: 0, seriesMax: 0 });
    for (let i = 0; i < 3000; i++) expect(head.findOrCreate(series("a", i))).toBeGreaterThan(0);
  });
});
