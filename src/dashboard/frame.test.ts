import { describe, expect, it } from "vitest";
import { createFieldNamer } from "./field-name.ts";
import { guessFieldType } from "./frame.ts";
import { prometheusName, renderServerLegend, seriesLegend } from "./legend-format.ts";
import { framesFromPrometheus } from "./prometheus-frames.ts";

const target = { refId: "A", expr: "up", legendFormat: "", format: "time_series" } as const;

function matrix(...series: [Record<string, string>, [number, string][]][]) {
  return {
    resultType: "matrix",
    result: series.map(([metric, values]) => ({ metric, values })),
  } as const;
}

describe("framesFromPrometheus", () => {
  it("gives a frame a series, with its legend and step", () => {
    const data = matrix([
      { __name__: "up", pod: "a" },
      [
        [1, "1"],
        [2, "+Inf"],
        [3, "NaN"],
      ],
    ]);
    const [frame] = framesFromPrometheus(
      data,
      { ...target, legendFormat: "{{pod}}!" },
      { stepMs: 1000 },
    );
    expect(frame?.length).toBe(3);
    expect(frame?.fields[0]).toMatchObject({ type: "time", config: { interval: 1000 } });
    expect([...(frame?.fields[0]?.values ?? [])]).toEqual([1000, 2000, 3000]);
    expect([...(frame?.fields[1]?.values ?? [])]).toEqual([
      1,
      Number.POSITIVE_INFINITY,
      Number.NaN,
    ]);
    expect(frame?.fields[1]?.config.displayNameFromDS).toBe("a!");
  });

  it("gives one table of all series, with every label as a column", () => {
    const data = {
      resultType: "vector",
      result: [
        { metric: { pod: "a", le: "0.5" }, value: [10, "1"] },
        { metric: { ns: "x" }, value: [10, "2"] },
      ],
    } as const;
    const frames = framesFromPrometheus(data, { ...target, format: "table" }, { tableCount: 2 });
    const columns = frames[0]?.fields.map((field) => [field.name, field.type, ...field.values]);
    expect(columns).toEqual([
      ["Time", "time", 10_000, 10_000],
      ["le", "number", 0.5, Number.NaN],
      ["pod", "string", "a", ""],
      ["ns", "string", "", "x"],
      ["Value #A", "number", 1, 2],
    ]);
  });

  it("takes cumulative buckets apart for a heatmap", () => {
    const data = matrix(
      [
        { le: "+Inf" },
        [
          [1, "10"],
          [2, "12"],
        ],
      ],
      [{ le: "1" }, [[1, "4"]]],
    );
    const [frame] = framesFromPrometheus(data, { ...target, format: "heatmap" });
    const rows = frame?.fields
      .slice(1)
      .map((field) => [field.config.displayNameFromDS, ...field.values]);
    expect(rows).toEqual([
      ["1", 4, 0],
      ["+Inf", 6, 12],
    ]);
  });

  it("names a scalar for its expression", () => {
    const [frame] = framesFromPrometheus({ resultType: "scalar", result: [1, "5"] }, target);
    expect(frame?.fields[1]?.config.displayNameFromDS).toBe("up");
  });
});

describe("legends", () => {
  it("prints nothing for a missing label", () => {
    expect(renderServerLegend("{{ pod }}/{{ns}}", { pod: "a" })).toBe("a/");
    expect(renderServerLegend("{{constructor}}{{__proto__}}", { pod: "a" })).toBe("");
  });

  it("leaves the name to the labels for __auto", () => {
    expect(seriesLegend("__auto", { pod: "a" }, "x")).toBe(undefined);
    expect(seriesLegend("__auto", {}, "x")).toBe("x");
    expect(seriesLegend("", { __name__: "up", b: "2", a: "1" }, "x")).toBe('up{a="1", b="2"}');
    expect(prometheusName({ __name__: "up" })).toBe("up");
  });
});

describe("names", () => {
  it("tells series apart by their only label", () => {
    const data = matrix([{ pod: "a" }, [[1, "1"]]], [{ pod: "b" }, [[1, "1"]]]);
    const frames = framesFromPrometheus(data, { ...target, legendFormat: "__auto" });
    const namer = createFieldNamer(frames);
    expect(frames.map((frame) => frame.fields[1] && namer(frame.fields[1], frame))).toEqual([
      "a",
      "b",
    ]);
  });

  it("guesses a column's type by its first value", () => {
    expect(
      [[null, 1], ["a"], ["1e3"], [false], [], [{}]].map((values) => guessFieldType(values)),
    ).toEqual(["number", "string", "number", "boolean", "other", "other"]);
  });
});
