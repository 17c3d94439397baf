/**
 * For tests: files that nobody syncs and a process that nobody else runs beside. A loaded machine takes
 * half a second for an fsync and looks at every process for a lock; tests of what the database answers need
 * neither. Order of writes and fsyncs is tested elsewhere (apptest, data-lock.test.ts).
 */

import * as nodeFs from "node:fs";
import type { ProcessFacts } from "../data-lock.ts";
import type { FileSystem } from "../file-system.ts";

/** The real files, without waiting for the disk. */
export const quickFiles: FileSystem = {
  ...nodeFs,
  fsyncSync: () => {},
  fsync: ((_fd: number, done: (error: null) => void) =>
    setImmediate(done, null)) as unknown as typeof nodeFs.fsync,
};

/** This process, alone on its machine. */
export const lonelyProcess: ProcessFacts = {
  pid: process.pid,
  isAlive: (pid) => pid === process.pid,
  startTime: () => undefined,
  bootId: () => undefined,
  kernelLocks: () => "",
  hasOpen: () => undefined,
  openerBelow: () => 0,
};
