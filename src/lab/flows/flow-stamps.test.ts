import { describe, expect, it } from "vitest";
import { seededRandom } from "../../base/seeded-random.ts";
import { FlowStamps } from "./flow-stamps.ts";

describe("the stamps of flows", () => {
  it("are version 4 UUIDs, each another", () => {
    const stamps = new FlowStamps(seededRandom(1));
    const made = Array.from({ length: 1000 }, () => stamps.uuid());
    for (const one of made)
      expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(new Set(made).size).toBe(1000);
    // Every digit that is free is used.
    expect(new Set(made.map((one) => one.charAt(35))).size).toBe(16);
  });

  it("are times to the nanosecond, of the millisecond that was given", () => {
    const stamps = new FlowStamps(seededRandom(2));
    const atMs = Date.UTC(2026, 0, 15, 10, 0, 0, 157);
    for (const ms of [atMs, atMs, atMs + 1]) {
      const text = stamps.time(ms);
      expect(text).toMatch(/^2026-01-15T10:00:00\.\d{9}Z$/);
      expect(Date.parse(text)).toBe(ms);
    }
  });

  it("never end with zeros that Go would leave out", () => {
    const stamps = new FlowStamps(() => 0);
    expect(stamps.time(0)).toBe("1970-01-01T00:00:00.000000001Z");
  });
});
