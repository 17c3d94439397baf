/**
 * Servers that are measured side by side: ours, Prometheus 3 (built by the peers script, if it is
 * there), Debian's Prometheus 2.42 and Debian's VictoriaMetrics. Each on loopback, on a folder of its own.
 */

import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { AppTestContext, poll, projectDir, type RunningProgram } from "../apptest/app-test.ts";

/** Names, as the tables show them. */
export type ServerName = "ciliascope" | "prometheus 3" | "prometheus 2.42" | "victoria-metrics";

/** A server that can be started here. */
export interface BenchServer {
  readonly name: ServerName;
  readonly command: string;
}

/** One that runs. */
export interface RunningServer {
  readonly name: ServerName;
  readonly url: string;
  readonly pid: number;
  /** Where its files lie: `wal`, blocks and so on directly below, except VictoriaMetrics. */
  readonly dataDir: string;
  /** From the process start to the first answer of its readiness check. */
  readonly startSeconds: number;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Servers found, and sentences about those that are not. */
export interface FoundServers {
  readonly servers: readonly BenchServer[];
  readonly skipped: readonly string[];
}

/** How a server is to run. */
export interface StartOptions {
  /** Folder of this server alone; kept. */
  readonly dir: string;
  /** Targets to scrape each second, "host:port". */
  readonly targets?: readonly string[];
  /** Node's own flags, for ours. */
  readonly nodeArgs?: readonly string[];
}

const retention = "36500d";
const readyTimeoutMs = 180_000;

/** Looks for the peers. */
export function findServers(): FoundServers {
  const servers: BenchServer[] = [{ name: "ciliascope", command: process.execPath }];
  const skipped: string[] = [];
  const peersDir = process.env["PEERS_DIR"] ?? join(homedir(), ".cache", "ciliascope-peers");
  const prometheus3 = join(peersDir, "bin", "prometheus");
  if (existsSync(prometheus3)) servers.push({ name: "prometheus 3", command: prometheus3 });
  else skipped.push(`prometheus 3: not at ${prometheus3} (peers build prometheus)`);
  for (const [name, command, argument] of [
    ["prometheus 2.42", "prometheus", "--version"],
    ["victoria-metrics", "victoria-metrics", "-version"],
  ] as const) {
    const isThere = spawnSync(command, [argument]).error === undefined;
    if (isThere) servers.push({ name, command });
    else skipped.push(`${name}: no ${command} in PATH (apt install ${command})`);
  }
  return { servers, skipped };
}

/** Measures each server in its turn and gives the rows in that order: ours, the peers, ours again. */
export async function benchInTurn<T>(
  { servers }: FoundServers,
  measure: (context: AppTestContext, server: BenchServer, index: number) => Promise<T>,
): Promise<T[]> {
  const [ours, ...peers] = servers;
  if (ours === undefined) return [];
  const runs: T[] = [];
  for (const [index, server] of [ours, ...peers, ours].entries()) {
    const context = new AppTestContext();
    try {
      runs.push(await measure(context, server, index));
    } finally {
      await context.close();
    }
  }
  return runs;
}

/** How late timers fire in ours (99th percentile since the last time somebody asked), ms; undefined for peers. */
export async function eventLoopDelayMs(running: RunningServer): Promise<number | undefined> {
  if (running.name !== "ciliascope") return undefined;
  const text = await (await fetch(`${running.url}/metrics`)).text();
  const match = /^ciliascope_event_loop_delay_seconds\{percentile="99"\} (\S+)/m.exec(text);
  return match === null ? undefined : Number(match[1]) * 1000;
}

/** Starts a server and waits until it answers. */
export async function startBenchServer(
  context: AppTestContext,
  server: BenchServer,
  options: StartOptions,
): Promise<RunningServer> {
  mkdirSync(options.dir, { recursive: true });
  const port = await context.freePort();
  const url = `http://127.0.0.1:${port}`;
  const config = join(options.dir, "bench.yml");
  writeFileSync(config, scrapeConfig(options.targets ?? []));
  const startedMs = performance.now();
  const program = launch(context, server, { ...options, config, port });
  const probe = server.name === "victoria-metrics" ? "/health" : "/-/ready";
  await poll(async () => {
    const answer = await fetch(`${url}${probe}`).catch(() => undefined);
    return answer?.status === 200 ? true : undefined;
  }, readyTimeoutMs);
  const data = join(options.dir, "data");
  return {
    name: server.name,
    url,
    pid: program.child.pid as number,
    dataDir: server.name === "ciliascope" ? join(data, "tsdb") : data,
    startSeconds: (performance.now() - startedMs) / 1000,
    async stop(signal = "SIGTERM") {
      await program.stop(signal);
    },
  };
}

function scrapeConfig(targets: readonly string[]): string {
  if (targets.length === 0) return "scrape_configs: []\n";
  const list = targets.map((target) => `'${target}'`).join(",");
  return `global: {scrape_interval: 1s, scrape_timeout: 1s}\nscrape_configs:\n- job_name: background\n  static_configs: [{targets: [${list}]}]\n`;
}

function launch(
  context: AppTestContext,
  server: BenchServer,
  at: StartOptions & { readonly config: string; readonly port: number },
): RunningProgram {
  const listen = `127.0.0.1:${at.port}`;
  const data = join(at.dir, "data");
  if (server.name === "ciliascope") {
    return context.startCommand(server.command, [
      ...(at.nodeArgs ?? []),
      join(projectDir, "bin", "ciliascope"),
      "server",
      `--config=${at.config}`,
      `--data-dir=${data}`,
      `--listen=${listen}`,
      `--storage.tsdb.retention.time=${retention}`,
      "--web.enable-remote-write-receiver",
      "--log.level=error",
    ]);
  }
  if (server.name === "victoria-metrics") {
    return context.startCommand(server.command, [
      `-promscrape.config=${at.config}`,
      `-storageDataPath=${data}`,
      `-httpListenAddr=${listen}`,
      "-retentionPeriod=100y",
      "-search.maxUniqueTimeseries=1000000",
    ]);
  }
  return context.startCommand(server.command, [
    `--config.file=${at.config}`,
    `--storage.tsdb.path=${data}`,
    `--storage.tsdb.retention.time=${retention}`,
    `--web.listen-address=${listen}`,
    "--web.enable-remote-write-receiver",
    "--log.level=error",
  ]);
}
