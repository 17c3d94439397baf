/** `ciliascope check config FILE`: reads a prometheus.yml as the server would and says what is wrong where. */

import { loadConfig } from "../../config/config.ts";
import { type CliCommand, exitCodes } from "../command.ts";

export const checkCommand: CliCommand = {
  name: "check",
  register(program, context, done) {
    const check = program.command("check").description("check files before they hurt");
    check
      .command("config")
      .argument("<file...>", "prometheus.yml files")
      .option("--output <format>", "text or json", "text")
      .description("check scrape configuration files")
      .action((files: string[], flags: { output: string }) => {
        const results = files.map(checkFile);
        if (flags.output === "json") context.stdout(`${JSON.stringify(results, null, 2)}\n`);
        else for (const result of results) context.stdout(resultText(result));
        done(
          results.every((result) => result.error === undefined) ? exitCodes.ok : exitCodes.trouble,
        );
      });
  },
};

interface CheckResult {
  readonly file: string;
  readonly scrapeConfigCount?: number;
  readonly warnings: readonly string[];
  readonly error?: string;
}

function checkFile(file: string): CheckResult {
  try {
    const { config, warnings } = loadConfig(file);
    return { file, scrapeConfigCount: config.scrapeConfigs.length, warnings };
  } catch (thrown) {
    if (!(thrown instanceof Error)) throw thrown;
    return { file, warnings: [], error: thrown.message };
  }
}

function resultText(result: CheckResult): string {
  const head =
    result.error === undefined
      ? `ok    ${result.file}: ${result.scrapeConfigCount} scrape configs\n`
      : `error ${result.error}\n`;
  return head + result.warnings.map((warning) => `warn  ${warning}\n`).join("");
}
