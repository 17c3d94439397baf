/**
 * `ciliascope policy …`: policies tried out before they are applied. check, test, trace and diff need
 * policies only; replay, unused, score and propose look at recorded flows.
 */

import { type Command, Option } from "commander";
import { type CliCommand, type CliContext, exitCodes } from "../command.ts";
import { type AgentFlags, readPolicyFiles } from "../policy-files.ts";
import { readTraffic, type TrafficFlags } from "../policy-traffic-input.ts";
import { registerPolicyGet } from "./cluster-commands.ts";
import { runCheck } from "./policy-check.ts";
import { runDiff, runTrace } from "./policy-connectivity.ts";
import { runPropose, runReplay, runScore, runUnused } from "./policy-flows.ts";
import { runTests } from "./policy-tests.ts";

type Done = (exitCode: number) => void;

export const policyCommand: CliCommand = {
  name: "policy",
  register(program, context, done) {
    const policy = program
      .command("policy")
      .description("check, test and replay network policies before they are applied")
      .enablePositionalOptions();
    registerCheck(policy, context, done);
    registerTest(policy, context, done);
    registerConnectivity(policy, context, done);
    registerReplay(policy, context, done);
    registerPropose(policy, context, done);
    registerPolicyGet(policy, context, done);
    policy.action(() => {
      context.stderr(policy.helpInformation());
      done(exitCodes.misuse);
    });
  },
};

/** What every command takes: how the agent is set. */
function withAgentFlags(command: Command): Command {
  return command
    .option("--cluster-name <name>", "name of the local cluster", "default")
    .option("--host-firewall", "the agent runs with enable-host-firewall")
    .option("--node-selector-labels", "the agent runs with enable-node-selector-labels");
}

function output(...formats: string[]): Option {
  return new Option("--output <format>", "how results are written")
    .choices(formats)
    .default(formats[0]);
}

/** Which recorded flows: a file, or the last hours of a server. */
function withTrafficFlags(command: Command): Command {
  return command
    .option(
      "--flows <file>",
      "lines of `hubble observe -o jsonpb`, gzipped or not; - = standard input",
    )
    .option("--last <duration>", "the flows that a server recorded in the last, as in 24h")
    .option(
      "--data-dir <dir>",
      "with --last: directory of the server, running or stopped (default: ./data)",
    )
    .option("--server <url>", "with --last: a server that runs, as in http://127.0.0.1:9190");
}

function registerCheck(policy: Command, context: CliContext, done: Done): void {
  withAgentFlags(policy.command("check"))
    .description("refuse what Cilium would refuse, and warn of what its author would regret")
    .argument("<files...>", "files or folders with policies")
    .option("--endpoints <file>", "endpoints or Kubernetes pods: selectors are compared with them")
    .option("--data-dir <dir>", "take the endpoints of the demo that runs on this directory")
    .option("--strict", "warnings fail the check too")
    .addOption(output("text", "json", "sarif"))
    .action(
      async (
        files: string[],
        flags: AgentFlags & {
          endpoints?: string;
          dataDir?: string;
          strict?: boolean;
          output: string;
        },
      ) => done(await runCheck(files, flags, context)),
    );
}

function registerTest(policy: Command, context: CliContext, done: Done): void {
  policy
    .command("test")
    .description("run the policy tests (YAML files with `tests:`) of files and folders")
    .argument("<paths...>", "test files, or folders that hold some")
    .option("--watch", "run again whenever a file changes, until interrupted")
    .addOption(output("text", "tap", "junit", "sarif", "json"))
    .action(async (paths: string[], flags: { watch?: boolean; output: string }) =>
      done(await runTests(paths, flags, context)),
    );
}

function registerConnectivity(policy: Command, context: CliContext, done: Done): void {
  withAgentFlags(policy.command("diff"))
    .description("what connectivity changes from policies A to policies B")
    .argument("<before>", "file or folder")
    .argument("<after>", "file or folder")
    .option("--endpoints <file>", "endpoints to compare; without, some are made up from selectors")
    .option("--data-dir <dir>", "take the endpoints of the demo that runs on this directory")
    .option("--fail", "exit with 1 where anything changes")
    .addOption(output("text", "json"))
    .action(
      async (
        before: string,
        after: string,
        flags: AgentFlags & {
          endpoints?: string;
          dataDir?: string;
          fail?: boolean;
          output: string;
        },
      ) => done(await runDiff({ before, after }, flags, context)),
    );
  withAgentFlags(policy.command("trace"))
    .description("the verdict on one connection, and which rules it comes from")
    .argument("<files...>", "files or folders with policies")
    .requiredOption("--from <name>", "endpoint of the endpoints file")
    .requiredOption("--to <name>", "endpoint of the endpoints file")
    .requiredOption("--port <port>", "as in 80 or 53/UDP")
    .option("--endpoints <file>", "endpoints or Kubernetes pods")
    .option("--data-dir <dir>", "take the endpoints of the demo that runs on this directory")
    .addOption(output("text", "json"))
    .action(
      async (
        files: string[],
        flags: AgentFlags & {
          from: string;
          to: string;
          port: string;
          endpoints?: string;
          dataDir?: string;
          output: string;
        },
      ) => done(await runTrace(files, flags, context)),
    );
}

/** Request ids in headers make each request another one: they are read only where a rule asks. */
function asksForHeaders(paths: readonly string[]): boolean {
  return readPolicyFiles(paths).some(({ text }) => /headers|headerMatches|host:/.test(text));
}

function registerReplay(policy: Command, context: CliContext, done: Done): void {
  const commands = [
    {
      name: "replay",
      description: "which recorded flows policies would drop or newly allow, by workload",
      run: runReplay,
    },
    { name: "unused", description: "rules that no recorded flow made use of", run: runUnused },
    {
      name: "score",
      description: "how often the simulated verdict equals the observed one",
      run: runScore,
    },
  ];
  for (const { name, description, run } of commands) {
    withTrafficFlags(withAgentFlags(policy.command(name)))
      .description(description)
      .argument("<policies...>", "files or folders with policies")
      .option("--fail", "exit with 1 where anything is found")
      .addOption(output("text", "json"))
      .action(
        async (
          paths: string[],
          flags: AgentFlags & TrafficFlags & { fail?: boolean; output: string },
        ) => {
          const tally = await readTraffic(flags, asksForHeaders(paths), context.stderr);
          done(run(paths, tally, flags, context));
        },
      );
  }
}

function registerPropose(policy: Command, context: CliContext, done: Done): void {
  withTrafficFlags(withAgentFlags(policy.command("propose")))
    .description("least-privilege CiliumNetworkPolicies from recorded flows, checked by a replay")
    .addOption(
      new Option("--direction <direction>", "which sides to close")
        .choices(["ingress", "egress", "both"])
        .default("both"),
    )
    .option("--no-l7", "ports only: no HTTP and DNS rules")
    .option("-n, --namespace <namespace>", "only policies that traffic of this namespace needs")
    .action(
      async (
        flags: AgentFlags & TrafficFlags & { direction: string; l7: boolean; namespace?: string },
      ) => {
        const tally = await readTraffic(flags, false, context.stderr);
        done(runPropose(tally, flags, context));
      },
    );
}
