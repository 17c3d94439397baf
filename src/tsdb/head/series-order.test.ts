/** The order of series by labels, merged in steps while series come and go. */

import { expect, it } from "vitest";
import { compareLabels, type Labels, labelsFromObject } from "../../model/labels.ts";
import { Head } from "./head.ts";
import { seriesField } from "./series-table.ts";

function labelsOf(index: number): Labels {
  // Neither the order of creation nor that of the numbers is the order of labels.
  const pod = `pod-${(index * 7919) % 100_003}`;
  return labelsFromObject({ __name__: `metric_${index % 13}`, pod, zone: `z${index % 3}` });
}

function slotsOf(head: Head): Uint32Array {
  const slots: number[] = [];
  for (let slot = 1; slot < head.series.slotEnd; slot++) {
    if (head.series.isAlive(slot)) slots.push(slot);
  }
  return Uint32Array.from(slots);
}

function markLogged(head: Head): void {
  for (const slot of head.unlogged) {
    head.series.wordsOf(slot)[head.series.wordAt(slot) + seriesField.isUnlogged] = 0;
  }
  head.unlogged.length = 0;
}

function expectOrdered(head: Head): void {
  const sorted = head.order.sort(slotsOf(head));
  expect(sorted.length).toBe(head.series.count);
  for (let i = 1; i < sorted.length; i++) {
    const [before, after] = [sorted[i - 1] ?? 0, sorted[i] ?? 0];
    expect(compareLabels(head.series.labels(before), head.series.labels(after))).toBeLessThan(0);
  }
}

it("sorts many new series in steps, and those that come and go in between", async () => {
  const head = new Head({ exemplarsMax: 0, seriesMax: 0 });
  for (let i = 0; i < 12_000; i++) head.findOrCreate(labelsOf(i));
  markLogged(head);
  for (let slot = 1; slot < head.series.slotEnd; slot++) head.chunks.append(slot, slot, 0, 1);
  let steps = 0;
  let isSettled = false;
  const settled = head.order.settle().then(() => {
    isSettled = true;
  });
  while (!isSettled) {
    steps++;
    // Others run between the steps: new series, and old ones that go.
    const at = 20_000 + steps;
    const slot = head.findOrCreate(labelsOf(at));
    head.chunks.append(slot, 1_000_000, 0, 1);
    head.truncate(steps * 100, () => {});
    await new Promise((resume) => setImmediate(resume));
  }
  await settled;
  expect(steps).toBeGreaterThan(1);
  expectOrdered(head);
});

it("keeps the order when slots are used again", () => {
  const head = new Head({ exemplarsMax: 0, seriesMax: 0 });
  for (let round = 0; round < 5; round++) {
    for (let i = 0; i < 200; i++) {
      const slot = head.findOrCreate(labelsOf(round * 1000 + i));
      head.chunks.append(slot, round * 1000 + i, 0, 1);
    }
    markLogged(head);
    expectOrdered(head);
    head.truncate(round * 1000 + 100, () => {});
    expectOrdered(head);
  }
});
