/**
 * `npx tsx bench/flows.ts [--data DIR] [--runs N] [--metrics SPEC…]`: flows through the handlers, from
 * protobuf, from JSON lines and already parsed, in flows per CPU second, beside what Cilium's own code did on the same flows
 * (README.md of the data). The exposition must equal the recorded one, else the figures mean nothing.
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { gunzipSync } from "node:zlib";
import { systemClock } from "../src/base/clock.ts";
import { silentLogger } from "../src/base/logger.ts";
import { compileFlowFilters } from "../src/flow/filter/flow-filter.ts";
import type { Flow } from "../src/flow/model/flow.ts";
import { formatEventLine, parseEventLine, parseFlowLine } from "../src/flow/model/jsonpb.ts";
import { findRecords } from "../src/flow/protobuf/delimited-records.ts";
import { FlowDecoder } from "../src/flow/protobuf/flow-decoder.ts";
import { LazyFlow } from "../src/flow/protobuf/lazy-flow.ts";
import { MessageEncoder } from "../src/flow/protobuf/message-encoder.ts";
import { createFlowMetrics } from "../src/flowmetrics/flow-metrics.ts";
import { parseMetricSpecs } from "../src/flowmetrics/spec.ts";
import { renderText } from "../src/metrics/exposition.ts";
import { Registry } from "../src/metrics/registry.ts";

/** What the recorded figures were measured with. */
const recordedMetrics =
  "dns drop tcp flow icmp httpV2:labelsContext=source_namespace,source_workload,destination_namespace,destination_workload,traffic_direction";
/** The same labels on every metric: what a careful user would not do, and many do. */
const wideMetrics = recordedMetrics
  .split(" ")
  .map((item) => `${item.split(":")[0]}:${recordedMetrics.split(":")[1]}`)
  .join(" ");
/** Flows per CPU second of the original, one goroutine, for the table. */
const originals: Readonly<Record<string, string>> = {
  "protobuf to counters": "173k-210k",
  "protobuf to flow": "372k-416k",
  "JSON line to flow": "48k-62k",
  "JSON line to counters": "44k-49k",
  "flow to counters": "545k-782k",
};

const { values } = parseArgs({
  options: {
    data: {
      type: "string",
      default: join(import.meta.dirname, "..", "..", "shared", "perf", "hubble"),
    },
    runs: { type: "string", default: "4" },
  },
});
const linesFile = join(values.data, "flows.jsonl.gz");
if (!existsSync(linesFile)) {
  console.error(`no flows at ${linesFile}; give their folder with --data DIR`);
  process.exit(2);
}
const runCount = Number(values.runs);
const lines = gunzipSync(readFileSync(linesFile)).toString("utf8").split("\n").slice(0, -1);
const records = gunzipSync(readFileSync(join(values.data, "flows.binpb.gz")));
const spans = findRecords(records);
const flows = lines.map((line) => parseFlowLine(line) ?? {});
const events = lines.slice(0, 50_000).map(parseEventLine);
const passes = compileFlowFilters(
  [{ source_pod: ["default/", "shop/"], verdict: ["FORWARDED", "DROPPED"] }],
  [{ destination_ip: ["10.0.0.0/24"] }],
);

checkResult();
console.log(
  `${lines.length} flows, best and worst of ${runCount} runs, Node ${process.versions.node}`,
);
console.log("| what | flows per CPU second | the original |");
console.log("|---|---|---|");
measure("protobuf to counters", spans.starts.length, () => countRecords());
measure("protobuf to flow", spans.starts.length, () => {
  const decoder = new FlowDecoder();
  for (let i = 0; i < spans.starts.length; i++) {
    decoder.response(records, spans.starts[i], spans.ends[i]);
  }
});
measure("flow to protobuf", events.length, () => {
  const encoder = new MessageEncoder();
  for (const event of events) encoder.encode("observer.GetFlowsResponse", event);
});
measure("JSON line to flow", lines.length, () => {
  for (const line of lines) parseFlowLine(line);
});
measure("JSON line to counters", lines.length, () => {
  const { metrics } = start(recordedMetrics);
  for (const line of lines) metrics.processFlow(parseFlowLine(line) as Flow);
});
measure("flow to counters", lines.length, () => countAll(recordedMetrics));
measure("flow to counters, five labels on each metric", lines.length, () => countAll(wideMetrics));
measure("flow to JSON line", events.length, () => {
  for (const event of events) formatEventLine(event);
});
measure("flow through a filter", flows.length, () => {
  let count = 0;
  for (const flow of flows) if (passes(flow)) count++;
  return count;
});

function start(metrics: string) {
  const registry = new Registry();
  const options = { registry, clock: systemClock, logger: silentLogger };
  return { registry, metrics: createFlowMetrics({ specs: parseMetricSpecs(metrics), ...options }) };
}

function countAll(spec: string): void {
  const { metrics } = start(spec);
  for (const flow of flows) metrics.processFlow(flow);
}

/** The path of flows that are only counted: one lazy flow for the whole stream. */
function countRecords(): Registry {
  const { registry, metrics } = start(recordedMetrics);
  const flow = new LazyFlow();
  const { starts, ends } = spans;
  for (let i = 0; i < starts.length; i++) {
    if (flow.resetResponse(records, starts[i], ends[i])) metrics.processFlow(flow);
  }
  return registry;
}

function checkResult(): void {
  const expected = gunzipSync(readFileSync(join(values.data, "expected.prom.gz"))).toString("utf8");
  const { registry, metrics } = start(recordedMetrics);
  for (const flow of flows) metrics.processFlow(flow);
  if (renderText(registry) === expected && renderText(countRecords()) === expected) return;
  console.error("the exposition differs from expected.prom.gz");
  process.exit(1);
}

function measure(what: string, count: number, run: () => unknown): void {
  const rates: number[] = [];
  for (let i = 0; i < runCount; i++) {
    const before = process.cpuUsage();
    run();
    const { user, system } = process.cpuUsage(before);
    rates.push(count / ((user + system) / 1e6));
  }
  const worst = Math.min(...rates);
  const best = Math.max(...rates);
  console.log(`| ${what} | ${thousands(worst)}-${thousands(best)} | ${originals[what] ?? ""} |`);
}

function thousands(rate: number): string {
  return `${(rate / 1000).toFixed(0)}k`;
}
