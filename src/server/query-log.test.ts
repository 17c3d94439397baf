import { mkdtempSync, readFileSync, renameSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { QueryError } from "../base/errors.ts";
import { silentLogger } from "../base/logger.ts";
import { Engine } from "../promql/engine/engine.ts";
import { MemoryStorage } from "../storage/memory-storage.ts";
import { QueryLog } from "./query-log.ts";

const dir = mkdtempSync(join(tmpdir(), "query-log-"));
const clock = new FakeClock(1_795_275_664_576);

function linesOf(file: string): Record<string, unknown>[] {
  return readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("QueryLog", () => {
  it("writes a line in Prometheus' fields for each query, failed ones with their error", async () => {
    const file = join(dir, "q.log");
    const log = new QueryLog({ clock, logger: silentLogger });
    log.open(file);
    const engine = log.wrap(new Engine({ clock }));
    const storage = new MemoryStorage();
    const origin = { clientIp: "127.0.0.1", method: "GET", path: "/api/v1/query_range" };
    const range = { startMs: 60_000, endMs: 120_000, stepMs: 15_500 };
    await engine.rangeQuery(storage, "1 + 1", range, { origin });
    const failed = engine.instantQuery(storage, "up + on() foo{", 0);
    await expect(failed).rejects.toBeInstanceOf(QueryError);
    const [first, second] = linesOf(file);
    expect(Object.keys(first ?? {})).toEqual([
      "time",
      "level",
      "source",
      "msg",
      "params",
      "stats",
      "spanID",
      "traceID",
      "httpRequest",
    ]);
    expect(first).toMatchObject({
      time: "2026-11-21T15:41:04.576Z",
      msg: "promql query logged",
      params: {
        query: "1 + 1",
        start: "1970-01-01T00:01:00.000Z",
        end: "1970-01-01T00:02:00.000Z",
        step: 15,
      },
      httpRequest: { clientIP: "127.0.0.1", method: "GET", path: "/api/v1/query_range" },
    });
    expect(second?.["error"]).toMatch(/parse error/);
    log.close();
  });

  it("opens anew, and keeps the old file where the new one cannot be opened", async () => {
    const file = join(dir, "moved.log");
    const log = new QueryLog({ clock, logger: silentLogger });
    log.open(file);
    const engine = log.wrap(new Engine({ clock }));
    const storage = new MemoryStorage();
    await engine.instantQuery(storage, "1", 0);
    renameSync(file, `${file}.1`);
    expect(() => log.open(join(dir, "no", "folder"))).toThrow(/query_log_file.*cannot open/);
    log.open(file);
    await engine.instantQuery(storage, "2", 0);
    expect(linesOf(`${file}.1`)).toHaveLength(1);
    expect(linesOf(file)).toHaveLength(1);
    log.open(undefined);
    await engine.instantQuery(storage, "3", 0);
    expect(linesOf(file)).toHaveLength(1);
  });
});
