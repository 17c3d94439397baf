import { describe, expect, it } from "vitest";
import { createAnswerPace } from "./answer-pace.ts";

/** A pace whose clock stands until it is moved. */
function pace() {
  let nowMs = 1000;
  const timers: { run: () => void; atMs: number }[] = [];
  const schedule = createAnswerPace({
    nowMs: () => nowMs,
    later: (run, delayMs) => timers.push({ run, atMs: nowMs + delayMs }),
  });
  const moveTo = (atMs: number) => {
    nowMs = atMs;
    for (const timer of timers.splice(0)) timer.atMs <= atMs ? timer.run() : timers.push(timer);
  };
  return { schedule, moveTo };
}

describe("createAnswerPace", () => {
  it("gives the first answer on at once and the next ones together", () => {
    const told: string[] = [];
    const { schedule, moveTo } = pace();
    schedule(() => told.push("a"));
    moveTo(1000);
    expect(told).toEqual(["a"]);
    schedule(() => told.push("b"));
    moveTo(1030);
    schedule(() => told.push("c"));
    moveTo(1059);
    expect(told).toEqual(["a"]);
    moveTo(1060);
    expect(told).toEqual(["a", "b", "c"]);
  });

  it("keeps what is told while a group is given on for the next one", () => {
    const told: string[] = [];
    const { schedule, moveTo } = pace();
    schedule(() => {
      told.push("a");
      schedule(() => told.push("b"));
    });
    moveTo(1000);
    moveTo(1060);
    expect(told).toEqual(["a", "b"]);
  });
});
