/**
 * `ciliascope metrics …`: what a Hubble metrics configuration would cost, counted on past flows; what the
 * agent would make of it; past flows into a server's storage. Files and data directories work without a
 * server, `--server URL` asks one.
 */

import type { Command } from "commander";
import { systemClock } from "../../base/clock.ts";
import { AppError } from "../../base/errors.ts";
import { parseMetricSpecs } from "../../flowmetrics/spec.ts";
import { checkMetricConfig } from "../../flowmetrics/studio/config-check.ts";
import { type HelmValues, toHelmValues } from "../../flowmetrics/studio/helm-values.ts";
import { type Preview, previewMetrics } from "../../flowmetrics/studio/preview.ts";
import { parsePrice, priceExample } from "../../flowmetrics/studio/price.ts";
import {
  checkMetricsList,
  isRefusal,
  type SpecFinding,
} from "../../flowmetrics/studio/spec-check.ts";
import type { MetricsText } from "../../flowmetrics/studio/spec-count.ts";
import { parseDuration } from "../../model/duration.ts";
import { type CliCommand, type CliContext, exitCodes } from "../command.ts";
import { registerBackfill } from "./metrics-backfill.ts";
import { type FlowInputFlags, openFlowInput, readSpec } from "./metrics-input.ts";
import { checkText, previewText } from "./metrics-report.ts";
import { askServer } from "./metrics-server.ts";

type Done = (exitCode: number) => void;
const intervalDefault = "15s";

export const metricsCommand: CliCommand = {
  name: "metrics",
  register(program, context, done) {
    const metrics = program
      .command("metrics")
      .description("price, check and back-fill Hubble metrics of past flows")
      .enablePositionalOptions();
    registerPreview(metrics, context, done);
    registerCheck(metrics, context, done);
    registerBackfill(metrics, context, done);
    metrics.action(() => {
      context.stderr(metrics.helpInformation());
      done(exitCodes.misuse);
    });
  },
};

interface PreviewFlags extends FlowInputFlags {
  readonly output: string;
  readonly price?: string;
  readonly interval: string;
  readonly against?: readonly string[];
  readonly dynamic?: boolean;
  readonly suggest: boolean;
  readonly flowsMax?: string;
  readonly server?: string;
}

function registerPreview(metrics: Command, context: CliContext, done: Done): void {
  metrics
    .command("preview")
    .description("count what metrics would cost: series, growth, bytes, money, cheaper ways")
    .argument(
      "<spec...>",
      "metrics as in hubble.metrics.enabled, or a file of MetricConfigs (.yaml)",
    )
    .option("--flows <file>", "JSON lines of Hubble's exporter, plain or gzipped; - = stdin")
    .option("--data-dir <dir>", "kept flows of a data directory", "./data")
    .option("--server <url>", "let a running server count its kept flows")
    .option("--last <duration>", "flows of so long back from now: 24h")
    .option("--interval <duration>", "of scrapes", intervalDefault)
    .option(
      "--price <price>",
      `a month, such as "${priceExample}" (an example; there is no default)`,
    )
    .option("--against <spec...>", "compare with these metrics, enabled now")
    .option("--no-suggest", "count no cheaper ways")
    .option("--flows-max <n>", "count so many flows at most")
    .option("--dynamic", "Helm values as hubble.metrics.dynamic")
    .option("--output <format>", "text, json or helm", "text")
    .action(async (spec: string[], flags: PreviewFlags) => {
      done(await preview(spec, flags, context));
    });
}

async function preview(
  spec: readonly string[],
  flags: PreviewFlags,
  context: CliContext,
): Promise<number> {
  requireFormat(flags.output, ["text", "json", "helm"]);
  const text = readSpec(spec);
  const findings = findingsOf(text);
  const isRefused = findings.some(isRefusal);
  if (isRefused || flags.output !== "json") context.stderr(checkText(text, findings));
  if (isRefused) return exitCodes.trouble;
  if (flags.output === "helm") {
    printHelm(toHelmValues(text, flags.dynamic ?? false), context);
    return exitCodes.ok;
  }
  const result = await count(text, flags, context);
  const json = `${JSON.stringify({ findings, ...result }, null, 2)}\n`;
  context.stdout(flags.output === "json" ? json : previewText(result));
  return exitCodes.ok;
}

function printHelm({ yaml, notes }: HelmValues, context: CliContext): void {
  context.stdout(yaml);
  for (const note of notes) context.stderr(`${note}\n`);
}

async function count(
  text: MetricsText,
  flags: PreviewFlags,
  context: CliContext,
): Promise<Preview> {
  const intervalMs = parseDuration(flags.interval);
  if (intervalMs === undefined || intervalMs < 1000) {
    throw new AppError("usage", `--interval ${flags.interval} is no interval: write 15s or 1m`);
  }
  const price = flags.price === undefined ? undefined : parsePrice(flags.price);
  const handler = flags.suggest && "metrics" in text ? firstHandler(text.metrics) : undefined;
  if (flags.server !== undefined) {
    return await askServer<Preview>(flags.server, "POST", "/studio/preview", {
      ...text,
      interval: flags.interval,
      ...(flags.last === undefined ? {} : { since: `now-${flags.last}` }),
      ...(flags.price === undefined ? {} : { price: flags.price }),
      ...(flags.against === undefined ? {} : { against: flags.against }),
      ...(handler === undefined ? {} : { handler, which: "cheaper" }),
    });
  }
  const input = await openFlowInput(flags, context);
  try {
    return await previewMetrics(
      {
        text,
        intervalMs,
        price,
        against: flags.against,
        variants: handler === undefined ? undefined : { handler, which: "cheaper" },
        // A file is asked for whole; who waits can press ^C.
        flowsMax: readCount(flags.flowsMax),
        timeMaxMs: Number.POSITIVE_INFINITY,
      },
      input.flows,
      { clock: systemClock },
    );
  } finally {
    await input.close();
    for (const trouble of input.troubles()) context.stderr(`ciliascope: ${trouble}\n`);
  }
}

function firstHandler(metrics: readonly string[]): string | undefined {
  return parseMetricSpecs(metrics)[0]?.name;
}

function readCount(text: string | undefined): number {
  if (text === undefined) return Number.POSITIVE_INFINITY;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new AppError("usage", `--flows-max ${text} is no number of flows`);
}

function requireFormat(output: string, known: readonly string[]): void {
  if (known.includes(output)) return;
  throw new AppError("usage", `--output ${output}: there are ${known.join(", ")}`);
}

function registerCheck(metrics: Command, context: CliContext, done: Done): void {
  metrics
    .command("check")
    .description("tell what the agent would refuse, panic on, or silently read otherwise")
    .argument(
      "<spec...>",
      "metrics as in hubble.metrics.enabled, or a file of MetricConfigs (.yaml)",
    )
    .option("--output <format>", "text or json", "text")
    .action((spec: string[], flags: { readonly output: string }) => {
      requireFormat(flags.output, ["text", "json"]);
      const text = readSpec(spec);
      const findings = findingsOf(text);
      const isAccepted = !findings.some(isRefusal);
      context.stdout(
        flags.output === "json"
          ? `${JSON.stringify({ isAccepted, findings }, null, 2)}\n`
          : checkText(text, findings) || "The agent takes it as it is meant.\n",
      );
      done(isAccepted ? exitCodes.ok : exitCodes.trouble);
    });
}

function findingsOf(text: MetricsText): SpecFinding[] {
  return "config" in text ? checkMetricConfig(text.config) : checkMetricsList(text.metrics);
}
