import { describe, expect, it } from "vitest";
import { seededRandom } from "../../../base/seeded-random.ts";
import { Labels } from "../../../model/labels.ts";
import type { SampleBuffer } from "../../../model/sample.ts";
import type { Series } from "../../../storage/storage.ts";
import { createReadBuffer, createWindows, loadSeries } from "../sample-windows.ts";
import { createGrid } from "../step-grid.ts";
import { StepVector } from "../step-vector.ts";
import { counterFunctions } from "./counter.ts";
import { type RangeCall, rowCells } from "./function-call.ts";

const wholeGrid = createGrid(300_000, 6_300_000, 60_000);

/** A counter that only rises: from 0 or high up, at a pace that changes, standing still now and then. */
function risingCounter(random: () => number): number[] {
  const values: number[] = [];
  let value = random() < 0.5 ? 0 : random() * 10 ** Math.floor(random() * 9);
  let pace = 0;
  for (let i = 0; i < 421; i++) {
    if (random() < 0.02) pace = random() < 0.6 ? 0 : random() * 50;
    value += pace * random();
    values.push(value);
  }
  return values;
}

/** Rates of a counter sampled every 15 s from `firstMs` on, which storage says rises or does not. */
function bitsOf(
  name: "rate" | "increase" | "delta",
  values: readonly number[],
  isKnownToRise: boolean,
  { grid = wholeGrid, firstMs = 7000 } = {},
): string {
  const series: Series = {
    labels: Labels.empty,
    readSamples(into: SampleBuffer) {
      for (const [index, value] of values.entries()) into.push(firstMs + index * 15_000, value);
      if (isKnownToRise) into.risingCount = into.plainCount = into.count;
    },
  };
  const node = { grid, shift: { atMs: undefined, offsetMs: 0 }, rangeMs: 300_000 };
  const windows = createWindows(node);
  loadSeries(windows, series, node, createReadBuffer());
  const vector = new StepVector(grid.stepCount, 1);
  counterFunctions[name].evaluateRow(windows, rowCells(vector, 0), {} as RangeCall);
  return new BigUint64Array(vector.values.buffer).join(" ");
}

describe("counters known to rise", () => {
  it("have to the bit the rates of those looked through", () => {
    const random = seededRandom(3);
    for (let round = 0; round < 200; round++) {
      const values = risingCounter(random);
      for (const name of ["rate", "increase", "delta"] as const) {
        expect(bitsOf(name, values, true), name).toBe(bitsOf(name, values, false));
      }
    }
  });

  it("have the rates of single steps where they begin late and end early", () => {
    const random = seededRandom(4);
    for (let round = 0; round < 10; round++) {
      const values = risingCounter(random).slice(0, 200);
      const firstMs = 300_000 + Math.floor(random() * 2_000_000);
      const steps = Array.from({ length: wholeGrid.stepCount }, (_, step) => {
        const timeMs = wholeGrid.startMs + step * wholeGrid.stepMs;
        const grid = createGrid(timeMs, timeMs, 1);
        return bitsOf("rate", values, false, { grid, firstMs });
      });
      expect(bitsOf("rate", values, true, { firstMs })).toBe(steps.join(" "));
    }
  });

  it("have a rate of 0 while they stand still", () => {
    const still = new Array<number>(421).fill(12);
    expect(new Set(bitsOf("rate", still, true).split(" "))).toEqual(new Set(["0"]));
  });
});
