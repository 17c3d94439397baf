import { describe, expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import type { QueryResult } from "../promql/engine/query-result.ts";
import type { Queryable } from "../storage/storage.ts";
import type { QueryEngine, QueryOptions } from "./api-sources.ts";
import { gateQueries } from "./query-gate.ts";

const nothing = {} as Queryable;
const answer = {} as QueryResult;

/** An engine whose queries end when told. */
function slowEngine() {
  const started: string[] = [];
  const finish: (() => void)[] = [];
  const run = (query: string) =>
    new Promise<QueryResult>((resolve) => {
      started.push(query);
      finish.push(() => resolve(answer));
    });
  const engine: QueryEngine = {
    instantQuery: (_, query) => run(query),
    rangeQuery: (_, query) => run(query),
  };
  return { engine, started, finish };
}

function gated(concurrencyMax: number) {
  const clock = new FakeClock();
  const { engine, started, finish } = slowEngine();
  const gate = gateQueries(engine, { clock, concurrencyMax, timeoutMs: 1000 });
  const ask = (query: string, options?: QueryOptions) =>
    gate.instantQuery(nothing, query, 0, options);
  return { clock, ask, started, finish };
}

const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

describe("the query gate", () => {
  it("tells how long a query waited", async () => {
    const { ask, clock, finish } = gated(1);
    const first = ask("a");
    const second = ask("b");
    await clock.advance(30);
    finish[0]?.();
    await settle();
    finish[1]?.();
    expect((await first).stats.queueMs).toBe(0);
    expect((await second).stats.queueMs).toBe(30);
  });

  it("runs so many at a time and the rest in order", async () => {
    const { ask, started, finish } = gated(2);
    const all = ["a", "b", "c", "d"].map((query) => ask(query));
    await settle();
    expect(started).toEqual(["a", "b"]);
    finish[1]?.();
    await settle();
    expect(started).toEqual(["a", "b", "c"]);
    finish[0]?.();
    await settle();
    expect(started).toEqual(["a", "b", "c", "d"]);
    finish[2]?.();
    finish[3]?.();
    await expect(Promise.all(all)).resolves.toHaveLength(4);
  });

  it("gives up waiting when the time is over or the client is gone, and lets the next one in", async () => {
    const { clock, ask, started, finish } = gated(1);
    const first = ask("a");
    const late = ask("late", { timeoutMs: 100 });
    const gone = new AbortController();
    const left = ask("left", { signal: gone.signal });
    const next = ask("next");
    gone.abort();
    await expect(left).rejects.toThrow("query was canceled in query queue");
    const refusal = expect(late).rejects.toThrow("query timed out in query queue");
    await clock.advance(100);
    await refusal;
    finish[0]?.();
    await first;
    await settle();
    expect(started).toEqual(["a", "next"]);
    finish[1]?.();
    await next;
  });
});
