import { describe, expect, it } from "vitest";
import { parseExpr } from "../../src/promql/parser.ts";
import type { QuerySeries } from "../api/query-series.ts";
import {
  bandQuery,
  comparedWith,
  figuresQuery,
  momentQuery,
  readUsual,
  usualQuery,
} from "./overview-queries.ts";

const one = (labels: Readonly<Record<string, string>>, value: number): QuerySeries => ({
  refId: "",
  labels,
  timesMs: Float64Array.of(0),
  values: Float64Array.of(value),
  histogramCount: 0,
});
const drop = (day: string, reason: string, value: number) =>
  one({ figure: "drops", day, reason, direction: "INGRESS" }, value);

describe("overview queries", () => {
  it("are PromQL", () => {
    for (const query of [
      figuresQuery("1m"),
      momentQuery("1m", "300s"),
      usualQuery("5m", 3_600_000),
      bandQuery("5m", [1, 3]),
    ]) {
      expect(() => parseExpr(query)).not.toThrow();
    }
  });

  it("take the mean of the days before; a day without a reason counts as zero", () => {
    const usual = readUsual([
      drop("0", "A", 50),
      drop("1", "A", 2),
      drop("2", "A", 4),
      drop("2", "B", 1),
      one({ figure: "l7", day: "1" }, 0.5),
    ]);
    expect(usual.days).toBe(2);
    expect(usual.dropsBy.get("A\tINGRESS")).toBe(3);
    expect(usual.dropsBy.get("B\tINGRESS")).toBe(0.5);
    expect(usual.drops).toBe(3.5);
    expect(usual.l7).toBe(0.5);
  });

  it("fall back to the hour before, and say so; nothing is made up", () => {
    const usual = readUsual([drop("0", "A", 5)]);
    expect(usual.days).toBe(0);
    expect(usual.drops).toBe(5);
    expect(comparedWith(usual).whole).toContain("hour before this window");
    const none = readUsual([]);
    expect(none.drops).toBeUndefined();
    expect(comparedWith(none).whole).toContain("Nothing was recorded before");
  });
});
