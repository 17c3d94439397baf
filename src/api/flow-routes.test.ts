import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Hono } from "hono";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FakeClock } from "../base/clock.ts";
import { silentLogger } from "../base/logger.ts";
import { MapRollups } from "../flow/map/map-rollups.ts";
import { mapTable } from "../flow/map/map-table.ts";
import { type Flow, formatTimestamp } from "../flow/model/flow.ts";
import { CompletenessLog } from "../flow/store/completeness-log.ts";
import { FlowStore } from "../flow/store/flow-store.ts";
import { flowRoutes } from "./flow-routes.ts";
import { mapRoutes } from "./map-routes.ts";
import type {
  FlowCompletenessAnswer,
  FlowGroupsAnswer,
  FlowsAnswer,
  FlowTimelineAnswer,
} from "./wire/flows.ts";
import type { MapAnswer } from "./wire/map.ts";

const startMs = Date.parse("2026-01-15T10:00:00Z");
const nodes = [
  { node: "n1", seen: 90, lost: { OBSERVER_EVENTS_QUEUE: 10 }, state: "", message: "" },
];
let dir = "";
let store: FlowStore;
let routes: Hono;
let take: (flows: readonly Flow[]) => void = () => undefined;
let clock: FakeClock;

beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "flow-routes-"));
  clock = new FakeClock(startMs + 600_000);
  const options = { dir, clock, logger: silentLogger, retentionMs: 1e12 };
  store = await FlowStore.open({ ...options, retentionBytes: 1e12, tables: [mapTable] });
  const completeness = new CompletenessLog({ ...options, nodes: () => nodes });
  completeness.note();
  const live = (taker: typeof take) => {
    take = taker;
    return () => undefined;
  };
  const retention = { retentionMs: 1, retentionBytes: 1 };
  routes = flowRoutes({ store, completeness, live, clock, retention }).route(
    "/",
    mapRoutes({ store, rollups: new MapRollups(store, silentLogger), completeness, clock }),
  );
  store.append(Array.from({ length: 300 }, (_, index) => exchange(index)));
  await store.seal();
  store.append(Array.from({ length: 300 }, (_, index) => exchange(300 + index)));
});
afterEach(async () => {
  await store.close();
  rmSync(dir, { recursive: true });
});

/** One flow a second: a request of tiefighter and its answer by turns, each tenth a drop of xwing. */
function exchange(index: number): Flow {
  const client = {
    identity: 1,
    namespace: "default",
    pod_name: "tiefighter",
    workloads: [{ name: "tiefighter", kind: "Deployment" }],
  };
  const server = {
    identity: 2,
    namespace: "default",
    pod_name: `deathstar-${index % 2}`,
    workloads: [{ name: "deathstar", kind: "Deployment" }],
  };
  const base: Flow = {
    time: formatTimestamp(startMs + index * 1000),
    uuid: `00000000-0000-4000-8000-${String(index).padStart(12, "0")}`,
    node_name: "n1",
  };
  if (index % 10 === 9) {
    const xwing = { identity: 3, namespace: "default", pod_name: "xwing" };
    return {
      ...base,
      verdict: "DROPPED",
      drop_reason_desc: "POLICY_DENIED",
      source: xwing,
      destination: server,
      l4: { TCP: { source_port: 40_000, destination_port: 80 } },
    };
  }
  const isReply = index % 2 === 1;
  const [source, destination] = isReply ? [server, client] : [client, server];
  const l4 = {
    TCP: isReply
      ? { source_port: 80, destination_port: 40_000 }
      : { source_port: 40_000, destination_port: 80 },
  };
  const http = {
    method: "POST",
    url: "http://deathstar/v1/request-landing",
    ...(isReply ? { code: 200 } : {}),
  };
  const l7 = {
    type: isReply ? ("RESPONSE" as const) : ("REQUEST" as const),
    http,
    ...(isReply ? { latency_ns: "8000000" } : {}),
  };
  return {
    ...base,
    verdict: "FORWARDED",
    source,
    destination,
    l4,
    l7,
    Type: "L7",
    is_reply: isReply,
  };
}

async function get<Answer>(path: string): Promise<Answer> {
  const response = await routes.request(path);
  return (await response.json()) as Answer;
}

