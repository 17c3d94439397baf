import { describe, expect, it } from "vitest";
import { FakeClock } from "../../base/clock.ts";
import type { FlowHistory, FlowSearch } from "../flow-history.ts";
import type { Flow } from "../model/flow.ts";
import type { GetFlowsRequest, GetFlowsResponse } from "../model/generated/messages.ts";
import { LocalObserver, type LocalObserverOptions } from "./local-observer.ts";
import { RelayObserver } from "./relay-observer.ts";

function flow(uuid: string, second: number, more: Flow = {}): Flow {
  const time = `2026-01-15T10:00:${String(second).padStart(2, "0")}Z`;
  return { uuid, time, node_name: "c/n", verdict: "FORWARDED", ...more };
}

function observer(more: Partial<LocalObserverOptions> = {}): LocalObserver {
  return new LocalObserver({
    clock: new FakeClock(Date.parse("2026-01-15T10:01:00Z")),
    capacity: 8,
    version: "v",
    versionHeader: ["h", "1"],
    nodeName: "c/n",
    ...more,
  });
}

function filled(uuids = "abcde", more: Partial<LocalObserverOptions> = {}): LocalObserver {
  const made = observer(more);
  for (const [second, uuid] of [...uuids].entries()) made.addFlow(flow(uuid, second));
  return made;
}

/** "ab" = flows a and b; "!3" = three lost. */
function shown(responses: readonly GetFlowsResponse[]): string {
  return responses
    .map(({ flow: one, lost_events: lost }) => one?.uuid ?? `!${lost?.num_events_lost}`)
    .join("");
}

async function ask(from: LocalObserver, request: GetFlowsRequest): Promise<string> {
  const all: GetFlowsResponse[] = [];
  for await (const batch of from.flows(request, new AbortController().signal)) all.push(...batch);
  return shown(all);
}

const at = (second: number) => `2026-01-15T10:00:0${second}Z`;

describe("LocalObserver", () => {
  it("gives the last, the first, those of a time span, or all", async () => {
    expect(await ask(filled(), { number: "2" })).toBe("de");
    expect(await ask(filled(), { number: "9" })).toBe("abcde");
    expect(await ask(filled(), {})).toBe("abcde");
    expect(await ask(filled(), { number: "18446744073709551615" })).toBe("abcde");
    expect(await ask(filled(), { number: "2", first: true })).toBe("ab");
    expect(await ask(filled(), { since: at(1), until: at(3) })).toBe("bcd");
    expect(await ask(filled(), { since: at(1), number: "2", first: true })).toBe("bc");
    expect(await ask(filled(), { until: at(2), number: "2" })).toBe("bc");
  });

  it("filters by allow and deny lists and counts what passes", async () => {
    const made = filled("ab");
    made.addFlow(flow("c", 3, { verdict: "DROPPED" }));
    made.addFlow(flow("d", 4, { verdict: "DROPPED" }));
    made.addFlow(flow("e", 5));
    expect(await ask(made, { whitelist: [{ verdict: ["DROPPED"] }], number: "1" })).toBe("d");
    expect(await ask(made, { blacklist: [{ verdict: ["DROPPED"] }], number: "2" })).toBe("be");
    const bad = ask(made, { whitelist: [{ source_label: ["!!"] }] });
    await expect(bad).rejects.toThrow("label filter");
  });

  it("passes losses on, unfiltered and uncounted", async () => {
    const made = filled("a");
    made.addLost({ source: "PERF_EVENT_RING_BUFFER", num_events_lost: "7" }, "c/n");
    made.addFlow(flow("b", 2));
    expect(await ask(made, { number: "2" })).toBe("a!7b");
    expect(await ask(made, { since: at(2), whitelist: [{ uuid: ["b"] }] })).toBe("!7b");
  });

  it("follows, and says how many were overwritten before they were read", async () => {
    const made = filled("ab");
    const stop = new AbortController();
    const stream = made.flows({ follow: true, number: "1" }, stop.signal)[Symbol.asyncIterator]();
    expect(shown((await stream.next()).value)).toBe("b");
    const next = stream.next();
    for (const uuid of "cdefghijklmn") made.addFlow(flow(uuid, 9));
    const { value } = await next;
    expect(shown(value)).toBe("!4ghijklmn");
    expect(value[0].lost_events.source).toBe("HUBBLE_RING_BUFFER");
    const last = stream.next();
    stop.abort();
    expect((await last).done).toBe(true);
  });

  it("cuts flows to the field mask and refuses one that no flow has", async () => {
    const made = observer();
    made.addFlow(flow("a", 1, { source: { pod_name: "p", namespace: "n" } }));
    const masked: GetFlowsResponse[] = [];
    const request = { field_mask: "source.pod_name,verdict" };
    for await (const batch of made.flows(request, new AbortController().signal)) {
      masked.push(...batch);
    }
    expect(masked[0]?.flow).toEqual({ source: { pod_name: "p" }, verdict: "FORWARDED" });
    await expect(ask(made, { field_mask: "pod" })).rejects.toThrow('path "pod"');
  });

  it("asks the history for what lies before the ring, and shows no flow twice", async () => {
    const searches: FlowSearch[] = [];
    const past = [flow("x", 0), flow("y", 1), flow("c", 2)];
    const history: FlowHistory = {
      async *search(search) {
        searches.push(search);
        const found = past.slice(0, search.first ?? 9);
        yield search.last === undefined ? found : found.slice(-search.last - 1);
      },
    };
    const made = observer({ history });
    for (const [i, uuid] of [..."cd"].entries()) made.addFlow(flow(uuid, 2 + i));
    expect(await ask(made, { since: at(0) })).toBe("xycd");
    expect(searches[0]?.untilMs).toBe(Date.parse(at(2)));
    expect(await ask(made, { number: "2" })).toBe("cd");
    expect(await ask(made, { number: "3" })).toBe("ycd");
    expect(await ask(made, { first: true, number: "1" })).toBe("x");
    expect(await ask(made, { since: at(3) })).toBe("d");
  });

  it("tells its figures and the namespaces seen within the hour", async () => {
    const clock = new FakeClock(Date.parse("2026-01-15T10:00:30Z"));
    const made = filled("abcdefghij", { clock, cluster: "c" });
    made.addFlow(flow("k", 20, { source: { namespace: "b" }, destination: { namespace: "a" } }));
    await clock.advance(1000);
    expect(made.status()).toMatchObject({ num_flows: "8", max_flows: "8", seen_flows: "11" });
    expect(made.status().uptime_ns).toBe("1000000000");
    expect(made.namespaces().map(({ namespace }) => namespace)).toEqual(["a", "b"]);
    await clock.advance(3_600_001);
    expect(made.namespaces()).toEqual([]);
    expect(made.nodes()).toBeUndefined();
  });
});

