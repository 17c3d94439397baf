/**
 * hubble/invalid: metrics strings that the agent refuses (error text) or accepts although odd (parsed
 * options, status, warnings, first series). Where the agent panics, ours must refuse with the same words.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { errorMessage } from "../../src/base/errors.ts";
import { createFlowMetrics } from "../../src/flowmetrics/flow-metrics.ts";
import { type MetricSpec, parseMetricSpecs } from "../../src/flowmetrics/spec.ts";
import { renderText } from "../../src/metrics/exposition.ts";
import { Registry } from "../../src/metrics/registry.ts";
import { firstDifference } from "../difference.ts";
import { FlowFiles, recordingLogger } from "../hubble-recordings.ts";
import { reportCase, type Suite } from "../suite.ts";

interface RecordedOption {
  readonly name?: string;
  readonly values?: readonly string[];
}
interface RecordedConfig {
  readonly name?: string;
  readonly contextOptions?: readonly RecordedOption[];
}
interface InvalidCase {
  readonly metrics: readonly string[];
  readonly accepted: boolean;
  readonly error?: string;
  readonly parsed_config?: readonly RecordedConfig[] | null;
  readonly handler_status?: readonly string[] | null;
  readonly log?: readonly string[] | null;
  readonly expected_text_small?: string;
}

const smallFlows = "flows/small.jsonl";
const smallFlowCount = 12;

function readCases(dataDir: string): readonly InvalidCase[] {
  return JSON.parse(readFileSync(join(dataDir, "hubble", "invalid.json"), "utf8"));
}

/** The recordings leave out what is empty. */
function recordedForm(specs: readonly MetricSpec[]): RecordedConfig[] {
  return specs.map(({ name, options }) => ({
    ...(name === "" ? {} : { name }),
    ...(options.length === 0
      ? {}
      : {
          contextOptions: options.map((option) => ({
            ...(option.name === "" ? {} : { name: option.name }),
            ...(option.values.length === 0 ? {} : { values: option.values }),
          })),
        }),
  }));
}

/** Our messages end with the mend. */
function checkError(recorded: InvalidCase, thrown: unknown): string | undefined {
  const have = errorMessage(thrown);
  const want = recorded.error ?? "";
  if (recorded.accepted) return `accepted by the agent, refused by us: ${have}`;
  return have === want || have.startsWith(`${want};`)
    ? undefined
    : firstDifference("error", want, have);
}

function checkCase(recorded: InvalidCase, files: FlowFiles): string | undefined {
  const specs = parseMetricSpecs(recorded.metrics);
  const wantConfig = JSON.stringify(recorded.parsed_config ?? []);
  const config = firstDifference("config", wantConfig, JSON.stringify(recordedForm(specs)));
  if (config !== undefined) return config;
  const log: string[] = [];
  const registry = new Registry();
  const options = { specs, registry, clock: systemClock, logger: recordingLogger(log) };
  let metrics: ReturnType<typeof createFlowMetrics>;
  try {
    metrics = createFlowMetrics(options);
  } catch (thrown) {
    return checkError(recorded, thrown);
  }
  if (!recorded.accepted) return `refused by the agent, accepted by us: ${recorded.error}`;
  for (const flow of files.read(smallFlows, smallFlowCount)) metrics.processFlow(flow);
  return (
    firstDifference(
      "status",
      (recorded.handler_status ?? []).join("\n"),
      metrics.status().join("\n"),
    ) ??
    firstDifference("log", (recorded.log ?? []).join("\n"), log.join("\n")) ??
    firstDifference("text", recorded.expected_text_small ?? "", renderText(registry))
  );
}

/** The suite hubble/invalid. */
export const hubbleInvalid: Suite = {
  name: "hubble/invalid",
  countCases: async (dataDir) => readCases(dataDir).length,
  async run(dataDir, reporter) {
    const files = new FlowFiles(join(dataDir, "hubble"));
    for (const [index, recorded] of readCases(dataDir).entries()) {
      await reportCase(reporter, `invalid-${index + 1}`, () => checkCase(recorded, files));
    }
  },
};
