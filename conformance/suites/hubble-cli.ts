/** hubble/cli: `hubble observe` with flows on its standard input, against what the real one printed. */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { systemClock } from "../../src/base/clock.ts";
import { runObserve } from "../../src/cli/commands/observe.ts";
import { firstDifference } from "../difference.ts";
import { reportCase, type Suite } from "../suite.ts";

interface CliCase {
  readonly name: string;
  /** The first one is the command's name. */
  readonly args: readonly string[];
  readonly flows: string;
  readonly env: Readonly<Record<string, string>>;
  readonly exit_code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function* bytesOf(file: string): AsyncIterable<Uint8Array> {
  yield readFileSync(file);
}

async function checkCase(recorded: CliCase, dir: string): Promise<string | undefined> {
  let stdout = "";
  let stderr = "";
  const exitCode = await runObserve(recorded.args.slice(1), {
    stdin: bytesOf(join(dir, recorded.flows)),
    stdout: (text) => {
      stdout += text;
    },
    stderr: (text) => {
      stderr += text;
    },
    env: recorded.env,
    untilStopped: () => new Promise(() => undefined),
    clock: systemClock,
    isTerminal: false,
  });
  const shown = stderr.replace(/^time=\S+/gm, "time=<volatile>");
  return (
    firstDifference("exit code", String(recorded.exit_code), String(exitCode)) ??
    firstDifference("stderr", recorded.stderr, shown) ??
    firstDifference("stdout", recorded.stdout, stdout)
  );
}

function caseFiles(dataDir: string): string[] {
  return readdirSync(join(dataDir, "hubble", "cli")).filter((name) => name.endsWith(".json"));
}

/** The suite hubble/cli. */
export const hubbleCli: Suite = {
  name: "hubble/cli",
  countCases: async (dataDir) => caseFiles(dataDir).length,
  async run(dataDir, reporter) {
    const dir = join(dataDir, "hubble");
    for (const file of caseFiles(dataDir)) {
      const recorded = JSON.parse(readFileSync(join(dir, "cli", file), "utf8")) as CliCase;
      await reportCase(reporter, recorded.name, () => checkCase(recorded, dir));
    }
  },
};
