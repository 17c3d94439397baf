/** The flags of remote read, by Prometheus' names and defaults. */

import type { Command } from "commander";
import { AppError } from "../../base/errors.ts";
import { type ReadLimits, readLimitsDefault } from "../../remote/read-limits.ts";

/** Adds the flags. */
export function addRemoteReadFlags(command: Command): Command {
  return command
    .option(
      "--storage.remote.read-sample-limit <n>",
      "most samples of one query in a remote read that is not streamed; 0 for no limit",
      String(readLimitsDefault.samplesMax),
    )
    .option(
      "--storage.remote.read-concurrent-limit <n>",
      "most remote reads at a time, further ones wait; 0 for no limit",
      String(readLimitsDefault.concurrencyMax),
    )
    .option(
      "--storage.remote.read-max-bytes-in-frame <bytes>",
      "about so many bytes of chunks in one frame of a streamed remote read",
      String(readLimitsDefault.frameBytesMax),
    );
}

/** The bounds from the flags' texts. Throws AppError `usage` naming the flag. */
export function toReadLimits(textOf: (name: string) => unknown): ReadLimits {
  return {
    samplesMax: wholeNumber("storage.remote.read-sample-limit", textOf),
    concurrencyMax: wholeNumber("storage.remote.read-concurrent-limit", textOf),
    frameBytesMax: wholeNumber("storage.remote.read-max-bytes-in-frame", textOf),
  };
}

/** Powers of ten may be written as Prometheus' own default is: 5e7. */
function wholeNumber(name: string, textOf: (name: string) => unknown): number {
  const text = String(textOf(name));
  if (/^\d+(e\d)?$/.test(text)) return Number(text);
  throw new AppError("usage", `--${name}: ${JSON.stringify(text)} is no whole number`);
}
