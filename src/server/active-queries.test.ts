import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { QueryEngine } from "../api/api-sources.ts";
import { FakeClock } from "../base/clock.ts";
import { type LogFields, type Logger, silentLogger } from "../base/logger.ts";
import { MemoryStorage } from "../storage/memory-storage.ts";
import { ActiveQueries, activeEntry } from "./active-queries.ts";

const dir = mkdtempSync(join(tmpdir(), "active-queries-"));
const file = join(dir, "queries.active");
afterEach(() => rmSync(file, { force: true }));

/** Queries that stay until `finish`. */
function heldEngine() {
  let finish = (): void => {};
  const engine: QueryEngine = {
    instantQuery: () =>
      new Promise((_, reject) => {
        finish = () => reject(new Error("ended"));
      }),
    rangeQuery: () => Promise.reject(new Error("not asked")),
  };
  return { engine, finish: () => finish() };
}

function recorder() {
  const lines: LogFields[] = [];
  const logger: Logger = { ...silentLogger, info: (fields) => lines.push(fields) };
  return { lines, logger };
}

describe("ActiveQueries", () => {
  it("notes a query while it runs, in Prometheus' file, and tells the next start what did not end", async () => {
    const clock = new FakeClock(1_000_000);
    const options = { file, concurrencyMax: 2, clock };
    const first = new ActiveQueries({ ...options, logger: silentLogger });
    const { engine, finish } = heldEngine();
    const storage = new MemoryStorage();
    const running = first.wrap(engine).instantQuery(storage, 'up{a="ü"}', 0);
    expect(readFileSync(file).length).toBe(2001);
    const crash = recorder();
    new ActiveQueries({ ...options, logger: crash.logger }).close();
    expect(crash.lines).toEqual([{ queries: '[{"query":"up{a=\\"ü\\"}","timestamp_sec":1000}]' }]);
    finish();
    await expect(running).rejects.toThrow("ended");
    first.close();
  });

  it("says nothing after a clean end", async () => {
    const options = { file, concurrencyMax: 1, clock: new FakeClock(0) };
    const first = new ActiveQueries({ ...options, logger: silentLogger });
    const { engine, finish } = heldEngine();
    const running = first.wrap(engine).instantQuery(new MemoryStorage(), "up", 0);
    finish();
    await expect(running).rejects.toThrow("ended");
    first.close();
    const next = recorder();
    new ActiveQueries({ ...options, logger: next.logger }).close();
    expect(next.lines).toEqual([]);
  });

  it("cuts a long query between characters", () => {
    const entry = activeEntry(`a${"😀\n".repeat(5000)}`, 7);
    expect(entry.length).toBe(1000);
    const text = entry.toString("utf8").replaceAll("\0", "");
    const { query } = JSON.parse(text.slice(0, -1)) as { query: string };
    expect(text.endsWith(",")).toBe(true);
    expect(`a${"😀\n".repeat(5000)}`.startsWith(query)).toBe(true);
    expect(query.length).toBeGreaterThan(300);
    expect(query).not.toContain("�");
  });
});
