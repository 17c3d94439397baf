/**
 * What a Hubble agent counts about itself on the page of its flow metrics: lost events by source,
 * calls of its Observer service, and scrapes of the page. Registered once beside the flow metrics.
 */

import type { CounterFamily, HistogramFamily } from "../metrics/families.ts";
import type { Registry } from "../metrics/registry.ts";

/** gRPC's status codes in the words of Go's grpc library. */
const grpcCodes = [
  "OK",
  "Canceled",
  "Unknown",
  "InvalidArgument",
  "DeadlineExceeded",
  "NotFound",
  "AlreadyExists",
  "PermissionDenied",
  "ResourceExhausted",
  "FailedPrecondition",
  "Aborted",
  "OutOfRange",
  "Unimplemented",
  "Internal",
  "Unavailable",
  "DataLoss",
  "Unauthenticated",
] as const;

/** Methods of observer.Observer and whether they stream. */
const observerMethods = {
  GetAgentEvents: "server_stream",
  GetDebugEvents: "server_stream",
  GetFlows: "server_stream",
  GetNamespaces: "unary",
  GetNodes: "unary",
  ServerStatus: "unary",
} as const;
type ObserverMethod = keyof typeof observerMethods;

const service = "observer.Observer";
/** On the page before anything was lost. */
const knownLossSources = ["perf_event_ring_buffer", "observer_events_queue"];

/** The counters. Create once a registry. */
export class HubbleInternals {
  readonly #lostEvents: CounterFamily;
  readonly #started: CounterFamily;
  readonly #handled: CounterFamily;
  readonly #received: CounterFamily;
  readonly #sent: CounterFamily;
  readonly #scrapes: CounterFamily;
  readonly #scrapeSeconds: HistogramFamily;

  constructor(registry: Registry) {
    this.#lostEvents = registry.counter({
      name: "hubble_lost_events_total",
      help: "Number of lost events",
      labelNames: ["source"],
    });
    for (const source of knownLossSources) this.#lostEvents.labels(source);
    const method = ["grpc_method", "grpc_service", "grpc_type"];
    this.#started = registry.counter({
      name: "grpc_server_started_total",
      help: "Total number of RPCs started on the server.",
      labelNames: method,
    });
    this.#handled = registry.counter({
      name: "grpc_server_handled_total",
      help: "Total number of RPCs completed on the server, regardless of success or failure.",
      labelNames: [...method, "grpc_code"],
    });
    this.#received = registry.counter({
      name: "grpc_server_msg_received_total",
      help: "Total number of RPC stream messages received on the server.",
      labelNames: method,
    });
    this.#sent = registry.counter({
      name: "grpc_server_msg_sent_total",
      help: "Total number of gRPC stream messages sent by the server.",
      labelNames: method,
    });
    this.#initializeMethods();
    this.#scrapes = registry.counter({
      name: "hubble_metrics_http_handler_requests_total",
      help: "A counter for requests to Hubble metrics handler.",
      labelNames: ["code"],
    });
    this.#scrapeSeconds = registry.histogram({
      name: "hubble_metrics_http_handler_request_duration_seconds",
      help: "A histogram of latencies of Hubble metrics handler.",
      labelNames: ["code"],
    });
  }

  /** Counts lost events; `source` as in flow.LostEventSource, `count` how many were lost. */
  countLost(source: string, count: number): void {
    this.#lostEvents.labels(source.toLowerCase()).inc(count);
  }

  /** Counts a scrape of the page that was answered; on the page from the next scrape on. */
  countScrape(httpStatus: number, seconds: number): void {
    this.#scrapes.labels(String(httpStatus)).inc();
    this.#scrapeSeconds.labels(String(httpStatus)).observe(seconds);
  }

  /** A call begins. Methods of services other than the Observer are not counted, here and below. */
  countCallStarted(method: string): void {
    if (isObserverMethod(method)) this.#started.labels(...methodLabels(method)).inc();
  }

  /** A message of a call came in or went out. */
  countMessage(method: string, direction: "received" | "sent"): void {
    if (!isObserverMethod(method)) return;
    const family = direction === "received" ? this.#received : this.#sent;
    family.labels(...methodLabels(method)).inc();
  }

  /** A call ended with a gRPC status code. */
  countCallHandled(method: string, code: number): void {
    if (!isObserverMethod(method)) return;
    this.#handled.labels(...methodLabels(method), grpcCodes[code] ?? "Unknown").inc();
  }

  #initializeMethods(): void {
    for (const method of Object.keys(observerMethods) as ObserverMethod[]) {
      const labels = methodLabels(method);
      for (const family of [this.#started, this.#received, this.#sent]) family.labels(...labels);
      for (const code of grpcCodes) this.#handled.labels(...labels, code);
    }
  }
}

function isObserverMethod(name: string): name is ObserverMethod {
  return Object.hasOwn(observerMethods, name);
}

function methodLabels(method: ObserverMethod): [string, string, string] {
  return [method, service, observerMethods[method]];
}
