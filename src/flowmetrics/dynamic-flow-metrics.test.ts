import { describe, expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import type { Logger } from "../base/logger.ts";
import type { Flow } from "../flow/model/flow.ts";
import { renderText } from "../metrics/exposition.ts";
import { Registry } from "../metrics/registry.ts";
import { DynamicFlowMetrics } from "./dynamic-flow-metrics.ts";
import { seriesLines } from "./handler.contract.ts";

const dropped: Flow = { verdict: "DROPPED", event_type: { type: 1 }, l4: { TCP: {} } };

function start() {
  const registry = new Registry();
  const log: string[] = [];
  const note = (fields: object) => log.push(Object.values(fields).join(" "));
  const logger: Logger = {
    debug() {},
    info() {},
    warn: note,
    error: note,
    child: () => logger,
  };
  const metrics = new DynamicFlowMetrics({ registry, clock: new FakeClock(0), logger });
  return { metrics, log, series: () => seriesLines(renderText(registry)) };
}

describe("DynamicFlowMetrics", () => {
  it("keeps counts when only filters change, and starts at zero when a metric comes back", () => {
    const { metrics, series } = start();
    metrics.reload("metrics: [{name: drop}]");
    metrics.processFlow(dropped);
    metrics.reload("metrics: [{name: drop, excludeFilters: [{protocol: [tcp]}]}]");
    metrics.processFlow(dropped);
    expect(series()[0]).toMatch(/ 1$/);
    metrics.reload("metrics: []");
    expect(series()).toEqual([]);
    metrics.reload("metrics: [{name: drop}]");
    metrics.processFlow(dropped);
    expect(series()[0]).toMatch(/ 1$/);
  });

  it("changes nothing for a file that is wrong, and says why", () => {
    const { metrics, log } = start();
    metrics.reload("metrics: [{name: drop}]");
    const bad = [
      "metrics: [{name: drop, contextOptions: []}]",
      "metrics: [{name: flow}, {name: flow}]",
      "metrics: {name: flow}",
      "metrics: [{name: flow, includeFilters: [{pod: [x]}]}]",
    ];
    for (const text of bad) expect(metrics.reload(text)).toBe(false);
    expect(metrics.activeNames()).toEqual(["drop"]);
    expect(log.join("\n")).toContain("label set cannot be changed");
    expect(log.join("\n")).toContain("duplicate metric specified: flow");
    expect(log.join("\n")).toContain("of type []*api.MetricConfig");
    expect(log.join("\n")).toContain('unknown field "pod"');
  });

  it("takes the last of a repeated key, as the agent's YAML reader does", () => {
    const { metrics, log } = start();
    metrics.reload("metrics: [{name: flow, name: drop}]\nmetrics: [{name: drop, name: tcp}]");
    expect(metrics.activeNames()).toEqual(["tcp"]);
    expect(log).toEqual([]);
  });

  it("tells of options before filters, and of broken YAML in the words of Go's library", () => {
    const { metrics, log } = start();
    const told = (yaml: string) => {
      metrics.reload(yaml);
      return log.splice(0).join("\n");
    };
    const options = "contextOptions: [{name: sourceContext, values: [x]}]";
    expect(
      told(`metrics: [{name: drop, ${options}, includeFilters: [{source_ip: [x]}]}]`),
    ).toContain("unknown context 'x'");
    expect(told("metrics: [*a]")).toContain("yaml: unknown anchor 'a' referenced");
    expect(told("metrics: [{name: 'a}]")).toContain("yaml: found unexpected end of stream");
    expect(told("metrics: [{name: a}")).toContain("yaml: line 1: did not find expected ',' or ']'");
    expect(told("- a\nb: c\n")).toContain("yaml: line 1: did not find expected '-' indicator");
    expect(told("a: 1\n b: 2\n")).toContain("yaml: line 2: mapping values are not allowed");
    expect(told("a: b: c")).toContain("yaml: mapping values are not allowed in this context");
    expect(told("a: b\nb: @")).toContain(
      "yaml: line 2: found character that cannot start any token",
    );
  });

  it("replaces http by httpV2, where the agent would end", () => {
    const { metrics, log } = start();
    metrics.reload("metrics: [{name: http}]");
    metrics.reload("metrics: [{name: httpV2}]");
    expect(metrics.activeNames()).toEqual(["httpV2"]);
    expect(log).toEqual([]);
  });

  it("takes numbers and booleans as text and keys in any case, as Go does", () => {
    const { metrics, log } = start();
    metrics.reload("Metrics: [{Name: dns, contextOptions: [{name: query, values: [yes, 1]}]}]");
    expect(metrics.status()).toEqual(["dns query,"]);
    expect(log).toEqual([]);
  });
});
