/** The program: reads the command line, runs one command, says errors in one line each. */

import { Command, CommanderError } from "commander";
import { InvariantError } from "../base/assert.ts";
import { AppError, errorMessage } from "../base/errors.ts";
import { type CliCommand, type CliContext, exitCodes } from "./command.ts";
import { checkCommand } from "./commands/check.ts";
import { endpointCommand, identityCommand } from "./commands/cluster-commands.ts";
import { demoCommand } from "./commands/demo.ts";
import { listCommand, statusCommand } from "./commands/hubble-server.ts";
import { labCommand } from "./commands/lab.ts";
import { metricsCommand } from "./commands/metrics.ts";
import { observeCommand } from "./commands/observe.ts";
import { policyCommand } from "./commands/policy.ts";
import { serverCommand } from "./commands/server.ts";
import { tsdbCommand } from "./commands/tsdb.ts";
import { readVersion } from "./version.ts";

const commands: readonly CliCommand[] = [
  demoCommand,
  serverCommand,
  labCommand,
  endpointCommand,
  identityCommand,
  checkCommand,
  observeCommand,
  listCommand,
  statusCommand,
  policyCommand,
  metricsCommand,
  tsdbCommand,
];

/** Runs the command line `argv` (without node and script); returns the exit code. */
export async function runMain(
  argv: readonly string[],
  context = processContext(),
): Promise<number> {
  let exitCode: number = exitCodes.ok;
  const program = new Command("ciliascope")
    .description("The Cilium monitoring stack in one process.")
    .version(readVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "print this help")
    .configureOutput({ writeOut: context.stdout, writeErr: context.stderr })
    .showHelpAfterError("(`--help` tells the options)")
    .enablePositionalOptions()
    .exitOverride();
  for (const command of commands) {
    command.register(program, context, (code) => {
      exitCode = code;
    });
  }
  for (const command of program.commands)
    command.exitOverride().configureOutput({ writeOut: context.stdout, writeErr: context.stderr });
  if (argv.length === 0) {
    context.stdout(program.helpInformation());
    return exitCodes.misuse;
  }
  try {
    await program.parseAsync([...argv], { from: "user" });
    return exitCode;
  } catch (thrown) {
    return reportFailure(thrown, context);
  }
}

function reportFailure(thrown: unknown, context: CliContext): number {
  if (thrown instanceof CommanderError)
    return thrown.exitCode === 0 ? exitCodes.ok : exitCodes.misuse;
  if (thrown instanceof InvariantError) throw thrown;
  context.stderr(`ciliascope: ${errorMessage(thrown)}\n`);
  if (!(thrown instanceof AppError) && thrown instanceof Error) context.stderr(`${thrown.stack}\n`);
  return thrown instanceof AppError && thrown.code === "usage"
    ? exitCodes.misuse
    : exitCodes.trouble;
}

function processContext(): CliContext {
  return {
    stdout: (text) => process.stdout.write(text),
    stdoutBytes: (bytes) => process.stdout.write(bytes),
    stderr: (text) => process.stderr.write(text),
    env: process.env,
    untilStopped: () =>
      new Promise((resolve) => {
        process.once("SIGINT", () => resolve());
        process.once("SIGTERM", () => resolve());
      }),
    onReload: (run) => {
      process.on("SIGHUP", run);
    },
  };
}
