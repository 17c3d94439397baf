import { describe, expect, it } from "vitest";
import type { Field, FieldSettings } from "../../src/dashboard/frame.ts";
import { joinFormatted } from "../../src/dashboard/units/format-value.ts";
import { createFieldDisplay, tickFormat } from "./field-display.ts";

function field(config: FieldSettings): Field {
  return { name: "Value", type: "number", config, values: Float64Array.of(0, 10) };
}
const show = (config: FieldSettings, value: unknown, name = "x") => {
  const display = createFieldDisplay(field(config), { name, slot: 1, zone: "utc" });
  return [joinFormatted(display.format(value)), display.color(value)];
};

describe("createFieldDisplay", () => {
  it("keeps colours as names, so that both themes can draw them", () => {
    const thresholds = {
      mode: "absolute" as const,
      steps: [
        { value: null, color: "green" },
        { value: 5, color: "semi-dark-red" },
      ],
    };
    expect(show({ thresholds, color: { mode: "thresholds" } }, 1)[1]).toBe("green");
    expect(show({ thresholds, color: { mode: "thresholds" } }, 7)[1]).toBe("semi-dark-red");
    expect(show({ color: { mode: "fixed", fixedColor: "blue" } }, 7)[1]).toBe("blue");
  });

  it("gives series their slot's colour, verdicts their own", () => {
    expect(show({ color: { mode: "palette-classic" } }, 7)[1]).toBe("--s2");
    expect(show({ color: { mode: "palette-classic" } }, 7, "DROPPED")[1]).toBe("--dropped");
  });

  it("lets a mapping decide text and colour", () => {
    const mappings = [{ type: "value" as const, options: { "1": { text: "up", color: "green" } } }];
    expect(show({ mappings }, 1)).toEqual(["up", "green"]);
  });

  it("writes a dash where there is no value", () => {
    expect(show({ unit: "s" }, undefined)[0]).toBe("–");
    expect(show({ noValue: "none" }, undefined)[0]).toBe("none");
  });
});

describe("tickFormat", () => {
  const ticks = (unit: string, step: number, ...values: readonly number[]) =>
    values.map((value) => tickFormat(field({ unit }), "utc")(value, step));

  it("has just the decimals that tell ticks apart", () => {
    expect(ticks("s", 0.025, 0, 0.025, 0.05)).toEqual(["0", "25 ms", "50 ms"]);
    expect(ticks("percentunit", 0.005, 0.005, 0.01)).toEqual(["0.5%", "1%"]);
    expect(ticks("bytes", 1024 ** 3, 1024 ** 3)).toEqual(["1 GiB"]);
  });
});
