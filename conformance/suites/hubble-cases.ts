/** hubble/cases: a metrics string and recorded flows against the text that Cilium's own handlers serve. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { createFlowMetrics } from "../../src/flowmetrics/flow-metrics.ts";
import { parseMetricSpecs } from "../../src/flowmetrics/spec.ts";
import { renderOpenMetrics, renderText } from "../../src/metrics/exposition.ts";
import { Registry } from "../../src/metrics/registry.ts";
import { firstDifference } from "../difference.ts";
import { FlowFiles, recordingLogger, withoutExemplarTimes } from "../hubble-recordings.ts";
import { reportCase, type Suite } from "../suite.ts";

interface HubbleCase {
  readonly metrics: readonly string[];
  readonly flows: string;
  readonly limit?: number;
  readonly delete_endpoints?: readonly { readonly namespace: string; readonly name: string }[];
  readonly flows_after?: string;
  readonly limit_after?: number;
  readonly handler_status: readonly string[] | null;
  readonly log?: readonly string[];
  readonly expected_text: string;
  readonly expected_openmetrics: string;
}

function checkCase(recorded: HubbleCase, files: FlowFiles): string | undefined {
  const registry = new Registry();
  const log: string[] = [];
  const metrics = createFlowMetrics({
    specs: parseMetricSpecs(recorded.metrics),
    registry,
    clock: systemClock,
    logger: recordingLogger(log),
  });
  for (const flow of files.read(recorded.flows, recorded.limit)) metrics.processFlow(flow);
  for (const { namespace, name } of recorded.delete_endpoints ?? []) {
    metrics.deleteEndpoint(namespace, name);
  }
  if (recorded.flows_after !== undefined) {
    const flows = files.read(recorded.flows_after, recorded.limit_after);
    for (const flow of flows) metrics.processFlow(flow);
  }
  return (
    firstDifference("text", recorded.expected_text, renderText(registry)) ??
    firstDifference(
      "openmetrics",
      recorded.expected_openmetrics,
      withoutExemplarTimes(renderOpenMetrics(registry)),
    ) ??
    firstDifference(
      "status",
      (recorded.handler_status ?? []).join("\n"),
      metrics.status().join("\n"),
    ) ??
    firstDifference("log", (recorded.log ?? []).join("\n"), log.join("\n"))
  );
}

function caseFiles(dataDir: string): string[] {
  return readdirSync(join(dataDir, "hubble", "cases")).filter((name) => name.endsWith(".json"));
}

/** The suite hubble/cases. */
export const hubbleCases: Suite = {
  name: "hubble/cases",
  countCases: async (dataDir) => caseFiles(dataDir).length,
  async run(dataDir, reporter) {
    const dir = join(dataDir, "hubble");
    const files = new FlowFiles(dir);
    for (const file of caseFiles(dataDir)) {
      await reportCase(reporter, file.replace(/\.json$/, ""), () => {
        const recorded = JSON.parse(readFileSync(join(dir, "cases", file), "utf8")) as HubbleCase;
        return checkCase(recorded, files);
      });
    }
  },
};
