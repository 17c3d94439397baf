import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../../base/clock.ts";
import { silentLogger } from "../../base/logger.ts";
import { ResumePoint } from "./resume-point.ts";
import { SourceMemory } from "./source-memory.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "flow-memory-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

const flow = (uuid: string, second: number) => ({
  uuid,
  time: `2026-01-15T10:00:${String(second).padStart(2, "0")}.5Z`,
});

describe("ResumePoint", () => {
  it("asks from three seconds before the newest flow and knows what came", () => {
    const point = new ResumePoint();
    expect(point.since()).toBeUndefined();
    expect(point.take(flow("a", 1))).toBe(true);
    expect(point.take(flow("b", 9))).toBe(true);
    expect(point.take(flow("late", 8))).toBe(true);
    expect(point.lastTime).toBe("2026-01-15T10:00:09.5Z");
    expect(point.since()).toBe("2026-01-15T10:00:06.500Z");
    point.resume();
    expect(point.wasOverlapSeen).toBe(false);
    expect(point.take(flow("b", 9))).toBe(false);
    expect(point.wasOverlapSeen).toBe(true);
    expect(point.take(flow("c", 9))).toBe(true);
  });
});

describe("SourceMemory", () => {
  it("keeps where sources stood: what is in the overlap, no more", async () => {
    const file = join(dir, "m.json");
    const clock = new FakeClock();
    const memory = new SourceMemory(file, clock, silentLogger);
    const point = memory.point("x");
    point.take(flow("a", 1));
    point.take(flow("b", 9));
    await clock.advance(3000);
    expect(JSON.parse(readFileSync(file, "utf8"))).toEqual({
      x: { lastTime: "2026-01-15T10:00:09.5Z", keys: ["b"] },
    });
    point.take(flow("c", 10));
    memory.close();
    const again = new SourceMemory(file, clock, silentLogger).point("x");
    again.resume();
    expect(again.since()).toBe("2026-01-15T10:00:07.500Z");
    expect(again.isOld(flow("a", 1), again.lastMs)).toBe(true);
    expect(again.take(flow("c", 10))).toBe(false);
    expect(again.take(flow("d", 10))).toBe(true);
  });

  it("begins anew where the file is broken", () => {
    const file = join(dir, "m.json");
    writeFileSync(file, '{"x": {"lastTime": 7}, "y"');
    const point = new SourceMemory(file, new FakeClock(), silentLogger).point("x");
    expect(point.since()).toBeUndefined();
  });
});
