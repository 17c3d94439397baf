/** CPU and memory of a process, from /proc (Linux). CPU is user and system time of all its threads, children not counted. */

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";

/** Clock ticks a second; Linux has 100 on every machine Node runs on. */
const ticksPerSecond = 100;

/** Seconds of CPU used since its start. */
export function cpuSeconds(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Resident memory now (VmRSS) or at most so far (VmHWM), MiB. */
export function memoryMib(pid: number, key: "VmRSS" | "VmHWM" = "VmRSS"): number {
  const line = readFileSync(`/proc/${pid}/status`, "utf8")
    .split("\n")
    .find((text) => text.startsWith(key));
  return Number(line?.split(/\s+/)[1] ?? Number.NaN) / 1024;
}

/** Bytes of all files below a folder. */
export function folderBytes(dir: string): number {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
