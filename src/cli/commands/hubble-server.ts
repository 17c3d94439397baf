/**
 * `ciliascope status` and `ciliascope list nodes|namespaces`: what a Hubble server says of itself, with
 * the flags and the output of the hubble CLI.
 */

import { systemClock } from "../../base/clock.ts";
import { AppError, ConfigError, errorMessage } from "../../base/errors.ts";
import { callTrouble, troubleSentence } from "../../flow/grpc/call-trouble.ts";
import { HubbleClient } from "../../flow/grpc/hubble-client.ts";
import { formatProtoMessage } from "../../flow/model/jsonpb.ts";
import {
  formatMessageList,
  formatNamespaces,
  formatNodes,
  formatStatusCompact,
  formatStatusFields,
} from "../../flow/print/server-printer.ts";
import { type CliCommand, type CliContext, exitCodes } from "../command.ts";
import { type FlagSpec, flagHelp, parseFlags } from "../flag-set.ts";
import {
  type HubbleServerFlags,
  hubbleServerFlags,
  toHubbleTarget,
} from "../hubble-server-flags.ts";

export const statusCommand: CliCommand = {
  name: "status",
  register(program, context, done) {
    program
      .command("status")
      .description("status of a Hubble server, as `hubble status`")
      .argument("[flags...]", "see `ciliascope status --help`")
      .helpOption(false)
      .allowUnknownOption()
      .action(async (args: string[]) => {
        const usage = {
          name: "status",
          output: "compact",
          outputs: "compact, dict, json or table",
        };
        done(await runWithServer(args, context, usage, printStatus));
      });
  },
};

export const listCommand: CliCommand = {
  name: "list",
  register(program, context, done) {
    program
      .command("list")
      .description("nodes or namespaces of a Hubble server, as `hubble list`")
      .argument("<what>", "nodes or namespaces")
      .argument("[flags...]", "see `ciliascope list nodes --help`")
      .helpOption(false)
      .allowUnknownOption()
      .action(async (what: string, args: string[]) => {
        const kind = /^nodes?$/.test(what)
          ? "nodes"
          : /^(namespaces?|ns)$/.test(what)
            ? "namespaces"
            : "";
        if (kind === "") {
          context.stderr(`unknown command "${what}" for "ciliascope list"; nodes or namespaces\n`);
          done(exitCodes.misuse);
          return;
        }
        const usage = { name: `list ${kind}`, output: "table", outputs: "json, table or wide" };
        done(
          await runWithServer(
            args,
            context,
            usage,
            kind === "nodes" ? printNodes : printNamespaces,
          ),
        );
      });
  },
};

interface Call {
  readonly client: HubbleClient;
  readonly flags: HubbleServerFlags;
  readonly output: string;
  readonly context: Pick<CliContext, "stdout" | "stderr" | "env">;
}

interface Usage {
  readonly name: string;
  readonly output: string;
  readonly outputs: string;
}

async function runWithServer(
  args: readonly string[],
  context: CliContext,
  usage: Usage,
  run: (call: Call) => Promise<void>,
): Promise<number> {
  let client: HubbleClient | undefined;
  try {
    const { flags, specs } = hubbleServerFlags(context.env);
    const own = { output: usage.output, isHelp: false };
    const groups = { "": ownFlags(own, usage), Server: specs };
    const operands = parseFlags(Object.values(groups).flat(), args);
    if (own.isHelp) {
      context.stdout(`Usage: ciliascope ${usage.name} [flags]\n`);
      for (const [title, list] of Object.entries(groups)) {
        context.stdout(`\n${title === "" ? "Flags" : title}:\n${flagHelp(list)}`);
      }
      return exitCodes.ok;
    }
    if (operands[0] !== undefined) {
      throw new ConfigError(`unknown command "${operands[0]}" for "ciliascope ${usage.name}"`, {
        path: "",
      });
    }
    client = new HubbleClient(toHubbleTarget(flags), systemClock);
    await run({ client, flags, output: own.output, context });
    return exitCodes.ok;
  } catch (thrown) {
    context.stderr(`${serverTrouble(thrown)}\n`);
    return exitCodes.trouble;
  } finally {
    client?.close();
  }
}

/** Our own errors as they are; what gRPC throws with cause and mend. */
export function serverTrouble(thrown: unknown): string {
  if (thrown instanceof AppError) return errorMessage(thrown);
  if ((thrown as { code?: unknown }).code === undefined) throw thrown;
  return `cannot reach the Hubble server: ${troubleSentence(callTrouble(thrown))}`;
}

function ownFlags(own: { output: string; isHelp: boolean }, usage: Usage): FlagSpec[] {
  return [
    {
      name: "output",
      short: "o",
      help: `${usage.outputs} (${usage.output})`,
      valueName: "string",
      set: (value) => {
        own.output = value;
      },
    },
    {
      name: "help",
      short: "h",
      help: "print this help",
      bareValue: "true",
      set: () => {
        own.isHelp = true;
      },
    },
  ];
}

async function printStatus({ client, flags, output, context }: Call): Promise<void> {
  const health = await client.health(flags.requestTimeoutMs);
  const isCompact = output === "compact";
  const word = health === 1 ? "Ok" : `Unavailable: ${health === 2 ? "NOT_SERVING" : "UNKNOWN"}`;
  if (isCompact) context.stdout(`Healthcheck (via ${client.target.address}): ${word}\n`);
  if (health !== 1) throw new AppError("unreachable", "not healthy");
  const status = await client.serverStatus(flags.requestTimeoutMs);
  if (isCompact) context.stdout(formatStatusCompact(status));
  else if (output === "dict") context.stdout(formatStatusFields(status, false));
  else if (output === "tab" || output === "table") context.stdout(formatStatusFields(status, true));
  else if (["json", "JSON", "jsonpb"].includes(output)) {
    context.stdout(`${formatProtoMessage(status, "observer.ServerStatusResponse")}\n`);
  } else throw new ConfigError(`invalid output format: ${output}`, { path: "" });
}

async function printNodes({ client, flags, output, context }: Call): Promise<void> {
  const { nodes = [] } = await client.getNodes(flags.requestTimeoutMs);
  const sorted = [...nodes].sort((a, b) => ((a.name ?? "") < (b.name ?? "") ? -1 : 1));
  if (output === "json") context.stdout(formatMessageList(sorted, "observer.Node"));
  else context.stdout(formatNodes(sorted, isWide(output)));
}

async function printNamespaces({ client, flags, output, context }: Call): Promise<void> {
  const { namespaces = [] } = await client.getNamespaces(flags.requestTimeoutMs);
  if (output === "json") context.stdout(formatMessageList(namespaces, "observer.Namespace"));
  else context.stdout(formatNamespaces(namespaces, isWide(output)));
}

function isWide(output: string): boolean {
  if (output === "table" || output === "wide") return output === "wide";
  throw new ConfigError(`unknown output format: ${output}`, { path: "" });
}
