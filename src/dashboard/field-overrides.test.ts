import { describe, expect, it } from "vitest";
import { resolveLinks } from "./data-context.ts";
import { applyFieldConfig } from "./field-overrides.ts";
import { createFrame, type Field, type Frame } from "./frame.ts";
import type { FieldConfig } from "./model.ts";

function series(pod: string, values: number[], refId = "A"): Frame {
  const time: Field = { name: "Time", type: "time", config: {}, values: values.map((_, i) => i) };
  const value: Field = { name: "Value", type: "number", labels: { pod }, config: {}, values };
  return createFrame([time, value], { refId });
}

const frames = [series("a", [1, 5]), series("b", [10, 20], "B")];

function apply(config: Partial<FieldConfig>): Field[] {
  const fieldConfig = { defaults: { custom: {} }, overrides: [], ...config };
  return applyFieldConfig(frames, fieldConfig).map((frame) => frame.fields[1] as Field);
}

function override(id: string, options: unknown, ...properties: [string, unknown][]) {
  return {
    matcher: { id, options },
    properties: properties.map(([name, value]) => ({ id: name, value })),
  };
}

describe("applyFieldConfig", () => {
  function check(id: string, options: unknown, want: string) {
    it(`${id} ${JSON.stringify(options)} matches ${want || "nothing"}`, () => {
      const fields = apply({ overrides: [override(id, options, ["unit", "s"])] });
      const matched = fields.filter((field) => field.config.unit === "s");
      expect(matched.map((field) => field.labels?.["pod"]).join("")).toBe(want);
    });
  }
  check("byName", "a", "a");
  check("byName", "Value", "ab");
  check("byRegexp", "/A/i", "a");
  check("byRegexp", "x", "");
  check("byNames", { mode: "exclude", names: ["a"] }, "b");
  check("byFrameRefID", "B", "b");
  check("byType", "number", "ab");
  check("byTypes", ["time"], "");
  check("byValue", { reducer: "max", op: "gte", value: 20 }, "b");
  check("invertMatch", { id: "byName", options: "a" }, "b");
  check("nosuch", "a", "");

  it("finds times by the name Time, whatever theirs is", () => {
    const time: Field = { name: "ts", type: "time", config: {}, values: [0] };
    const fieldConfig = {
      defaults: { custom: {} },
      overrides: [override("byName", "Time", ["unit", "dateTimeAsIso"])],
    };
    const [frame] = applyFieldConfig([createFrame([time], {})], fieldConfig);
    expect(frame?.fields[0]?.config.unit).toBe("dateTimeAsIso");
  });

  it("finds fields by the name that a rule before gave them", () => {
    const overrides = [
      override("byName", "a", ["displayName", "CPU"]),
      override("byName", "CPU", ["unit", "s"]),
      {
        matcher: { id: "byName", options: "CPU", scope: "nested" },
        properties: [{ id: "unit", value: "ms" }],
      },
    ];
    expect(apply({ overrides }).map((field) => field.config.unit)).toEqual(["s", undefined]);
  });

  it("lets the last override win and null take a setting away", () => {
    const overrides = [
      override("byName", "a", ["unit", "s"], ["custom.lineWidth", "3"]),
      override("byName", "Value", ["unit", "ms"]),
      override("byName", "b", ["unit", null]),
    ];
    const [a, b] = apply({ defaults: { unit: "bytes", custom: { lineWidth: 1 } }, overrides });
    expect(a?.config).toMatchObject({ unit: "ms", custom: { lineWidth: 3 } });
    expect(b?.config.unit).toBe(undefined);
    expect(b?.config.custom).toEqual({ lineWidth: 1 });
  });

  it("names series from templates, and from labels where the template is empty", () => {
    const [a] = apply({ defaults: { displayName: "pod ${__field.labels.pod}", custom: {} } });
    expect(a?.state?.displayName).toBe("pod a");
    const [none] = apply({ defaults: { displayName: "${__field.labels.none}", custom: {} } });
    expect(none?.state?.displayName).toBe("a");
  });

  it("counts series and shares a range among those without one", () => {
    const [a, b] = apply({ overrides: [override("byName", "b", ["min", "0"])] });
    expect(a?.state).toEqual({
      displayName: "a",
      seriesIndex: 0,
      range: { min: 1, max: 20, delta: 19 },
    });
    expect(b?.state).toMatchObject({ seriesIndex: 1, range: { min: 0, max: 20 } });
    const [own] = apply({ overrides: [override("byName", "a", ["fieldMinMax", true])] });
    expect(own?.state?.range).toEqual({ min: 1, max: 5, delta: 4 });
  });

  it("leaves the frames it was given as they were", () => {
    apply({ defaults: { unit: "s", custom: {} } });
    expect(frames[0]?.fields[1]?.config).toEqual({});
  });

  it("resolves links of a point", () => {
    const links = [
      {
        title: "to ${__field.labels.pod}",
        url: "/x?v=${__value.raw}",
        tooltip: "",
        opensNewTab: true,
      },
    ];
    const frame = series("a", [1, 5]);
    const field = { ...(frame.fields[1] as Field), config: { links } };
    expect(resolveLinks({ frame, field, rowIndex: 1 }, { variables: new Map() })).toEqual([
      { title: "to a", href: "/x?v=5", opensNewTab: true },
    ]);
  });
});
