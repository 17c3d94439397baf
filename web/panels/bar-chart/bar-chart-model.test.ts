import { describe, expect, it } from "vitest";
import type { Field, Frame } from "../../../src/dashboard/frame.ts";
import { readPanel } from "../../../src/dashboard/panel.ts";
import { buildBarChart, categoryBars } from "./bar-chart-model.ts";

const column = (name: string, type: Field["type"], values: readonly unknown[]): Field => ({
  name,
  type,
  config: {},
  values,
});
const frame = (...fields: Field[]): Frame => ({ fields, length: fields[0]?.values.length ?? 0 });
const build = (frames: readonly Frame[], options = {}) =>
  buildBarChart(readPanel({ type: "barchart", options }, 1), frames, "utc");
const table = frame(
  column("pod", "string", ["a", "b"]),
  column("in", "number", [3, -1]),
  column("out", "number", [1, null]),
);
const none = new Set<number>();

describe("bar chart", () => {
  it("takes the text column as categories and the number columns as bars", () => {
    const model = build([table]);
    expect(model.categories).toEqual(["a", "b"]);
    expect(model.series.map((one) => [one.label, one.values])).toEqual([
      ["in", [3, -1]],
      ["out", [1, undefined]],
    ]);
  });

  it("takes the column that xField names", () => {
    const model = build([table], { xField: "in" });
    expect(model.categories).toEqual(["3", "-1"]);
    expect(model.series.map((one) => one.label)).toEqual(["out"]);
  });

  it("joins series by time where there is no text", () => {
    const at = (...values: number[]) => column("Time", "time", values);
    const model = build([
      frame(at(0, 60_000), column("x", "number", [1, 2])),
      frame(at(60_000), column("y", "number", [5])),
    ]);
    expect(model.categories).toEqual(["00:00", "00:01"]);
    expect(model.series.map((one) => one.values)).toEqual([
      [1, 2],
      [undefined, 5],
    ]);
  });

  it("stacks values on each other, hidden series left out", () => {
    const stacked = build([table], { stacking: "normal" });
    expect(categoryBars(stacked, 0, none).map((bar) => [bar.from, bar.to])).toEqual([
      [0, 3],
      [3, 4],
    ]);
    expect(categoryBars(stacked, 0, new Set([0])).map((bar) => [bar.from, bar.to])).toEqual([
      [0, 1],
    ]);
    const percent = build([table], { stacking: "percent" });
    expect(categoryBars(percent, 0, none).map((bar) => bar.to)).toEqual([0.75, 1]);
  });
});