describe("flow routes", () => {
  it("pages through all that match, newest first, each once", async () => {
    const uuids: (string | undefined)[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const answer: FlowsAnswer = await get(`/flows?q=dropped&limit=7&cursor=${cursor}`);
      uuids.push(...answer.flows.map(({ uuid }) => uuid));
      cursor = answer.cursor;
    }
    expect(uuids).toHaveLength(60);
    expect(uuids).toEqual([...new Set(uuids)].sort().reverse());
    const first: FlowsAnswer = await get("/flows?first=2&count=true");
    expect([first.flows.length, first.matched, first.total]).toEqual([2, 600, 600]);
    expect(first.flows[0]).toEqual(exchange(0));
  });

  it("pages on where several flows have one time", async () => {
    const time = formatTimestamp(startMs + 5_000_000);
    store.append(Array.from({ length: 5 }, (_, index) => ({ ...exchange(1000 + index), time })));
    const one: FlowsAnswer = await get("/flows?limit=2");
    const two: FlowsAnswer = await get(`/flows?limit=2&cursor=${one.cursor}`);
    const three: FlowsAnswer = await get(`/flows?limit=2&cursor=${two.cursor}`);
    const uuids = [...one.flows, ...two.flows, ...three.flows].map(({ uuid }) =>
      Number(uuid?.slice(-12)),
    );
    expect(uuids).toEqual([1004, 1003, 1002, 1001, 1000, 599]);
  });

  it("gives one flow by its uuid, and 404 for none", async () => {
    expect(await get("/flows/00000000-0000-4000-8000-000000000123")).toEqual(exchange(123));
    expect((await routes.request("/flows/none")).status).toBe(404);
  });

  it("tells where a filter is wrong", async () => {
    const response = await routes.request("/flows?q=--verdct%20DROPPED");
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      error: "there is no filter --verdct; did you mean --verdict?",
      start: 0,
      end: 8,
    });
  });

  it("checks a filter without refusing the request", async () => {
    expect(await get("/flows/check?q=dropped")).toEqual({ fault: null });
    expect(await get("/flows/check?q=--verdict%20x")).toMatchObject({
      fault: { start: 10, end: 11 },
    });
  });

  it("leaves out what any hidden line matches, and asks every further line to match", async () => {
    const lines = (...all: string[]) => encodeURIComponent(all.join("\n"));
    const countOf = async (query: string) =>
      ((await get(`/flows?count=true&limit=1&${query}`)) as FlowsAnswer).matched;
    expect(await countOf(`hide=${lines("--verdict DROPPED")}`)).toBe(540);
    // Two lines hide what either matches; in one line both conditions must hold.
    expect(
      await countOf(`hide=${lines("--verdict DROPPED", "--from-pod default/tiefighter")}`),
    ).toBe(
      (await countOf(`q=${lines("--verdict FORWARDED --not --from-pod default/tiefighter")}`)) ??
        -1,
    );
    expect(await countOf(`and=${lines("--verdict DROPPED", "--from-pod default/xwing")}`)).toBe(60);
    expect(await countOf(`and=${lines("--verdict DROPPED", "--verdict FORWARDED")}`)).toBe(0);
    const wrong = await routes.request(`/flows?hide=${lines("--not --verdict DROPPED")}`);
    expect(wrong.status).toBe(400);
  });

  it("gives the flows of one group exactly, page by page", async () => {
    const group = encodeURIComponent('{"destination-pod":"default/deathstar-1"}');
    const one: FlowsAnswer = await get(`/flows?limit=3&in=${group}`);
    const two: FlowsAnswer = await get(`/flows?limit=3&in=${group}&cursor=${one.cursor}`);
    const found = [...one.flows, ...two.flows];
    expect(found.map(({ destination }) => destination?.pod_name)).toEqual(
      Array(6).fill("deathstar-1"),
    );
    expect(new Set(found.map(({ uuid }) => uuid)).size).toBe(6);
    expect((await routes.request("/flows?in=verdict")).status).toBe(400);
  });

  it("groups with counts, rates and history", async () => {
    const answer: FlowGroupsAnswer = await get(
      "/flows/groups?by=verdict,source,destination-port&since=2026-01-15T10:00:00Z&until=2026-01-15T10:10:00Z&buckets=10",
    );
    const drops = answer.groups.find(({ values }) => values[0] === "DROPPED");
    expect(drops).toMatchObject({
      values: ["DROPPED", "default/xwing", "80"],
      flows: 60,
      perSecond: 0.1,
      history: Array(10).fill(6),
    });
    expect(drops?.filter).toBe("--verdict DROPPED --from-pod default/xwing --to-port 80");
    expect(answer.matched).toBe(600);
    const again: FlowsAnswer = await get(
      `/flows?count=true&q=${encodeURIComponent(drops?.filter ?? "")}`,
    );
    expect(again.matched).toBe(60);
  });

  it("completes values with counts", async () => {
    expect(await get("/flows/values?field=source-pod&prefix=xw")).toEqual({
      field: "source-pod",
      values: [{ value: "default/xwing", flows: 60 }],
      valueCount: 1,
    });
  });

  it("draws the rail the same from headers and from rows", async () => {
    const span = "since=2026-01-15T10:00:00Z&until=2026-01-15T10:10:00Z&buckets=10";
    const all: FlowTimelineAnswer = await get(`/flows/timeline?${span}`);
    expect(all.byVerdict).toEqual({ FORWARDED: Array(10).fill(54), DROPPED: Array(10).fill(6) });
    const filtered: FlowTimelineAnswer = await get(`/flows/timeline?${span}&q=-n%20default`);
    expect(filtered.byVerdict).toEqual(all.byVerdict);
  });

  it("says what was seen, lost and why", async () => {
    const answer: FlowCompletenessAnswer = await get("/flows/completeness");
    expect(answer).toMatchObject({ seen: 90, lost: 10, share: 0.9 });
    expect(answer.nodes[0]?.mend).toContain("hubble.eventQueueSize");
  });

  it("exports JSON lines and CSV that no spreadsheet takes for a formula", async () => {
    const lines = (await (await routes.request("/flows/export?q=dropped")).text())
      .trim()
      .split("\n");
    expect(lines).toHaveLength(60);
    expect(JSON.parse(lines[0] as string)).toMatchObject({ flow: exchange(9), node_name: "n1" });
    store.append([{ ...exchange(2000), node_name: "=cmd()" }]);
    const csv = await (
      await routes.request("/flows/export?format=csv&columns=verdict,node&q=http")
    ).text();
    expect(csv.split("\r\n")[0]).toBe("time,uuid,verdict,node");
    expect(csv).toContain(",FORWARDED,'=cmd()");
  });

  it("streams what comes and matches, in batches", async () => {
    const response = await routes.request("/flows/stream?q=dropped");
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    const text = async () => new TextDecoder().decode((await reader.read()).value);
    expect(await text()).toBe("retry: 2000\n\n");
    const pending = text();
    take([exchange(8), exchange(9)]);
    await clock.advance(250);
    expect(await pending).toBe(
      `event: flows\ndata: ${JSON.stringify({ flows: [exchange(9)], lost: 0, seen: 2 })}\n\n`,
    );
    await reader.cancel();
  });
});

