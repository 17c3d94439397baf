import { describe, expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { silentLogger } from "../base/logger.ts";
import type { Flow } from "../flow/model/flow.ts";
import type { NodeCompleteness } from "../flow/source/completeness.ts";
import { renderText } from "../metrics/exposition.ts";
import { Registry } from "../metrics/registry.ts";
import { SampleBuffer } from "../model/sample.ts";
import { MemoryStorage } from "../storage/memory-storage.ts";
import type { FlowMetricsOptions } from "./chosen-flow-metrics.ts";
import { startFlowMetricsService } from "./flow-metrics-service.ts";

const drop: Flow = {
  verdict: "DROPPED",
  drop_reason_desc: "POLICY_DENIED",
  drop_reason: 133,
  l4: { TCP: { source_port: 1, destination_port: 80 } },
  Type: "L3_L4",
  event_type: { type: 1, sub_type: 133 },
};

async function start(
  settings: Partial<FlowMetricsOptions>,
  nodes: readonly NodeCompleteness[] = [],
  seriesMax?: number,
) {
  const clock = new FakeClock(1_763_697_600_000);
  const appendable = new MemoryStorage();
  const registry = new Registry();
  const service = await startFlowMetricsService({
    settings: { listen: "127.0.0.1:0", metrics: undefined, dynamicFile: undefined, ...settings },
    clock,
    logger: silentLogger,
    registry,
    appendable,
    nodes: () => nodes,
    seriesMax,
  });
  return { clock, appendable, registry, service };
}

function stored(storage: MemoryStorage): string[] {
  return storage.sortedSeries().map((series) => {
    const samples = new SampleBuffer();
    series.readSamples(samples, 0, Number.MAX_SAFE_INTEGER);
    const values = Array.from({ length: samples.count }, (_, i) =>
      samples.isStale(i) ? "stale" : samples.values[i],
    );
    return `${series.labels} ${values.join(" ")}`;
  });
}

describe("flow metrics service", () => {
  it("serves Hubble's page as text and OpenMetrics, to loopback's own names alone", async () => {
    const { service } = await start({});
    service.process([drop]);
    const url = `http://${service.address}/metrics`;
    const text = await (await fetch(url)).text();
    expect(text).toContain('hubble_drop_total{protocol="TCP",reason="POLICY_DENIED"} 1\n');
    const open = await fetch(url, {
      headers: { accept: "application/openmetrics-text;version=1.0.0" },
    });
    expect(open.headers.get("content-type")).toContain("application/openmetrics-text");
    expect(await open.text()).toMatch(/# EOF\n$/);
    expect((await fetch(`http://${service.address}/`)).status).toBe(404);
    await service.close();
  });

  it("stores the series it was asked for, marked, every 15 s", async () => {
    const { clock, appendable, service } = await start({ metrics: "drop" });
    service.process([drop, drop]);
    await clock.advance(15_000);
    service.process([drop]);
    await clock.advance(15_000);
    const series = stored(appendable).filter((line) => line.includes("hubble_drop_total"));
    expect(series).toEqual([
      '{__name__="hubble_drop_total", instance="ciliascope", job="ciliascope-flows", protocol="TCP", reason="POLICY_DENIED"} 2 3',
    ]);
    await service.close();
  });

  it("stores nothing unless asked, since agents expose the same names", async () => {
    const { clock, appendable, service } = await start({});
    service.process([drop]);
    await clock.advance(60_000);
    expect(stored(appendable)).toEqual([]);
    await service.close();
  });

  it("counts lost events by cause", async () => {
    const nodes = [
      { node: "n", seen: 1, lost: { OBSERVER_EVENTS_QUEUE: 7 }, state: "", message: "" },
    ];
    const { clock, appendable, service } = await start({ metrics: "drop" }, nodes);
    await clock.advance(15_000);
    expect(stored(appendable).find((line) => line.includes("observer_events_queue"))).toMatch(
      / 7$/,
    );
    await service.close();
  });

  it("refuses a metrics string beside a file, and an address that others reach", async () => {
    await expect(start({ metrics: "drop", dynamicFile: "x.yaml" })).rejects.toThrow(
      "both --flows.metrics and",
    );
    await expect(start({ listen: "0.0.0.0:0" })).rejects.toThrow("asks nobody for a password");
  });

  it("refuses new series beyond the budget, counts on those there are, and says so once", async () => {
    const { clock, registry, service } = await start({ metrics: "drop" }, [], 0);
    service.process([drop, drop]);
    await clock.advance(1000);
    expect(service.warnings()).toEqual([expect.stringContaining("not counted there")]);
    expect(renderText(registry)).toContain("ciliascope_flow_metrics_refused_flows_total 2\n");
    await service.close();
  });

  it("names the label that makes most series, its option, and where it is written", async () => {
    const metrics = "flow drop:sourceContext=pod;destinationContext=workload-name";
    const { clock, service } = await start({ metrics }, [], 400);
    service.process(
      Array.from({ length: 500 }, (_, i) => ({
        ...drop,
        source: { namespace: "default", pod_name: `pod-${i}` },
        destination: { workloads: [{ name: `app-${i % 3}` }] },
      })),
    );
    await clock.advance(1000);
    expect(service.warnings()[0]).toContain(
      "hubble_drop_total has most. Its label source has most values: take it off (sourceContext) in --flows.metrics",
    );
    await service.close();
  });

  it("leaves out label values that are too long, counts the flows, and names metric, label and mend once", async () => {
    const { clock, registry, service } = await start({ metrics: "dns:query drop" });
    const queried = (name: string): Flow => ({
      verdict: "FORWARDED",
      Type: "L7",
      l7: { type: "REQUEST", dns: { query: name, qtypes: ["A"] } },
    });
    service.process([queried("a.example."), queried("x".repeat(20_000)), drop]);
    await clock.advance(1000);
    service.process([queried("y".repeat(30_000))]);
    await clock.advance(1000);
    expect(service.warnings()).toEqual([
      "hubble_dns_queries_total does not count flows whose label query is longer than 4096 bytes: one has 20000. All others are counted. Leave the label out (query) in --flows.metrics, or leave such flows out with --flows.deny.",
    ]);
    expect(renderText(registry)).toContain("ciliascope_flow_metrics_overlong_flows_total 2\n");
    const page = await (await fetch(`http://${service.address}/metrics`)).text();
    expect(page.match(/^hubble_(dns_queries|drop)_total\{.*$/gm)).toEqual([
      expect.stringContaining('query="a.example."'),
      expect.stringContaining('reason="POLICY_DENIED"'),
    ]);
    await clock.advance(600_000);
    expect(service.warnings()).toEqual([]);
    await service.close();
  });

  it("drops a pod's series a minute after the pod", async () => {
    const spec = "drop:sourceContext=pod";
    const { clock, service } = await start({ metrics: spec });
    const source = { namespace: "default", pod_name: "xwing" };
    service.process([{ ...drop, source }]);
    service.endpointGone("default", "xwing");
    const page = async () => (await fetch(`http://${service.address}/metrics`)).text();
    await clock.advance(59_000);
    expect(await page()).toContain('source="default/xwing"');
    await clock.advance(2000);
    expect(await page()).not.toContain("xwing");
    await service.close();
  });

  it("stores the exemplars that handlers attach", async () => {
    const { clock, appendable, service } = await start({ metrics: "httpV2:exemplars=true" });
    const http = { method: "GET", code: 200 };
    const trace_context = { parent: { trace_id: "4bf92f" } };
    service.process([
      { verdict: "FORWARDED", l7: { type: "RESPONSE", latency_ns: "1", http }, trace_context },
    ]);
    await clock.advance(15_000);
    const found = await appendable.selectExemplars(0, Number.MAX_SAFE_INTEGER, [[]]);
    const texts = found.map(({ labels, exemplars }) => `${labels} ${exemplars[0]?.labels}`);
    expect(texts).toContainEqual(expect.stringMatching(/http_requests_total.*traceID="4bf92f"/));
    await service.close();
  });

  it("shows its own size among our metrics", async () => {
    const { clock, registry, service } = await start({});
    service.process([drop]);
    await clock.advance(1000);
    expect(renderText(registry)).toMatch(/ciliascope_flow_metrics_series [1-9]/);
    await service.close();
  });
});
