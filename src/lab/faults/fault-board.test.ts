import { describe, expect, it } from "vitest";
import { FakeClock } from "../../base/clock.ts";
import { checkFaultRequest, dropReasonText, FaultBoard } from "./fault-board.ts";

const known = { nodes: ["one", "two"], clusters: ["default"] };

describe("FaultBoard", () => {
  it("keeps faults until they are cleared by number, kind, or all", () => {
    const board = new FaultBoard(new FakeClock(1000));
    board.inject({ kind: "node-down", node: "one" });
    board.inject({ kind: "lost-events" });
    board.inject({ kind: "lost-events", node: "two", share: 0.1 });
    expect(board.isNodeDown("one")).toBe(true);
    expect(board.isNodeDown("two")).toBe(false);
    expect(board.clear("1").map(({ kind }) => kind)).toEqual(["node-down"]);
    expect(board.isNodeDown("one")).toBe(false);
    expect(board.clear("lost-events")).toHaveLength(2);
    expect(board.clear()).toEqual([]);
  });

  it("gives each kind its usual measure unless told another", () => {
    const board = new FaultBoard(new FakeClock(0));
    expect(board.share("dns-failure", "one")).toBe(0);
    board.inject({ kind: "dns-failure" });
    expect(board.share("dns-failure", "one")).toBe(1);
    board.inject({ kind: "slow-regeneration", node: "one", ms: 70 });
    expect([board.regenerationDelayMs("one"), board.regenerationDelayMs("two")]).toEqual([70, 0]);
    board.inject({ kind: "packet-drop", share: 0.5, reason: 151 });
    expect(board.dropReason("one", () => 0.4)).toBe(151);
    expect(board.dropReason("one", () => 0.6)).toBeUndefined();
  });

  it("drops new connections when the conntrack map is full", () => {
    const board = new FaultBoard(new FakeClock(0));
    board.inject({ kind: "map-pressure", share: 1 });
    const reason = board.dropReason("one", () => 0.5);
    expect(dropReasonText(reason ?? 0)).toBe("CT: Map insertion failed");
  });
});

describe("checkFaultRequest", () => {
  it("says what is wanted instead", () => {
    const refused = (request: unknown) => () => checkFaultRequest(request, known);
    expect(refused({ kind: "node-dwn" })).toThrow(/did you mean "node-down"/);
    expect(refused({ kind: "node-down" })).toThrow("say which node, as in --node one");
    expect(refused({ kind: "node-down", node: "three" })).toThrow("there are one, two");
    expect(refused({ kind: "lost-events", share: 2 })).toThrow("want a number from 0 to 1");
    expect(refused({ kind: "packet-drop", reason: "NO_LUCK" })).toThrow("want a number or name");
  });

  it("takes drop reasons by number and by name", () => {
    const reasonOf = (reason: unknown) =>
      checkFaultRequest({ kind: "packet-drop", reason }, known).reason;
    expect([reasonOf(155), reasonOf("155"), reasonOf("ct_map_insertion_failed")]).toEqual([
      155, 155, 155,
    ]);
  });
});
