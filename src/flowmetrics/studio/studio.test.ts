import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { systemClock } from "../../base/clock.ts";
import { type Flow, formatTimestamp } from "../../flow/model/flow.ts";
import { MetricConfigs } from "../metric-config.ts";
import { checkMetricConfig } from "./config-check.ts";
import { toHelmValues } from "./helm-values.ts";
import { type PreviewRequest, previewMetrics } from "./preview.ts";
import { monthlyCost, parsePrice } from "./price.ts";
import { SeriesGrowth } from "./series-growth.ts";
import { checkMetricsList } from "./spec-check.ts";
import { listVariants } from "./spec-variants.ts";

const startMs = Date.parse("2026-01-15T10:00:00Z");

/** A dropped packet of one of `pods` pods of one workload, one a second, on two nodes by turns. */
function flowsOf(count: number, pods: number): Flow[] {
  return Array.from({ length: count }, (_, index) => ({
    time: formatTimestamp(startMs + index * 1000, 0),
    node_name: `n${index % 2}`,
    verdict: "DROPPED",
    drop_reason_desc: "POLICY_DENIED",
    drop_reason: 133,
    source: {
      namespace: "default",
      pod_name: `xwing-${index % pods}`,
      workloads: [{ name: "xwing", kind: "Deployment" }],
    },
    destination: { namespace: "default", pod_name: "deathstar" },
    l4: { TCP: { source_port: 1, destination_port: 80 } },
    Type: "L3_L4",
    event_type: { type: 1, sub_type: 133 },
  }));
}

async function preview(
  metrics: readonly string[],
  changes: Partial<PreviewRequest> = {},
  count = 1200,
) {
  async function* source() {
    yield flowsOf(count, 20);
  }
  const request = { text: { metrics }, intervalMs: 15_000, ...changes };
  return await previewMetrics(request, source(), { clock: systemClock });
}

describe("checkMetricsList", () => {
  it("finds a context that stands in a chain already, whatever its case", () => {
    const findings = checkMetricsList(["flow:sourceContext=ip|IP"]);
    expect(findings.map(({ message }) => message)).toEqual([
      "ip stands in the chain already; the second is never asked",
    ]);
  });

  it("points at an unknown context and offers the nearest", () => {
    expect(checkMetricsList(["dns", "flow:sourceContext=pods"])).toEqual([
      {
        item: 1,
        start: 19,
        end: 23,
        effect: "refused",
        message: "unknown context 'pods'",
        mend: "did you mean pod?",
        replacement: "pod",
      },
    ]);
  });

  it("finds nothing in what is well written", () => {
    expect(
      checkMetricsList([
        "dns:query;ignoreAAAA",
        "drop:sourceContext=workload-name|reserved-identity",
        "httpV2:exemplars=true;labelsContext=source_workload,destination_workload",
      ]),
    ).toEqual([]);
  });
});

describe("checkMetricConfig", () => {
  const effects = (yaml: string) =>
    checkMetricConfig(yaml).map(({ effect, start, end }) => `${effect} ${yaml.slice(start, end)}`);

  it("points into the file: contexts, repeated metrics, broken YAML", () => {
    const option = "  contextOptions:\n  - name: sourceContext\n    values: [pods]\n";
    expect(effects(`metrics:\n- name: drop\n${option}`)).toEqual(["refused pods"]);
    expect(effects("metrics:\n- name: drop\n- name: drop\n")).toEqual(["refused drop"]);
    expect(effects("metrics: [\n")[0]).toMatch(/^refused/);
    expect(effects("metrics:\n- name: dorp\n")).toEqual(["skipped dorp"]);
    expect(effects("metrics:\n- name: drop\n")).toEqual([]);
  });
});

