import { describe, expect, it } from "vitest";
import { familyOf, labelFacts, selectorText, suggestedQueries } from "./metric-facts.ts";

describe("metric facts", () => {
  it("counts values and series of each label, the widest label first", () => {
    const facts = labelFacts([
      { __name__: "x", job: "a", pod: "1" },
      { __name__: "x", job: "a", pod: "2" },
      { __name__: "x", job: "a" },
    ]);
    expect(
      facts.map(({ name, values, seriesCount }) => [name, values.length, seriesCount]),
    ).toEqual([
      ["pod", 2, 2],
      ["job", 1, 3],
    ]);
    expect(facts[1]?.values).toEqual([{ value: "a", seriesCount: 3 }]);
  });

  it("finds the family that a series belongs to", () => {
    const known = new Set(["h_seconds", "x_total"]);
    const check = (name: string) => familyOf(name, (family) => known.has(family));
    expect(["h_seconds_bucket", "x_total", "y_sum"].map(check)).toEqual([
      "h_seconds",
      "x_total",
      "y_sum",
    ]);
  });

  it("quotes names that are no identifiers", () => {
    expect(selectorText("up", "job", 'a"b')).toBe('up{job="a\\"b"}');
    expect(selectorText("http.status", "k8s.pod", "x")).toBe('{"http.status", "k8s.pod"="x"}');
  });

  it("suggests what suits the kind", () => {
    const first = (name: string, type?: string) => suggestedQueries(name, type)[0]?.expr;
    expect(first("x_total", "counter")).toBe("sum(rate(x_total[5m]))");
    expect(first("h_bucket", "histogram")).toContain("histogram_quantile(0.95");
    expect(first("temperature", "gauge")).toBe("sum(temperature)");
  });
});
