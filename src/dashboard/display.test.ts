import { describe, expect, it } from "vitest";
import { colorRamp } from "./color/color-ramp.ts";
import { seriesColor } from "./color/color-scale.ts";
import { colorParts, resolveColor } from "./color/named-color.ts";
import { paletteColors } from "./color/palette.ts";
import { createDataResolver } from "./data-context.ts";
import { createDisplay, displayValue } from "./display.ts";
import { createFrame, type Field, type FieldSettings } from "./frame.ts";
import { interpolate } from "./interpolate.ts";
import type { Thresholds } from "./model.ts";
import { utcZone } from "./time-zone.ts";

const steps: Thresholds = {
  mode: "absolute",
  steps: [
    { value: null, color: "green" },
    { value: 10, color: "red" },
  ],
};

function field(config: FieldSettings, values: readonly unknown[] = [0, 20]): Field {
  return { name: "Value", type: "number", config, values };
}

describe("displayValue", () => {
  it("gives unit, colour of the threshold and share of the range", () => {
    const shown = displayValue(15, field({ unit: "s", thresholds: steps }));
    expect(shown).toEqual({
      text: "15",
      suffix: " s",
      numeric: 15,
      color: "#F2495C",
      percent: 0.75,
    });
  });

  it("lets the first mapping that matches win, and drops the unit", () => {
    const mappings = [
      { type: "value", options: { "1": { text: "up", color: "blue" } } },
      { type: "range", options: { from: 0, to: 5, result: { text: "low" } } },
      { type: "special", options: { match: "null+nan", result: { text: "none" } } },
    ] as const;
    const display = createDisplay(field({ unit: "bytes", mappings }));
    expect(display(1)).toMatchObject({ text: "up", color: "#5794F2" });
    expect(display(3).text).toBe("low");
    expect(display(Number.NaN).text).toBe("none");
    expect(display(2048)).toMatchObject({ text: "2", suffix: " KiB" });
  });

  it("replaces within texts what a regexp mapping finds", () => {
    const mappings = [
      { type: "regex", options: { pattern: "/^cilium-(.*)/", result: { text: "agent $1" } } },
    ] as const;
    const texts: Field = { name: "pod", type: "string", config: { mappings }, values: [] };
    expect(displayValue("cilium-x", texts).text).toBe("agent x");
    expect(displayValue("other", texts).text).toBe("other");
  });

  it("writes numbers of a boolean column as truths, in the ends of its ramp", () => {
    const flags: Field = {
      name: "up",
      type: "boolean",
      config: { unit: "bytes", color: { mode: "continuous-GrYlRd" } },
      values: [],
    };
    expect(displayValue(1, flags)).toMatchObject({ text: "True", color: "#F2495C" });
    expect(displayValue(0, flags)).toMatchObject({ text: "False", color: "#73BF69" });
  });

  it("shows the texts of an enumeration", () => {
    const config = { type: { enum: { text: ["off", "on"], color: ["red"] } } };
    const states: Field = { name: "state", type: "enum", config, values: [] };
    const display = createDisplay(states);
    expect(display(0)).toMatchObject({ text: "off", color: "#F2495C" });
    expect(display(1).text).toBe("on");
    expect(display(null).text).toBe("");
  });

  it("takes the neighbours' decimals and leaves zeros at the end out", () => {
    expect(createDisplay(field({}))(1.5, 3).text).toBe("1.5");
    expect(createDisplay(field({ decimals: 1 }))(1.5, 3).text).toBe("1.5");
    expect(createDisplay(field({ unit: "currencyUSD" }))(1.5, 3).text).toBe("1.50");
  });

  it("gives each series its own shade of one colour", () => {
    const shaded = field({ color: { mode: "shades", fixedColor: "#5794F2" } });
    const colors = [0, 1, 2, 11].map((seriesIndex) => seriesColor(shaded, { seriesIndex }).color);
    expect(new Set(colors.slice(0, 3)).size).toBe(3);
    expect([colors[0], colors[3]]).toEqual(["#5794F2", "#5794F2"]);
  });

  it("shows noValue for nothing, not for NaN", () => {
    const display = createDisplay(field({ noValue: "–", unit: "s" }));
    expect([null, undefined, "", Number.NaN].map((value) => display(value).text)).toEqual([
      "–",
      "–",
      "–",
      "NaN",
    ]);
  });

  it("tells times of less than a minute apart", () => {
    const times: Field = { name: "Time", type: "time", config: {}, values: [0, 500] };
    expect(displayValue(500, times, { zone: utcZone }).text).toBe("1970-01-01 00:00:00.500");
  });
});

describe("colours", () => {
  it("takes percentage thresholds of the field's range", () => {
    const thresholds: Thresholds = { ...steps, mode: "percentage" };
    const config = { thresholds, min: 0, max: 1000 };
    expect(displayValue(99, field(config)).color).toBe(resolveColor("green"));
    expect(displayValue(100, field(config)).color).toBe(resolveColor("red"));
  });

  it("asks the page for palette colours where it has its own", () => {
    const config = { color: { mode: "palette-classic" } };
    const paletteColor = (index: number) => `var(--series-${index})`;
    expect(seriesColor(field(config), { seriesIndex: 2, paletteColor }).color).toBe(
      "var(--series-2)",
    );
    expect(seriesColor(field(config), { seriesIndex: 2 }).color).toBe("#5794F2");
  });

  it("colours a series by value as its last value", () => {
    expect(seriesColor(field({ thresholds: steps }, [1, 50])).color).toBe("#F2495C");
    const color = { mode: "thresholds", seriesBy: "min" };
    expect(seriesColor(field({ thresholds: steps, color }, [1, 50])).color).toBe("#73BF69");
  });

  it("names colours of both themes and of CSS", () => {
    expect(resolveColor("light-purple", "light")).toBe("#B877D9");
    expect(resolveColor("tan")).toBe("#d2b48c");
    expect(resolveColor("var(--x)")).toBe("var(--x)");
    expect(resolveColor("")).toBe("#808080");
    expect(colorParts("#0f8")).toEqual([0, 255, 136]);
  });

  it("blends ramps and keeps their ends", () => {
    const ramp = colorRamp("continuous-BlPu", "dark");
    expect([-1, 0, 1, 2].map((share) => ramp?.(share))).toEqual([
      "rgb(87, 148, 242)",
      "rgb(87, 148, 242)",
      "rgb(184, 119, 217)",
      "rgb(184, 119, 217)",
    ]);
    expect(colorRamp("thresholds", "dark")).toBe(undefined);
    expect(paletteColors("palette-classic", "dark")).toHaveLength(64);
  });
});

describe("createDataResolver", () => {
  it("fills texts from the point they are for", () => {
    const value: Field = {
      name: "Value",
      type: "number",
      labels: { pod: "a" },
      config: { unit: "bytes" },
      values: [2048],
    };
    const time: Field = { name: "Time", type: "time", config: {}, values: [5000] };
    const frame = createFrame([time, value], { name: "mem" });
    const resolve = createDataResolver({
      frame,
      field: value,
      rowIndex: 0,
      context: { zone: utcZone },
    });
    const scope = { variables: new Map(), resolve };
    const text =
      "${__field.labels.pod} ${__series.name} ${__value} ${__value.time} ${__data.fields.Value.numeric} ${__field}";
    expect(interpolate(text, scope)).toBe("a mem 2 KiB 5000 2048 ${__field}");
  });
});
