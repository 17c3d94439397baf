/** `ciliascope lab fault …`: makes something of the running laboratory go wrong, and right again. */

import { resolve } from "node:path";
import type { Command } from "commander";
import { clearLabFaults, type Fault, injectLabFault, listLabFaults } from "../../lab/lab-client.ts";
import { formatColumns } from "../cilium-format.ts";
import { type CliContext, exitCodes } from "../command.ts";

interface InjectFlags {
  readonly dataDir: string;
  readonly node?: string;
  readonly cluster?: string;
  readonly share?: string;
  readonly ms?: string;
  readonly reason?: string;
  readonly rcode?: string;
}

/** What can go wrong, for the help; the laboratory itself checks. */
const kindsHelp = `
Kinds:
  node-down             the node's agent, pods and health endpoint answer nothing (--node)
  policy-import-error   every policy that is applied is refused
  slow-regeneration     each endpoint regeneration takes --ms longer (2000)
  lost-events           Hubble loses a share of the flows (--share 0.5)
  dns-failure           kube-dns leaves a share of the queries without an answer (--share 1),
                        or answers with a code (--rcode SERVFAIL)
  packet-drop           the datapath drops a share of the new connections (--share 0.3, --reason 155)
  map-pressure          conntrack and policy maps are filled to a share (--share 0.95)
  mesh-unreachable      the Cluster Mesh API server of --cluster cannot be reached
`;

/** Adds `lab fault inject|clear|list`. */
export function registerFaults(
  lab: Command,
  context: CliContext,
  done: (exitCode: number) => void,
): void {
  const fault = lab.command("fault").description("make something go wrong: inject, list, clear");
  withDataDir(fault.command("inject"))
    .description("make something go wrong")
    .argument("<kind>", "what: see below")
    .option("--node <node>", "only there")
    .option("--cluster <cluster>", "whose API server, for mesh-unreachable")
    .option("--share <share>", "how much of it, 0 to 1")
    .option("--ms <ms>", "how much longer, for slow-regeneration")
    .option("--reason <reason>", "number or name of a drop reason, for packet-drop")
    .option("--rcode <code>", "number or name of a DNS response code, for dns-failure")
    .addHelpText("after", kindsHelp)
    .action(async (kind: string, flags: InjectFlags) => {
      const { node, cluster, share, ms, reason, rcode } = flags;
      const made = await injectLabFault(resolve(flags.dataDir), {
        kind,
        ...(node === undefined ? {} : { node }),
        ...(cluster === undefined ? {} : { cluster }),
        ...(share === undefined ? {} : { share: numberOf(share) }),
        ...(ms === undefined ? {} : { ms: numberOf(ms) }),
        ...(reason === undefined ? {} : { reason }),
        ...(rcode === undefined ? {} : { rcode }),
      });
      context.stdout(`fault ${made.id} (${made.kind}) injected\n`);
      done(exitCodes.ok);
    });
  withDataDir(fault.command("list"))
    .description("list the faults in force")
    .option("--output <format>", "text or json", "text")
    .action(async (flags: { dataDir: string; output: string }) => {
      const faults = await listLabFaults(resolve(flags.dataDir));
      context.stdout(
        flags.output === "json" ? `${JSON.stringify(faults, null, 2)}\n` : formatFaults(faults),
      );
      done(exitCodes.ok);
    });
  withDataDir(fault.command("clear"))
    .description("clear a fault by number, all of a kind, or all")
    .argument("[which]", "number or kind; all unless told")
    .action(async (which: string | undefined, flags: { dataDir: string }) => {
      const gone = await clearLabFaults(resolve(flags.dataDir), which);
      for (const { id, kind } of gone) context.stdout(`fault ${id} (${kind}) cleared\n`);
      if (gone.length === 0) context.stdout("no fault was in force\n");
      done(exitCodes.ok);
    });
}

/** The number, or the text as it is: the laboratory says what it wants. */
function numberOf(text: string): number | string {
  return text === "" || Number.isNaN(Number(text)) ? text : Number(text);
}

function withDataDir(command: Command): Command {
  return command.option("--data-dir <dir>", "data directory of the running demo", "./data");
}

function formatFaults(faults: readonly Fault[]): string {
  const rows = faults.map(({ id, kind, node, cluster, share, ms, reason, rcode, sinceMs }) => [
    id,
    kind,
    node ?? cluster ?? "everywhere",
    [
      share === undefined ? "" : `share ${share}`,
      ms === undefined ? "" : `${ms} ms`,
      reason === undefined ? "" : `reason ${reason}`,
      rcode === undefined ? "" : `rcode ${rcode}`,
    ]
      .filter((text) => text !== "")
      .join(", "),
    new Date(sinceMs).toISOString(),
  ]);
  return formatColumns([["ID", "KIND", "WHERE", "HOW", "SINCE"], ...rows]);
}
