/**
 * hubble/internal-metrics: the agent's whole page over four scrapes; hubble/static-and-dynamic: the
 * refusal of two configurations; hubble/runtime-panics: trace ids that are too long for an exemplar.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { errorMessage } from "../../src/base/errors.ts";
import { silentLogger } from "../../src/base/logger.ts";
import type { Flow } from "../../src/flow/model/flow.ts";
import { createFlowMetrics } from "../../src/flowmetrics/flow-metrics.ts";
import { HubbleInternals } from "../../src/flowmetrics/hubble-internals.ts";
import { parseMetricSpecs } from "../../src/flowmetrics/spec.ts";
import { startFlowMetrics } from "../../src/flowmetrics/start-flow-metrics.ts";
import {
  negotiateExposition,
  renderOpenMetrics,
  renderText,
} from "../../src/metrics/exposition.ts";
import { Registry } from "../../src/metrics/registry.ts";
import { firstDifference } from "../difference.ts";
import { FlowFiles, withoutExemplarTimes } from "../hubble-recordings.ts";
import { reportCase, type Suite } from "../suite.ts";

interface RecordedPage {
  readonly flows: string;
  readonly metrics: readonly string[];
  readonly content_type_openmetrics: string;
  readonly content_type_text: string;
  readonly scrape1: string;
  readonly scrape2: string;
  readonly scrape3: string;
  readonly openmetrics_scrape: string;
}
interface RecordedPanic {
  readonly n: number;
  readonly openmetrics_after: string;
}

const scrapes = ["scrape1", "scrape2", "scrape3", "openmetrics_scrape"] as const;
const lostInRecording = 3;
const openMetricsAccept = "application/openmetrics-text;version=1.0.0";

function readJson(dataDir: string, file: string): unknown {
  return JSON.parse(readFileSync(join(dataDir, "hubble", file), "utf8"));
}

function place() {
  return { registry: new Registry(), clock: systemClock, logger: silentLogger };
}

function startMetrics(metrics: readonly string[]) {
  const at = place();
  const flowMetrics = createFlowMetrics({ specs: parseMetricSpecs(metrics), ...at });
  return { registry: at.registry, flowMetrics };
}

/** Durations differ from run to run: so were they recorded. */
function withoutDurations(page: string): string {
  const name = "hubble_metrics_http_handler_request_duration_seconds";
  return page.replace(new RegExp(`^(${name}_(?:bucket|sum)\\{.*\\}) \\S+$`, "gm"), "$1 <volatile>");
}

/** The suite hubble/internal-metrics; a case a scrape. */
export const hubbleInternals: Suite = {
  name: "hubble/internal-metrics",
  countCases: async () => scrapes.length + 1,
  async run(dataDir, reporter) {
    const recorded = readJson(dataDir, "internal-metrics.json") as RecordedPage;
    const { registry, flowMetrics } = startMetrics(recorded.metrics);
    const internals = new HubbleInternals(registry);
    internals.countLost("OBSERVER_EVENTS_QUEUE", lostInRecording);
    const flows = new FlowFiles(join(dataDir, "hubble")).read(recorded.flows, undefined);
    for (const flow of flows) flowMetrics.processFlow(flow);
    for (const scrape of scrapes) {
      await reportCase(reporter, scrape, () => {
        const page =
          scrape === "openmetrics_scrape" ? renderOpenMetrics(registry) : renderText(registry);
        internals.countScrape(200, 0.001);
        return firstDifference("page", recorded[scrape], withoutDurations(page));
      });
    }
    await reportCase(reporter, "content types", () => {
      const wanted = `${recorded.content_type_openmetrics}\n${recorded.content_type_text}`;
      const have = [openMetricsAccept, undefined].map((a) => negotiateExposition(a).contentType);
      return firstDifference("content types", wanted, have.join("\n"));
    });
  },
};

/** The suite hubble/static-and-dynamic. */
export const hubbleStaticAndDynamic: Suite = {
  name: "hubble/static-and-dynamic",
  countCases: async (dataDir) =>
    Object.keys(readJson(dataDir, "static-and-dynamic.json") as object).length,
  async run(dataDir, reporter) {
    const recorded = readJson(dataDir, "static-and-dynamic.json") as Record<string, string>;
    for (const [name, want] of Object.entries(recorded)) {
      await reportCase(reporter, name, () => {
        try {
          startFlowMetrics({ metrics: ["drop"], dynamicFile: "metrics.yaml", ...place() });
        } catch (thrown) {
          return firstDifference("error", want, errorMessage(thrown));
        }
        return "accepted";
      });
    }
  },
};

/** The flow of the recording, read off its counters. */
function tracedFlow(traceId: string): Flow {
  return {
    l7: {
      type: "RESPONSE",
      latency_ns: "7000000",
      http: { code: 200, method: "GET", protocol: "HTTP/1.1" },
    },
    event_type: { type: 129 },
    trace_context: { parent: { trace_id: traceId } },
  };
}

/** The suite hubble/runtime-panics. */
export const hubbleRuntimePanics: Suite = {
  name: "hubble/runtime-panics",
  countCases: async (dataDir) =>
    (readJson(dataDir, "runtime-panics.json") as RecordedPanic[]).length,
  async run(dataDir, reporter) {
    for (const recorded of readJson(dataDir, "runtime-panics.json") as RecordedPanic[]) {
      await reportCase(reporter, `trace id of ${recorded.n} characters`, () => {
        const { registry, flowMetrics } = startMetrics(["httpV2:exemplars=true"]);
        flowMetrics.processFlow(tracedFlow("a".repeat(recorded.n)));
        const page = withoutExemplarTimes(renderOpenMetrics(registry));
        return firstDifference("page", recorded.openmetrics_after, page);
      });
    }
  },
};
