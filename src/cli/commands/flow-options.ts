/** The flags of flows that `demo` and `server` share: what is kept, for how long, and what is counted. */

import type { Command } from "commander";
import { AppError } from "../../base/errors.ts";
import { parseDuration } from "../../model/duration.ts";
import { parseSizeBytes } from "../../schema/scalars.ts";
import { flowMetricsDefault } from "../../server/chosen-flow-metrics.ts";
import type { FlowSettings } from "../../server/flow-keeping.ts";
import { flowMetricsListenDefault } from "../../server/flow-metrics-page.ts";

/** Adds the flags to a command. */
export function addFlowFlags(command: Command): Command {
  return command
    .option("--flows.retention.time <duration>", "how long flows are kept", "7d")
    .option("--flows.retention.size <size>", "oldest flows beyond this go", "2GB")
    .option("--flows.allow <json...>", "keep only flows that one of these FlowFilters matches")
    .option("--flows.deny <json...>", "leave out flows that one of these FlowFilters matches")
    .option(
      "--flows.metrics <spec>",
      `Hubble metrics to make of flows, as hubble.metrics.enabled; the series are stored too, with job="ciliascope-flows" (default: on the page alone, ${flowMetricsDefault.split(":")[0]}…)`,
    )
    .option(
      "--flows.metrics-config <file>",
      "the same from a file of MetricConfigs (hubble.metrics.dynamic), reloaded as it changes",
    )
    .option(
      "--flows.metrics-listen <host:port>",
      `address of the page of flow metrics; "" for none (default: ${flowMetricsListenDefault})`,
    );
}

/** The settings. Throws AppError `usage` naming the flag. */
export function toFlowSettings(value: (flag: string) => unknown): FlowSettings {
  const time = String(value("flows.retention.time"));
  const size = String(value("flows.retention.size"));
  const retentionMs = parseDuration(time);
  const retentionBytes = parseSizeBytes(size);
  if (retentionMs === undefined || retentionMs === 0)
    refuse("flows.retention.time", time, "7d, 12h");
  if (retentionBytes === undefined || retentionBytes === 0) {
    refuse("flows.retention.size", size, "512MB, 2GB");
  }
  const text = (flag: string) => {
    const given = value(flag);
    return given === undefined ? undefined : String(given);
  };
  return {
    retentionMs,
    retentionBytes,
    allowList: (value("flows.allow") ?? []) as string[],
    denyList: (value("flows.deny") ?? []) as string[],
    metrics: {
      listen: text("flows.metrics-listen"),
      metrics: text("flows.metrics"),
      dynamicFile: text("flows.metrics-config"),
    },
  };
}

function refuse(flag: string, value: string, examples: string): never {
  throw new AppError(
    "usage",
    `--${flag}: ${JSON.stringify(value)} cannot be used; write it as in ${examples}`,
  );
}
