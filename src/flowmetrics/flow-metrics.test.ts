import { describe, expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { ConfigError } from "../base/errors.ts";
import { type Logger, silentLogger } from "../base/logger.ts";
import { Registry } from "../metrics/registry.ts";
import { createFlowMetrics } from "./flow-metrics.ts";
import { parseMetricSpecs } from "./spec.ts";

function create(metrics: string, registry = new Registry(), logger: Logger = silentLogger) {
  const specs = parseMetricSpecs(metrics);
  return createFlowMetrics({ specs, registry, logger, clock: new FakeClock() });
}

describe("createFlowMetrics", () => {
  it("reports each handler's status", () => {
    expect(create("tcp drop:sourceContext=namespace httpV2").status()).toEqual([
      "tcp ",
      "drop source=namespace",
      "httpV2 ,exemplars=false",
    ]);
  });

  it("skips names that it does not know, with a warning", () => {
    const warned: unknown[] = [];
    const logger = { ...silentLogger, warn: (fields: unknown) => warned.push(fields) };
    expect(create("Flow tcp", new Registry(), logger).status()).toEqual(["tcp "]);
    expect(warned).toEqual([{ name: "Flow" }]);
  });

  it("leaves nothing registered when one metric is refused", () => {
    const registry = new Registry();
    expect(() => create("tcp flow drop:sourceContext=bogus", registry)).toThrow(
      "unable to initialize metric 'drop': unknown context 'bogus'",
    );
    expect(registry.collect()).toEqual([]);
  });

  it("refuses the same metric twice in the words of the Go client", () => {
    expect(() => create("flow flow")).toThrow("duplicate metrics collector registration attempted");
    expect(() => create("flow flow:sourceContext=ip")).toThrow(ConfigError);
  });
});
