/**
 * An observer over a ring of events, as an agent has it; with a flow history behind it, it also answers
 * for the time before the ring. What `number`, `first`, `since`, `until` and `follow` mean together is
 * Hubble's: since goes before number; losses are never filtered and never counted.
 * A departure: `number` with `until` counts back from `until`, where Hubble counts from the newest.
 */

import type { Clock } from "../../base/clock.ts";
import { compileFlowFilters, type FlowTest } from "../filter/flow-filter.ts";
import type { FlowHistory } from "../flow-history.ts";
import { type Flow, formatTimestamp, timestampNanos } from "../model/flow.ts";
import type {
  AgentEvent,
  GetFlowsRequest,
  GetFlowsResponse,
  LostEvent,
  Namespace,
  Node,
  ServerStatusResponse,
} from "../model/generated/messages.ts";
import { nextTurn } from "../turns.ts";
import { readAgentEvents } from "./agent-events.ts";
import { compileFieldMask, type FieldMask } from "./field-mask.ts";
import { FlowRing, type RingEvent } from "./flow-ring.ts";
import type { ObserverBackend } from "./observer-backend.ts";

/** Responses handed over at once, and events looked at before others get a turn. */
const batchMax = 256;
const lookMax = 4096;
/** A namespace is forgotten when nothing of it was seen for so long, as in the agent. */
const namespaceMs = 3_600_000;
const namespacesMax = 100_000;
/** Names told of nodes that cannot be reached, as in Hubble. */
const awayNamesMax = 10;

/** How an observer is made. */
export interface LocalObserverOptions {
  readonly clock: Clock;
  /** Events kept. */
  readonly capacity: number;
  /** Text of ServerStatus. */
  readonly version: string;
  readonly versionHeader: readonly [name: string, version: string];
  /** CLUSTER/NODE that stands on losses of the ring itself. */
  readonly nodeName: string;
  /** Flows of the time before the ring. */
  readonly history?: FlowHistory | undefined;
  /** Nodes for GetNodes; absent: not implemented, as in the agent. */
  readonly nodes?: (() => Node[]) | undefined;
  /** Cluster of namespaces whose flows name none. */
  readonly cluster?: string;
  /** Gets events of an agent itself; else GetAgentEvents is not implemented. */
  readonly hasAgentEvents?: boolean;
}

/** What a request asks, checked. */
interface FlowsPlan {
  readonly passes: FlowTest;
  readonly mask: FieldMask | undefined;
  readonly sinceNanos: bigint | undefined;
  readonly untilNanos: bigint | undefined;
  /** Infinity = all. */
  readonly count: number;
  readonly isFirst: boolean;
  readonly follows: boolean;
  readonly request: GetFlowsRequest;
}

/** The observer. Feed it with addFlow and addLost. */
export class LocalObserver implements ObserverBackend {
  readonly versionHeader: readonly [name: string, version: string];
  readonly ring: FlowRing;
  readonly agentEvents?: Exclude<ObserverBackend["agentEvents"], undefined>;
  readonly #options: LocalObserverOptions;
  readonly #startedMs: number;
  readonly #namespaces = new Map<string, { readonly namespace: Namespace; seenMs: number }>();

  constructor(options: LocalObserverOptions) {
    this.#options = options;
    this.versionHeader = options.versionHeader;
    this.ring = new FlowRing(options.capacity);
    this.#startedMs = options.clock.nowMs();
    if (options.hasAgentEvents === true) {
      this.agentEvents = (request, signal) => readAgentEvents(this.ring, request, signal);
    }
  }

  /** Takes a flow; it is not changed. */
  addFlow(flow: Flow): void {
    this.#noteNamespace(flow.source);
    this.#noteNamespace(flow.destination);
    const { time = "", node_name: nodeName = "" } = flow;
    this.ring.append({ flow, lost: undefined, time, nodeName });
  }

