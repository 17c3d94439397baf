/**
 * gRPC servers of Hubble: observer.Observer over a backend, peer.Peer over a list of agents, and
 * gRPC's health service, which `hubble status` asks first. Answers are written as the client takes
 * them; a client that does not read holds back its own stream and nothing else.
 */

import {
  type handleServerStreamingCall,
  type handleUnaryCall,
  Metadata,
  Server,
  ServerCredentials,
  type ServerWritableStream,
  type ServiceDefinition,
  status,
} from "@grpc/grpc-js";
import { AppError, ConfigError, errorMessage } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import { serviceDefinition } from "../grpc/hubble-methods.ts";
import type {
  ChangeNotification,
  GetDebugEventsRequest,
  GetFlowsRequest,
} from "../model/generated/messages.ts";
import type { ObserverBackend } from "./observer-backend.ts";
import type { PeerDirectory } from "./peer-directory.ts";

/** TLS of the server, as PEM. */
export interface ServerTls {
  readonly cert: Buffer;
  readonly key: Buffer;
  /** Authorities of client certificates; undefined: none are asked for. */
  readonly clientCa: Buffer | undefined;
  readonly requiresClientCert: boolean;
}

/** Counts calls, as the agent's grpc_server_* metrics do. */
export interface CallObserver {
  callStarted(method: string): void;
  messageSent(method: string): void;
  messageReceived(method: string): void;
  /** `code`: gRPC status code. */
  callEnded(method: string, code: number): void;
}

/** What is served and how. */
export interface ObserverServerOptions {
  readonly backend: ObserverBackend;
  /** Absent: no peer.Peer service. */
  readonly peers?: PeerDirectory | undefined;
  /** Absent: plain text. */
  readonly tls?: ServerTls | undefined;
  /** Lets a call in by its `authorization`; absent: everybody. */
  readonly authorize?: ((authorization: string) => Promise<boolean>) | undefined;
  /** Why no call is answered now; undefined: they are. For nodes that are down. */
  readonly refuse?: (() => string | undefined) | undefined;
  readonly calls?: CallObserver | undefined;
  readonly logger: Logger;
}

/** A server that listens. */
export interface ObserverServer {
  readonly port: number;
  /** Ends all calls and the socket. */
  close(): Promise<void>;
}

/** Calls that may be open at once; each follower is one. */
const callsMax = 500;

/** Opens HOST:PORT (port 0: a free one). Throws AppError `address_in_use`, `refused`. */
export async function startObserverServer(
  address: string,
  options: ObserverServerOptions,
): Promise<ObserverServer> {
  const server = new Server({
    "grpc.max_receive_message_length": 4 * 1024 * 1024,
    // Clients may look after their connections as often as they like.
    "grpc.http2.min_ping_interval_without_data_ms": 1000,
  } as object);
  const calls = new OpenCalls(options);
  server.addService(serviceDefinition("observer.Observer"), observerHandlers(calls, options));
  if (options.peers !== undefined) {
    server.addService(serviceDefinition("peer.Peer"), peerHandlers(calls, options.peers));
  }
  server.addService(healthDefinition, { Check: calls.unary("Check", () => healthServing) });
  const port = await bind(server, address, serverCredentials(options.tls));
  return {
    port,
    close() {
      calls.abort();
      return new Promise((resolve) => {
        server.tryShutdown(() => resolve());
        server.forceShutdown();
      });
    },
  };
}

type Handlers = Record<
  string,
  handleUnaryCall<object, object> | handleServerStreamingCall<object, object>
>;

