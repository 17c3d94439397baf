import { expect, test } from "vitest";
import { FakeClock } from "../../base/clock.ts";
import type { GetFlowsResponse } from "../model/generated/messages.ts";
import { LocalObserver } from "./local-observer.ts";
import { RelayObserver } from "./relay-observer.ts";

function setUp() {
  const clock = new FakeClock(Date.parse("2026-01-15T10:00:00Z"));
  const down = new Set<string>();
  const observers = ["n1", "n2"].map((nodeName) => ({
    name: nodeName,
    address: `${nodeName}:4244`,
    isAvailable: () => !down.has(nodeName),
    observer: new LocalObserver({
      clock,
      capacity: 8,
      version: "v",
      versionHeader: ["h", "1"],
      nodeName,
    }),
  }));
  const relay = new RelayObserver({
    clock,
    version: "r",
    versionHeader: ["h", "1"],
    nodeName: "relay",
    peers: () => observers,
  });
  const see = (node: number, uuid: string, second: number) =>
    observers[node]?.observer.addFlow({ uuid, time: `2026-01-15T10:00:0${second}Z` });
  return { clock, down, relay, see };
}

/** Follows in the background; what came is in `texts`. */
function follow(relay: RelayObserver) {
  const texts: string[] = [];
  const stopping = new AbortController();
  const text = ({ flow, node_status: status }: GetFlowsResponse): string =>
    flow?.uuid ?? `${status?.state_change} ${status?.node_names?.join()}`;
  const done = (async () => {
    for await (const batch of relay.flows({ follow: true }, stopping.signal)) {
      texts.push(...batch.map(text));
    }
  })();
  const stop = () => {
    stopping.abort();
    return done;
  };
  return { texts, stop };
}

test("a live stream is in the order of time across nodes", async () => {
  const { clock, relay, see } = setUp();
  const { texts, stop } = follow(relay);
  await clock.advance(10);
  see(0, "b", 2);
  see(0, "d", 4);
  await clock.advance(10);
  see(1, "a", 1);
  see(1, "c", 3);
  await clock.advance(200);
  expect(texts.slice(1)).toEqual(["a", "b", "c", "d"]);
  see(0, "e", 5);
  await clock.advance(200);
  expect(texts.at(-1)).toBe("e");
  await stop();
});

test("a node that goes, or joins, is told during the stream", async () => {
  const { clock, down, relay, see } = setUp();
  down.add("n2");
  const { texts, stop } = follow(relay);
  await clock.advance(100);
  down.delete("n2");
  await clock.advance(1100);
  see(1, "a", 1);
  await clock.advance(300);
  down.add("n1");
  await clock.advance(1100);
  expect(texts).toEqual([
    "NODE_CONNECTED n1",
    "NODE_UNAVAILABLE n2",
    "NODE_CONNECTED n2",
    "a",
    "NODE_UNAVAILABLE n1",
  ]);
  await stop();
});
