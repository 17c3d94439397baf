/** Unpacks a recorded `.tar.gz` into a folder, through the system's tar. */

import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";

/** Extracts into `dir`, made if need be. */
export function extractTar(archive: string, dir: string): void {
  mkdirSync(dir, { recursive: true });
  const result = spawnSync("tar", ["-xzf", archive, "-C", dir, "--no-same-owner"]);
  if (result.status !== 0) throw new Error(`cannot unpack ${archive}: ${String(result.stderr)}`);
}
