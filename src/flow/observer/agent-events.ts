/**
 * Answers GetAgentEvents from a ring that holds an agent's own events among the flows, with Hubble's
 * meaning of `number`, `first`, `since`, `until` and `follow`. Events are not filtered.
 */

import { timestampNanos } from "../model/flow.ts";
import type { GetAgentEventsRequest, GetAgentEventsResponse } from "../model/generated/messages.ts";
import type { FlowRing, RingEvent } from "./flow-ring.ts";

const batchMax = 256;

/** The events asked for, oldest first; with `follow` also those that come, until `signal` is aborted. */
export async function* readAgentEvents(
  ring: FlowRing,
  request: GetAgentEventsRequest,
  signal: AbortSignal,
): AsyncIterable<readonly GetAgentEventsResponse[]> {
  const end = ring.end;
  const past = pastEvents(ring, request, end);
  for (let at = 0; at < past.length; at += batchMax) yield past.slice(at, at + batchMax);
  if (request.follow !== true) return;
  let position = end;
  while (!signal.aborted) {
    position = Math.max(position, ring.start);
    const fresh: GetAgentEventsResponse[] = [];
    for (; position < ring.end; position++) {
      const event = ring.at(position);
      if (event?.agentEvent !== undefined) fresh.push(response(event));
    }
    if (fresh.length > 0) yield fresh;
    await ring.waitFor(position, signal);
  }
}

function pastEvents(
  ring: FlowRing,
  { number, first, follow, since, until }: GetAgentEventsRequest,
  end: number,
): GetAgentEventsResponse[] {
  const count = Number(number ?? 0);
  // Following without a number or a time begins with what comes.
  if (follow === true && count === 0 && since === undefined) return [];
  const fromNanos = since === undefined ? undefined : timestampNanos(since);
  const untilNanos = until === undefined ? undefined : timestampNanos(until);
  const found: GetAgentEventsResponse[] = [];
  for (let position = ring.start; position < end; position++) {
    const event = ring.at(position);
    if (event?.agentEvent === undefined) continue;
    const nanos = timestampNanos(event.time) ?? 0n;
    if (fromNanos !== undefined && nanos < fromNanos) continue;
    if (untilNanos !== undefined && nanos > untilNanos) continue;
    found.push(response(event));
  }
  if (count === 0 || count >= found.length) return found;
  return first === true || since !== undefined ? found.slice(0, count) : found.slice(-count);
}

function response({ agentEvent, nodeName, time }: RingEvent): GetAgentEventsResponse {
  return { agent_event: agentEvent, node_name: nodeName, time };
}