  /** Takes a loss that was reported of a node. */
  addLost(lost: LostEvent, nodeName: string): void {
    const time = formatTimestamp(this.#options.clock.nowMs());
    this.ring.append({ flow: undefined, lost, time, nodeName });
  }

  /** Takes an event of the agent itself. */
  addAgentEvent(agentEvent: AgentEvent, nodeName: string, timeMs: number): void {
    const time = formatTimestamp(timeMs);
    this.ring.append({ flow: undefined, lost: undefined, agentEvent, time, nodeName });
  }

  async *flows(
    request: GetFlowsRequest,
    signal: AbortSignal,
  ): AsyncIterable<readonly GetFlowsResponse[]> {
    const plan = planOf(request);
    const { ring } = this;
    const isOnlyNew = plan.follows && plan.count === 0 && plan.sinceNanos === undefined;
    if (isOnlyNew) {
      yield* this.#read(plan, { from: ring.end, until: Infinity, max: Infinity }, signal);
      return;
    }
    const end = ring.end;
    if (plan.isFirst || plan.sinceNanos !== undefined) yield* this.#forward(plan, end, signal);
    else yield* this.#latest(plan, end, signal);
  }

  nodes(): Node[] | undefined {
    return this.#options.nodes?.();
  }

  namespaces(): Namespace[] {
    const sinceMs = this.#options.clock.nowMs() - namespaceMs;
    const list: Namespace[] = [];
    for (const [key, { namespace, seenMs }] of this.#namespaces) {
      if (seenMs < sinceMs) this.#namespaces.delete(key);
      else list.push(namespace);
    }
    return list.sort(byClusterAndName);
  }

  status(): ServerStatusResponse {
    const { clock, version } = this.#options;
    const nowMs = clock.nowMs();
    return {
      num_flows: String(this.ring.size),
      max_flows: String(this.ring.capacity),
      seen_flows: String(this.ring.seenFlows),
      uptime_ns: String(Math.round((nowMs - this.#startedMs) * 1e6)),
      version,
      flows_rate: this.ring.ratePerSecond(nowMs),
      ...nodeCounts(this.nodes()),
    };
  }

  /** From `since` or the oldest on: history up to the ring, then the ring, then what comes. */
  async *#forward(
    plan: FlowsPlan,
    end: number,
    signal: AbortSignal,
  ): AsyncIterable<readonly GetFlowsResponse[]> {
    const limit = plan.follows || plan.count === 0 ? Infinity : plan.count;
    let sent = 0;
    const from = this.#ringStart(plan);
    for await (const batch of this.#past(plan, { first: limit }, signal)) {
      sent += batch.length;
      yield batch;
    }
    if (sent >= limit || signal.aborted) return;
    const until = plan.follows ? Infinity : end;
    yield* this.#read(plan, { from, until, max: limit - sent }, signal);
  }

  /** The newest `count` (up to `until`), then what comes. */
  async *#latest(
    plan: FlowsPlan,
    end: number,
    signal: AbortSignal,
  ): AsyncIterable<readonly GetFlowsResponse[]> {
    const { ring } = this;
    const wanted = plan.count === 0 ? Infinity : plan.count;
    let from = end;
    let found = 0;
    while (from > ring.start && found < wanted) {
      from--;
      const event = ring.at(from);
      if (event?.flow !== undefined && isWanted(plan, event)) found++;
    }
    if (found < wanted) yield* this.#past(plan, { last: wanted - found }, signal);
    if (signal.aborted) return;
    const until = plan.follows ? Infinity : end;
    yield* this.#read(plan, { from, until, max: Infinity }, signal);
  }

  /** Where the ring's part of an answer from `since` on begins. */
  #ringStart({ sinceNanos }: FlowsPlan): number {
    const { ring } = this;
    if (sinceNanos === undefined) return ring.start;
    const sinceMs = Number(sinceNanos / 1_000_000n);
    // Flows of several nodes are only nearly in order: all that is kept is looked at where it is little.
    let position = ring.start;
    while (position < ring.end && ring.timeMsAt(position) < sinceMs - 60_000) position++;
    return position;
  }

  /** Stored flows from before the ring. */
  async *#past(
    plan: FlowsPlan,
    limit: { readonly first?: number; readonly last?: number },
    signal: AbortSignal,
  ): AsyncIterable<readonly GetFlowsResponse[]> {
    const { history } = this.#options;
    if (history === undefined) return;
    const oldest = this.ring.at(this.ring.start);
    const sinceMs =
      plan.sinceNanos === undefined ? undefined : Number(plan.sinceNanos / 1_000_000n);
    const untilMs =
      plan.untilNanos === undefined ? undefined : Number(plan.untilNanos / 1_000_000n);
    const known = new Set<string>();
    for (let at = this.ring.start; at < Math.min(this.ring.end, this.ring.start + lookMax); at++) {
      const uuid = this.ring.at(at)?.flow?.uuid;
      if (uuid !== undefined) known.add(uuid);
    }
    const ringMs = oldest === undefined ? undefined : Date.parse(oldest.time);
    if (ringMs !== undefined && sinceMs !== undefined && sinceMs > ringMs) return;
    const batches = history.search({
      sinceMs,
      untilMs: ringMs === undefined ? untilMs : Math.min(untilMs ?? ringMs, ringMs),
      filter: { allow: plan.request.whitelist ?? [], deny: plan.request.blacklist ?? [] },
      ...(Number.isFinite(limit.first) ? { first: limit.first } : {}),
      ...(Number.isFinite(limit.last) ? { last: limit.last } : {}),
      signal,
    });
    for await (const flows of batches) {
      const fresh = flows.filter(
        (flow) => isInTime(plan, flow.time ?? "") && !known.has(flow.uuid ?? ""),
      );
      if (fresh.length > 0) yield fresh.map((flow) => flowResponse(flow, plan.mask));
    }
  }

