/** DIR/server.json: the address of the server that runs on a data directory, for commands given the directory. */

import { renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Writes it; returns what removes it at a clean end. A file of a killed server is known by its dead pid. */
export function writeServerFile(dataDir: string, url: string): () => void {
  const path = join(dataDir, "server.json");
  writeFileSync(`${path}.tmp`, `${JSON.stringify({ url, pid: process.pid })}\n`, { mode: 0o600 });
  renameSync(`${path}.tmp`, path);
  return () => rmSync(path, { force: true });
}
