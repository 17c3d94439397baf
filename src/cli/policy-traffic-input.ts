/**
 * Recorded flows for the policy commands: a file, or the last hours of a server: one that runs is asked
 * over HTTP (--server, or the address in DIR/server.json), the store of a stopped one is read in place.
 */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { PolicyTraffic } from "../api/policy-traffic.ts";
import { systemClock } from "../base/clock.ts";
import { AppError, errorMessage } from "../base/errors.ts";
import { type LogFields, type Logger, silentLogger } from "../base/logger.ts";
import { FlowStore } from "../flow/store/flow-store.ts";
import { parseDuration } from "../model/duration.ts";
import { FlowTally, type TallySnapshot } from "../policy/traffic/flow-tally.ts";
import { readFlows } from "./policy-files.ts";

/** Where flows come from, as flags say. */
export interface TrafficFlags {
  readonly flows?: string;
  readonly last?: string;
  readonly dataDir?: string;
  readonly server?: string;
}

/** Reads them. `hasHeaders`: some rule asks for HTTP headers. Throws AppError `usage`, `not_running`, `unreachable`, `config`. */
export async function readTraffic(
  flags: TrafficFlags,
  hasHeaders: boolean,
  warn: (text: string) => void,
): Promise<FlowTally> {
  const { flows, last } = flags;
  if (flows !== undefined && last !== undefined) {
    throw new AppError("usage", "--flows reads a file, --last asks a server: give one of them");
  }
  if (flows !== undefined) return readFlows(flows, warn);
  if (last === undefined) {
    throw new AppError(
      "usage",
      "say which flows: --flows FILE, or --last 24h with --data-dir DIR or --server URL",
    );
  }
  const lastMs = parseDuration(last);
  if (lastMs === undefined) throw new AppError("usage", `--last ${last} is no duration: write 24h`);
  const untilMs = systemClock.nowMs();
  const span = { sinceMs: untilMs - lastMs, untilMs };
  const dataDir = flags.dataDir ?? "./data";
  const server = flags.server ?? runningServer(dataDir);
  const tally =
    server === undefined
      ? await readStore(dataDir, span, hasHeaders, warn)
      : await askServer(server, span, hasHeaders);
  if (tally.flowCount === 0) {
    throw new AppError("config", `no flow was recorded in the last ${last} (${server ?? dataDir})`);
  }
  return tally;
}

/** The address of the server that runs on the directory; undefined = none does. */
function runningServer(dataDir: string): string | undefined {
  const path = join(dataDir, "server.json");
  if (!existsSync(path)) return undefined;
  try {
    const { url, pid } = JSON.parse(readFileSync(path, "utf8")) as { url: string; pid: number };
    process.kill(pid, 0);
    return url;
  } catch {
    // A file left behind by a server that was killed.
    return undefined;
  }
}

interface Span {
  readonly sinceMs: number;
  readonly untilMs: number;
}

async function askServer(server: string, span: Span, hasHeaders: boolean): Promise<FlowTally> {
  const url = new URL("api/ciliascope/v1/policy/connections", `${server.replace(/\/$/, "")}/`);
  url.searchParams.set("since", new Date(span.sinceMs).toISOString());
  url.searchParams.set("until", new Date(span.untilMs).toISOString());
  if (hasHeaders) url.searchParams.set("headers", "headers");
  let answer: Response;
  try {
    answer = await fetch(url);
  } catch (cause) {
    throw new AppError("unreachable", `${server} does not answer: ${errorMessage(cause)}`, {
      cause,
    });
  }
  const body = (await answer.json()) as TallySnapshot & { readonly error?: string };
  if (!answer.ok) {
    throw new AppError("unreachable", `${server} refuses: ${body.error ?? answer.status}`);
  }
  return FlowTally.restore(body);
}

async function readStore(
  dataDir: string,
  span: Span,
  hasHeaders: boolean,
  warn: (text: string) => void,
): Promise<FlowTally> {
  const dir = join(dataDir, "flows");
  if (!existsSync(dir)) {
    throw new AppError(
      "not_running",
      `there are no recorded flows in ${dataDir}: name the directory of a server with --data-dir, or a running one with --server`,
    );
  }
  const say = (fields: LogFields, message: string) =>
    warn(`warn  ${message} ${JSON.stringify(fields)}\n`);
  const logger: Logger = { ...silentLogger, warn: say, error: say, child: () => logger };
  const limits = {
    retentionMs: Number.MAX_SAFE_INTEGER,
    retentionBytes: Number.MAX_SAFE_INTEGER,
  };
  const store = await FlowStore.open({ dir, clock: systemClock, logger, ...limits });
  try {
    const { signal } = new AbortController();
    return await new PolicyTraffic(store, systemClock).tally(span, { signal, hasHeaders });
  } finally {
    await store.close();
  }
}
