/**
 * One owner per data directory. The file `lock` (where Prometheus puts its own) holds pid, process
 * start time, boot id and since when; a dead owner's lock is taken over with one log line. On Linux
 * /proc/locks is consulted too, since Prometheus locks the same file with flock and writes nothing.
 *
 * Without /proc (macOS) the pid alone decides. We hold the flock too (kernel-lock.ts), so that a
 * Prometheus started on a directory of ours is refused. A process of the same user that has files of the
 * WAL open is refused too, locked or not.
 */

import * as nodeFs from "node:fs";
import { join } from "node:path";
import type { Clock } from "../base/clock.ts";
import { AppError, errorMessage } from "../base/errors.ts";
import type { Logger } from "../base/logger.ts";
import { holdKernelLock, type KernelLock } from "./kernel-lock.ts";

/** What the operating system tells about processes; replaced in tests. */
export interface ProcessFacts {
  readonly pid: number;
  isAlive(pid: number): boolean;
  /** Start time of a process in clock ticks since boot, undefined where it cannot be known. */
  startTime(pid: number): string | undefined;
  bootId(): string | undefined;
  /** Text of /proc/locks, "" where there is none. */
  kernelLocks(): string;
  /** Whether the process has the file open; undefined where that cannot be known. */
  hasOpen(pid: number, path: string): boolean | undefined;
  /** Another process that has a file below the folder open, as far as we may look; 0 where there is none. */
  openerBelow(folder: string): number;
  /** Takes the lock that a Prometheus would notice; "held" by another; undefined where there is none to be had. */
  holdKernelLock?(path: string, logger: Logger): KernelLock | "held" | undefined;
}

/** What the lock file says, one JSON object on one line. */
interface LockOwner {
  readonly pid: number;
  readonly startTime?: string;
  readonly bootId?: string;
  readonly sinceMs: number;
}

export interface DataLockOptions {
  /** The directory; it must exist. */
  readonly dir: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly facts?: ProcessFacts;
}

/** A lock that is held. */
export interface DataLock {
  /** Gives the directory free; harmless when called twice. */
  release(): void;
}

/** Takes the directory or throws AppError "locked", which names the owner and what to do. */
export function acquireDataLock(options: DataLockOptions): DataLock {
  const { dir, clock, logger } = options;
  const facts = options.facts ?? systemFacts;
  const path = join(dir, "lock");
  const owner = readOwner(path);
  const whyOwnerIsDead = owner === undefined ? undefined : whyDead(owner, facts);
  // A living owner of our own kind first: it is known since when.
  if (owner !== undefined && whyOwnerIsDead === undefined) {
    throw lockedError(dir, owner.pid, `since ${isoTime(owner.sinceMs)}`);
  }
  refuseKernelLock(path, dir, facts);
  // Debian's Prometheus takes no lock unless told to, but it keeps its log open.
  const opener = facts.openerBelow(join(dir, "wal"));
  if (opener !== 0) throw lockedError(dir, opener, "it has files of the WAL open");
  if (owner !== undefined) {
    const why = whyOwnerIsDead;
    logger.warn({ dir, pid: owner.pid, why }, "took over the lock of a dead owner");
  }
  const startTime = facts.startTime(facts.pid);
  const bootId = facts.bootId();
  const mine: LockOwner = {
    pid: facts.pid,
    ...(startTime === undefined ? {} : { startTime }),
    ...(bootId === undefined ? {} : { bootId }),
    sinceMs: clock.nowMs(),
  };
  const text = `${JSON.stringify(mine)}\n`;
  // In place: a new file would have another inode than the one a Prometheus may be waiting for.
  nodeFs.writeFileSync(path, text);
  const kernelLock = facts.holdKernelLock?.(path, logger);
  if (kernelLock === "held" || nodeFs.readFileSync(path, "utf8") !== text) {
    if (kernelLock !== "held") kernelLock?.release();
    throw lockedError(dir, readOwner(path)?.pid ?? 0, "it started at the same moment");
  }
  let isHeld = true;
  return {
    release() {
      if (!isHeld) return;
      isHeld = false;
      if (readOwner(path)?.pid === facts.pid) nodeFs.rmSync(path, { force: true });
      kernelLock?.release();
    },
  };
}

function lockedError(dir: string, pid: number, detail: string): AppError {
  return new AppError(
    "locked",
    `cannot use data directory ${dir}: process ${pid} holds it (${detail}); stop that process or choose another --data-dir`,
  );
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}

/** The owner that the file names; undefined where it is absent, empty (Prometheus' own) or not ours. */
function readOwner(path: string): LockOwner | undefined {
  let text: string;
  try {
    text = nodeFs.readFileSync(path, "utf8");
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw new AppError("locked", `cannot read lock file ${path}: ${errorMessage(thrown)}`, {
      cause: thrown,
    });
  }
  try {
    const parsed: unknown = JSON.parse(text);
    return isOwner(parsed) ? parsed : undefined;
  } catch {
    // A half-written lock has no owner who could still be starting: writing it is one system call.
    return undefined;
  }
}

