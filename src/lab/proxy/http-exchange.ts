/** One request through the HTTP proxy and its answer, as flows and events tell of them. */

import type { ProxyJob } from "../datapath/proxies.ts";
import type { LabEventOf } from "../events.ts";
import type { FlowEmitter } from "../flows/flow-emitter.ts";
import type { LabContext } from "../lab-context.ts";
import { randomUuid } from "../random.ts";
import { fieldOf, type MessageHead } from "./http-message.ts";
import { traceIdOf } from "./trace-parent.ts";

/** Headers that flows carry. */
const loggedHeaders = new Map([
  ["accept", "Accept"],
  ["content-type", "Content-Type"],
  ["user-agent", "User-Agent"],
  ["x-request-id", "X-Request-Id"],
]);

/** What an exchange is told by, and of. */
export interface HttpExchangeParts {
  readonly context: LabContext;
  readonly emitter: FlowEmitter;
  readonly job: ProxyJob;
  /** The request's. */
  readonly head: MessageHead;
  /** Of the proxy. */
  readonly port: number;
}

/** One request and its answer, as flows and events tell it. */
export class HttpExchange {
  readonly requestId: string;
  readonly #context: LabContext;
  readonly #emitter: FlowEmitter;
  readonly #job: ProxyJob;
  readonly #port: number;
  readonly #method: string;
  readonly #url: string;
  readonly #protocol: string;
  readonly #headers: { key: string; value: string }[];
  readonly #traceId: string | undefined;
  readonly #startMs: number;
  isAnswered = false;

  constructor({ context, emitter, job, head, port }: HttpExchangeParts) {
    this.#context = context;
    this.#emitter = emitter;
    this.#job = job;
    this.#port = port;
    const given = fieldOf(head, "x-request-id");
    this.requestId = given ?? randomUuid(context.random);
    this.#method = head.start[0];
    this.#url = `http://${fieldOf(head, "host") ?? ""}${head.start[1]}`;
    this.#protocol = head.start[2];
    this.#headers = flowHeaders(head.fields);
    this.#traceId = traceIdOf(fieldOf(head, "traceparent"));
    if (given === undefined) this.#headers.push({ key: "X-Request-Id", value: this.requestId });
    this.#startMs = context.clock.monotonicMs();
  }

  get method(): string {
    return this.#method;
  }

  elapsedMs(): number {
    return this.#context.clock.monotonicMs() - this.#startMs;
  }

  logRequest(verdict: "forwarded" | "denied"): void {
    const { client, server, nodeName, direction } = this.#job;
    this.#publish("request", verdict);
    this.#emitter.l7({
      nodeName,
      from: client,
      to: server,
      transport: "TCP",
      direction,
      verdict: verdict === "denied" ? "DROPPED" : "FORWARDED",
      isReply: false,
      latencyNs: undefined,
      http: {
        method: this.#method,
        url: this.#url,
        protocol: this.#protocol,
        headers: this.#headers,
      },
      summary: `${this.#protocol} ${this.#method} ${this.#url}`,
      proxyPort: this.#port,
      traceId: this.#traceId,
    });
  }

  logResponse(code: number, fields: readonly string[], upstreamMs: number, error = ""): void {
    this.isAnswered = true;
    const { client, server, nodeName, direction } = this.#job;
    const totalMs = this.#context.clock.monotonicMs() - this.#startMs;
    this.#publish("response", "forwarded");
    this.#emitter.l7({
      nodeName,
      from: server,
      to: client,
      transport: "TCP",
      direction,
      verdict: "FORWARDED",
      isReply: true,
      latencyNs: totalMs * 1e6,
      http: {
        code,
        method: this.#method,
        url: this.#url,
        protocol: this.#protocol,
        headers: [...flowHeaders(fields), { key: "X-Request-Id", value: this.requestId }],
      },
      summary: `${this.#protocol} ${code} ${Math.floor(totalMs)}ms (${this.#method} ${this.#url})`,
      proxyPort: this.#port,
      traceId: this.#traceId,
    });
    this.#context.bus.publish({
      kind: "proxy_reply",
      timeMs: this.#context.clock.nowMs(),
      nodeName,
      protocol: "http",
      error,
      scopes: {
        upstreamTime: upstreamMs / 1000,
        processingTime: Math.max(0, totalMs - upstreamMs) / 1000,
        totalTime: totalMs / 1000,
      },
    });
  }

  #publish(message: HttpMessage["message"], verdict: HttpMessage["verdict"]): void {
    publishHttp(this.#context, this.#job, { message, verdict });
  }
}

/** Which message went through, and what became of it. */
type HttpMessage = Pick<LabEventOf<"l7">, "message" | "verdict">;

/** Tells of a message of HTTP, whole or broken. */
export function publishHttp(
  { bus, clock }: LabContext,
  { nodeName, direction }: ProxyJob,
  what: HttpMessage,
): void {
  const head = { kind: "l7", timeMs: clock.nowMs(), nodeName } as const;
  bus.publish({ ...head, ...what, proxyType: "envoy", direction, protocol: "http" });
}

/** Names as the agent logs them: each word with a capital. */
function flowHeaders(fields: readonly string[]): { key: string; value: string }[] {
  const headers: { key: string; value: string }[] = [];
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const key = loggedHeaders.get(fields[i] ?? "");
    if (key === undefined) continue;
    headers.push({ key, value: fields[i + 1] ?? "" });
  }
  return headers;
}
