/** What a command of the program is: one file under commands/, one line in main.ts. */

import type { Command as Commander } from "commander";

/** Where a command talks: data to stdout, talk to stderr. */
export interface CliContext {
  readonly stdout: (text: string) => void;
  /** As `stdout`, for bytes that need not be text. */
  readonly stdoutBytes: (bytes: Uint8Array) => void;
  readonly stderr: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Settles when the process was asked to end (SIGINT, SIGTERM). */
  readonly untilStopped: () => Promise<void>;
  /** Calls `run` on SIGHUP. */
  readonly onReload: (run: () => void) => void;
}

/** Exit codes of every command. */
export const exitCodes = { ok: 0, trouble: 1, misuse: 2 } as const;

/** Adds the command to the program; `done` takes the exit code of its run. */
export interface CliCommand {
  readonly name: string;
  register(program: Commander, context: CliContext, done: (exitCode: number) => void): void;
}
