/** Who may have a data directory: the living owner keeps it, a dead one's lock is taken over. */

import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { type Logger, silentLogger } from "../base/logger.ts";
import { acquireDataLock, type DataLock, type ProcessFacts } from "./data-lock.ts";

let dir = "";
let warnings: string[] = [];

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "lock-"));
  warnings = [];
});

afterEach(() => {
  rmSync(dir, { recursive: true, force: true });
});

/** A machine on which processes 10 and 11 run; we are 11. */
function facts(changes: Partial<ProcessFacts> = {}): ProcessFacts {
  return {
    pid: 11,
    isAlive: (pid) => pid === 10 || pid === 11,
    startTime: (pid) => `ticks-${pid}`,
    bootId: () => "boot-1",
    kernelLocks: () => "",
    hasOpen: () => undefined,
    openerBelow: () => 0,
    ...changes,
  };
}

function acquire(own: ProcessFacts): DataLock {
  const logger: Logger = {
    ...silentLogger,
    warn: (fields, message) => warnings.push(`${message}: ${String(fields["why"])}`),
  };
  return acquireDataLock({ dir, clock: new FakeClock(0), logger, facts: own });
}

describe("data lock", () => {
  it("is refused while its owner lives, naming pid, since when and the mend", () => {
    acquire(facts({ pid: 10 }));
    expect(() => acquire(facts())).toThrow(
      /process 10 holds it \(since 1970-01-01T00:00:00.000Z\); stop that process or choose another/,
    );
  });

  it("is free again after release, and the file is gone", () => {
    const lock = acquire(facts({ pid: 10 }));
    lock.release();
    lock.release();
    expect(() => statSync(join(dir, "lock"))).toThrow();
    acquire(facts());
  });

  it("is taken over from a dead owner with one line", () => {
    const cases: [Partial<ProcessFacts>, string][] = [
      [{ isAlive: (pid) => pid === 11 }, "no such process"],
      [{ startTime: () => "later" }, "its pid belongs to another process now"],
      [{ bootId: () => "boot-2" }, "the machine was restarted since"],
    ];
    for (const [changes, why] of cases) {
      acquire(facts({ pid: 10 }));
      warnings = [];
      acquire(facts(changes)).release();
      expect(warnings).toEqual([`took over the lock of a dead owner: ${why}`]);
    }
  });

  it("goes by the pid alone where there is no /proc", () => {
    const bare = { startTime: () => undefined, bootId: () => undefined };
    acquire(facts({ pid: 10, ...bare }));
    expect(() => acquire(facts(bare))).toThrow("process 10 holds it");
    acquire(facts({ ...bare, isAlive: (pid) => pid === 11 }));
  });

  it("takes an empty file, which Prometheus leaves behind, and a half-written one", () => {
    for (const text of ["", '{"pid":1', "12"]) {
      writeFileSync(join(dir, "lock"), text);
      acquire(facts()).release();
    }
    expect(warnings).toEqual([]);
  });

  it("is refused where a process holds a kernel lock on the file", () => {
    const path = join(dir, "lock");
    writeFileSync(path, "");
    const { ino, dev } = statSync(path);
    const major = (Math.floor(dev / 256) & 0xfff).toString(16).padStart(2, "0");
    const minor = (dev & 0xff).toString(16).padStart(2, "0");
    const line = (device: string, inode: number): string =>
      `1: POSIX  ADVISORY  READ 1 00:01:5 0 EOF\n2: FLOCK  ADVISORY  WRITE 77 ${device}:${inode} 0 EOF\n`;
    const locks = (text: string) => facts({ kernelLocks: () => text });
    expect(() => acquire(locks(line(`${major}:${minor}`, ino)))).toThrow(
      "process 77 holds it (a kernel lock as Prometheus takes it)",
    );
    const elsewhere = line("ff:ff", ino);
    expect(() => acquire(facts({ kernelLocks: () => elsewhere, hasOpen: () => true }))).toThrow(
      "process 77",
    );
    acquire(locks(elsewhere)).release();
    acquire(locks(line(`${major}:${minor}`, ino + 1))).release();
  });

  it("is refused where a process has files of the WAL open", () => {
    expect(() => acquire(facts({ openerBelow: () => 88 }))).toThrow("process 88 holds it");
  });

  it("writes who holds it", () => {
    acquire(facts());
    expect(JSON.parse(readFileSync(join(dir, "lock"), "utf8"))).toEqual({
      pid: 11,
      startTime: "ticks-11",
      bootId: "boot-1",
      sinceMs: 0,
    });
  });
});