function observerHandlers(calls: OpenCalls, { backend }: ObserverServerOptions): Handlers {
  const header = backend.versionHeader;
  const agentEvents = backend.agentEvents?.bind(backend);
  return {
    GetFlows: calls.stream(
      "GetFlows",
      (request, signal) => backend.flows(checked(request), signal),
      header,
    ),
    GetAgentEvents: calls.stream(
      "GetAgentEvents",
      (request, signal) =>
        agentEvents === undefined
          ? unimplemented("GetAgentEvents not yet implemented")
          : agentEvents(checked(request), signal),
      header,
    ),
    GetDebugEvents: calls.stream(
      "GetDebugEvents",
      // An agent whose monitor does not tell of them (no --monitor debug) has none.
      (_, signal) =>
        agentEvents === undefined
          ? unimplemented("GetDebugEvents not yet implemented")
          : noEvents(_ as GetDebugEventsRequest, signal),
      header,
    ),
    GetNodes: calls.unary(
      "GetNodes",
      () => ({ nodes: backend.nodes() ?? unimplemented("GetNodes not implemented") }),
      header,
    ),
    GetNamespaces: calls.unary(
      "GetNamespaces",
      () => ({ namespaces: backend.namespaces() }),
      header,
    ),
    ServerStatus: calls.unary("ServerStatus", () => backend.status(), header),
  };
}

/** Nothing; with `follow` until the client leaves. */
async function* noEvents(
  { follow }: GetDebugEventsRequest,
  signal: AbortSignal,
): AsyncIterable<readonly object[]> {
  if (follow !== true || signal.aborted) return;
  await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
}

function peerHandlers(calls: OpenCalls, peers: PeerDirectory): Handlers {
  return {
    Notify: calls.stream("Notify", async function* (_, signal): AsyncIterable<
      ChangeNotification[]
    > {
      yield* peers.changes(signal);
    }),
  };
}

function checked(request: GetFlowsRequest): GetFlowsRequest {
  if (request.first !== true || request.follow !== true) return request;
  throw new CallRefusal(status.INVALID_ARGUMENT, "first cannot be specified with follow");
}

/** An answer that is a status code. */
class CallRefusal extends AppError {
  readonly grpcCode: status;
  constructor(grpcCode: status, message: string) {
    super("refused", message);
    this.grpcCode = grpcCode;
  }
}

function unimplemented(message: string): never {
  throw new CallRefusal(status.UNIMPLEMENTED, message);
}

type StreamSource = (request: object, signal: AbortSignal) => AsyncIterable<readonly object[]>;
type VersionHeader = readonly [name: string, version: string];

/** The calls of a server: let in, counted, ended with it. */
class OpenCalls {
  readonly #options: ObserverServerOptions;
  readonly #aborts = new Set<AbortController>();

  constructor(options: ObserverServerOptions) {
    this.#options = options;
  }

