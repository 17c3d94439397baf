/** Sizes that retention by size is measured against. */

import type { FileSystem } from "./file-system.ts";
import { listCheckpoints, listSegments } from "./wal/wal-segments.ts";

/** Bytes of the disk that the folder lies on; 0 where that cannot be told. */
export function diskBytes(fs: FileSystem, dir: string): number {
  try {
    const { blocks, bsize } = fs.statfsSync(dir);
    return blocks * bsize;
  } catch {
    return 0;
  }
}

/** Bytes of the log, checkpoints included. */
export function logBytes(fs: FileSystem, walDir: string): number {
  const folders = [walDir, ...listCheckpoints(fs, walDir).map(({ path }) => path)];
  return folders
    .flatMap((folder) => listSegments(fs, folder))
    .reduce((sum, { path }) => sum + fs.statSync(path).size, 0);
}
