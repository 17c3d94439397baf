/** `ciliascope server`: scrape, store and show what a prometheus.yml names. */

import { errorMessage } from "../../base/errors.ts";
import { startServer } from "../../server/server.ts";
import { type CliCommand, exitCodes } from "../command.ts";
import { readVersion } from "../version.ts";
import { openPage } from "./open-page.ts";
import { addServerFlags, type SharedFlags, toServerOptions } from "./server-options.ts";

export const serverCommand: CliCommand = {
  name: "server",
  register(program, context, done) {
    addServerFlags(program.command("server"))
      .description(
        "scrape and show the targets of a prometheus.yml; without one, this server itself",
      )
      .action(async (flags: SharedFlags) => {
        const options = toServerOptions(flags, "server", readVersion());
        const server = await startServer(options);
        context.onReload(() => {
          server.reload().catch((thrown: unknown) => {
            options.logger.error(
              { error: errorMessage(thrown) },
              "the old configuration stays in force",
            );
          });
        });
        context.stdout(`ready ${server.url}\n`);
        if (flags.open === true) {
          openPage(server.url, () =>
            context.stderr(`no browser found here; open ${server.url} yourself\n`),
          );
        }
        await context.untilStopped();
        await server.stop();
        done(exitCodes.ok);
      });
  },
};
