import { describe, expect, it } from "vitest";
import { createFrame, type Field } from "../../../src/dashboard/frame.ts";
import type { FieldFigure } from "../field-figures.ts";
import { buildPie, slicePath } from "./pie-chart-model.ts";

function figure(name: string, value: number | undefined): FieldFigure {
  const field: Field = { name, type: "number", config: {}, values: [value ?? null] };
  return {
    key: name,
    name,
    value,
    display: { text: String(value) },
    color: "--s1",
    min: undefined,
    max: undefined,
    thresholds: undefined,
    history: undefined,
    place: { frame: createFrame([field], {}), field },
  };
}

describe("pie", () => {
  it("gives each figure its share, the largest first", () => {
    const { slices } = buildPie([figure("a", 1), figure("b", 3)], "desc");
    expect(slices.map((slice) => [slice.label, slice.from, slice.to, slice.percent])).toEqual([
      ["b", 0, 0.75, "75 %"],
      ["a", 0.75, 1, "25 %"],
    ]);
  });

  it("has no slice for what is no part of a whole, and says how many", () => {
    const pie = buildPie([figure("a", 1), figure("b", -2), figure("c", undefined)], "none");
    expect(pie.slices.map((slice) => slice.label)).toEqual(["a"]);
    expect(pie.leftOut).toBe(2);
  });

  it("counts shares of what is shown", () => {
    const pie = buildPie([figure("a", 1), figure("b", 3), figure("c", 1)], "asc", new Set(["b"]));
    expect(pie.slices.map((slice) => slice.percent)).toEqual(["50 %", "50 %"]);
  });

  it("adds up the smallest beyond 24", () => {
    const figures = Array.from({ length: 30 }, (_, index) => figure(`s${index}`, index + 1));
    const { slices } = buildPie(figures, "desc");
    expect(slices).toHaveLength(24);
    expect(slices.at(-1)?.label).toBe("7 others");
    expect(slices.at(-1)?.to).toBeCloseTo(1, 9);
  });

  it("draws a whole turn as two halves", () => {
    expect(slicePath({ from: 0, to: 1 }, 10, 0).match(/A/g)).toHaveLength(2);
    expect(slicePath({ from: 0, to: 0.25 }, 10, 0)).toBe(
      "M0.000 -10.000A10 10 0 0 1 10.000 0.000L0 0Z",
    );
  });
});