function isOwner(value: unknown): value is LockOwner {
  if (typeof value !== "object" || value === null) return false;
  const { pid, sinceMs } = value as Partial<LockOwner>;
  return Number.isSafeInteger(pid) && Number.isSafeInteger(sinceMs);
}

/** Why the owner cannot be running any more; undefined where it may be. */
function whyDead(owner: LockOwner, facts: ProcessFacts): string | undefined {
  const bootId = facts.bootId();
  if (owner.bootId !== undefined && bootId !== undefined && owner.bootId !== bootId) {
    return "the machine was restarted since";
  }
  if (!facts.isAlive(owner.pid)) return "no such process";
  const startTime = facts.startTime(owner.pid);
  if (owner.startTime !== undefined && startTime !== undefined && owner.startTime !== startTime) {
    return "its pid belongs to another process now";
  }
  return undefined;
}

/** Refuses a lock file on which some process holds a kernel lock, as a running Prometheus does. */
function refuseKernelLock(path: string, dir: string, facts: ProcessFacts): void {
  let inode: number;
  let device: number;
  try {
    const stat = nodeFs.statSync(path);
    inode = stat.ino;
    device = stat.dev;
  } catch {
    // No file, no lock on it.
    return;
  }
  for (const line of facts.kernelLocks().split("\n")) {
    // "3: FLOCK  ADVISORY  WRITE 1234 fd:01:5678 0 EOF"; device numbers are hexadecimal.
    const match = /(?:FLOCK|POSIX|OFDLCK)\s+\S+\s+WRITE\s+(-?\d+)\s+(\w+):(\w+):(\d+)\s/.exec(line);
    if (match === null || Number(match[4]) !== inode) continue;
    const pid = Number(match[1]);
    const major = Number.parseInt(match[2] as string, 16);
    const minor = Number.parseInt(match[3] as string, 16);
    const isSameDevice = deviceMajor(device) === major && deviceMinor(device) === minor;
    // Layered file systems give another device number here: then the open file decides.
    if (!isSameDevice && facts.hasOpen(pid, path) !== true) continue;
    throw lockedError(dir, pid, "a kernel lock as Prometheus takes it");
  }
}

function deviceMajor(device: number): number {
  return Math.floor(device / 256) & 0xfff;
}

function deviceMinor(device: number): number {
  return (device & 0xff) | (Math.floor(device / 4096) & 0xffffff & ~0xff);
}

/** This machine's own facts. */
export const systemFacts: ProcessFacts = {
  pid: process.pid,
  holdKernelLock: process.platform === "linux" ? holdKernelLock : () => undefined,
  isAlive(pid) {
    try {
      process.kill(pid, 0);
      return true;
    } catch (thrown) {
      // Somebody else's process is alive too.
      return (thrown as NodeJS.ErrnoException).code === "EPERM";
    }
  },
  startTime(pid) {
    const text = readText(`/proc/${pid}/stat`);
    // The command may hold blanks and parentheses; field 22 counts from behind the last one.
    return text.slice(text.lastIndexOf(")") + 2).split(" ")[19];
  },
  bootId() {
    const text = readText("/proc/sys/kernel/random/boot_id").trim();
    return text === "" ? undefined : text;
  },
  kernelLocks: () => readText("/proc/locks"),
  hasOpen(pid, path) {
    try {
      const wanted = nodeFs.realpathSync(path);
      return openFiles(pid).includes(wanted);
    } catch {
      // No such path.
      return undefined;
    }
  },
  openerBelow(folder) {
    if (!nodeFs.existsSync("/proc/self/fd") || !nodeFs.existsSync(folder)) return 0;
    const prefix = `${nodeFs.realpathSync(folder)}/`;
    for (const name of nodeFs.readdirSync("/proc")) {
      const pid = Number(name);
      if (!Number.isInteger(pid) || pid === process.pid) continue;
      if (openFiles(pid).some((path) => path.startsWith(prefix))) return pid;
    }
    return 0;
  },
};

/** Paths that a process has open; none where we may not look. */
function openFiles(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return nodeFs.readdirSync(folder).map((name) => linkTarget(join(folder, name)));
  } catch {
    // Another user's process, one that has ended, or no /proc.
    return [];
  }
}

function linkTarget(path: string): string {
  try {
    return nodeFs.readlinkSync(path);
  } catch {
    // Closed in the meantime.
    return "";
  }
}

function readText(path: string): string {
  try {
    return nodeFs.readFileSync(path, "utf8");
  } catch {
    // No /proc here, or no such process.
    return "";
  }
}
