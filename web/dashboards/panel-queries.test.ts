import { describe, expect, it } from "vitest";
import type { Panel, Target } from "../../src/dashboard/model.ts";
import { panelQueries, roundWidth } from "./panel-queries.ts";

function target(extra: Partial<Target>): Target {
  return {
    refId: "A",
    expr: "up",
    legendFormat: "",
    isRange: true,
    isInstant: false,
    format: "time_series",
    intervalFactor: 1,
    isHidden: false,
    ...extra,
  };
}
const context = {
  scope: {
    variables: new Map([
      ["pod", { name: "pod", value: ["a.b", "c"], isMulti: true, includesAll: true }],
    ]),
  },
  range: { fromMs: 1_000_500, toMs: 1_300_500 },
  widthPx: 300,
  scrapeIntervalMs: 2000,
};
const ask = (targets: readonly Target[], panel: Partial<Panel> = {}, extra = {}) =>
  panelQueries({ targets, ...panel } as unknown as Panel, { ...context, ...extra });

describe("panelQueries", () => {
  it("fills in variables and intervals as the Prometheus data source does", () => {
    const [query] = ask([
      target({ expr: 'rate(x{pod=~"$pod"}[$__rate_interval]) / $__interval_ms + $__range_s' }),
    ]);
    expect(query?.expr).toBe('rate(x{pod=~"(a\\\\.b|c)"}[8s]) / 2000 + 300');
    expect(query?.stepMs).toBe(2000);
  });

  it("aligns ranges to the step, and leaves an instant at the window's end", () => {
    const [range, instant] = ask([target({ isInstant: true })]);
    expect([range?.fromMs, range?.toMs, range?.isInstant]).toEqual([1_000_000, 1_300_000, false]);
    expect([instant?.toMs, instant?.isInstant]).toEqual([1_300_500, true]);
  });

  it("keeps the panel's minimum step, and the target's before it", () => {
    expect(ask([target({})], { interval: "10s" })[0]?.stepMs).toBe(10_000);
    expect(ask([target({ interval: "30s" })], { interval: "10s" })[0]?.stepMs).toBe(30_000);
    expect(ask([target({})], {}, { scrapeIntervalMs: undefined })[0]?.stepMs).toBe(15_000);
  });

  it("leaves out hidden and empty targets", () => {
    expect(ask([target({ isHidden: true }), target({ expr: " " })])).toEqual([]);
  });

  it("asks nothing anew for a few pixels", () => {
    expect([3, 351, 449].map(roundWidth)).toEqual([100, 400, 400]);
  });
});
