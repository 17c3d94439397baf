/** How sources of flows are doing, among our own metrics: what `GET /flow-sources` tells, as series. */

import type { FlowFeed } from "../flow/source/flow-feed.ts";
import type { FlowSourceStatus } from "../flow/source/flow-source.ts";
import type { Registry } from "../metrics/registry.ts";

/** Counters of a source: name behind `ciliascope_flow_source_`, help, where it stands. */
const counters: readonly (readonly [
  name: string,
  help: string,
  read: (status: FlowSourceStatus) => number,
])[] = [
  ["flows_total", "Flows that came from the source.", (status) => status.seenFlows],
  [
    "bad_records_total",
    "Lines or messages of the source that could not be read.",
    (status) => status.badRecords,
  ],
  [
    "unknown_fields_total",
    "Fields of flows that this version does not know.",
    (status) => status.unknownFields,
  ],
  [
    "duplicate_flows_total",
    "Flows that came again after a reconnect and were left out.",
    (status) => status.duplicateFlows,
  ],
  ["reconnects_total", "How often the source was taken up again.", (status) => status.reconnects],
  ["gaps_total", "Stretches of time of which flows are missing.", (status) => status.gaps.length],
];

/** Registers the metrics; they are brought up to date at each scrape. */
export function registerSourceMetrics(registry: Registry, feed: FlowFeed): void {
  const labelNames = ["source", "cluster"];
  const families = counters.map(([name, help, read]) => ({
    family: registry.counter({ name: `ciliascope_flow_source_${name}`, help, labelNames }),
    read,
  }));
  const lost = registry.counter({
    name: "ciliascope_flow_source_lost_events_total",
    help: "Events that the source says were lost, by cause.",
    labelNames: [...labelNames, "cause"],
  });
  const up = registry.gauge({
    name: "ciliascope_flow_source_up",
    help: "1 where flows come from the source.",
    labelNames,
  });
  registry.onCollect(() => {
    for (const { family } of families) family.clear();
    lost.clear();
    up.clear();
    for (const status of feed.status()) {
      const labels = [status.name, status.cluster] as const;
      up.labels(...labels).set(status.state === "connected" ? 1 : 0);
      for (const { family, read } of families) {
        const child = family.labels(...labels);
        child.setTotal(child.value + read(status));
      }
      for (const node of status.nodes) {
        for (const [cause, events] of Object.entries(node.lost)) {
          lost.labels(...labels, cause).inc(events);
        }
      }
    }
  });
}
