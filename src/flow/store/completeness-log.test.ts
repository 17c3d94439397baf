import { appendFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../../base/clock.ts";
import { silentLogger } from "../../base/logger.ts";
import type { NodeCompleteness } from "../source/completeness.ts";
import { CompletenessLog } from "./completeness-log.ts";

let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "completeness-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

function node(seen: number, lost: Record<string, number> = {}): NodeCompleteness {
  return { node: "n1", seen, lost, state: "", message: "" };
}

describe("CompletenessLog", () => {
  it("keeps what came between two looks, across a restart, and passes over a torn line", async () => {
    const clock = new FakeClock(1_000_000);
    let figures = [node(100)];
    const open = () =>
      new CompletenessLog({
        dir,
        clock,
        logger: silentLogger,
        retentionMs: 1e9,
        nodes: () => figures,
      });
    const log = open();
    await clock.advance(10_000);
    figures = [node(250, { HUBBLE_RING_BUFFER: 5 })];
    await clock.advance(10_000);
    log.close();
    expect(log.within({}).nodes).toEqual([
      { node: "n1", seen: 250, lost: { HUBBLE_RING_BUFFER: 5 } },
    ]);
    expect(log.within({ sinceMs: 1_010_000 }).nodes[0]?.seen).toBe(150);
    appendFileSync(join(dir, "completeness.jsonl"), '{"t":10200');
    figures = [node(30)];
    const again = open();
    again.note();
    expect(again.within({}).nodes[0]?.seen).toBe(280);
    again.close();
    figures = [];
    const third = open();
    expect(third.within({}).nodes[0]?.seen).toBe(280);
    third.close();
  });

  it("tells when the server was off", async () => {
    const clock = new FakeClock(0);
    const open = () =>
      new CompletenessLog({ dir, clock, logger: silentLogger, retentionMs: 1e9, nodes: () => [] });
    const first = open();
    await clock.advance(20_000);
    first.close();
    await clock.advance(300_000);
    const second = open();
    await clock.advance(10_000);
    expect(second.within({}).off).toEqual([{ fromMs: 20_000, untilMs: 320_000 }]);
    expect(second.within({ sinceMs: 100_000 }).off).toEqual([
      { fromMs: 100_000, untilMs: 320_000 },
    ]);
    second.close();
  });

  it("tells short holes too, and after kill -9 from the last beat on, with what was lost until then", async () => {
    const clockOfKilled = new FakeClock(0);
    let figures = [node(0)];
    const open = (clock: FakeClock) =>
      new CompletenessLog({
        dir,
        clock,
        logger: silentLogger,
        retentionMs: 1e9,
        nodes: () => figures,
      });
    // Never closed, and its clock stops at 14 s.
    const killed = open(clockOfKilled);
    await clockOfKilled.advance(10_000);
    figures = [node(70_000, { HUBBLE_RING_BUFFER: 3 })];
    killed.beat();
    await clockOfKilled.advance(4_000);
    figures = [node(70_001, { HUBBLE_RING_BUFFER: 5 })];
    killed.beat();
    figures = [];
    const clock = new FakeClock(39_000);
    const second = open(clock);
    expect(second.within({})).toEqual({
      nodes: [{ node: "n1", seen: 70_001, lost: { HUBBLE_RING_BUFFER: 5 } }],
      off: [{ fromMs: 14_000, untilMs: 39_000 }],
    });
    await clock.advance(2_000);
    second.close();
    await clock.advance(1_500);
    const third = open(clock);
    expect(third.within({ sinceMs: 39_000 }).off).toEqual([{ fromMs: 41_000, untilMs: 42_500 }]);
    expect(third.within({ untilMs: 42_000 }).off).toEqual([
      { fromMs: 14_000, untilMs: 39_000 },
      { fromMs: 41_000, untilMs: 42_000 },
    ]);
    expect(third.within({}).nodes[0]?.seen).toBe(70_001);
    third.close();
  });
});