  abort(): void {
    for (const controller of this.#aborts) controller.abort();
  }

  unary(
    name: string,
    answer: (request: object) => object,
    header?: VersionHeader,
  ): handleUnaryCall<object, object> {
    return (call, callback) => {
      const { calls } = this.#options;
      calls?.callStarted(name);
      calls?.messageReceived(name);
      this.#admit(call.metadata)
        .then(() => {
          const value = answer(call.request);
          if (header !== undefined) call.sendMetadata(headerMetadata(header));
          calls?.messageSent(name);
          calls?.callEnded(name, status.OK);
          callback(null, value);
        })
        .catch((thrown: unknown) => {
          const refusal = this.#refusal(name, thrown);
          calls?.callEnded(name, refusal.code);
          callback(refusal);
        });
    };
  }

  stream(
    name: string,
    source: StreamSource,
    header?: VersionHeader,
  ): handleServerStreamingCall<object, object> {
    return (call) => {
      const { calls } = this.#options;
      calls?.callStarted(name);
      calls?.messageReceived(name);
      const controller = new AbortController();
      const stop = () => controller.abort();
      call.on("cancelled", stop);
      call.on("close", stop);
      call.on("error", stop);
      this.#serve(call, { name, source, header, controller })
        .then(() => {
          calls?.callEnded(name, controller.signal.aborted ? status.CANCELLED : status.OK);
          call.end();
        })
        .catch((thrown: unknown) => {
          const refusal = this.#refusal(name, thrown);
          calls?.callEnded(name, refusal.code);
          // Not destroy(): that would end the call before its status is sent.
          call.emit("error", refusal);
        })
        .finally(() => this.#aborts.delete(controller));
    };
  }

  async #serve(
    call: ServerWritableStream<object, object>,
    how: {
      readonly name: string;
      readonly source: StreamSource;
      readonly header: VersionHeader | undefined;
      readonly controller: AbortController;
    },
  ): Promise<void> {
    await this.#admit(call.metadata);
    if (this.#aborts.size >= callsMax) {
      const why = `more than ${callsMax} calls at a time; end some`;
      throw new CallRefusal(status.RESOURCE_EXHAUSTED, why);
    }
    this.#aborts.add(how.controller);
    const { signal } = how.controller;
    if (how.header !== undefined) call.sendMetadata(headerMetadata(how.header));
    for await (const messages of how.source(call.request, signal)) {
      for (const message of messages) {
        if (signal.aborted) return;
        this.#options.calls?.messageSent(how.name);
        if (!call.write(message)) await drained(call, signal);
      }
    }
  }

  async #admit(metadata: Metadata): Promise<void> {
    const { authorize, refuse } = this.#options;
    const why = refuse?.();
    if (why !== undefined) throw new CallRefusal(status.UNAVAILABLE, why);
    if (authorize === undefined) return;
    const given = String(metadata.get("authorization")[0] ?? "");
    if (await authorize(given)) return;
    throw new CallRefusal(
      status.UNAUTHENTICATED,
      given === "" ? "this server asks for user and password" : "user or password is wrong",
    );
  }

  #refusal(name: string, thrown: unknown): { code: status; details: string } {
    if (thrown instanceof CallRefusal) return { code: thrown.grpcCode, details: thrown.message };
    if (thrown instanceof ConfigError)
      return { code: status.UNKNOWN, details: errorMessage(thrown) };
    const error = errorMessage(thrown);
    this.#options.logger.error({ method: name, error }, "a call of the Observer failed");
    return { code: status.INTERNAL, details: error };
  }
}

function headerMetadata([name, version]: VersionHeader): Metadata {
  const metadata = new Metadata();
  metadata.set(name, version);
  return metadata;
}

function drained(call: ServerWritableStream<object, object>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      call.removeListener("drain", done);
      signal.removeEventListener("abort", done);
      resolve();
    };
    call.once("drain", done);
    signal.addEventListener("abort", done, { once: true });
    if (signal.aborted) done();
  });
}

const healthServing = Buffer.from([8, 1]);

/** grpc.health.v1.Health; its two messages are too small for a table. */
const healthDefinition: ServiceDefinition = {
  Check: {
    path: "/grpc.health.v1.Health/Check",
    requestStream: false,
    responseStream: false,
    requestSerialize: (bytes: Buffer) => bytes,
    requestDeserialize: (bytes) => bytes,
    responseSerialize: (bytes: Buffer) => bytes,
    responseDeserialize: (bytes) => bytes,
  },
};

function serverCredentials(tls: ServerTls | undefined): ServerCredentials {
  if (tls === undefined) return ServerCredentials.createInsecure();
  return ServerCredentials.createSsl(
    tls.clientCa ?? null,
    [{ cert_chain: tls.cert, private_key: tls.key }],
    tls.requiresClientCert,
  );
}

function bind(server: Server, address: string, credentials: ServerCredentials): Promise<number> {
  return new Promise((resolve, reject) => {
    server.bindAsync(address, credentials, (error, port) => {
      if (error === null) resolve(port);
      else {
        const isTaken = /EADDRINUSE/.test(error.message);
        const why = isTaken ? "the port is taken by another program" : error.message;
        const code = isTaken ? "address_in_use" : "refused";
        reject(new AppError(code, `cannot listen on ${address}: ${why}`, { cause: error }));
      }
    });
  });
}
