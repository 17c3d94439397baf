import { describe, expect, it } from "vitest";
import { histogramToString } from "../../../model/histogram.ts";
import { isHistogramReset } from "./bucket-layout.ts";
import { histogramFractionOf, histogramQuantileOf } from "./histogram-estimates.ts";
import { HistogramMean } from "./histogram-mean.ts";
import { addFinding, addHistograms, HistogramSum, subtractHistograms } from "./histogram-sum.ts";
import { trimHistogram } from "./histogram-trim.ts";
import {
  emptySide,
  type HistogramValue,
  sampleWeight,
  toFloatHistogram,
  toHistogramValue,
} from "./histogram-value.ts";

/** Deterministic numbers in [0, 1). */
function createRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function histogramOf(
  counts: Readonly<Record<number, number>>,
  rest: Partial<HistogramValue> = {},
): HistogramValue {
  const indexes = Object.keys(counts)
    .map(Number)
    .sort((a, b) => a - b);
  const list = indexes.map((index) => counts[index] ?? 0);
  return {
    hint: "unknown",
    schema: 0,
    zeroThreshold: 0,
    zeroCount: 0,
    count: list.reduce((sum, count) => sum + count, rest.zeroCount ?? 0),
    sum: 1,
    positive: { indexes, counts: list },
    negative: emptySide,
    bounds: [],
    ...rest,
  };
}

const toText = (value: HistogramValue) => histogramToString(toFloatHistogram(value));

describe("sums of histograms", () => {
  const check = (a: HistogramValue, b: HistogramValue, want: string) =>
    expect(toText(addHistograms(a, b).value)).toBe(want);

  it("take the coarser schema, from either side", () => {
    const fine = histogramOf({ 1: 1, 2: 2, 3: 3 }, { schema: 1 });
    const coarse = histogramOf({ 1: 10 });
    check(fine, coarse, "{count:16, sum:2, (1,2]:13, (2,4]:3}");
    check(coarse, fine, "{count:16, sum:2, (1,2]:13, (2,4]:3}");
  });

  it("take the wider zero bucket, and into it what lies below", () => {
    const narrow = histogramOf({ "-1": 4, 1: 1 }, { zeroThreshold: 0.1, zeroCount: 1 });
    const wide = histogramOf({ 1: 2 }, { zeroThreshold: 0.5, zeroCount: 3 });
    check(narrow, wide, "{count:11, sum:2, [-0.5,0.5]:8, (1,2]:3}");
    check(wide, narrow, "{count:11, sum:2, [-0.5,0.5]:8, (1,2]:3}");
  });

  it("never cut a populated bucket at the zero threshold", () => {
    const narrow = histogramOf({ 0: 4 }, { zeroThreshold: 0.1 });
    const wide = histogramOf({ 3: 1 }, { zeroThreshold: 0.7 });
    check(narrow, wide, "{count:5, sum:2, [-1,1]:4, (4,8]:1}");
  });

  it("keep the custom bounds that both have and say so", () => {
    const custom = { schema: -53 };
    const a = histogramOf({ 0: 1, 1: 2, 2: 3 }, { ...custom, bounds: [1, 2] });
    const b = histogramOf({ 0: 4, 1: 5 }, { ...custom, bounds: [2] });
    const { value, findings } = addHistograms(a, b);
    expect(toText(value)).toBe("{count:15, sum:2, [-Inf,2]:7, (2,+Inf]:8}");
    expect(findings).toBe(addFinding.reconciled);
    expect(addHistograms(a, histogramOf({ 0: 1 })).findings).toBe(addFinding.incompatible);
  });

  it("carry what rounding loses: 1e16 beside 1", () => {
    const sum = new HistogramSum(histogramOf({ 0: 1 }, { sum: 1 }), true);
    for (const big of [1e16, 1, -1e16]) sum.add(histogramOf({ 0: big }, { sum: big }));
    expect(sum.total().positive.counts).toEqual([2]);
    expect(sum.total().sum).toBe(2);
  });

  it("go on as a mean where the sum overflows", () => {
    const huge = histogramOf({ 0: 1 }, { count: 1.5e308 });
    const mean = new HistogramMean(huge);
    mean.add(huge);
    mean.add(huge);
    expect(mean.total().count / 1.5e308).toBeCloseTo(1, 12);
  });

  it("are taken back by subtraction", () => {
    const random = createRandom(5);
    for (let run = 0; run < 200; run++) {
      const a = randomHistogram(random);
      const b = { ...randomHistogram(random), schema: a.schema };
      const back = subtractHistograms(addHistograms(a, b).value, b).value;
      expect(toText(back)).toBe(toText(a));
    }
  });
});

