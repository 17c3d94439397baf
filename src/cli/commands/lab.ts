/** `ciliascope lab …`: speaks to the laboratory of a running demo. */

import { resolve } from "node:path";
import { type LabExecOptions, runLabExec } from "../../lab/lab-client.ts";
import { type CliCommand, exitCodes } from "../command.ts";

export const labCommand: CliCommand = {
  name: "lab",
  register(program, context, done) {
    const lab = program
      .command("lab")
      .description("commands for the laboratory of a running demo")
      .enablePositionalOptions();
    lab
      .command("exec")
      .description("run a command in a pod; the pods have curl")
      .argument("<pod>", "pod, as in tiefighter or default/tiefighter")
      .argument("<command...>", "after --: curl and its arguments")
      .option("-n, --namespace <namespace>", "namespace of the pod", "default")
      .option("--data-dir <dir>", "data directory of the running demo", "./data")
      .passThroughOptions()
      .action(
        async (pod: string, command: string[], flags: { namespace: string; dataDir: string }) => {
          const options: LabExecOptions = {
            dataDir: resolve(flags.dataDir),
            namespace: flags.namespace,
            pod,
            command,
            stdout: context.stdout,
            stderr: context.stderr,
          };
          done(await runLabExec(options));
        },
      );
    lab.action(() => {
      context.stderr(lab.helpInformation());
      done(exitCodes.misuse);
    });
  },
};
