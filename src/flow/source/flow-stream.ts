/**
 * The flows of one Hubble server, for ever: connects, follows, and when the stream breaks waits a
 * little longer each time (with jitter, so that a hundred agents that restart are not all asked at
 * once) and goes on where it stopped. A server that hangs is found out by ServerStatus, which is asked
 * all the time, and by keepalives.
 */

import type { Clock } from "../../base/clock.ts";
import { AppError, errorMessage } from "../../base/errors.ts";
import { callTrouble } from "../grpc/call-trouble.ts";
import { HubbleClient } from "../grpc/hubble-client.ts";
import type { HubbleTarget } from "../grpc/hubble-target.ts";
import type { Flow } from "../model/flow.ts";
import type {
  GetFlowsRequest,
  GetFlowsResponse,
  LostEvent,
  NodeStatusEvent,
} from "../model/generated/messages.ts";
import { FlowDecoder } from "../protobuf/flow-decoder.ts";
import type { ResumePoint } from "./resume-point.ts";
import type { SourceBook } from "./source-book.ts";

/** How long to wait before the next try: doubled each time, ± 20 %. */
const backOffMs = { first: 500, most: 30_000, jitter: 0.2 } as const;
/** The server is asked for a sign of life this often, and must answer within that time. */
const probeIntervalMs = 10_000;
/** The greatest number there is: as many as the server has. */
const allFlows = "18446744073709551615";
const probeTimeoutMs = 8000;

/** What a stream needs. */
export interface FlowStreamOptions {
  readonly target: HubbleTarget;
  readonly clock: Clock;
  /** In [0, 1). */
  readonly random: () => number;
  readonly book: SourceBook;
  /** Takes flows; a promise holds the server back. */
  readonly take: (flows: readonly Flow[]) => void | Promise<void>;
  /** Asks at the first connect for all that the server still has, not only for what comes. */
  readonly takesPast: boolean;
  /** Where to go on. */
  readonly point: ResumePoint;
  /** Shorter times, for tests. */
  readonly times?: Partial<StreamTimes>;
}

/** Times of a stream, ms. */
export interface StreamTimes {
  readonly firstBackOffMs: number;
  readonly probeIntervalMs: number;
  readonly probeTimeoutMs: number;
}

/** Runs until `signal` is aborted. */
export async function runFlowStream(
  options: FlowStreamOptions,
  signal: AbortSignal,
): Promise<void> {
  const { book, clock, random, point } = options;
  const decoder = new FlowDecoder();
  const firstMs = options.times?.firstBackOffMs ?? backOffMs.first;
  let waitMs: number = firstMs;
  while (!signal.aborted) {
    const seenBefore = book.seenFlows;
    const startedMs = clock.monotonicMs();
    try {
      await followOnce(options, { decoder, point }, signal);
      if (!signal.aborted) book.trouble("the server ended the stream", "");
    } catch (thrown) {
      if (signal.aborted) return;
      const { cause, mend } = callTrouble(thrown);
      book.trouble(cause, mend);
    }
    if (signal.aborted) return;
    // A connection that worked begins anew; a server that lets in and throws out is no such one.
    const worked = book.seenFlows > seenBefore || clock.monotonicMs() - startedMs > 60_000;
    if (worked) waitMs = firstMs;
    await sleep(clock, waitMs * (1 + backOffMs.jitter * (2 * random() - 1)), signal);
    waitMs = Math.min(waitMs * 2, backOffMs.most);
    book.reconnects++;
  }
}

interface StreamState {
  readonly decoder: FlowDecoder;
  readonly point: ResumePoint;
}

async function followOnce(
  options: FlowStreamOptions,
  state: StreamState,
  signal: AbortSignal,
): Promise<void> {
  const { book, clock, target } = options;
  const client = new HubbleClient(target, clock);
  const once = new AbortController();
  const stop = () => once.abort();
  signal.addEventListener("abort", stop, { once: true });
  let probeError: unknown;
  const stopProbing = probe(client, options, (thrown) => {
    probeError = thrown;
    once.abort();
  });
  try {
    const since = state.point.since();
    state.point.resume();
    const request: GetFlowsRequest = { follow: true };
    if (since !== undefined) request.since = since;
    else if (options.takesPast) request.number = allFlows;
    // Without a flow there is no first answer: that the server answers at all is asked beforehand.
    await client.serverStatus(options.times?.probeTimeoutMs ?? probeTimeoutMs);
    book.connected();
    const intake = new Intake(options, state, since !== undefined);
    for await (const batch of client.getFlows(request, once.signal)) {
      const taken = intake.take(batch);
      if (taken !== undefined) await taken;
    }
    if (probeError !== undefined) throw probeError;
  } finally {
    stopProbing();
    signal.removeEventListener("abort", stop);
    once.abort();
    client.close();
  }
}

