import { appendFileSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { LineCutter, LogFollower, rotatedFiles } from "./line-source.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "lines-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

describe("LineCutter", () => {
  it("joins lines and characters that chunks cut", () => {
    const lines: string[] = [];
    const cutter = new LineCutter((line) => lines.push(line) > 0);
    const bytes = new TextEncoder().encode("a\r\n\nä€\nlast");
    for (const byte of bytes) cutter.push(Uint8Array.of(byte));
    cutter.end();
    expect(lines).toEqual(["a", "", "ä€", "last"]);
  });

  it("stops when no more is wanted", () => {
    const lines: string[] = [];
    const cutter = new LineCutter((line) => lines.push(line) < 2);
    expect(cutter.push(new TextEncoder().encode("a\nb\nc\n"))).toBe(false);
    expect(lines).toEqual(["a", "b"]);
  });
});

describe("LogFollower", () => {
  it("goes on behind a rotation without losing or repeating a line", () => {
    const path = join(dir, "flows.jsonl");
    const lines: string[] = [];
    const follower = new LogFollower(path, (line) => lines.push(line) > 0);
    follower.drain();
    writeFileSync(path, "1\n2\n");
    follower.drain();
    appendFileSync(path, "3\n");
    renameSync(path, `${path}.1`);
    writeFileSync(path, "4\n5");
    follower.drain();
    appendFileSync(path, "\n");
    follower.drain();
    follower.close();
    expect(lines).toEqual(["1", "2", "3", "4", "5"]);
  });

  it("begins again when the file was cut", () => {
    const path = join(dir, "flows.jsonl");
    writeFileSync(path, "1\n2\n");
    const lines: string[] = [];
    const follower = new LogFollower(path, (line) => lines.push(line) > 0);
    follower.drain();
    writeFileSync(path, "3\n");
    follower.drain();
    follower.close();
    expect(lines).toEqual(["1", "2", "3"]);
  });

  it("finds the rotated files, oldest first", () => {
    const path = join(dir, "f");
    for (const name of ["f", "f.1", "f.2", "f.4"]) writeFileSync(join(dir, name), "");
    expect(rotatedFiles(path)).toEqual([`${path}.2`, `${path}.1`, path]);
    expect(rotatedFiles(join(dir, "none"))).toEqual([]);
  });
});