describe("previewMetrics", () => {
  it("counts series by metric, node and label, and what they cost", async () => {
    const found = await preview(["drop:labelsContext=source_pod"], {
      price: parsePrice("8 USD/1k-series"),
    });
    expect(found.series).toBe(20);
    expect(found.agents).toEqual({ nodes: 2, series: 20 });
    expect(found.flows).toBe(1200);
    expect(found.byMetric).toEqual([
      {
        metric: "hubble_drop_total",
        type: "counter",
        series: 20,
        labels: ["source_pod", "reason", "protocol"],
      },
    ]);
    expect(found.labels[0]).toMatchObject({ label: "source_pod", values: 20, series: 20 });
    expect(found.labels[0]?.top[0]?.share).toBeCloseTo(0.05);
    expect(found.cost.samplesPerSecond).toBeCloseTo(20 / 15);
    expect(found.cost.bytesPerSample).toBeGreaterThan(0.3);
    expect(found.cost.money).toEqual({ perMonth: 0.16, currency: "USD" });
    expect(found.growth.buckets.reduce((sum, { newSeries }) => sum + newSeries, 0)).toBe(20);
    expect(found.growth.guess?.newPerHour).toBe(0);
    expect(found.notes).toEqual([]);
  });

  it("suggests the cheaper way that it counted on the same flows", async () => {
    const found = await preview(["drop:labelsContext=source_pod,destination_pod"], {
      variants: { handler: "drop", which: "cheaper" },
      against: ["drop"],
    });
    expect(found.suggestion).toMatchObject({ kind: "replace", series: 1 });
    expect(found.suggestion?.what).toContain("source_workload instead of source_pod");
    expect(found.against).toMatchObject({ series: 1, change: 19, removed: ["drop"] });
  });

  it("says what was cut", async () => {
    const few = await preview(["drop"], { flowsMax: 100 });
    expect(few.flows).toBe(100);
    expect(few.notes[0]).toMatch(/^Only the first 100 flows .*at least/);
    const narrow = await preview(["drop:sourceContext=pod"], { seriesMax: 5 });
    expect(narrow.isOver).toBe(true);
    expect(narrow.notes[0]).toBe("Counting stopped above 5 series.");
  });

  it("refuses what the agent refuses", async () => {
    await expect(preview(["drop:sourceContext=pods"])).rejects.toThrow("unknown context 'pods'");
  });
});

describe("SeriesGrowth", () => {
  it("doubles its buckets, keeps the sum, and guesses from ten minutes on by the second half", () => {
    const growth = new SeriesGrowth();
    for (let second = 0; second < 300; second++) growth.note(startMs + second * 1000, second);
    expect(growth.guess()).toBeUndefined();
    for (let second = 300; second <= 3600; second++) growth.note(startMs + second * 1000, second);
    const { buckets, widthMs } = growth.buckets();
    expect(buckets.length).toBeLessThanOrEqual(48);
    expect(widthMs).toBe(128_000);
    expect(buckets.reduce((sum, { newSeries }) => sum + newSeries, 0)).toBe(3600);
    expect(growth.guess()?.newPerHour).toBeGreaterThan(3000);
  });
});

describe("prices", () => {
  it("are read in samples or series and never made up", () => {
    expect(monthlyCost(parsePrice("0.15/1M-samples"), 100, 15_000)).toBeCloseTo(2.592);
    expect(monthlyCost(parsePrice("8 USD/1k-series"), 250, 15_000)).toBe(2);
    expect(() => parsePrice("cheap")).toThrow("for example 8 USD/1k-series");
  });
});

describe("toHelmValues", () => {
  const metrics = [
    "dns:query;ignoreAAAA",
    "httpV2:exemplars=true;labelsContext=source_ip,source_app",
  ];

  it("writes the list, with OpenMetrics where exemplars want it", () => {
    const { yaml, set } = toHelmValues({ metrics });
    expect(parse(yaml)).toEqual({
      hubble: { enabled: true, metrics: { enableOpenMetrics: true, enabled: metrics } },
    });
    expect(set).toContain("labelsContext=source_ip\\,source_app}'");
  });

  it("writes a configuration that the agent reads back as the same", () => {
    const { yaml } = toHelmValues({ metrics }, true);
    const { content } = parse(yaml).hubble.metrics.dynamic.config;
    const [dns, http] = new MetricConfigs().read(JSON.stringify({ metrics: content }));
    expect(dns?.contextOptions?.map(({ name }) => name)).toEqual(["query", "ignoreAAAA"]);
    expect(http?.contextOptions?.[1]?.values).toEqual(["source_ip", "source_app"]);
    const filtered = `metrics:\n- name: drop\n  includeFilters:\n  - source_pod: [default/xwing]\n`;
    expect(
      parse(toHelmValues({ config: filtered }).yaml).hubble.metrics.dynamic.config.content,
    ).toEqual([
      { name: "drop", includeFilters: [{ source_pod: ["default/xwing"] }], excludeFilters: [] },
    ]);
  });
});

describe("listVariants", () => {
  it("changes one thing and keeps the rest as written", () => {
    const texts = listVariants("dns:query;labelsContext=source_pod").map(({ metric }) => metric);
    expect(texts).toContain("dns:query;labelsContext=source_workload");
    expect(texts).toContain("dns:labelsContext=source_pod");
    expect(texts).toContain("dns:query");
    expect(texts).toContain("dns:query;labelsContext=source_pod;sourceContext=workload-name");
  });
});
