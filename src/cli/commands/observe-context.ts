/** What `observe` and its agent events have in common: where they read and write, and the formats they print. */

import type { Clock } from "../../base/clock.ts";
import type { OutputFormat } from "../../flow/print/flow-printer.ts";
import type { CliContext } from "../command.ts";

/** Where the command reads and writes, and what it needs of the machine. */
export interface ObserveContext
  extends Pick<CliContext, "stdout" | "stderr" | "env" | "untilStopped"> {
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly clock: Clock;
  readonly isTerminal: boolean;
}

/** `--output` as written, and what is printed. */
export const outputFormats: ReadonlyMap<string, OutputFormat> = new Map([
  ["compact", "compact"],
  ["dict", "dict"],
  ["json", "jsonpb"],
  ["jsonpb", "jsonpb"],
  ["tab", "table"],
  ["table", "table"],
]);
