import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { silentLogger } from "../base/logger.ts";
import type { FlowHistory, FlowSearch } from "../flow/flow-history.ts";
import { type Flow, formatTimestamp } from "../flow/model/flow.ts";
import { labelsFromObject } from "../model/labels.ts";
import { createMatcher } from "../model/matcher.ts";
import { SampleBuffer } from "../model/sample.ts";
import { openTsdb, type Tsdb } from "../tsdb/tsdb.ts";
import { FlowBackfill } from "./flow-backfill.ts";

const nowMs = Date.parse("2026-01-15T12:00:00Z");
const sinceMs = nowMs - 3 * 3_600_000;
let dir = "";
let tsdb: Tsdb;
let clock: FakeClock;
let flows: Flow[];

/** One drop a minute from three hours ago until two hours ago. */
function pastDrops(): Flow[] {
  return Array.from({ length: 60 }, (_, minute) => ({
    time: formatTimestamp(sinceMs + minute * 60_000, 0),
    verdict: "DROPPED",
    drop_reason_desc: "POLICY_DENIED",
    drop_reason: 133,
    l4: { TCP: { source_port: 1, destination_port: 80 } },
    Type: "L3_L4",
    event_type: { type: 1, sub_type: 133 },
  }));
}

const history: FlowHistory = {
  async *search({ sinceMs: since = 0, signal }: FlowSearch) {
    if (signal?.aborted !== true) {
      yield flows.filter((flow) => Date.parse(flow.time ?? "") >= since);
    }
  },
};

async function open(): Promise<Tsdb> {
  return await openTsdb({ dir, clock, logger: silentLogger });
}

/** The server writes now; the past is out of order. */
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "flow-backfill-"));
  clock = new FakeClock(nowMs);
  flows = pastDrops();
  tsdb = await open();
  const appender = tsdb.appender();
  appender.append(0, labelsFromObject({ __name__: "up" }), nowMs, 1);
  appender.commit();
});
afterEach(async () => {
  await tsdb.close();
  rmSync(dir, { recursive: true });
});

function backfill(): FlowBackfill {
  const options = { history, storage: tsdb, outOfOrderWindowMs: () => 0, clock };
  return new FlowBackfill({ ...options, logger: silentLogger });
}

async function stored(): Promise<{ readonly labels: string; readonly samples: SampleBuffer }[]> {
  const querier = tsdb.querier(0, nowMs);
  const range = { startMs: 0, endMs: nowMs };
  const { series } = await querier.select([createMatcher("=", "job", "ciliascope-flows")], range);
  const found = [...series].map((one) => {
    const samples = new SampleBuffer();
    one.readSamples(samples, 0, nowMs);
    return { labels: String(one.labels), samples };
  });
  querier.close();
  return found;
}

const request = { metrics: ["drop"], sinceMs, untilMs: undefined, intervalMs: 60_000 };

describe("FlowBackfill", () => {
  it("writes the counters at their past times, marked, where queries find them, also after a restart", async () => {
    const job = backfill();
    await job.start(request);
    await job.settled();
    expect(job.status).toMatchObject({ state: "done", flows: 60, series: 1, refused: 0 });
    for (let round = 0; round < 2; round++) {
      const [drops, ...others] = await stored();
      expect(others).toEqual([]);
      expect(drops?.labels).toContain('job="ciliascope-flows"');
      expect(drops?.samples.count).toBe(job.status.samples);
      expect(drops?.samples.timestampsMs[0]).toBe(sinceMs);
      expect(drops?.samples.values[0]).toBe(1);
      expect(drops?.samples.values[58]).toBe(59);
      await tsdb.close();
      tsdb = await open();
    }
  });

  it("writes nothing twice, and ends before what is there", async () => {
    const job = backfill();
    await job.start({ ...request, sinceMs: nowMs - 9_000_000 });
    await job.settled();
    await expect(job.start({ ...request, untilMs: nowMs })).rejects.toThrow(/not written twice/);
    const { untilMs } = await job.start(request);
    await job.settled();
    expect(untilMs).toBeLessThanOrEqual(nowMs - 9_000_000 + 60_000);
    expect(job.status).toMatchObject({ state: "done", refused: 0 });
  });

  it("lets nobody else's late samples in", async () => {
    const job = backfill();
    await job.start(request);
    await job.settled();
    const appender = tsdb.appender();
    const late = appender.append(0, labelsFromObject({ __name__: "up" }), nowMs - 7_200_000, 1);
    appender.rollback();
    expect(late).toBeLessThan(0);
  });

  it("can be cancelled, refuses a second job beside it and bad metrics", async () => {
    const job = backfill();
    await expect(job.start({ ...request, metrics: ["drop:sourceContext=pods"] })).rejects.toThrow(
      "unknown context",
    );
    await job.start({ ...request, intervalMs: 1000 });
    await expect(job.start(request)).rejects.toThrow("a back-fill is running");
    expect((await job.cancel()).state).toBe("cancelled");
  });

  it("says that there was no flow", async () => {
    flows = [];
    const job = backfill();
    await job.start(request);
    await job.settled();
    expect(job.status.message).toBe("There is no flow in this window, so nothing was written.");
  });
});