describe("map route", () => {
  it("turns replies around and adds up what happened", async () => {
    const map: MapAnswer = await get("/map?since=2026-01-15T10:00:00Z&until=2026-01-15T10:10:00Z");
    expect(map.edges.map(({ id }) => id)).toEqual([
      "default/Deployment/tiefighter -> default/Deployment/deathstar",
      "default/Pod/xwing -> default/Deployment/deathstar",
    ]);
    const [landing, dropped] = map.edges;
    expect(landing).toMatchObject({
      flows: 540,
      perSecond: 0.9,
      verdict: "FORWARDED",
      ports: { "HTTP 80": 540 },
    });
    expect(landing?.l7[0]).toMatchObject({
      requests: 300,
      responses: 240,
      statuses: { 200: 240 },
      operations: { POST: 300 },
    });
    expect(landing?.latency?.p90Ms).toBeGreaterThan(7.2);
    expect(landing?.latency?.p90Ms).toBeLessThan(8.8);
    expect(dropped).toMatchObject({
      verdict: "DROPPED",
      dropReasons: { POLICY_DENIED: 60 },
      ports: { "TCP 80": 60 },
    });
    expect(map.nodes.find(({ name }) => name === "deathstar")).toMatchObject({
      kind: "Deployment",
      podCount: 2,
      identities: [2],
    });
  });

  it("names the busiest ports of a scan and counts them all", async () => {
    const scan = Array.from({ length: 500 }, (_, i): Flow => {
      const flow = exchange(9);
      return {
        ...flow,
        uuid: undefined,
        l4: { TCP: { ...flow.l4?.TCP, destination_port: 80 + i } },
      };
    });
    store.append(scan);
    const map: MapAnswer = await get("/map?since=2026-01-15T10:00:00Z&until=2026-01-15T10:10:00Z");
    const edge = map.edges.find(({ source }) => source.includes("xwing"));
    expect(edge?.portCount).toBe(500);
    expect(Object.keys(edge?.ports ?? {})).toHaveLength(32);
    expect(edge?.ports).toMatchObject({ "TCP 80": 61, "TCP 100": 1 });
  });

  it("gives the same from stored minutes and from rows", async () => {
    const span = "since=2026-01-15T10:00:00Z&until=2026-01-15T10:10:00Z";
    const stored: MapAnswer = await get(`/map?${span}`);
    const counted: MapAnswer = await get(`/map?${span}&q=-n%20default`);
    expect(counted.edges).toEqual(stored.edges);
  });

  it("reckons rates by the time of which flows are held, and tells what was lost", async () => {
    const map: MapAnswer = await get("/map?since=2026-01-15T08:00:00Z&until=2026-01-15T11:00:00Z");
    expect(map).toMatchObject({
      seconds: 600,
      heldSinceMs: startMs,
      completeness: { seen: 90, lost: 10, share: 0.9, offMs: 0 },
    });
    expect(map.edges[0]?.perSecond).toBe(0.9);
  });

  it("compares with a second window", async () => {
    store.append([
      { ...exchange(700), source: { identity: 9, namespace: "default", pod_name: "new" } },
    ]);
    const map: MapAnswer = await get(
      "/map?since=2026-01-15T10:11:00Z&until=2026-01-15T10:12:00Z&vs-since=2026-01-15T10:00:00Z&vs-until=2026-01-15T10:05:00Z&level=workload",
    );
    const changes = Object.fromEntries(
      map.edges.map(({ id, change }) => [id.split(" ")[0], change]),
    );
    expect(changes).toEqual({
      "default/Pod/new": "new",
      "default/Deployment/tiefighter": "gone",
      "default/Pod/xwing": "gone",
    });
  });
});
