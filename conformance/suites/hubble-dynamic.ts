/** hubble/dynamic: configuration files loaded one after another, with flows between, against the agent's counts and log. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { DynamicFlowMetrics } from "../../src/flowmetrics/dynamic-flow-metrics.ts";
import { renderOpenMetrics, renderText } from "../../src/metrics/exposition.ts";
import { Registry } from "../../src/metrics/registry.ts";
import { firstDifference } from "../difference.ts";
import { FlowFiles, recordingLogger, withoutExemplarTimes } from "../hubble-recordings.ts";
import { reportCase, type Suite } from "../suite.ts";

interface Step {
  readonly config: string;
  readonly flows: string;
  readonly limit?: number;
  readonly active_handlers: readonly string[] | null;
  readonly log?: readonly string[];
  readonly expected_text: string;
  readonly expected_openmetrics: string;
}
interface DynamicCase {
  readonly name: string;
  readonly steps: readonly Step[];
}

/** Our messages end with the mend; the recorded ones do not. */
function withoutMends(line: string): string {
  return line.replace(/; use (?:one|any) of .*?(?= name=|$)/, "");
}

function checkCase(recorded: DynamicCase, dir: string, files: FlowFiles): string | undefined {
  const registry = new Registry();
  const log: string[] = [];
  const logger = recordingLogger(log);
  const metrics = new DynamicFlowMetrics({ registry, clock: systemClock, logger });
  for (const [index, step] of recorded.steps.entries()) {
    const at = `step ${index + 1}`;
    log.length = 0;
    metrics.reload(readFileSync(join(dir, step.config), "utf8"));
    for (const flow of files.read(step.flows, step.limit)) metrics.processFlow(flow);
    const openMetrics = withoutExemplarTimes(renderOpenMetrics(registry));
    const lines = [...new Set(log.map(withoutMends))].join("\n");
    const names = metrics.activeNames().join(" ");
    const difference =
      firstDifference(`${at} handlers`, (step.active_handlers ?? []).join(" "), names) ??
      firstDifference(`${at} log`, (step.log ?? []).join("\n"), lines) ??
      firstDifference(`${at} text`, step.expected_text, renderText(registry)) ??
      firstDifference(`${at} openmetrics`, step.expected_openmetrics, openMetrics);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function caseFiles(dataDir: string): string[] {
  return readdirSync(join(dataDir, "hubble", "dynamic")).filter((name) => name.endsWith(".json"));
}

/** The suite hubble/dynamic. */
export const hubbleDynamic: Suite = {
  name: "hubble/dynamic",
  countCases: async (dataDir) => caseFiles(dataDir).length,
  async run(dataDir, reporter) {
    const dir = join(dataDir, "hubble");
    const files = new FlowFiles(dir);
    for (const file of caseFiles(dataDir)) {
      const recorded = JSON.parse(readFileSync(join(dir, "dynamic", file), "utf8")) as DynamicCase;
      await reportCase(reporter, recorded.name, () => checkCase(recorded, dir, files));
    }
  },
};
