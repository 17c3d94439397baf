import { describe, expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { silentLogger } from "../base/logger.ts";
import type { Flow } from "../flow/model/flow.ts";
import { renderText } from "../metrics/exposition.ts";
import { Registry } from "../metrics/registry.ts";
import { SwitchableFlowMetrics } from "./switchable-flow-metrics.ts";

const drop: Flow = {
  verdict: "DROPPED",
  drop_reason_desc: "POLICY_DENIED",
  drop_reason: 133,
  source: { namespace: "default", pod_name: "xwing" },
  l4: { TCP: { source_port: 1, destination_port: 80, flags: { SYN: true } } },
  Type: "L3_L4",
  event_type: { type: 1, sub_type: 133 },
};

function start(...metrics: string[]) {
  const registry = new Registry();
  const switchable = new SwitchableFlowMetrics({
    registry,
    clock: new FakeClock(0),
    logger: silentLogger,
  });
  switchable.switchTo(metrics);
  const lines = () =>
    renderText(registry)
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
  return { switchable, lines };
}

describe("SwitchableFlowMetrics", () => {
  it("keeps the counts of what stays and begins what changes anew", () => {
    const { switchable, lines } = start("drop flow");
    switchable.processFlow(drop);
    const change = switchable.switchTo(["flow", "drop:sourceContext=pod-name"]);
    expect(change).toEqual({ added: ["drop:sourceContext=pod-name"], removed: ["drop"] });
    switchable.processFlow(drop);
    expect(lines()).toContain(
      'hubble_drop_total{protocol="TCP",reason="POLICY_DENIED",source="xwing"} 1',
    );
    expect(lines().find((line) => line.startsWith("hubble_flows"))).toMatch(/ 2$/);
  });

  it("changes nothing where one metric is refused, alone or beside another", () => {
    const { switchable } = start("httpV2");
    expect(() => switchable.switchTo(["drop", "flow:sourceContext=pods"])).toThrow("pods");
    expect(() => switchable.switchTo(["httpV2", "http"])).toThrow("conflicts");
    expect(switchable.metrics).toEqual(["httpV2"]);
  });
});