/** Asks ServerStatus again and again; two misses one after the other are the end. */
function probe(
  client: HubbleClient,
  { clock, times }: FlowStreamOptions,
  fail: (thrown: unknown) => void,
): () => void {
  const intervalMs = times?.probeIntervalMs ?? probeIntervalMs;
  const timeoutMs = times?.probeTimeoutMs ?? probeTimeoutMs;
  let misses = 0;
  let isStopped = false;
  let cancel = () => {};
  const ask = (): void => {
    client.serverStatus(timeoutMs).then(
      () => {
        misses = 0;
        schedule();
      },
      (thrown: unknown) => {
        if (isStopped) return;
        misses++;
        if (misses < 2) schedule();
        else
          fail(
            new AppError(
              "unreachable",
              `the server stopped answering: ${callTrouble(thrown).cause}`,
            ),
          );
      },
    );
  };
  const schedule = (): void => {
    if (!isStopped) cancel = clock.after(intervalMs, ask);
  };
  schedule();
  return () => {
    isStopped = true;
    cancel();
  };
}

/** Turns the messages of one connection into flows and figures. */
class Intake {
  readonly #options: FlowStreamOptions;
  readonly #state: StreamState;
  /** Time of the last flow before the break, until it is clear whether flows are missing. */
  #brokeAt: string | undefined;

  constructor(options: FlowStreamOptions, state: StreamState, isResumed: boolean) {
    this.#options = options;
    this.#state = state;
    this.#brokeAt = isResumed ? state.point.lastTime : undefined;
  }

  take(batch: readonly Buffer[]): void | Promise<void> {
    const { book } = this.#options;
    const { decoder, point } = this.#state;
    const unknownBefore = decoder.unknownFields;
    const flows: Flow[] = [];
    for (const bytes of batch) {
      const response = decode(decoder, bytes, book);
      if (response?.flow !== undefined) this.#takeFlow(response.flow, response.node_name, flows);
      else if (response !== undefined) noteEvent(book, response);
    }
    book.unknown(decoder.unknownFields - unknownBefore);
    book.lastFlowTime = point.lastTime;
    if (flows.length > 0) return this.#options.take(flows);
  }

  #takeFlow(flow: Flow, nodeName: string | undefined, flows: Flow[]): void {
    const { book } = this.#options;
    const { point } = this.#state;
    if (!point.take(flow)) {
      book.duplicateFlows++;
      this.#brokeAt = undefined;
      return;
    }
    if (this.#brokeAt !== undefined && (flow.time ?? "") > this.#brokeAt) this.#noteGap(flow);
    book.seenFlows++;
    book.completeness.countSeen(flow.node_name ?? nodeName ?? "");
    flows.push(flow);
  }

  /** The first flow after the break is a new one: what lay between is gone from the server's ring. */
  #noteGap(flow: Flow): void {
    const from = this.#brokeAt ?? "";
    this.#brokeAt = undefined;
    const why = "the server restarted or its ring moved on while the connection was broken";
    this.#options.book.gap({ from, until: flow.time ?? "", why });
  }
}

function decode(
  decoder: FlowDecoder,
  bytes: Buffer,
  book: SourceBook,
): GetFlowsResponse | undefined {
  try {
    return decoder.response(bytes);
  } catch (thrown) {
    book.bad(errorMessage(thrown));
    return undefined;
  }
}

function noteEvent(book: SourceBook, response: GetFlowsResponse): void {
  if (response.lost_events !== undefined) {
    noteLost(book, response.lost_events, response.node_name ?? "");
  }
  if (response.node_status !== undefined) noteNodes(book, response.node_status);
}

function noteLost(book: SourceBook, lost: LostEvent, nodeName: string): void {
  const cause = String(lost.source ?? "UNKNOWN_LOST_EVENT_SOURCE");
  book.completeness.countLost(nodeName, cause, Number(lost.num_events_lost ?? 0));
}

const stateWords: Readonly<Record<string, string>> = {
  NODE_CONNECTED: "connected",
  NODE_UNAVAILABLE: "unavailable",
  NODE_GONE: "gone",
  NODE_ERROR: "error",
};

function noteNodes(book: SourceBook, event: NodeStatusEvent): void {
  const state = stateWords[String(event.state_change)] ?? "";
  for (const name of event.node_names ?? []) {
    book.completeness.setState(name, state, event.message ?? "");
  }
}

/** Waits; at once over when `signal` is aborted. */
export function sleep(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.after(ms, done);
    signal.addEventListener("abort", done, { once: true });
  });
}
