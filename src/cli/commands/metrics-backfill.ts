/** `ciliascope metrics backfill`: a server's kept flows into its storage, with progress; ^C cancels. */

import type { Command } from "commander";
import { systemClock } from "../../base/clock.ts";
import { type CliContext, exitCodes } from "../command.ts";
import { askServer } from "./metrics-server.ts";

const path = "/studio/backfill";
const lookEveryMs = 500;

interface BackfillFlags {
  readonly server: string;
  readonly last: string;
  readonly until?: string;
  readonly interval: string;
  readonly output: string;
}

interface Status {
  readonly state: string;
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly atMs: number;
  readonly flows: number;
  readonly samples: number;
  readonly message: string;
}

/** Adds the command. */
export function registerBackfill(
  metrics: Command,
  context: CliContext,
  done: (exitCode: number) => void,
): void {
  metrics
    .command("backfill")
    .description('write metrics of past flows into storage, marked job="ciliascope-flows"')
    .argument("<spec...>", "metrics as in hubble.metrics.enabled")
    .option("--server <url>", "the running server", "http://127.0.0.1:9190")
    .option("--last <duration>", "flows of so long back from now", "24h")
    .option("--until <time>", "end; default: now, or where storage has the metrics itself")
    .option("--interval <duration>", "distance of the samples", "15s")
    .option("--output <format>", "text or json", "text")
    .action(async (spec: string[], flags: BackfillFlags) => {
      done(await backfill(spec, flags, context));
    });
}

async function backfill(
  metrics: readonly string[],
  flags: BackfillFlags,
  context: CliContext,
): Promise<number> {
  const { server, last, until, interval } = flags;
  const body = {
    metrics,
    since: `now-${last}`,
    interval,
    ...(until === undefined ? {} : { until }),
  };
  let status = await askServer<Status>(server, "POST", path, body);
  let isStopped = false;
  void context.untilStopped().then(() => {
    isStopped = true;
  });
  while (status.state === "running") {
    const share = (status.atMs - status.sinceMs) / Math.max(1, status.untilMs - status.sinceMs);
    context.stderr(
      `${Math.round(share * 100)} %, ${status.flows} flows, ${status.samples} samples\n`,
    );
    await new Promise<void>((resume) => {
      systemClock.after(lookEveryMs, resume);
    });
    status = await askServer<Status>(server, isStopped ? "DELETE" : "GET", path);
  }
  context.stdout(
    flags.output === "json"
      ? `${JSON.stringify(status, null, 2)}\n`
      : `${status.state}: ${status.message}\n`,
  );
  return status.state === "done" ? exitCodes.ok : exitCodes.trouble;
}
