/** `ciliascope lab run SCENE`: a laboratory alone, without a server, to be scraped by anybody. */

import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { startLab } from "../../lab/lab.ts";
import { createPinoLogger, type LogLevel } from "../../server/pino-logger.ts";
import { findPortHolder } from "../../server/port-holder.ts";
import { type CliContext, exitCodes } from "../command.ts";
import { addLabFlags, type LabFlags, labOptions } from "./lab-options.ts";

/** Adds `lab run`. */
export function registerRun(
  lab: Command,
  context: CliContext,
  done: (exitCode: number) => void,
): void {
  addLabFlags(lab.command("run"))
    .description("run a scene without a server; the pages to scrape are printed")
    .argument("[scene]", "name or YAML file, as --scene")
    .option("--data-dir <dir>", "where run.json and the flows go", "./data")
    .addOption(
      new Option("--log-level <level>", "what is logged to stderr")
        .choices(["debug", "info", "warn", "error"])
        .default("info"),
    )
    .action(
      async (
        scene: string | undefined,
        flags: LabFlags & { dataDir: string; logLevel: LogLevel },
      ) => {
        const stopped = context.untilStopped();
        const started = await startLab({
          dataDir: resolve(flags.dataDir),
          ...labOptions({ ...flags, scene: scene ?? flags.scene }),
          logger: createPinoLogger({ level: flags.logLevel, format: "text" }),
          findPortHolder,
        });
        try {
          for (const note of started.notes) context.stdout(`${note}\n`);
          for (const { name, url } of started.endpoints)
            context.stdout(`${name.padEnd(24)} ${url}\n`);
          context.stdout(`ready ${started.endpoints.length} pages   (Ctrl-C ends everything)\n`);
          const end = await Promise.race([stopped, started.exited]);
          done(end === undefined ? exitCodes.ok : exitCodes.trouble);
        } finally {
          await started.stop();
        }
      },
    );
}
