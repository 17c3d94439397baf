import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../../base/clock.ts";
import { type Logger, silentLogger } from "../../base/logger.ts";
import { type Flow, formatTimestamp } from "../model/flow.ts";
import { FlowStore } from "../store/flow-store.ts";
import { RowFilter, type TimeSpan } from "../store/row-filter.ts";
import { type MapLevel, mapLevels } from "./map-end.ts";
import { MapRollups } from "./map-rollups.ts";
import { mapTable } from "./map-table.ts";
import { buildServiceMap, type ServiceMap } from "./service-map.ts";

const startMs = Date.parse("2026-01-15T00:03:00Z");
const hourMs = 3_600_000;
const everything = new RowFilter({ allow: [{}], deny: [] });

let dir = "";
let store: FlowStore;
let warnings: string[];
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "map-rollups-"));
  warnings = [];
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true });
});

async function open(hasTables = true): Promise<void> {
  const logger: Logger = {
    ...silentLogger,
    warn: (_, message) => warnings.push(String(message)),
  };
  store = await FlowStore.open({
    dir,
    clock: new FakeClock(startMs + 100 * hourMs),
    logger,
    retentionMs: 1e15,
    retentionBytes: 1e15,
    tables: hasTables ? [mapTable] : [],
  });
}

function rollups(): MapRollups {
  return new MapRollups(store, { ...silentLogger, warn: (_, text) => warnings.push(String(text)) });
}

/** Flows of two and a half days in blocks of a few hours: twelve segments. */
async function fill(): Promise<void> {
  for (let hour = 0; hour < 60; hour += 2) {
    store.append(Array.from({ length: 120 }, (_, i) => flowOf(hour * 60 + i, hour * 200 + i)));
    await store.seal();
  }
  // Late ones, and some that stay in memory.
  store.append([flowOf(0, 3), flowOf(3600, 4)]);
  await store.seal();
  store.append([flowOf(3600, 5), flowOf(3601, 6)]);
}

function flowOf(minute: number, seed: number): Flow {
  const pod = (n: number) => ({
    namespace: `ns-${n % 2}`,
    pod_name: `app-${n % 5}-${n % 9}`,
    identity: 100 + (n % 5),
    workloads: [{ name: `app-${n % 5}`, kind: "Deployment" }],
  });
  const verdict = seed % 7 === 0 ? "DROPPED" : "FORWARDED";
  const base: Flow = {
    time: formatTimestamp(startMs + minute * 60_000 + (seed % 60_000)),
    verdict,
    source: pod(seed),
    destination: pod(seed * 7 + 3),
    l4: { TCP: { source_port: 40_000 + (seed % 50), destination_port: 80 + (seed % 3) } },
    is_reply: seed % 3 === 0,
  };
  if (verdict === "DROPPED") return { ...base, drop_reason_desc: "POLICY_DENIED" };
  if (seed % 4 !== 0) return base;
  return {
    ...base,
    l7: { type: "RESPONSE", latency_ns: String(seed * 10_000), http: { code: 200 + (seed % 2) } },
  };
}

/** A map as text that does not depend on the order in which it was added up. */
function textOf(map: ServiceMap): unknown {
  return {
    ...map,
    nodes: map.nodes
      .map((node) => ({
        ...node,
        identities: [...node.identities].sort(),
        pods: [...node.pods].sort(),
      }))
      .sort((a, b) => (a.key < b.key ? -1 : 1)),
    edges: [...map.edges].sort((a, b) =>
      a.source + a.destination < b.source + b.destination ? -1 : 1,
    ),
  };
}

async function expectSame(span: TimeSpan, level: MapLevel, kept: MapRollups): Promise<void> {
  const counted = textOf(await buildServiceMap(store, { span, level, filter: everything }));
  expect(textOf(await buildServiceMap(store, { span, level }))).toEqual(counted);
  expect(textOf(await buildServiceMap(store, { span, level, rollups: kept }))).toEqual(counted);
}

/** Whole units of the map, as the filtered search has them. */
const spans: readonly (readonly [name: string, from: number, to: number])[] = [
  ["everything", -3, 3717],
  ["a day", 1437, 2877],
  ["an hour within a block", 187, 247],
  ["eleven hours that cut segments", 1007, 1667],
  ["nothing", 5997, 6057],
];

describe("MapRollups", () => {
  for (const [name, from, to] of spans) {
    it(`gives what a count of all rows gives: ${name}`, async () => {
      await open();
      await fill();
      const kept = rollups();
      const sinceMs = startMs + from * 60_000;
      // A filtered search ends with the last moment that it names.
      const span = { sinceMs, untilMs: startMs + to * 60_000 - 0.25 };
      for (const level of mapLevels) await expectSame(span, level, kept);
    });
  }

  it("keeps the sums of closed segments beside them and reads them after a restart", async () => {
    await open();
    await fill();
    const first = await buildServiceMap(store, { span: {}, level: "pod", rollups: rollups() });
    await store.close();
    await open();
    const { segments, release } = store.acquireSegments();
    // The last but one was the one being written until close() sealed what was in memory.
    const isKept = segments.map((segment) => segment.openSums() !== undefined);
    expect(isKept).toEqual(segments.map((_, index) => index < segments.length - 2));
    release();
    const again = await buildServiceMap(store, { span: {}, level: "pod", rollups: rollups() });
    expect(again.flows).toBe(3604);
    expect(textOf(again)).toEqual(textOf(first));
    expect(store.stats().flows).toBe(3604);
  });

  it("adds a segment a time up in quiet moments", async () => {
    await open();
    await fill();
    const kept = rollups();
    for (let i = 0; i < 3; i++) await kept.catchUp();
    const { segments, release } = store.acquireSegments();
    expect(segments.filter((segment) => segment.openSums() !== undefined)).toHaveLength(3);
    release();
  });

  it("counts the rows of a store that keeps no sums, and keeps them from then on", async () => {
    await open(false);
    await fill();
    await expectSame(
      { sinceMs: startMs - 180_000, untilMs: startMs + 3717 * 60_000 - 0.25 },
      "workload",
      rollups(),
    );
    const { segments, release } = store.acquireSegments();
    expect(segments[0]?.openSums()).toBeDefined();
    release();
  });

  it("adds a segment up anew whose sums are torn or damaged, and says so", async () => {
    await open();
    await fill();
    const whole = await buildServiceMap(store, { span: {}, level: "workload", rollups: rollups() });
    await store.close();
    const [torn = "", damaged = ""] = readdirSync(dir)
      .filter((name) => name.startsWith("segment"))
      .sort()
      .map((name) => join(dir, name));
    truncateSync(torn, statSync(torn).size - 5);
    const bytes = readFileSync(damaged);
    bytes[bytes.length - 1] = bytes[bytes.length - 1]! ^ 0xff;
    writeFileSync(damaged, bytes);
    warnings = [];
    await open();
    const again = await buildServiceMap(store, { span: {}, level: "workload", rollups: rollups() });
    expect(textOf(again)).toEqual(textOf(whole));
    expect(warnings).toEqual([
      "cut a torn tail off a file of flows; what was acknowledged stands before it",
      "what a segment of flows comes to cannot be read; it is added up anew from its blocks",
    ]);
  });

  it("does not count a block twice that was sealed while a map was added up", async () => {
    await open();
    await fill();
    const kept = rollups();
    const early = buildServiceMap(store, { span: {}, level: "workload", rollups: kept });
    await store.seal();
    const late = await buildServiceMap(store, { span: {}, level: "workload", rollups: kept });
    expect([(await early).flows, late.flows]).toEqual([3604, 3604]);
  });
});
