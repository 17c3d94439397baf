/**
 * Writing that power loss cannot halve: new files and folders are made under another name, synced
 * and renamed, then the folder above is synced, so that after any stop the old or the new is there, whole.
 */

import { dirname, join } from "node:path";
import type { FileSystem } from "../file-system.ts";

/** Suffixes of folders that are not finished or about to go, as Prometheus names them: swept at start. */
export const creationSuffix = ".tmp-for-creation";
export const deletionSuffix = ".tmp-for-deletion";

/** Writes a small file beside its place, syncs it and renames it there. */
export function replaceFile(fs: FileSystem, file: string, bytes: Uint8Array): void {
  const beside = `${file}.tmp`;
  const fd = fs.openSync(beside, "w");
  try {
    writeAll(fs, fd, bytes, bytes.length, 0);
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
  fs.renameSync(beside, file);
  syncDir(fs, dirname(file));
}

/** Writes `bytes[0, length)` at `position`, however many writes the kernel wants. */
export function writeAll(
  fs: FileSystem,
  fd: number,
  bytes: Uint8Array,
  length: number,
  position: number,
): void {
  let done = 0;
  while (done < length) done += fs.writeSync(fd, bytes, done, length - done, position + done);
}

/** Makes the names in a folder durable. */
export function syncDir(fs: FileSystem, dir: string): void {
  syncPath(fs, dir);
}

/** Makes durable what a file holds, whoever wrote it, or the names in a folder. */
export function syncPath(fs: FileSystem, path: string): void {
  const fd = fs.openSync(path, "r");
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

/** Makes a folder and those above it that are missing, their names durable. */
export function makeDir(fs: FileSystem, dir: string): void {
  if (fs.existsSync(dir)) return;
  const above = dirname(dir);
  if (above !== dir) makeDir(fs, above);
  fs.mkdirSync(dir, { recursive: true });
  syncDir(fs, above);
}

/** Resolves when the file has reached the disk; other work goes on meanwhile. */
export function syncFile(fs: FileSystem, fd: number): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.fsync(fd, (error) => (error === null || error === undefined ? resolve() : reject(error)));
  });
}

/** Puts a finished folder in its place. */
export function renameDir(fs: FileSystem, from: string, to: string): void {
  fs.renameSync(from, to);
  syncDir(fs, dirname(to));
}

/** Removes a block: renamed first, so that a stop midway leaves no half block under its name. */
export function removeBlockDir(fs: FileSystem, dir: string): void {
  const doomed = `${dir}${deletionSuffix}`;
  fs.renameSync(dir, doomed);
  fs.rmSync(doomed, { recursive: true, force: true });
}

/** Removes what an earlier process did not finish; returns the names. */
export function sweepUnfinished(fs: FileSystem, dir: string): string[] {
  const swept = fs
    .readdirSync(dir)
    .filter((name) => name.endsWith(creationSuffix) || name.endsWith(deletionSuffix));
  for (const name of swept) fs.rmSync(join(dir, name), { recursive: true, force: true });
  return swept;
}