function randomHistogram(random: () => number): HistogramValue {
  const counts: Record<number, number> = {};
  for (let i = 0; i < 8; i++) counts[Math.floor(random() * 20) - 10] = 1 + Math.floor(random() * 9);
  return histogramOf(counts, { schema: Math.floor(random() * 4) });
}

describe("estimates", () => {
  it("quantile and fraction are each other's inverse", () => {
    const random = createRandom(11);
    for (let run = 0; run < 200; run++) {
      const value = randomHistogram(random);
      const quantile = random();
      const at = histogramQuantileOf(quantile, value).value;
      expect(histogramFractionOf(-Infinity, at, value).value).toBeCloseTo(quantile, 9);
    }
  });

  it("what trimming keeps and what it drops make the whole", () => {
    const random = createRandom(23);
    for (let run = 0; run < 200; run++) {
      const value = randomHistogram(random);
      const at = 2 ** (random() * 8 - 4);
      const kept = trimHistogram(value, at, true).count + trimHistogram(value, at, false).count;
      expect(kept).toBeCloseTo(value.count, 9);
    }
  });
});

describe("counter resets", () => {
  const check = (previous: HistogramValue, current: HistogramValue, want: boolean) =>
    expect(isHistogramReset(current, previous)).toBe(want);

  it("show in any bucket, not only in the count", () => {
    check(histogramOf({ 0: 1, 1: 2 }), histogramOf({ 0: 2, 1: 2 }), false);
    check(histogramOf({ 0: 1, 1: 2 }), histogramOf({ 0: 9, 1: 1 }), true);
    check(histogramOf({ 0: 1, 3: 2 }), histogramOf({ 0: 9 }), true);
    check(histogramOf({ 0: 1, 3: 0 }), histogramOf({ 0: 9 }), false);
  });

  it("are told by a finer schema but not by a coarser one", () => {
    check(histogramOf({ 0: 1 }, { schema: 1 }), histogramOf({ 0: 2 }), false);
    check(histogramOf({ 0: 1 }), histogramOf({ 0: 2 }, { schema: 1 }), true);
  });

  it("are believed where the hint knows", () => {
    check(histogramOf({ 0: 5 }), histogramOf({ 0: 1 }, { hint: "not_reset" }), false);
    check(histogramOf({ 0: 1 }), histogramOf({ 0: 5 }, { hint: "reset" }), true);
  });
});

describe("histograms of storage", () => {
  it("share bucket indexes with the sample before where the spans are the same", () => {
    const first = toFloatHistogram(histogramOf({ "-2": 1, 1: 2, 2: 3 }));
    const one = toHistogramValue(first);
    const other = toHistogramValue({ ...first, positiveBuckets: [4, 5, 6] }, one);
    expect(other.positive.indexes).toBe(one.positive.indexes);
    const moved = toFloatHistogram(histogramOf({ "-2": 1, 1: 2, 3: 3 }));
    expect(toHistogramValue(moved, one).positive.indexes).toEqual([-2, 1, 3]);
    expect(toFloatHistogram(other).positiveSpans).toEqual(first.positiveSpans);
  });

  it("weigh as their size", () => {
    expect(sampleWeight(histogramOf({}))).toBe(11);
    expect(sampleWeight(histogramOf({ 0: 1, 1: 1 }))).toBe(12);
  });
});
