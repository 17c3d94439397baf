/**
 * DIR/run.json: where the running laboratory is. Written when it is ready, mode 0600 since it holds
 * the token, taken away at the end.
 */

import { readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AppError } from "../../base/errors.ts";
import type { LabEndpointUrl } from "../laboratory.ts";

/** What the file says. */
export interface RunFile {
  /** The program that started the laboratory. */
  readonly pid: number;
  readonly labPid: number;
  readonly startedMs: number;
  readonly ciliumVersion: string;
  /** "http://127.0.0.1:PORT". */
  readonly controlUrl: string;
  readonly token: string;
  readonly endpoints: readonly LabEndpointUrl[];
}

/** Path of the file. */
export function runFilePath(dataDir: string): string {
  return join(dataDir, "run.json");
}

/** Writes the file in one step. */
export function writeRunFile(dataDir: string, content: RunFile): void {
  const path = runFilePath(dataDir);
  const staging = `${path}.${content.pid}`;
  rmSync(staging, { force: true });
  writeFileSync(staging, `${JSON.stringify(content, null, 2)}\n`, { mode: 0o600 });
  renameSync(staging, path);
}

/** Takes the file away, if it is still that of `labPid`. */
export function removeRunFile(dataDir: string, labPid: number): void {
  const content = parseRunFile(dataDir);
  if (content?.labPid === labPid) rmSync(runFilePath(dataDir), { force: true });
}

/** The running laboratory. Throws AppError `not_running` that says how to start one. */
export function readRunFile(dataDir: string): RunFile {
  const content = parseRunFile(dataDir);
  if (content === undefined || !isAlive(content.labPid)) {
    throw new AppError(
      "not_running",
      `cannot find a running laboratory in ${dataDir}: start one with \`ciliascope demo --data-dir ${dataDir}\` (or \`npm start\`) and keep it running`,
    );
  }
  return content;
}

function parseRunFile(dataDir: string): RunFile | undefined {
  try {
    const content: unknown = JSON.parse(readFileSync(runFilePath(dataDir), "utf8"));
    return isRunFile(content) ? content : undefined;
  } catch {
    // Absent or half written by a killed program: the same as not running.
    return undefined;
  }
}

function isRunFile(value: unknown): value is RunFile {
  if (typeof value !== "object" || value === null) return false;
  const { labPid, controlUrl, token } = value as Record<string, unknown>;
  return typeof labPid === "number" && typeof controlUrl === "string" && typeof token === "string";
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === "EPERM";
  }
}
