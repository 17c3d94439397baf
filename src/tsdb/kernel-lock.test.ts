/** The lock that a Prometheus looks for: there while we hold it, gone when we give it free. */

import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { silentLogger } from "../base/logger.ts";
import { holdKernelLock } from "./kernel-lock.ts";

const hasFlock = spawnSync("flock", ["--version"]).error === undefined;
let dir = "";
let path = "";

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "kernel-lock-"));
  path = join(dir, "lock");
  writeFileSync(path, "");
});

afterEach(() => rmSync(dir, { recursive: true, force: true }));

/** Whether another program gets the lock. */
function isFree(): boolean {
  return spawnSync("flock", ["-n", path, "true"]).status === 0;
}

describe.skipIf(!hasFlock)("kernel lock", () => {
  it("keeps others out until it is released, also ourselves", () => {
    const lock = holdKernelLock(path, silentLogger);
    expect(isFree()).toBe(false);
    expect(holdKernelLock(path, silentLogger)).toBe("held");
    if (lock !== undefined && lock !== "held") lock.release();
    expect(isFree()).toBe(true);
  });

  it("leaves nothing behind that could bring the file back", () => {
    const lock = holdKernelLock(path, silentLogger);
    rmSync(path);
    if (lock !== undefined && lock !== "held") lock.release();
    expect(existsSync(path)).toBe(false);
    rmSync(dir, { recursive: true });
    expect(existsSync(dir)).toBe(false);
  });
});
