import { describe, expect, it } from "vitest";
import { readPanel } from "../../../src/dashboard/panel.ts";
import { framesFromSeries } from "../../../src/dashboard/prometheus-frames.ts";
import { applyTransformations } from "../../../src/dashboard/transform/apply-transformations.ts";
import { buildHistogram } from "./histogram-model.ts";

const frames = framesFromSeries(
  [
    { labels: { pod: "a" }, timesMs: Float64Array.of(0, 1, 2), values: Float64Array.of(1, 11, 12) },
    { labels: { pod: "b" }, timesMs: Float64Array.of(0), values: Float64Array.of(31) },
  ],
  { refId: "A", expr: "x", legendFormat: "{{pod}}", format: "time_series" },
);
const build = (options: Record<string, unknown>, given = frames) =>
  buildHistogram(readPanel({ type: "histogram", options }, 1), given, "utc");

describe("histogram", () => {
  it("counts each series into buckets of the panel's size", () => {
    const model = build({ bucketSize: 10 });
    expect(model?.mins).toEqual([0, 10, 30]);
    expect(model?.maxes).toEqual([10, 20, 40]);
    expect(model?.series.map((one) => [one.label, one.counts])).toEqual([
      ["a", [1, 2, 0]],
      ["b", [0, 0, 1]],
    ]);
    expect(model?.high).toBe(2);
  });

  it("counts all series together where the panel combines them", () => {
    const model = build({ bucketSize: 10, combine: true });
    expect(model?.series.map((one) => [one.label, one.counts])).toEqual([["Count", [1, 2, 1]]]);
  });

  it("takes a frame that is counted already as it is", () => {
    const step = { id: "histogram", isDisabled: false, options: { bucketSize: 20 } };
    const counted = applyTransformations(frames, [step], { variables: new Map() }).frames;
    expect(build({ bucketSize: 10 }, [...counted])?.mins).toEqual([0, 20]);
  });

  it("has nothing to draw without numbers", () => {
    expect(build({}, [])).toBeUndefined();
  });
});
