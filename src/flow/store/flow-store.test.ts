import {
  appendFileSync,
  existsSync,
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
import { silentLogger } from "../../base/logger.ts";
import { compileFlowFilters, type FlowFilter } from "../filter/flow-filter.ts";
import type { FlowSearch } from "../flow-history.ts";
import { type Flow, formatTimestamp } from "../model/flow.ts";
import { FlowStore, type FlowStoreOptions } from "./flow-store.ts";
import { StoredUuids } from "./stored-uuids.ts";

const startMs = Date.parse("2026-01-15T10:00:00Z");
let dir = "";
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "flow-store-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

async function open(changes: Partial<FlowStoreOptions> = {}): Promise<FlowStore> {
  return await FlowStore.open({
    dir,
    clock: new FakeClock(startMs + 3_600_000),
    logger: silentLogger,
    retentionMs: 7 * 86_400_000,
    retentionBytes: 2 ** 31,
    ...changes,
  });
}

/** Flows of every kind the store treats differently. */
function flowOf(index: number): Flow {
  const pods = ["xwing", "tiefighter", "deathstar-1", "deathstar-2"];
  const uuid = `00000000-0000-4000-8000-${index.toString(16).padStart(12, "0")}`;
  const base: Flow = {
    time: formatTimestamp(startMs + index * 7, (index * 1_000) % 1_000_000),
    uuid: index % 50 === 49 ? `odd-${index}` : uuid,
    verdict: index % 5 === 0 ? "DROPPED" : "FORWARDED",
    IP: { source: `10.0.0.${index % 7}`, destination: "10.0.1.1", ipVersion: "IPv4" },
    l4: {
      TCP: { source_port: 30_000 + (index % 900), destination_port: 80, flags: { SYN: true } },
    },
    source: {
      identity: 100 + (index % 4),
      namespace: "default",
      pod_name: pods[index % 4],
      labels: ["k8s:a=b"],
    },
    destination: { identity: 9, labels: ["reserved:world"] },
    Type: "L3_L4",
    node_name: `node-${index % 3}`,
    event_type: { type: 4, sub_type: index % 2 === 0 ? -1 : 3 },
    is_reply: index % 3 === 0,
    Summary: "TCP Flags: SYN",
  };
  if (index % 4 === 1) {
    base.Type = "L7";
    base.l7 = {
      type: "RESPONSE",
      latency_ns: String(index * 1_000_001),
      http: { code: 200 + (index % 3), method: "GET", url: `http://host/${index % 20}` },
    };
    base.Summary = `HTTP/1.1 200 ${Math.floor((index * 1_000_001) / 1e6)}ms (GET http://host/${index % 20})`;
  }
  if (index % 11 === 0) (base as Record<string, unknown>)["new_field"] = { deep: [index] };
  if (index % 13 === 0) base.socket_cookie = "18446744073709551615";
  return base;
}

async function collect(store: FlowStore, search: Partial<FlowSearch> = {}): Promise<Flow[]> {
  const flows: Flow[] = [];
  for await (const batch of store.search({ filter: { allow: [], deny: [] }, ...search }))
    flows.push(...batch);
  return flows;
}

const many = Array.from({ length: 3000 }, (_, index) => flowOf(index));

describe("FlowStore", () => {
  it("says each second that what came is in the log, not before", async () => {
    const clock = new FakeClock(startMs);
    const logged: number[] = [];
    const bytes = () => {
      const path = join(dir, "hot-00000001.log");
      return existsSync(path) ? statSync(path).size : 0;
    };
    const store = await open({ clock, flushed: () => logged.push(bytes()) });
    store.append([flowOf(1)]);
    expect(bytes()).toBe(0);
    await clock.advance(2_000);
    expect(logged).toHaveLength(2);
    expect(logged[0]).toBeGreaterThan(0);
    await store.close();
  });

  it("gives back whole flows, unknown fields included, from memory, from its log and from a block", async () => {
    const store = await open();
    store.append(many);
    expect(await collect(store)).toEqual(many);
    await store.seal();
    expect(await collect(store)).toEqual(many);
    await store.close();
    const again = await open();
    expect(await collect(again)).toEqual(many);
    await again.close();
  });

  it("keeps what was flushed when the process is killed, and cuts a torn tail, saying so once", async () => {
    const store = await open();
    store.append(many.slice(0, 1000));
    store.flush();
    store.append(many.slice(1000, 1500));
    store.flush();
    store.append(many.slice(1500));
    // Killed: not closed.
    const log = join(dir, readdirSync(dir).find((name) => name.startsWith("hot-")) as string);
    appendFileSync(log, Buffer.from([0x43, 0x53, 0x46, 0x31, 9, 9]));
    const said: string[] = [];
    const logger = { ...silentLogger, warn: (_: unknown, message: string) => said.push(message) };
    const again = await open({ logger });
    expect(await collect(again)).toEqual(many.slice(0, 1500));
    expect(said).toHaveLength(1);
    await again.close();
    const third = await open({ logger });
    expect(await collect(third)).toHaveLength(1500);
    expect(said).toHaveLength(1);
    await third.close();
  });

  it("does not count rows twice when it was killed between the block and the removal of its log", async () => {
    const store = await open();
    store.append(many);
    store.flush();
    const name = readdirSync(dir).find((file) => file.startsWith("hot-")) as string;
    const log = readFileSync(join(dir, name));
    await store.seal();
    writeFileSync(join(dir, name), log);
    const again = await open();
    expect(await collect(again)).toHaveLength(many.length);
    await again.close();
    await store.close();
  });

  it("sorts a block by time and merges blocks that overlap", async () => {
    const store = await open();
    store.append(many.filter((_, index) => index % 2 === 0).reverse());
    await store.seal();
    store.append(many.filter((_, index) => index % 2 === 1));
    expect(await collect(store)).toEqual(many);
    expect(await collect(store, { last: 5 })).toEqual(many.slice(-5));
    expect(await collect(store, { first: 5 })).toEqual(many.slice(0, 5));
    const sinceMs = startMs + 700;
    const untilMs = startMs + 1400;
    const within = many.filter((flow) => {
      const ms = Date.parse(flow.time as string);
      return ms >= sinceMs && ms < untilMs;
    });
    expect(await collect(store, { sinceMs, untilMs })).toEqual(within);
    await store.close();
  });

  const filters: Readonly<Record<string, FlowFilter>> = {
    verdict: { verdict: ["DROPPED"] },
    pod: { source_pod: ["default/deathstar"] },
    identity: { source_identity: [101], verdict: ["FORWARDED"] },
    "event type": { event_type: [{ type: 4, match_sub_type: true, sub_type: 3 }] },
    reply: { reply: [true] },
    protocol: { protocol: ["http"] },
    port: { source_port: ["30005"], destination_port: ["80"] },
    url: { http_url: ["/1.$"] },
    status: { http_status_code: ["201"] },
    uuid: { uuid: ["00000000-0000-4000-8000-000000000007", "odd-49"] },
    flags: { tcp_flags: [{ SYN: true }], source_ip: ["10.0.0.2/31"] },
    node: { node_name: ["node-1"] },
    cel: { experimental: { cel_expression: ["_flow.verdict == Verdict.DROPPED"] } },
    label: { source_label: ["k8s:a=b"], destination_label: ["reserved:world"] },
    trace: { trace_id: [""] },
  };
  for (const [name, filter] of Object.entries(filters)) {
    it(`finds by ${name} exactly the flows that Hubble's test passes`, async () => {
      const store = await open();
      store.append(many.slice(0, 1500));
      await store.seal();
      store.append(many.slice(1500));
      const passes = compileFlowFilters([filter]);
      expect(await collect(store, { filter: { allow: [filter], deny: [] } })).toEqual(
        many.filter(passes),
      );
      const deny = { allow: [{ reply: [false] }], deny: [filter] };
      const rest = compileFlowFilters(deny.allow, deny.deny);
      expect(await collect(store, { filter: deny })).toEqual(many.filter(rest));
      await store.close();
    });
  }

  it("removes whole segments past their age or beyond the size", async () => {
    const clock = new FakeClock(startMs);
    const store = await open({ clock, retentionMs: 10 * 3_600_000 });
    for (let hour = 0; hour < 24; hour += 8) {
      store.append([{ ...flowOf(hour), time: formatTimestamp(startMs + hour * 3_600_000) }]);
      await store.seal();
    }
    expect(store.stats().segments).toBe(3);
    await clock.advance(20 * 3_600_000);
    expect(store.stats().segments).toBe(1);
    await store.close();
  });

  it("leaves a damaged block out, says so once, and serves the rest", async () => {
    const store = await open();
    store.append(many.slice(0, 1000));
    await store.seal();
    store.append(many.slice(1000));
    await store.close();
    const segment = join(dir, readdirSync(dir).find((name) => name.endsWith(".flows")) as string);
    const bytes = readFileSync(segment);
    bytes.fill(0xff, bytes.length - 3000, bytes.length - 10);
    writeFileSync(segment, bytes);
    const said: string[] = [];
    const logger = { ...silentLogger, error: (_: unknown, message: string) => said.push(message) };
    const again = await open({ logger });
    expect(await collect(again)).toEqual(many.slice(0, 1000));
    expect(await collect(again)).toHaveLength(1000);
    expect(said).toHaveLength(1);
    await again.close();
  });

  it("keeps the blocks before a segment's torn tail", async () => {
    const store = await open();
    store.append(many.slice(0, 1000));
    await store.seal();
    store.append(many.slice(1000));
    await store.close();
    const segment = join(dir, readdirSync(dir).find((name) => name.endsWith(".flows")) as string);
    truncateSync(segment, statSync(segment).size - 7);
    const again = await open();
    expect(await collect(again)).toEqual(many.slice(0, 1000));
    await again.close();
  });

  it("knows the flows that were there when it was opened", async () => {
    const store = await open();
    store.append(many.slice(0, 2000));
    await store.close();
    const again = await open();
    const known = new StoredUuids(again);
    const plain = many.filter(({ uuid }) => !uuid?.startsWith("odd"));
    const fresh = known.fresh(plain);
    expect(fresh).toEqual(plain.filter((_, index) => index >= plain.indexOf(many[2000] as Flow)));
    again.append(fresh);
    const live = [{ ...flowOf(9999), time: formatTimestamp(startMs + 9e7) }];
    expect(known.fresh(live)).toBe(live);
    await again.close();
  });

  it("ends a search early when its signal says so", async () => {
    const store = await open();
    store.append(many);
    const controller = new AbortController();
    let count = 0;
    for await (const batch of store.search({
      filter: { allow: [], deny: [] },
      signal: controller.signal,
    })) {
      count += batch.length;
      controller.abort();
    }
    expect(count).toBeLessThan(many.length);
    await store.close();
  });
});