describe("RelayObserver", () => {
  it("tells nodes first, sorts by time, and takes the number for each node", async () => {
    const one = filled("a");
    one.addFlow(flow("c", 4));
    const two = observer();
    two.addFlow(flow("b", 2));
    two.addFlow(flow("d", 5));
    const peer = (name: string, from: LocalObserver, isUp: boolean) => ({
      name,
      address: `${name}:4244`,
      observer: from,
      isAvailable: () => isUp,
    });
    const relay = new RelayObserver({
      clock: new FakeClock(0),
      version: "r",
      versionHeader: ["h", "1"],
      nodeName: "relay",
      peers: () => [peer("n1", one, true), peer("n2", two, true), peer("n3", two, false)],
    });
    const batches: GetFlowsResponse[] = [];
    for await (const batch of relay.flows({ number: "1" }, new AbortController().signal)) {
      batches.push(...batch);
    }
    expect(batches.slice(0, 2).map(({ node_status: status }) => status)).toEqual([
      { state_change: "NODE_CONNECTED", node_names: ["n1", "n2"] },
      { state_change: "NODE_UNAVAILABLE", node_names: ["n3"] },
    ]);
    expect(shown(batches.slice(2))).toBe("cd");
    expect(relay.status()).toMatchObject({
      num_connected_nodes: 2,
      num_unavailable_nodes: 1,
      unavailable_nodes: ["n3"],
      seen_flows: "4",
    });
    expect(relay.nodes().map(({ state }) => state)).toEqual([
      "NODE_CONNECTED",
      "NODE_CONNECTED",
      "NODE_UNAVAILABLE",
    ]);
  });

  // backend/internal of cilium/hubble-ui: GetFlows { number: 10000, follow, lists }, ServerStatus, GetNodes.
  it("answers what Hubble UI's backend asks", async () => {
    const nodes = () => [
      { name: "c/n", state: "NODE_CONNECTED" as const },
      { name: "c/m", state: "NODE_UNAVAILABLE" as const },
    ];
    const made = filled("ab", { nodes });
    const stop = new AbortController();
    const whitelist = [{ source_pod: ["default/"] }, { destination_pod: ["default/"] }];
    const blacklist = [{ source_label: ["reserved:host"] }];
    const got: GetFlowsResponse[] = [];
    const reading = (async () => {
      const request = { number: "10000", follow: true, whitelist, blacklist };
      for await (const batch of made.flows(request, stop.signal)) {
        got.push(...batch);
        if (got.length > 0) stop.abort();
      }
    })();
    made.addFlow(flow("c", 3, { source: { labels: ["reserved:host"] } }));
    made.addFlow(flow("d", 4, { destination: { namespace: "default", pod_name: "x" } }));
    await reading;
    expect(shown(got)).toBe("d");
    expect(made.nodes()).toEqual(nodes());
    expect(made.status()).toMatchObject({
      seen_flows: "4",
      num_connected_nodes: 1,
      num_unavailable_nodes: 1,
      unavailable_nodes: ["c/m"],
    });
  });
});
