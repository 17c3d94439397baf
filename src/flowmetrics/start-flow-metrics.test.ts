import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { silentLogger } from "../base/logger.ts";
import { Registry } from "../metrics/registry.ts";
import { startFlowMetrics } from "./start-flow-metrics.ts";

it("starts from a string or from a file that it follows until closed, not from both", async () => {
  const dir = mkdtempSync(join(tmpdir(), "metrics-"));
  try {
    const dynamicFile = join(dir, "metrics.yaml");
    const clock = new FakeClock(0);
    const place = () => ({ registry: new Registry(), clock, logger: silentLogger });
    expect(startFlowMetrics({ metrics: ["drop", "tcp"], ...place() }).status()).toHaveLength(2);
    expect(() => startFlowMetrics({ metrics: ["drop"], dynamicFile, ...place() })).toThrow("both");
    writeFileSync(dynamicFile, "metrics: [{name: drop}]");
    const at = place();
    const metrics = startFlowMetrics({ dynamicFile, ...at });
    expect(metrics.status()).toEqual(["drop "]);
    writeFileSync(dynamicFile, "metrics: [{name: tcp}, {name: icmp}]");
    await clock.advance(10_000);
    expect(metrics.status()).toEqual(["tcp ", "icmp "]);
    metrics.close();
    expect(at.registry.collect()).toEqual([]);
    await clock.advance(60_000);
    expect(metrics.status()).toEqual([]);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
