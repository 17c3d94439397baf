/** `ciliascope demo`: the laboratory and a server that scrapes it, on this machine. */

import { errorMessage } from "../../base/errors.ts";
import { type LabHandle, startLab } from "../../lab/lab.ts";
import { openLabClusterView } from "../../lab/lab-cluster-view.ts";
import { findPortHolder } from "../../server/port-holder.ts";
import { startServer } from "../../server/server.ts";
import { type CliCommand, type CliContext, exitCodes } from "../command.ts";
import { readVersion } from "../version.ts";
import { demoConfigYaml } from "./demo-config.ts";
import { addLabFlags, type LabFlags, labOptions } from "./lab-options.ts";
import { openPage } from "./open-page.ts";
import { addServerFlags, type SharedFlags, toServerOptions } from "./server-options.ts";

/** Flags of the demo alone. */
type DemoFlags = SharedFlags & LabFlags;

export const demoCommand: CliCommand = {
  name: "demo",
  register(program, context, done) {
    addLabFlags(addServerFlags(program.command("demo")))
      .description("run the Star Wars laboratory, or another scene, and show it: no cluster needed")
      .action(async (flags: DemoFlags) => done(await runDemo(flags, context)));
  },
};

async function runDemo(flags: DemoFlags, context: CliContext): Promise<number> {
  const options = toServerOptions(flags, "demo", readVersion());
  const { logger } = options;
  const stopped = context.untilStopped();
  // The server first: it holds the lock of the data directory, so a second start is refused before
  // anything of the laboratory runs.
  const server = await startServer({
    ...options,
    ciliumVersion: flags.ciliumVersion,
    clusterView: openLabClusterView(options.dataDir),
  });
  let lab: LabHandle | undefined;
  try {
    lab = await startLab({
      dataDir: options.dataDir,
      ...labOptions(flags),
      logger: logger.child({ part: "lab" }),
      findPortHolder,
    });
    await server.addScrapeConfigs(demoConfigYaml(lab.endpoints, flags.scene), lab.notes);
    for (const { address, clusterName } of lab.relays) {
      server.addFlowSource(
        `grpc://${address}?from=start&cluster=${encodeURIComponent(clusterName)}`,
      );
    }
    context.onReload(() => {
      server.reload().catch((thrown: unknown) => {
        logger.error({ error: errorMessage(thrown) }, "the old configuration stays in force");
      });
    });
    sayReady(lab, server.url, flags.scene, context);
    if (flags.open === true) {
      openPage(server.url, () =>
        context.stderr(`no browser found here; open ${server.url} yourself\n`),
      );
    }
    const end = await Promise.race([stopped, lab.exited]);
    if (end !== undefined) logger.error({ reason: end.reason }, "the laboratory ended");
    return end === undefined ? exitCodes.ok : exitCodes.trouble;
  } finally {
    // The server first: what follows the laboratory need not complain that it is gone.
    await server.stop().finally(() => lab?.stop());
  }
}

function sayReady(lab: LabHandle, url: string, scene: string, context: CliContext): void {
  for (const note of lab.notes) context.stdout(`${note}\n`);
  for (const { name, url: endpoint } of lab.endpoints)
    context.stdout(`${name.padEnd(24)} ${endpoint}\n`);
  const hints = scene === "star-wars" ? starWarsHints : sceneHints;
  context.stdout(["", ...hints, "", `ready ${url}   (Ctrl-C ends everything)`, ""].join("\n"));
}

const sceneHints = [
  "Try it in a second terminal:",
  "  ciliascope lab get workloads",
  "  ciliascope endpoint list",
];
const starWarsHints = [
  "Try it in a second terminal:",
  "  ciliascope lab exec tiefighter -- curl -s -XPOST deathstar.default.svc.cluster.local/v1/request-landing",
  "  ciliascope lab exec xwing -- curl -s -XPOST -m 5 deathstar.default.svc.cluster.local/v1/request-landing",
  "  ciliascope lab exec tiefighter -- curl -s -XPUT deathstar.default.svc.cluster.local/v1/exhaust-port",
];
