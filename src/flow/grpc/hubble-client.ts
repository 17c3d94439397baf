/**
 * Calls to one Hubble server (agent or Relay). A client holds one channel and is thrown away when the
 * connection is lost: the next one reads certificates anew. Streams come as bytes and are held back
 * while their reader is busy, so that the server, which counts what it must drop, feels the pressure.
 */

import { Client, type ClientReadableStream, type Metadata } from "@grpc/grpc-js";
import type { Clock } from "../../base/clock.ts";
import type {
  GetFlowsRequest,
  GetNamespacesResponse,
  GetNodesResponse,
  ServerStatusResponse,
} from "../model/generated/messages.ts";
import { MessageDecoder } from "../protobuf/message-decoder.ts";
import { MessageEncoder } from "../protobuf/message-encoder.ts";
import { nextTurn } from "../turns.ts";
import { type HubbleMethod, hubbleMethod } from "./hubble-methods.ts";
import {
  callMetadata,
  channelCredentials,
  channelOptions,
  type HubbleTarget,
} from "./hubble-target.ts";

/** Unary calls end after this, as the hubble CLI's do. */
export const requestTimeoutMsDefault = 12_000;

/** Answers of a stream, as bytes, in the batches in which they came. */
export type ByteStream = AsyncIterable<readonly Buffer[]>;

/** What a stream hands over at once at most. */
const batchMessagesMax = 1024;

/** A client of one server. */
export class HubbleClient {
  readonly target: HubbleTarget;
  readonly #clock: Clock;
  readonly #client: Client;
  readonly #metadata: Metadata;
  readonly #encoder = new MessageEncoder();

  /** Connects at the first call. Throws ConfigError on TLS files that cannot be used. */
  constructor(target: HubbleTarget, clock: Clock) {
    this.target = target;
    this.#clock = clock;
    this.#client = new Client(target.address, channelCredentials(target), channelOptions(target));
    this.#metadata = callMetadata(target);
  }

  /** Flows and what goes with them, as observer.GetFlowsResponse bytes. Throws what grpc throws. */
  getFlows(request: GetFlowsRequest, signal: AbortSignal): ByteStream {
    return this.#stream(hubbleMethod("observer.Observer", "GetFlows"), request, signal);
  }

  /** Settles when the connection stands; rejects when it does not within the time. */
  connected(timeoutMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const deadline = this.#clock.nowMs() + timeoutMs;
      this.#client.waitForReady(deadline, (error) =>
        error === undefined || error === null ? resolve() : reject(error),
      );
    });
  }

  /** Any streaming method; answers as bytes. */
  stream(method: HubbleMethod, request: object, signal: AbortSignal): ByteStream {
    return this.#stream(method, request, signal);
  }

  /** Agents as they come and go, as peer.ChangeNotification bytes. */
  notifyPeers(signal: AbortSignal): ByteStream {
    return this.#stream(hubbleMethod("peer.Peer", "Notify"), {}, signal);
  }

  serverStatus(timeoutMs = requestTimeoutMsDefault): Promise<ServerStatusResponse> {
    return this.#call(hubbleMethod("observer.Observer", "ServerStatus"), timeoutMs);
  }

  getNodes(timeoutMs = requestTimeoutMsDefault): Promise<GetNodesResponse> {
    return this.#call(hubbleMethod("observer.Observer", "GetNodes"), timeoutMs);
  }

  getNamespaces(timeoutMs = requestTimeoutMsDefault): Promise<GetNamespacesResponse> {
    return this.#call(hubbleMethod("observer.Observer", "GetNamespaces"), timeoutMs);
  }

  /** Whether the server serves Hubble, by gRPC's own health service: 1 = it does. */
  health(timeoutMs = requestTimeoutMsDefault): Promise<number> {
    return new Promise((resolve, reject) => {
      const service = "observer.Observer";
      this.#client.makeUnaryRequest(
        "/grpc.health.v1.Health/Check",
        () => Buffer.concat([Buffer.from([10, service.length]), Buffer.from(service)]),
        (bytes) => (bytes[0] === 8 ? (bytes[1] ?? 0) : 0),
        {},
        this.#metadata,
        { deadline: this.#clock.nowMs() + timeoutMs },
        (error, value) => (error === null ? resolve(value ?? 0) : reject(error)),
      );
    });
  }

  close(): void {
    this.#client.close();
  }

  #call<Answer extends object>(method: HubbleMethod, timeoutMs: number): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest(
        method.path,
        (message: object) => this.#encoder.encode(method.request, message),
        (bytes) => new MessageDecoder().decode(method.response, bytes) as Answer,
        {},
        this.#metadata,
        { deadline: this.#clock.nowMs() + timeoutMs },
        (error, answer) => (error === null ? resolve(answer as Answer) : reject(error)),
      );
    });
  }

  async *#stream(method: HubbleMethod, request: object, signal: AbortSignal): ByteStream {
    if (signal.aborted) return;
    const call = this.#client.makeServerStreamRequest(
      method.path,
      (message: object) => this.#encoder.encode(method.request, message),
      (bytes) => bytes,
      request,
      this.#metadata,
    );
    const cancel = () => call.cancel();
    signal.addEventListener("abort", cancel, { once: true });
    try {
      yield* readBatches(call);
    } catch (thrown) {
      if (!signal.aborted) throw thrown;
    } finally {
      signal.removeEventListener("abort", cancel);
      call.cancel();
    }
  }
}

/** What comes while the reader is busy is one batch; beyond the limit the stream is held back. */
async function* readBatches(call: ClientReadableStream<Buffer>): ByteStream {
  let waiting: Buffer[] = [];
  let error: unknown;
  let hasEnded = false;
  let wake: () => void = () => undefined;
  call.on("data", (bytes: Buffer) => {
    waiting.push(bytes);
    if (waiting.length >= batchMessagesMax) call.pause();
    wake();
  });
  call.on("error", (thrown) => {
    error = thrown;
    hasEnded = true;
    wake();
  });
  call.on("end", () => {
    hasEnded = true;
    wake();
  });
  for (;;) {
    if (waiting.length === 0) {
      if (error !== undefined) throw error;
      if (hasEnded) return;
      await new Promise<void>((resolve) => {
        wake = resolve;
      });
      // What else the same read of the socket brings belongs to the same batch.
      await nextTurn();
      continue;
    }
    const batch = waiting;
    waiting = [];
    call.resume();
    yield batch;
  }
}
