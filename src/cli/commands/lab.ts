/** `ciliascope lab …`: speaks to the laboratory of a running demo. */

import { resolve } from "node:path";
import type { Command } from "commander";
import { AppError } from "../../base/errors.ts";
import {
  applyLabPolicies,
  deleteLabPolicy,
  getLabStatus,
  listLabEndpoints,
  listLabIdentities,
  listLabPolicies,
  listLabServices,
  runLabExec,
} from "../../lab/lab-client.ts";
import { type CliCommand, type CliContext, exitCodes } from "../command.ts";

/** What `lab get` can list: the question, and the columns of the table. */
const listings: Readonly<
  Record<string, { read: (dataDir: string) => Promise<unknown>; columns: readonly string[] }>
> = {
  endpoints: {
    read: listLabEndpoints,
    columns: ["id", "namespace", "podName", "nodeName", "address", "identity", "state"],
  },
  identities: { read: listLabIdentities, columns: ["id", "labels"] },
  services: {
    read: listLabServices,
    columns: ["namespace", "name", "clusterAddress", "ports", "backends"],
  },
  policies: { read: listLabPolicies, columns: ["namespace", "name", "kind", "entryCount"] },
  status: { read: getLabStatus, columns: [] },
};

export const labCommand: CliCommand = {
  name: "lab",
  register(program, context, done) {
    const lab = program
      .command("lab")
      .description("commands for the laboratory of a running demo")
      .enablePositionalOptions();
    registerExec(lab, context, done);
    registerGet(lab, context, done);
    registerPolicies(lab, context, done);
    lab.action(() => {
      context.stderr(lab.helpInformation());
      done(exitCodes.misuse);
    });
  },
};

/** Every command of the laboratory finds the running demo through its data directory. */
function withDataDir(command: Command): Command {
  return command.option("--data-dir <dir>", "data directory of the running demo", "./data");
}

function registerExec(lab: Command, context: CliContext, done: (exitCode: number) => void): void {
  withDataDir(lab.command("exec"))
    .description("run a command in a pod; the pods have curl")
    .argument("<pod>", "pod, as in tiefighter or default/tiefighter")
    .argument("<command...>", "after --: curl and its arguments")
    .option("-n, --namespace <namespace>", "namespace of the pod", "default")
    .action(
      async (pod: string, command: string[], flags: { namespace: string; dataDir: string }) => {
        done(
          await runLabExec({
            dataDir: resolve(flags.dataDir),
            namespace: flags.namespace,
            pod,
            command,
            stdout: context.stdout,
            stdoutBytes: context.stdoutBytes,
            stderr: context.stderr,
          }),
        );
      },
    );
}

function registerGet(lab: Command, context: CliContext, done: (exitCode: number) => void): void {
  withDataDir(lab.command("get"))
    .description(`list ${Object.keys(listings).join(", ")}`)
    .argument("<what>", "what to list")
    .option("--output <format>", "text or json", "text")
    .action(async (what: string, flags: { dataDir: string; output: string }) => {
      const listing = listings[what];
      if (listing === undefined) {
        throw new AppError(
          "usage",
          `lab get: there is no ${JSON.stringify(what)}; there are ${Object.keys(listings).join(", ")}`,
        );
      }
      const found = await listing.read(resolve(flags.dataDir));
      const isTable = flags.output === "text" && Array.isArray(found);
      context.stdout(
        isTable ? table(found as Row[], listing.columns) : `${JSON.stringify(found, null, 2)}\n`,
      );
      done(exitCodes.ok);
    });
}

function registerPolicies(
  lab: Command,
  context: CliContext,
  done: (exitCode: number) => void,
): void {
  withDataDir(lab.command("apply"))
    .description("put the CiliumNetworkPolicies of a file in force")
    .requiredOption("-f, --file <file>", "YAML file")
    .action(async (flags: { dataDir: string; file: string }) => {
      const outcomes = await applyLabPolicies(resolve(flags.dataDir), resolve(flags.file));
      const verbs = { add: "created", update: "configured", delete: "deleted" };
      for (const { action, namespace, name } of outcomes) {
        context.stdout(`ciliumnetworkpolicy ${namespace}/${name} ${verbs[action]}\n`);
      }
      done(exitCodes.ok);
    });
  withDataDir(lab.command("delete"))
    .description("take a policy away")
    .argument("<name>", "name of the policy")
    .option("-n, --namespace <namespace>", "its namespace", "default")
    .action(async (name: string, flags: { dataDir: string; namespace: string }) => {
      await deleteLabPolicy(resolve(flags.dataDir), flags.namespace, name);
      context.stdout(`ciliumnetworkpolicy ${flags.namespace}/${name} deleted\n`);
      done(exitCodes.ok);
    });
}

type Row = Readonly<Record<string, unknown>>;

/** Columns padded to their widest cell, heads in capitals, as kubectl prints. */
function table(rows: readonly Row[], columns: readonly string[]): string {
  const heads = columns.map((name) =>
    name.replace(/[A-Z]/g, (letter) => `-${letter}`).toUpperCase(),
  );
  const cells = rows.map((row) => columns.map((name) => cellText(row[name])));
  const widths = heads.map((head, index) =>
    Math.max(head.length, ...cells.map((line) => line[index]?.length ?? 0)),
  );
  return [heads, ...cells]
    .map((line) =>
      line
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join("   ")
        .trimEnd(),
    )
    .map((line) => `${line}\n`)
    .join("");
}

function cellText(value: unknown): string {
  if (value === undefined || value === null) return "";
  if (Array.isArray(value)) return value.map(cellText).join(",");
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}
