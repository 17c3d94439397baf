/**
 * A kernel lock on a file, of the kind that Prometheus takes (flock). Node cannot take one, so the
 * system's `flock` program does, on a descriptor of ours that it inherits: the lock belongs to the open
 * file, stays when the program has ended, and goes with us, however this process ends.
 */

import { spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import type { Logger } from "../base/logger.ts";

/** It does not wait for anybody; a machine where it takes longer does without. */
const timeoutMs = 10_000;
/** What `flock` ends with where another has the lock. */
const lockedStatus = 1;

/** A lock that is held. */
export interface KernelLock {
  release(): void;
}

/**
 * Locks the file, which must exist; "held" where another process has it, undefined where there is no
 * `flock` program. Takes the few ms that starting a program takes.
 */
export function holdKernelLock(path: string, logger: Logger): KernelLock | "held" | undefined {
  const fd = openSync(path, "r+");
  const { status, error } = spawnSync("flock", ["-n", "3"], {
    stdio: ["ignore", "ignore", "ignore", fd],
    timeout: timeoutMs,
  });
  if (status === 0) return { release: () => closeSync(fd) };
  closeSync(fd);
  if (status === lockedStatus) return "held";
  logger.info(
    { path, error: error?.message },
    "no flock program here: a Prometheus would not notice that we use this directory",
  );
  return undefined;
}
