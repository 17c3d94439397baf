/**
 * A kernel lock on a file, of the kind that Prometheus takes (flock). Node cannot take one, so the
 * system's `flock` program does, and keeps it while a pipe from us to it is open: however this process
 * ends, the kernel closes the pipe, the helper ends and the lock is gone.
 */

import { spawn } from "node:child_process";
import type { Logger } from "../base/logger.ts";

/** How long the helper of a process that was just killed may need to end, seconds. */
const waitSeconds = 5;

/** A lock held by a helper process. */
export interface KernelLock {
  /** The helper, as /proc/locks names it. */
  readonly pid: number;
  release(): void;
}

/**
 * Locks the file, which is made if absent; undefined where there is no `flock` program. Returns at
 * once, a few ms before the lock is taken; a lock that cannot be had is logged.
 */
export function holdKernelLock(path: string, logger: Logger): KernelLock | undefined {
  // A session of its own: Ctrl-C in a terminal must not end the helper before us.
  const helper = spawn("flock", ["-w", String(waitSeconds), path, "cat"], {
    stdio: ["pipe", "ignore", "ignore"],
    detached: true,
  });
  let isReleased = false;
  helper.on("error", () => {
    logger.info(
      { path },
      "no flock program here: a Prometheus would not notice that we use this directory",
    );
  });
  helper.on("exit", (code) => {
    if (!isReleased)
      logger.warn({ path, code }, "the lock that a Prometheus would notice is not held");
  });
  // Writing to a helper that has ended is no news: its exit was logged.
  helper.stdin.on("error", () => {});
  helper.unref();
  const pipe = helper.stdin as typeof helper.stdin & { unref?(): void };
  pipe.unref?.();
  if (helper.pid === undefined) return undefined;
  return {
    pid: helper.pid,
    release() {
      isReleased = true;
      helper.stdin.end();
    },
  };
}
