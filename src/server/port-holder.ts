/**
 * Who holds a TCP port: process name and pid, read from /proc on Linux. Elsewhere, or for another
 * user's process, nobody is named.
 */

import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** The listening state in /proc/net/tcp. */
const listenState = "0A";

/** "prometheus (pid 4711)", or undefined where it cannot be told. Walks /proc once. */
export function findPortHolder(port: number): string | undefined {
  try {
    const inodes = listeningInodes(port);
    return inodes.size === 0 ? undefined : holderOf(inodes);
  } catch {
    // No /proc here (macOS): the caller then names the port alone.
    return undefined;
  }
}

function listeningInodes(port: number): Set<string> {
  const wanted = port.toString(16).toUpperCase().padStart(4, "0");
  const inodes = new Set<string>();
  for (const table of ["/proc/net/tcp", "/proc/net/tcp6"]) {
    for (const line of readFileSync(table, "utf8").split("\n").slice(1)) {
      const columns = line.trim().split(/\s+/);
      const isWanted = columns[1]?.endsWith(`:${wanted}`) && columns[3] === listenState;
      if (isWanted && columns[9] !== undefined) inodes.add(`socket:[${columns[9]}]`);
    }
  }
  return inodes;
}

function holderOf(inodes: ReadonlySet<string>): string | undefined {
  for (const pid of readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    for (const link of fileLinks(pid)) {
      if (!inodes.has(link)) continue;
      const name = readFileSync(`/proc/${pid}/comm`, "utf8").trim();
      return `${name} (pid ${pid})`;
    }
  }
  return undefined;
}

function fileLinks(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((fd) => readLink(`/proc/${pid}/fd/${fd}`));
  } catch {
    // Another user's process, or one that just ended.
    return [];
  }
}

function readLink(path: string): string {
  try {
    return readlinkSync(path);
  } catch {
    // Closed between the two calls.
    return "";
  }
}
