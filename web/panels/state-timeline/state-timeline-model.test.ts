import { describe, expect, it } from "vitest";
import type { Field } from "../../../src/dashboard/frame.ts";
import { readPanel } from "../../../src/dashboard/panel.ts";
import { buildStateTimeline, segmentAt } from "./state-timeline-model.ts";

const mappings = [
  {
    type: "value",
    options: { "0": { text: "down", color: "red" }, "1": { text: "up", color: "green" } },
  },
] as const;

function build(
  times: readonly number[],
  values: readonly unknown[],
  options = {},
  config: Field["config"] = { mappings },
) {
  const value: Field = { name: "up", type: "number", config, values };
  const time: Field = { name: "Time", type: "time", config: {}, values: times };
  const frames = [{ fields: [time, value], length: times.length }];
  const panel = readPanel({ type: "state-timeline", options }, 1);
  return buildStateTimeline(panel, { frames, range: { fromMs: 0, toMs: 100 }, stepMs: 10 }, "utc");
}
const spans = (model: ReturnType<typeof build>) =>
  model.rows[0]?.segments.map((one) => [one.fromMs, one.toMs, one.text, one.color]);

describe("state timeline", () => {
  it("draws equal neighbours as one state, the last one for a step", () => {
    const model = build([0, 10, 20, 30], [1, 1, 0, 1]);
    expect(spans(model)).toEqual([
      [0, 20, "up", "green"],
      [20, 30, "down", "red"],
      [30, 40, "up", "green"],
    ]);
    expect(model.states).toEqual([
      { label: "up", color: "green" },
      { label: "down", color: "red" },
    ]);
  });

  it("leaves holes where nothing was recorded", () => {
    const model = build([0, 10, 50, 60], [1, 1, 1, null]);
    expect(spans(model)).toEqual([
      [0, 20, "up", "green"],
      [50, 60, "up", "green"],
    ]);
    const row = model.rows[0];
    expect(row && segmentAt(row, 30)).toBeUndefined();
    expect(row && segmentAt(row, 50)?.text).toBe("up");
  });

  it("takes the levels of thresholds as states where values have no names", () => {
    const thresholds = {
      mode: "absolute",
      steps: [
        { value: null, color: "green" },
        { value: 5, color: "red" },
      ],
    } as const;
    const model = build([0, 10, 20], [1, 2, 7], {}, { unit: "s", thresholds });
    expect(spans(model)).toEqual([
      [0, 20, "< 5 s", "green"],
      [20, 30, "5 s+", "red"],
    ]);
  });

  it("keeps every sample alone where the panel does not merge, and ends with the window", () => {
    expect(
      spans(build([80, 90, 100], [1, 1, 1], { mergeValues: false }))?.map((one) => one[1]),
    ).toEqual([90, 100, 101]);
  });
});
