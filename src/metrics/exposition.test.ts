import { describe, expect, it } from "vitest";
import { LimitError } from "../base/errors.ts";
import { labelsFromObject } from "../model/labels.ts";
import { negotiateExposition, renderOpenMetrics, renderText } from "./exposition.ts";
import { Registry } from "./registry.ts";

function sampleRegistry(): Registry {
  const registry = new Registry();
  const drops = registry.counter({
    name: "drops_total",
    help: 'Number of "drops"\\\n',
    labelNames: ["reason", "protocol"],
  });
  drops.labels("b\n", "TCP").inc(1_500_000);
  drops
    .labels('a"', "UDP")
    .inc(1, { labels: labelsFromObject({ traceID: "t1" }), timestampMs: 1_500 });
  drops.labels("z", "TCP").inc();
  registry.gauge({ name: "a_gauge", help: "g" }).set(-0.25);
  registry.counter({ name: "odd", help: "" }).inc(0);
  registry.counter({ name: "unseen_total", help: "no series", labelNames: ["x"] });
  const duration = registry.histogram({ name: "took_seconds", help: "t", buckets: [0.1, 1] });
  duration.observe(0.1);
  duration.observe(1.5);
  const gc = registry.summary({ name: "gc_seconds", help: "s", quantiles: [0, 0.5, 1] });
  for (const value of [4, 1, 3]) gc.observe(value);
  return registry;
}

describe("renderText", () => {
  it("writes families by name, series by label values and skips families without series", () => {
    expect(renderText(sampleRegistry())).toBe(`# HELP a_gauge g
# TYPE a_gauge gauge
a_gauge -0.25
# HELP drops_total Number of "drops"\\\\\\n
# TYPE drops_total counter
drops_total{protocol="TCP",reason="b\\n"} 1.5e+06
drops_total{protocol="TCP",reason="z"} 1
drops_total{protocol="UDP",reason="a\\""} 1
# HELP gc_seconds s
# TYPE gc_seconds summary
gc_seconds{quantile="0"} 1
gc_seconds{quantile="0.5"} 3
gc_seconds{quantile="1"} 4
gc_seconds_sum 8
gc_seconds_count 3
# HELP odd 
# TYPE odd counter
odd 0
# HELP took_seconds t
# TYPE took_seconds histogram
took_seconds_bucket{le="0.1"} 1
took_seconds_bucket{le="1"} 1
took_seconds_bucket{le="+Inf"} 2
took_seconds_sum 1.6
took_seconds_count 2
`);
  });
});

describe("renderOpenMetrics", () => {
  it("drops _total from the head, writes floats with a point, exemplars and EOF", () => {
    const text = renderOpenMetrics(sampleRegistry());
    expect(text).toContain("# TYPE drops counter\n");
    expect(text).toContain('# HELP drops Number of \\"drops\\"\\\\\\n\n');
    expect(text).toContain(
      'drops_total{protocol="UDP",reason="a\\""} 1.0 # {traceID="t1"} 1.0 1.5\n',
    );
    expect(text).toContain('took_seconds_bucket{le="1.0"} 1\n');
    expect(text).toContain("took_seconds_count 2\n");
    expect(text).toContain("# TYPE odd unknown\nodd 0.0\n");
    expect(text.endsWith("# EOF\n")).toBe(true);
  });
});

describe("Registry", () => {
  it("removes children one by one and by predicate", () => {
    const registry = new Registry();
    const family = registry.gauge({ name: "g", help: "", labelNames: ["pod", "node"] });
    for (const pod of ["a", "b", "c"]) family.labels(pod, "n1").set(1);
    family.labels("a", "n2").set(1);
    expect(family.seriesCount).toBe(4);
    expect(family.remove("a", "n2")).toBe(true);
    expect(family.remove("a", "n2")).toBe(false);
    expect(family.removeMatching((values) => values[0] !== "b")).toBe(2);
    expect(family.sortedChildren().map((child) => child.labelValues)).toEqual([["b", "n1"]]);
    expect(family.labels("a", "n1").value).toBe(0);
  });

  it("refreshes before each collection until told to stop", () => {
    const registry = new Registry();
    const gauge = registry.gauge({ name: "g", help: "" });
    const stop = registry.onCollect(() => gauge.inc());
    renderText(registry);
    stop();
    expect(renderText(registry)).toContain("g 1\n");
  });

  it("refuses a second family of one name until the first is gone", () => {
    const registry = new Registry();
    registry.gauge({ name: "g", help: "" });
    expect(() => registry.counter({ name: "g", help: "" })).toThrow("registered twice");
    expect(registry.unregister("g")).toBe(true);
    registry.counter({ name: "g", help: "" });
  });

  it("counts, then throws, on an exemplar over 128 characters", () => {
    const counter = new Registry().counter({ name: "c_total", help: "" });
    const labels = labelsFromObject({ traceID: "x".repeat(122) });
    expect(() => counter.inc(1, { labels, timestampMs: 0 })).toThrow(LimitError);
    expect(counter.labels().value).toBe(1);
  });
});

describe("negotiateExposition", () => {
  const check = (accept: string | undefined, want: string) =>
    it(`${accept} ==> ${want}`, () => expect(negotiateExposition(accept).contentType).toBe(want));
  const text = "text/plain; version=0.0.4; charset=utf-8; escaping=";
  const openMetrics = "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=";
  check(undefined, `${text}underscores`);
  check("*/*", `${text}underscores`);
  check(
    "text/plain;version=0.0.4;q=0.5,application/openmetrics-text;version=1.0.0",
    `${openMetrics}underscores`,
  );
  check(
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,text/plain;q=0.2",
    `${openMetrics}allow-utf-8`,
  );
  check("application/openmetrics-text;version=2.0.0,text/plain", `${text}underscores`);
});
