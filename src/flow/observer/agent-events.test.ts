import { expect, test } from "vitest";
import type { GetAgentEventsRequest } from "../model/generated/messages.ts";
import { readAgentEvents } from "./agent-events.ts";
import { FlowRing } from "./flow-ring.ts";

function add(ring: FlowRing, id: number): void {
  const time = `2026-01-15T10:00:0${id}Z`;
  const head = { time, nodeName: "n", lost: undefined };
  ring.append({ ...head, flow: { uuid: "x" } });
  const agentEvent = { type: "ENDPOINT_CREATED", endpoint_update: { id: String(id) } } as const;
  ring.append({ ...head, flow: undefined, agentEvent });
}

async function ask(ring: FlowRing, request: GetAgentEventsRequest, stop = new AbortController()) {
  const ids: string[] = [];
  for await (const batch of readAgentEvents(ring, request, stop.signal)) {
    for (const { agent_event: event } of batch) ids.push(event?.endpoint_update?.id ?? "");
    if (ids.includes("9")) stop.abort();
  }
  return ids.join("");
}

test("number, first, since and until mean what they mean for flows", async () => {
  const ring = new FlowRing(100);
  for (const id of [1, 2, 3, 4]) add(ring, id);
  expect(await ask(ring, {})).toBe("1234");
  expect(await ask(ring, { number: "2" })).toBe("34");
  expect(await ask(ring, { number: "2", first: true })).toBe("12");
  expect(await ask(ring, { since: "2026-01-15T10:00:02Z", number: "2" })).toBe("23");
  expect(await ask(ring, { until: "2026-01-15T10:00:02Z" })).toBe("12");
});

test("following begins with what comes, unless a number asks for more", async () => {
  const ring = new FlowRing(100);
  add(ring, 1);
  const fresh = ask(ring, { follow: true });
  const more = ask(ring, { follow: true, number: "1" });
  await Promise.resolve();
  add(ring, 5);
  add(ring, 9);
  expect(await fresh).toBe("59");
  expect(await more).toBe("159");
});
