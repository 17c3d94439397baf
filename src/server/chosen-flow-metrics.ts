/**
 * Which flow metrics are counted: the flag's, a file's, what was switched on before, else the default. A
 * list chosen at run time is remembered for the next start.
 */

import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "../base/clock.ts";
import { AppError, ConfigError, errorMessage } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import type { FlowProcessor } from "../flowmetrics/flow-metrics.ts";
import { startFlowMetrics } from "../flowmetrics/start-flow-metrics.ts";
import { SwitchableFlowMetrics } from "../flowmetrics/switchable-flow-metrics.ts";
import type { Registry } from "../metrics/registry.ts";

/** What is counted unless told: cheap, and what our dashboards of Hubble ask for. */
export const flowMetricsDefault =
  "dns drop tcp flow icmp port-distribution httpV2:labelsContext=source_namespace,source_workload,destination_namespace,destination_workload,traffic_direction";

/** Settings, as flags give them. */
export interface FlowMetricsOptions {
  /** HOST:PORT, "" = no page, undefined = the default, given up where its port is taken. */
  readonly listen: string | undefined;
  /** As `hubble.metrics.enabled`, items separated by blanks; undefined = the default, "" = none. */
  readonly metrics: string | undefined;
  /** A file of MetricConfigs (`hubble.metrics.dynamic`), reloaded as it changes. */
  readonly dynamicFile: string | undefined;
}

/** What is counted now, and who said so. */
export interface FlowMetricsChoice {
  /** One metric an entry; undefined where a configuration file says it. */
  readonly metrics: readonly string[] | undefined;
  readonly source: "default" | "flag" | "file" | "studio";
  /** Whether the series go into our storage. */
  readonly isStored: boolean;
}

/** What counts them, and where a list is remembered. */
export interface ChosenMetricsOptions {
  readonly settings: FlowMetricsOptions;
  /** Absent: it is not. */
  readonly memoryFile: string | undefined;
  readonly registry: Registry;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** The choice, and the handlers that follow it. */
export class ChosenMetrics {
  readonly handlers: FlowProcessor;
  readonly #list: SwitchableFlowMetrics | undefined;
  readonly #memoryFile: string | undefined;
  readonly #logger: Logger;
  #source: FlowMetricsChoice["source"];

  constructor({ settings, memoryFile, ...around }: ChosenMetricsOptions) {
    const { metrics, dynamicFile } = settings;
    this.#memoryFile = memoryFile;
    this.#logger = around.logger;
    if (dynamicFile !== undefined) {
      refuseBoth(metrics);
      this.#source = "file";
      this.handlers = startFlowMetrics({ ...around, dynamicFile });
      return;
    }
    const list = new SwitchableFlowMetrics(around);
    this.#list = list;
    this.handlers = list;
    const remembered = metrics === undefined ? this.#recall() : undefined;
    this.#source = metrics === undefined ? "default" : "flag";
    if (remembered !== undefined && this.#tryRemembered(list, remembered)) return;
    list.switchTo([metrics ?? flowMetricsDefault]);
  }

  /** What is counted now. */
  get choice(): FlowMetricsChoice {
    const metrics = this.#list?.metrics;
    const isStored = this.#source !== "default" && metrics?.length !== 0;
    return { metrics, source: this.#source, isStored };
  }

  /** Throws ConfigError where the agent would refuse the list, AppError where a file says it, or it cannot be kept. */
  switchTo(metrics: readonly string[]): void {
    const list = this.#list;
    if (list === undefined) {
      throw new AppError(
        "refused",
        "the metrics of this server are in the file of --flows.metrics-config: change it there",
      );
    }
    const change = list.switchTo(metrics);
    this.#source = "studio";
    this.#logger.info(change, "flow metrics changed");
    this.#remember(list.metrics);
  }

  #tryRemembered(list: SwitchableFlowMetrics, metrics: readonly string[]): boolean {
    try {
      list.switchTo(metrics);
      this.#source = "studio";
      return true;
    } catch (thrown) {
      const fields = { file: this.#memoryFile, error: errorMessage(thrown) };
      this.#logger.warn(fields, "the flow metrics switched on before cannot be counted");
      return false;
    }
  }

  #recall(): readonly string[] | undefined {
    if (this.#memoryFile === undefined) return undefined;
    try {
      const kept: unknown = JSON.parse(readFileSync(this.#memoryFile, "utf8"));
      const metrics = (kept as { readonly metrics?: unknown } | null)?.metrics;
      return Array.isArray(metrics) ? metrics.map(String) : undefined;
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return undefined;
      const fields = { file: this.#memoryFile, error: errorMessage(thrown) };
      this.#logger.warn(fields, "cannot read which flow metrics were switched on");
      return undefined;
    }
  }

  /** Whole or not at all: the file is renamed into place. */
  #remember(metrics: readonly string[]): void {
    const file = this.#memoryFile;
    if (file === undefined) return;
    try {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(`${file}.new`, `${JSON.stringify({ metrics }, null, 2)}\n`);
      renameSync(`${file}.new`, file);
    } catch (thrown) {
      throw new AppError(
        "disk",
        `the metrics are counted now, but will not be after a restart: cannot write ${file}: ${errorMessage(thrown)}`,
        { cause: thrown },
      );
    }
  }
}

/** Where somebody changes what is counted: "in --flows.metrics". */
export function placeOf(
  source: FlowMetricsChoice["source"],
  { dynamicFile }: FlowMetricsOptions,
): string {
  if (source === "file") return `in ${dynamicFile}`;
  return source === "flag" ? "in --flows.metrics" : "in the Metrics studio";
}

function refuseBoth(metrics: string | undefined): void {
  if (metrics === undefined || metrics === "") return;
  throw new ConfigError("both --flows.metrics and --flows.metrics-config are given; choose one", {
    path: "",
  });
}
