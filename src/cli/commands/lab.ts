/** `ciliascope lab …`: speaks to the laboratory of a running demo. */

import { resolve } from "node:path";
import type { Command } from "commander";
import { AppError } from "../../base/errors.ts";
import {
  applyLabObjects,
  deleteLabObject,
  deleteLabObjects,
  getLabStatus,
  listLabEndpoints,
  listLabFaults,
  listLabIdentities,
  listLabNamespaces,
  listLabNodes,
  listLabPolicies,
  listLabServices,
  listLabWorkloads,
  type ObjectOutcome,
  runLabExec,
} from "../../lab/lab-client.ts";
import { type CliCommand, type CliContext, exitCodes } from "../command.ts";
import { registerFaults } from "./lab-fault.ts";
import { registerRun } from "./lab-run.ts";

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
  policies: {
    read: listLabPolicies,
    columns: ["namespace", "name", "kind", "entryCount", "state", "error"],
  },
  nodes: {
    read: listLabNodes,
    columns: ["name", "address", "podCidr", "agentPod", "isOperatorNode"],
  },
  namespaces: { read: listLabNamespaces, columns: ["clusterName", "name", "labels"] },
  workloads: {
    read: listLabWorkloads,
    columns: ["clusterName", "namespace", "name", "kind", "replicas", "program", "pods"],
  },
  pods: {
    read: async (dataDir) => (await listLabEndpoints(dataDir)).filter(({ kind }) => kind === "pod"),
    columns: ["namespace", "podName", "state", "address", "nodeName", "identity"],
  },
  faults: {
    read: listLabFaults,
    columns: ["id", "kind", "node", "cluster", "share", "ms", "reason"],
  },
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
    registerObjects(lab, context, done);
    registerFaults(lab, context, done);
    registerRun(lab, context, done);
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
    .description("run a command in a pod; the pods have curl, ping and nslookup")
    .argument("<pod>", "pod or workload, as in tiefighter or default/tiefighter")
    .argument("<command...>", "after --: curl and its arguments")
    .option("-n, --namespace <namespace>", "namespace of the pod", "default")
    .option("--cluster <cluster>", "cluster of a mesh; the first unless told")
    .action(
      async (
        pod: string,
        command: string[],
        flags: { namespace: string; cluster?: string; dataDir: string },
      ) => {
        done(
          await runLabExec({
            dataDir: resolve(flags.dataDir),
            namespace: flags.namespace,
            cluster: flags.cluster,
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

interface ObjectFlags {
  readonly dataDir: string;
  readonly file?: string;
  readonly namespace: string;
  readonly cluster?: string;
}

function registerObjects(
  lab: Command,
  context: CliContext,
  done: (exitCode: number) => void,
): void {
  const say = (outcomes: readonly ObjectOutcome[]): void => {
    const verbs = { add: "created", update: "configured", delete: "deleted" };
    for (const { kind, action, namespace, name } of outcomes) {
      const full = namespace === "" ? name : `${namespace}/${name}`;
      context.stdout(`${kind.toLowerCase()} ${full} ${verbs[action]}\n`);
    }
  };
  withDataDir(lab.command("apply"))
    .description(
      "put the objects of a file in force: policies, namespaces, services, pods, workloads",
    )
    .requiredOption("-f, --file <file>", "YAML file")
    .option("--cluster <cluster>", "cluster of a mesh; the first unless told")
    .action(async (flags: ObjectFlags) => {
      const target = { file: resolve(flags.file ?? ""), cluster: flags.cluster };
      say(await applyLabObjects(resolve(flags.dataDir), target));
      done(exitCodes.ok);
    });
  withDataDir(lab.command("delete"))
    .description(
      "take an object away: `delete NAME` a policy, `delete KIND NAME` any, `-f FILE` all of a file",
    )
    .argument("[what...]", "name of a policy, or kind and name as in pod xwing or svc deathstar")
    .option("-f, --file <file>", "YAML file")
    .option("-n, --namespace <namespace>", "its namespace", "default")
    .option("--cluster <cluster>", "cluster of a mesh; the first unless told")
    .action(async (what: string[], flags: ObjectFlags) => {
      const dataDir = resolve(flags.dataDir);
      if (flags.file !== undefined) {
        say(await deleteLabObjects(dataDir, { file: resolve(flags.file), cluster: flags.cluster }));
        done(exitCodes.ok);
        return;
      }
      say([{ ...(await deleteNamed(dataDir, what, flags)), action: "delete" }]);
      done(exitCodes.ok);
    });
}

/** One word is the name of a policy of any kind, as before there were other objects. */
async function deleteNamed(dataDir: string, what: readonly string[], flags: ObjectFlags) {
  const { namespace, cluster } = flags;
  const [first = "", second] = what;
  if (first === "" || what.length > 2)
    throw new AppError("usage", "lab delete: want a name, a kind and a name, or -f FILE");
  if (second !== undefined)
    return deleteLabObject(dataDir, { kind: first, namespace, name: second }, cluster);
  const policy = (await listLabPolicies(dataDir)).find(
    (one) => one.name === first && (one.namespace === namespace || one.namespace === ""),
  );
  const kind = policy?.kind ?? "CiliumNetworkPolicy";
  return deleteLabObject(dataDir, { kind, namespace, name: first }, cluster);
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
  if (isPort(value)) return `${value.port}/${value.protocol}`;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** A service's port, printed as kubectl does. */
function isPort(value: unknown): value is { readonly port: number; readonly protocol: string } {
  return typeof value === "object" && value !== null && "port" in value && "protocol" in value;
}
