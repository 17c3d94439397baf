/**
 * Real peers that tests compare with: Debian's prometheus and promtool (2.42), and Prometheus 3.15 built
 * from source into $PEERS_DIR/bin (default ~/.cache/ciliascope-peers), which not every machine has.
 */

import { spawnSync } from "node:child_process";
import { existsSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import {
  type BenchServer,
  findServers,
  type RunningServer,
  startBenchServer,
} from "../bench/servers.ts";
import { type AppTestContext, poll, type RunningProgram } from "./app-test.ts";

/** One release of Prometheus with its promtool. */
export interface PrometheusPeer {
  readonly name: string;
  readonly prometheus: string;
  readonly promtool: string;
  /** Whether range vectors leave their oldest end out, as from release 3 on. */
  readonly hasOpenRanges: boolean;
}

/** Whether a program is in PATH; where it is not, a line says that its part is skipped. */
export function isInstalled(program: string): boolean {
  if (canRun(program)) return true;
  console.log(`      SKIPPED: no ${program} here`);
  return false;
}

function canRun(program: string): boolean {
  return spawnSync(program, ["--version"]).error === undefined;
}

/** Those that are here; one line is printed for each that is not. */
export function findPrometheusPeers(): PrometheusPeer[] {
  const folder = join(
    process.env["PEERS_DIR"] ?? join(homedir(), ".cache", "ciliascope-peers"),
    "bin",
  );
  const wanted: readonly PrometheusPeer[] = [
    {
      name: "Debian's Prometheus 2.42",
      prometheus: "prometheus",
      promtool: "promtool",
      hasOpenRanges: false,
    },
    {
      name: "Prometheus 3.15",
      prometheus: join(folder, "prometheus"),
      promtool: join(folder, "promtool"),
      hasOpenRanges: true,
    },
  ];
  return wanted.filter(({ name, prometheus, promtool }) => {
    const isHere = [prometheus, promtool].every((program) =>
      program.includes("/") ? existsSync(program) : canRun(program),
    );
    if (!isHere) console.log(`      SKIPPED: ${name} is not here`);
    return isHere;
  });
}

/** Prometheus 3 and us, each on an empty folder and open for remote write; undefined, and said so, without the former. */
export async function startBesidePrometheus(
  context: AppTestContext,
): Promise<{ readonly theirs: RunningServer; readonly ours: RunningServer } | undefined> {
  const { servers } = findServers();
  const [prometheus, ciliascope] = ["prometheus 3", "ciliascope"].map((name) =>
    servers.find((server) => server.name === name),
  );
  if (prometheus === undefined || ciliascope === undefined) {
    console.log("      SKIPPED: no Prometheus 3 here");
    return undefined;
  }
  const start = (server: BenchServer) =>
    startBenchServer(context, server, { dir: context.tempDir() });
  return { theirs: await start(prometheus), ours: await start(ciliascope) };
}

/** What a Prometheus is started with beside its folder. */
interface PrometheusOptions {
  readonly args?: readonly string[];
  /** Its configuration. */
  readonly config?: string;
}

const storageConfig =
  "global: {scrape_interval: 1h}\nstorage: {tsdb: {out_of_order_time_window: 1h}}\n";

/** Starts a Prometheus on a data directory and waits until it answers; "" where it ended instead. */
export async function startPrometheus(
  context: AppTestContext,
  peer: Pick<PrometheusPeer, "prometheus">,
  dir: string,
  options: PrometheusOptions = {},
): Promise<{ readonly url: string; readonly program: RunningProgram }> {
  const port = await context.freePort();
  const config = `${dir}.yml`;
  writeFileSync(config, options.config ?? storageConfig);
  const program = context.startCommand(peer.prometheus, [
    `--config.file=${config}`,
    `--storage.tsdb.path=${dir}`,
    "--storage.tsdb.retention.time=10y",
    `--web.listen-address=127.0.0.1:${port}`,
    "--enable-feature=native-histograms",
    "--log.level=warn",
    ...(options.args ?? []),
  ]);
  const url = `http://127.0.0.1:${port}`;
  const isReady = await poll(async () => {
    if (program.child.exitCode !== null) return false;
    const answer = await fetch(`${url}/-/ready`).catch(() => undefined);
    return answer?.status === 200 ? true : undefined;
  });
  return { url: isReady === true ? url : "", program };
}
