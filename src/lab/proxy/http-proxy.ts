/**
 * The L7 proxy of the nodes, as Cilium's Envoy: terminates redirected HTTP connections, asks the
 * policy for each request, answers 403 itself or passes the request on, with Envoy's headers. Every
 * request and response is a flow and an event.
 */

import {
  createServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
  request as sendRequest,
} from "node:http";
import type { Duplex } from "node:stream";
import { errorMessage } from "../../base/errors.ts";
import { compileHttpRules, type HttpMatcher } from "../../policy/l7-match.ts";
import type { HttpRule } from "../../policy/policy-document.ts";
import type { HttpProxy, ProxyJob } from "../datapath/proxies.ts";
import type { FlowEmitter } from "../flow-emitter.ts";
import type { LabContext } from "../lab-context.ts";
import { randomUuid } from "../random.ts";

/** What Cilium's proxy answers to a refused request, to the byte. */
const deniedBody = "Access denied\r\n";
const upstreamFailedBody =
  "upstream connect error or disconnect/reset before headers. reset reason: connection failure";
/** Headers of one connection only; never passed on. */
const hopHeaders = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
  "te",
  "trailer",
]);
/** Headers that flows carry. */
const loggedHeaders = new Set(["accept", "content-type", "user-agent", "x-request-id"]);
/** Envoy's own limit for requests in one connection's queue is higher; ours bounds memory. */
const headerBytesMax = 64 * 1024;

type Job = Parameters<HttpProxy["accept"]>[1];

/** The proxy of all nodes: one process plays them, each connection knows its node. */
export class EnvoyProxy implements HttpProxy {
  readonly #context: LabContext;
  readonly #emitter: FlowEmitter;
  readonly #port: number;
  readonly #server: Server;
  readonly #jobs = new WeakMap<Duplex, Job>();
  readonly #matchers = new WeakMap<readonly HttpRule[], HttpMatcher>();

  constructor(context: LabContext, emitter: FlowEmitter, port: number) {
    this.#context = context;
    this.#emitter = emitter;
    this.#port = port;
    this.#server = createServer(
      { maxHeaderSize: headerBytesMax, keepAliveTimeout: 0 },
      (request, response) => {
        const job = this.#jobs.get(request.socket);
        if (job === undefined) response.destroy();
        else this.#handle(request, response, job);
      },
    );
    this.#server.on("clientError", (_error, socket: Duplex) => this.#badRequest(socket));
  }

  accept(stream: Duplex, job: Job): void {
    this.#jobs.set(stream, job);
    this.#server.emit("connection", stream);
  }

  #handle(request: IncomingMessage, response: ServerResponse, job: Job): void {
    const exchange = new Exchange(this.#context, this.#emitter, job, request, this.#port);
    response.sendDate = false;
    response.removeHeader("connection");
    const verdict = job.decide();
    if (verdict.decision === "denied" || !this.#isAllowed(verdict, request)) {
      exchange.logRequest("denied");
      answer(response, 403, deniedBody, this.#date());
      request.resume();
      exchange.logResponse(403, [], 0);
      return;
    }
    exchange.logRequest("forwarded");
    this.#forward(request, response, job, exchange);
  }

  #isAllowed(verdict: ReturnType<ProxyJob["decide"]>, request: IncomingMessage): boolean {
    const { l7 } = verdict;
    if (l7?.parser !== "http" || l7.allowAll) return true;
    let matcher = this.#matchers.get(l7.http);
    if (matcher === undefined) {
      matcher = compileHttpRules(l7.http);
      this.#matchers.set(l7.http, matcher);
    }
    const headers = new Map<string, string>();
    for (const [name, values] of Object.entries(request.headersDistinct)) {
      headers.set(name, (values ?? []).join(","));
    }
    const { method = "", url = "", headers: plain } = request;
    return matcher.match({ method, path: url, host: plain.host ?? "", headers }) >= 0;
  }

  #forward(request: IncomingMessage, response: ServerResponse, job: Job, exchange: Exchange): void {
    const startMs = this.#context.clock.monotonicMs();
    const fail = (thrown: unknown): void => {
      this.#context.logger.debug({ error: errorMessage(thrown) }, "upstream failed");
      if (response.headersSent) response.destroy();
      else {
        answer(response, 503, upstreamFailedBody, this.#date());
        exchange.logResponse(503, [], this.#context.clock.monotonicMs() - startMs, "proxy_error");
      }
    };
    job.openUpstream().then((stream) => {
      const upstream = sendRequest({
        method: request.method ?? "GET",
        path: request.url ?? "/",
        headers: upstreamHeaders(request, exchange.requestId),
        createConnection: () => stream,
      });
      upstream.removeHeader("connection");
      if (!hasBody(request)) {
        upstream.removeHeader("content-length");
        upstream.removeHeader("transfer-encoding");
      }
      upstream.on("error", fail);
      upstream.on("response", (reply) => {
        const elapsedMs = this.#context.clock.monotonicMs() - startMs;
        exchange.logResponse(reply.statusCode ?? 0, reply.rawHeaders, elapsedMs);
        const headers = downstreamHeaders(reply, Math.floor(elapsedMs));
        if (!response.destroyed)
          response.writeHead(reply.statusCode ?? 502, reply.statusMessage, headers);
        reply.pipe(response);
        reply.on("error", fail);
      });
      response.on("close", () => {
        if (response.writableFinished) stream.resume().end();
        else stream.destroy();
      });
      request.pipe(upstream);
    }, fail);
  }

  #badRequest(socket: Duplex): void {
    const job = this.#jobs.get(socket);
    if (job !== undefined) {
      const { bus, clock } = this.#context;
      const { nodeName, direction } = job;
      bus.publish({
        kind: "l7",
        timeMs: clock.nowMs(),
        nodeName,
        proxyType: "envoy",
        message: "request",
        verdict: "parse_error",
        direction,
        protocol: "http",
      });
    }
    if (!socket.destroyed)
      socket.end("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
  }

  #date(): string {
    return new Date(this.#context.clock.nowMs()).toUTCString();
  }
}

