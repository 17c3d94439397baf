/**
 * The file operations that storage uses, as Node names them; synchronous but for fsync, since a
 * commit must have reached the kernel when it returns. Passed in, so that tests can break them.
 */

import type * as nodeFs from "node:fs";

/** A subset of node:fs. */
export type FileSystem = Pick<
  typeof nodeFs,
  | "closeSync"
  | "copyFileSync"
  | "existsSync"
  | "fstatSync"
  | "fsync"
  | "fsyncSync"
  | "ftruncateSync"
  | "linkSync"
  | "mkdirSync"
  | "openSync"
  | "readdirSync"
  | "readFileSync"
  | "readSync"
  | "renameSync"
  | "rmSync"
  | "statSync"
  | "statfsSync"
  | "unlinkSync"
  | "writeFileSync"
  | "writeSync"
>;