  /** Events of the ring from a position on; waits for more up to `until`. */
  async *#read(
    plan: FlowsPlan,
    span: { readonly from: number; readonly until: number; readonly max: number },
    signal: AbortSignal,
  ): AsyncIterable<readonly GetFlowsResponse[]> {
    const { ring } = this;
    let position = span.from;
    let left = span.max;
    while (!signal.aborted && position < span.until && left > 0) {
      const responses: GetFlowsResponse[] = [];
      if (position < ring.start) {
        responses.push(this.#overwritten(ring.start - position));
        position = ring.start;
      }
      const lookEnd = Math.min(ring.end, span.until, position + lookMax);
      while (position < lookEnd && responses.length < batchMax && left > 0) {
        const event = ring.at(position) as RingEvent;
        position++;
        if (event.lost !== undefined) responses.push(lostResponse(event));
        else if (isWanted(plan, event)) {
          responses.push(flowResponse(event.flow as Flow, plan.mask));
          left--;
        }
      }
      if (responses.length > 0) yield responses;
      else if (position >= ring.end && position < span.until) await ring.waitFor(position, signal);
      else await nextTurn();
    }
  }

  #overwritten(count: number): GetFlowsResponse {
    const time = formatTimestamp(this.#options.clock.nowMs());
    return {
      lost_events: { source: "HUBBLE_RING_BUFFER", num_events_lost: String(count), last: time },
      node_name: this.#options.nodeName,
      time,
    };
  }

  #noteNamespace(endpoint: Flow["source"]): void {
    const name = endpoint?.namespace ?? "";
    if (name === "") return;
    const cluster = endpoint?.cluster_name ?? this.#options.cluster ?? "";
    const key = `${cluster}/${name}`;
    const seenMs = this.#options.clock.nowMs();
    const known = this.#namespaces.get(key);
    if (known !== undefined) known.seenMs = seenMs;
    else if (this.#namespaces.size < namespacesMax) {
      this.#namespaces.set(key, { namespace: { cluster, namespace: name }, seenMs });
    }
  }
}

/** As a Relay tells of its nodes, which Hubble UI and `hubble status` show; an agent has none. */
function nodeCounts(nodes: readonly Node[] | undefined): Partial<ServerStatusResponse> {
  if (nodes === undefined) return {};
  const away = nodes.filter(({ state }) => state !== "NODE_CONNECTED");
  return {
    num_connected_nodes: nodes.length - away.length,
    num_unavailable_nodes: away.length,
    ...(away.length === 0
      ? {}
      : { unavailable_nodes: away.slice(0, awayNamesMax).map(({ name = "" }) => name) }),
  };
}

function planOf(request: GetFlowsRequest): FlowsPlan {
  const count = Number(request.number ?? 0);
  return {
    passes: compileFlowFilters(request.whitelist ?? [], request.blacklist ?? []),
    mask: compileFieldMask(request.field_mask),
    sinceNanos: request.since === undefined ? undefined : timestampNanos(request.since),
    untilNanos: request.until === undefined ? undefined : timestampNanos(request.until),
    // --all is the greatest number there is.
    count: count > Number.MAX_SAFE_INTEGER ? Infinity : count,
    isFirst: request.first === true,
    follows: request.follow === true,
    request,
  };
}

function isWanted(plan: FlowsPlan, event: RingEvent): boolean {
  return event.flow !== undefined && isInTime(plan, event.time) && plan.passes(event.flow);
}

function isInTime({ sinceNanos, untilNanos }: FlowsPlan, time: string): boolean {
  if (sinceNanos === undefined && untilNanos === undefined) return true;
  const nanos = timestampNanos(time) ?? 0n;
  if (sinceNanos !== undefined && nanos < sinceNanos) return false;
  return untilNanos === undefined || nanos <= untilNanos;
}

function flowResponse(flow: Flow, mask: FieldMask | undefined): GetFlowsResponse {
  const sent = mask === undefined ? flow : mask(flow);
  return { flow: sent, node_name: sent.node_name, time: sent.time };
}

function lostResponse({ lost, nodeName, time }: RingEvent): GetFlowsResponse {
  return { lost_events: lost, node_name: nodeName, time };
}

function byClusterAndName(a: Namespace, b: Namespace): number {
  const [left, right] = [`${a.cluster}/${a.namespace}`, `${b.cluster}/${b.namespace}`];
  return left < right ? -1 : left > right ? 1 : 0;
}
