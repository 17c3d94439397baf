/**
 * A file system that changes nothing: writing goes to the null device, removing and renaming do
 * nothing. With it a tool opens a data directory exactly as a server does, repair of a torn log
 * included, while the directory stays as it is and may even be in use.
 */

import { devNull } from "node:os";
import type { FileSystem } from "./file-system.ts";

/** Reads through `fs`, writes nowhere. */
export function readOnlyFiles(fs: FileSystem): FileSystem {
  /** Folders that the caller believes to have made. */
  const made = new Set<string>();
  return {
    ...fs,
    openSync(path, flags) {
      const isWanted = flags === undefined || flags === "r" || flags === 0;
      // A folder is opened to be synced.
      const isMade = made.has(String(path)) && !fs.existsSync(path);
      if (isWanted && !isMade) return fs.openSync(path, "r");
      return fs.openSync(devNull, "r+");
    },
    copyFileSync() {},
    fsync: ((_fd: number, done: (error: null) => void) => done(null)) as FileSystem["fsync"],
    fsyncSync() {},
    ftruncateSync() {},
    linkSync() {},
    mkdirSync: ((path: string) => {
      made.add(path);
    }) as FileSystem["mkdirSync"],
    renameSync() {},
    rmSync() {},
    unlinkSync() {},
    writeFileSync() {},
  };
}