/** One request and its answer, as flows and events tell it. */
class Exchange {
  readonly requestId: string;
  readonly #context: LabContext;
  readonly #emitter: FlowEmitter;
  readonly #job: Job;
  readonly #port: number;
  readonly #method: string;
  readonly #url: string;
  readonly #protocol: string;
  readonly #headers: { key: string; value: string }[];
  readonly #startMs: number;

  constructor(
    context: LabContext,
    emitter: FlowEmitter,
    job: Job,
    request: IncomingMessage,
    port: number,
  ) {
    this.#context = context;
    this.#emitter = emitter;
    this.#job = job;
    this.#port = port;
    this.requestId = request.headers["x-request-id"]?.toString() ?? randomUuid(context.random);
    this.#method = request.method ?? "";
    this.#url = `http://${request.headers.host ?? ""}${request.url ?? ""}`;
    this.#protocol = `HTTP/${request.httpVersion}`;
    this.#headers = flowHeaders(request.rawHeaders);
    if (request.headers["x-request-id"] === undefined) {
      this.#headers.push({ key: "X-Request-Id", value: this.requestId });
    }
    this.#startMs = context.clock.monotonicMs();
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
    });
  }

  logResponse(code: number, rawHeaders: readonly string[], upstreamMs: number, error = ""): void {
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
        headers: [...flowHeaders(rawHeaders), { key: "X-Request-Id", value: this.requestId }],
      },
      summary: `${this.#protocol} ${code} ${Math.floor(totalMs)}ms (${this.#method} ${this.#url})`,
      proxyPort: this.#port,
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

  #publish(message: "request" | "response", verdict: "forwarded" | "denied"): void {
    const { bus, clock } = this.#context;
    const { nodeName, direction } = this.#job;
    bus.publish({
      kind: "l7",
      timeMs: clock.nowMs(),
      nodeName,
      proxyType: "envoy",
      message,
      verdict,
      direction,
      protocol: "http",
    });
  }
}

function hasBody(request: IncomingMessage): boolean {
  const { headers } = request;
  return headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined;
}

function answer(response: ServerResponse, code: number, body: string, date: string): void {
  response.writeHead(code, {
    "content-length": String(Buffer.byteLength(body)),
    "content-type": "text/plain",
    date,
    server: "envoy",
  });
  response.end(body);
}

/** The client's headers without those of its connection, plus what Envoy adds. */
function upstreamHeaders(
  request: IncomingMessage,
  requestId: string,
): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, values] of Object.entries(request.headersDistinct)) {
    if (hopHeaders.has(name) || values === undefined) continue;
    headers[name] = values.length === 1 ? (values[0] ?? "") : values;
  }
  headers["x-forwarded-proto"] = "http";
  headers["x-request-id"] = requestId;
  return headers;
}

function downstreamHeaders(
  reply: IncomingMessage,
  serviceTimeMs: number,
): Record<string, string | string[]> {
  const headers: Record<string, string | string[]> = {};
  for (const [name, values] of Object.entries(reply.headersDistinct)) {
    if (hopHeaders.has(name) || name === "server" || values === undefined) continue;
    headers[name] = values.length === 1 ? (values[0] ?? "") : values;
  }
  headers["x-envoy-upstream-service-time"] = String(serviceTimeMs);
  headers["server"] = "envoy";
  return headers;
}

function flowHeaders(rawHeaders: readonly string[]): { key: string; value: string }[] {
  const headers: { key: string; value: string }[] = [];
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
    const key = rawHeaders[i] ?? "";
    if (loggedHeaders.has(key.toLowerCase())) headers.push({ key, value: rawHeaders[i + 1] ?? "" });
  }
  return headers;
}
