/** What every flow metric handler must do, and how its tests look at what it counted. */

import { expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { silentLogger } from "../base/logger.ts";
import type { Flow } from "../flow/model/flow.ts";
import { renderOpenMetrics, renderText } from "../metrics/exposition.ts";
import { Registry } from "../metrics/registry.ts";
import { createFlowMetrics, type FlowMetrics } from "./flow-metrics.ts";
import type { HandlerKind } from "./handler.ts";
import { parseMetricSpecs } from "./spec.ts";

/** Metrics of a metrics string on a registry of their own. */
export function startMetrics(metrics: string): { registry: Registry; metrics: FlowMetrics } {
  const registry = new Registry();
  const options = { registry, clock: new FakeClock(1_700_000_000_000), logger: silentLogger };
  return { registry, metrics: createFlowMetrics({ specs: parseMetricSpecs(metrics), ...options }) };
}

/** The series, without HELP and TYPE, that `flows` make. */
export function seriesOf(metrics: string, ...flows: Flow[]): string[] {
  const started = startMetrics(metrics);
  for (const flow of flows) started.metrics.processFlow(flow);
  return seriesLines(renderText(started.registry));
}

/** As seriesOf, in OpenMetrics with exemplars. */
export function openMetricsSeriesOf(metrics: string, ...flows: Flow[]): string[] {
  const started = startMetrics(metrics);
  for (const flow of flows) started.metrics.processFlow(flow);
  return seriesLines(renderOpenMetrics(started.registry));
}

/** The lines of a page that are series. */
export function seriesLines(text: string): string[] {
  return text.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
}

/** Rules that hold for each handler; `counted` is a flow that it counts. */
export function runHandlerContract(kind: HandlerKind, counted: Flow): void {
  it("counts nothing for a flow without fields, unless it counts all flows", () => {
    const lines = seriesOf(kind.name, {});
    if (kind.name !== "flow") expect(lines).toEqual([]);
  });

  it("gives every family the context labels", () => {
    const { registry } = startMetrics(
      `${kind.name}:sourceContext=ip;labelsContext=destination_app`,
    );
    expect(registry.collect().length).toBeGreaterThan(0);
    for (const family of registry.collect()) {
      expect(family.labelNames).toEqual(expect.arrayContaining(["destination_app", "source"]));
    }
  });

  it("counts the same flow twice as two", () => {
    const once = seriesOf(kind.name, counted);
    expect(once.length).toBeGreaterThan(0);
    expect(seriesOf(kind.name, counted, counted).length).toBe(once.length);
    expect(seriesOf(kind.name, counted, counted)).not.toEqual(once);
  });

  it("deletes the series of a pod that is gone, and its families when closed", () => {
    const pod = { namespace: "default", pod_name: "xwing" };
    const { registry, metrics } = startMetrics(
      `${kind.name}:sourceContext=pod;destinationContext=pod`,
    );
    metrics.processFlow({ ...counted, source: { ...counted.source, ...pod } });
    metrics.deleteEndpoint("default", "other");
    expect(seriesLines(renderText(registry))).not.toEqual([]);
    metrics.deleteEndpoint("default", "xwing");
    expect(seriesLines(renderText(registry))).toEqual([]);
    metrics.close();
    expect(registry.collect()).toEqual([]);
  });
}
