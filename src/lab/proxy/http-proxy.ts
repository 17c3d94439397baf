/**
 * The L7 proxy of the nodes, as Cilium's Envoy: reads redirected HTTP connections, asks the policy for
 * each request, answers 403 itself or passes the request on, with Envoy's headers. A client's
 * connection has one connection to the server behind it, kept as long as both want. Upgrades
 * (WebSocket) are passed through as bytes. Every request and response is a flow and an event.
 */

import type { Duplex } from "node:stream";
import { errorMessage } from "../../base/errors.ts";
import type { HttpRule } from "../../policy/document/policy-document.ts";
import { compileHttpRules, type HttpMatcher } from "../../policy/engine/l7-match.ts";
import type { HttpProxy, ProxyJob } from "../datapath/proxies.ts";
import type { FlowEmitter } from "../flows/flow-emitter.ts";
import type { LabContext } from "../lab-context.ts";
import { ConnectionMeter } from "./connection-meter.ts";
import { HttpExchange, publishHttp } from "./http-exchange.ts";
import { fieldOf, type MessageHead, type MessageListener, MessageReader } from "./http-message.ts";

/** What Cilium's proxy answers to a refused request, to the byte. */
const deniedBody = "Access denied\r\n";
const upstreamFailedBody =
  "upstream connect error or disconnect/reset before headers. reset reason: connection failure";
/** Headers of one connection only; never passed on. */
const hopHeaders = new Set(["connection", "keep-alive", "proxy-connection", "te", "upgrade"]);
type Job = Parameters<HttpProxy["accept"]>[1];

/** The proxy of all nodes: one process plays them, each connection knows its node. */
export class EnvoyProxy implements HttpProxy {
  readonly #context: LabContext;
  readonly #emitter: FlowEmitter;
  readonly #port: number;
  readonly #matchers = new WeakMap<readonly HttpRule[], HttpMatcher>();
  #dateText = "";
  #dateSecond = 0;

  constructor(context: LabContext, emitter: FlowEmitter, port: number) {
    this.#context = context;
    this.#emitter = emitter;
    this.#port = port;
  }

  accept(stream: Duplex, job: Job): void {
    new ProxyConnection(stream, job, {
      context: this.#context,
      emitter: this.#emitter,
      port: this.#port,
      isAllowed: (head) => this.#isAllowed(job.decide(), head),
      date: () => this.#date(),
    });
  }

  #isAllowed(verdict: ReturnType<ProxyJob["decide"]>, head: MessageHead): boolean {
    const { decision, l7 } = verdict;
    if (decision === "denied") return false;
    if (l7?.parser !== "http" || l7.allowAll) return true;
    let matcher = this.#matchers.get(l7.http);
    if (matcher === undefined) {
      matcher = compileHttpRules(l7.http);
      this.#matchers.set(l7.http, matcher);
    }
    const headers = new Map<string, string>();
    const { fields, start } = head;
    for (let i = 0; i < fields.length; i += 2) {
      const [name = "", value = ""] = [fields[i], fields[i + 1]];
      const before = headers.get(name);
      headers.set(name, before === undefined ? value : `${before},${value}`);
    }
    const host = headers.get("host") ?? "";
    return matcher.match({ method: start[0], path: start[1], host, headers }) >= 0;
  }

  /** The Date header, made once a second. */
  #date(): string {
    const nowMs = this.#context.clock.nowMs();
    const second = Math.floor(nowMs / 1000);
    if (second !== this.#dateSecond || this.#dateText === "") {
      this.#dateSecond = second;
      this.#dateText = new Date(nowMs).toUTCString();
    }
    return this.#dateText;
  }
}

/** What connections share. */
interface ProxyTools {
  readonly context: LabContext;
  readonly emitter: FlowEmitter;
  readonly port: number;
  isAllowed(head: MessageHead): boolean;
  date(): string;
}

/** One client's connection, and the one behind it. One request is under way at a time. */
class ProxyConnection {
  readonly #down: Duplex;
  readonly #job: Job;
  readonly #tools: ProxyTools;
  readonly #requests: MessageReader;
  #up: Duplex | undefined;
  #responses: MessageReader | undefined;
  #exchange: HttpExchange | undefined;
  /** Bytes of the request that wait for the connection to the server. */
  #unsent: (string | Buffer)[] | undefined;
  #isRequestWhole = true;
  #isAnswered = true;
  #isLast = false;
  #isUpgrade = false;
  /** An answer's head that waits for the body bytes that came with it. */
  #heldHead = "";
  #isRefused = false;
  readonly #downMeter: ConnectionMeter;
  #upMeter: ConnectionMeter | undefined;

  constructor(down: Duplex, job: Job, tools: ProxyTools) {
    this.#down = down;
    this.#job = job;
    this.#tools = tools;
    this.#downMeter = new ConnectionMeter(tools.context, job, "downstream");
    this.#requests = new MessageReader("request", {
      onHead: (head) => this.#onRequest(head),
      onBody: (bytes) => this.#sendUp(bytes),
      onEnd: () => {
        this.#isRequestWhole = true;
        this.#finish();
      },
      onError: () => this.#badRequest(),
    });
    down.on("data", (bytes: Buffer) => {
      this.#downMeter.received(bytes.length);
      this.#requests.push(bytes);
    });
    down.on("end", () => this.#onClientEnd());
    down.on("error", () => this.#up?.destroy());
    down.on("close", () => {
      this.#downMeter.closed();
      if (this.#up !== undefined && !this.#up.destroyed) {
        this.#upMeter?.closesHere();
        if (this.#isAnswered) this.#up.end();
        else this.#up.destroy();
      }
      // Who asked is gone: there is no answer to tell of.
      this.#isAnswered = true;
    });
  }

  #onRequest(head: MessageHead): void {
    const { context, emitter, port, isAllowed, date } = this.#tools;
    // One at a time: the next head waits for this answer.
    this.#requests.pause();
    this.#isRequestWhole = false;
    this.#isAnswered = false;
    this.#isLast = isLastOf(head);
    const exchange = new HttpExchange({ context, emitter, job: this.#job, head, port });
    this.#exchange = exchange;
    this.#downMeter.request();
    this.#isRefused = !isAllowed(head);
    if (this.#isRefused) {
      exchange.logRequest("denied");
      this.#sendDown(ownAnswer(403, "Forbidden", deniedBody, date()));
      this.#downMeter.answer(403);
      if (this.#requests.isInBody) this.#downMeter.tell("early_answer");
      exchange.logResponse(403, [], 0);
      this.#isAnswered = true;
      return;
    }
    exchange.logRequest("forwarded");
    this.#isUpgrade = fieldOf(head, "upgrade") !== undefined;
    this.#sendUp(requestText(head, exchange.requestId, this.#isUpgrade));
    if (this.#up === undefined) this.#connect();
    else this.#upMeter?.request();
  }

  #sendDown(bytes: string | Buffer): boolean {
    this.#downMeter.sent(bytes.length);
    return typeof bytes === "string" ? this.#down.write(bytes, "latin1") : this.#down.write(bytes);
  }

  #sendUp(bytes: string | Buffer): void {
    if (this.#isRefused) return;
    if (this.#up === undefined) {
      this.#unsent ??= [];
      this.#unsent.push(bytes);
      return;
    }
    this.#upMeter?.sent(bytes.length);
    const isFree =
      typeof bytes === "string" ? this.#up.write(bytes, "latin1") : this.#up.write(bytes);
    if (isFree) return;
    const meter = this.#upMeter;
    meter?.tell("backed_up");
    this.#downMeter.tell("reading_paused");
    this.#down.pause();
    this.#up.once("drain", () => {
      meter?.tell("drained");
      this.#downMeter.tell("reading_resumed");
      this.#down.resume();
    });
  }

  #connect(): void {
    const meter = new ConnectionMeter(this.#tools.context, this.#job, "upstream");
    this.#job.openUpstream().then(
      (up) => {
        if (this.#down.destroyed) {
          meter.cancelled();
          up.destroy();
          return;
        }
        meter.opened();
        up.on("close", () => meter.closed());
        this.#upMeter = meter;
        this.#adoptUpstream(up);
      },
      (thrown: unknown) => {
        meter.connectFailed();
        this.#fail(thrown);
      },
    );
  }

  #adoptUpstream(up: Duplex): void {
    this.#up = up;
    this.#upMeter?.request();
    const responses = new MessageReader("response", this.#responseListener());
    this.#responses = responses;
    responses.hasBodyFor = (status) =>
      this.#exchange?.method !== "HEAD" && status >= 200 && status !== 204 && status !== 304;
    up.on("data", (bytes: Buffer) => {
      this.#upMeter?.received(bytes.length);
      responses.push(bytes);
      this.#flushHead();
    });
    up.on("end", () => responses.close());
    up.on("error", (error) => this.#fail(error));
    up.on("close", () => {
      responses.close();
      if (this.#up === up) this.#up = undefined;
      if (!this.#isAnswered) this.#fail(new Error("the server closed the connection"));
    });
    const waiting = this.#unsent ?? [];
    this.#unsent = undefined;
    for (const bytes of waiting) this.#sendUp(bytes);
  }

  #responseListener(): MessageListener {
    return {
      onHead: (head) => this.#onResponse(head),
      onBody: (bytes) => {
        const head = this.#heldHead;
        this.#heldHead = "";
        const whole = head === "" ? bytes : Buffer.concat([Buffer.from(head, "latin1"), bytes]);
        if (this.#sendDown(whole)) return;
        const meter = this.#upMeter;
        meter?.tell("reading_paused");
        this.#up?.pause();
        this.#down.once("drain", () => {
          meter?.tell("reading_resumed");
          this.#up?.resume();
        });
      },
      onEnd: () => {
        // 1xx answers are not the last word.
        if (this.#exchange?.isAnswered !== true) return;
        this.#isAnswered = true;
        this.#finish();
      },
      onError: (reason) => {
        this.#upMeter?.tell("protocol_error");
        this.#fail(new Error(reason));
      },
    };
  }

  #onResponse(head: MessageHead): void {
    const exchange = this.#exchange;
    if (exchange === undefined) {
      this.#up?.destroy();
      return;
    }
    const code = Number(head.start[1]);
    if (code >= 100 && code < 200 && code !== 101) {
      this.#sendDown(`HTTP/1.1 ${code} ${head.start[2]}\r\n\r\n`);
      return;
    }
    const elapsedMs = exchange.elapsedMs();
    exchange.logResponse(code, head.fields, elapsedMs);
    this.#upMeter?.answer(code);
    this.#downMeter.answer(code);
    if (this.#requests.isInBody) this.#downMeter.tell("early_answer");
    const isTunnel = code === 101 && this.#isUpgrade;
    // Head and body that came together leave together: one segment, as Envoy sends them.
    this.#heldHead = responseText(head, Math.floor(elapsedMs), isTunnel);
    if (saysClose(head)) this.#isLast = true;
    if (isTunnel) this.#tunnel();
  }

  #flushHead(): void {
    const head = this.#heldHead;
    if (head === "") return;
    this.#heldHead = "";
    this.#sendDown(head);
  }

  /** From here on bytes are passed on as they come: WebSocket and the like. */
  #tunnel(): void {
    const up = this.#up;
    const down = this.#down;
    if (up === undefined) return;
    this.#isAnswered = true;
    this.#flushHead();
    const early = this.#requests.detach();
    const late = this.#responses?.detach() ?? Buffer.alloc(0);
    down.removeAllListeners("data");
    up.removeAllListeners("data");
    this.#downMeter.tell("upgraded");
    if (early.length > 0) this.#sendUp(early);
    if (late.length > 0) this.#sendDown(late);
    this.#meterTunnel(down, up);
    down.pipe(up);
    up.pipe(down);
  }

  #meterTunnel(down: Duplex, up: Duplex): void {
    down.on("data", (bytes: Buffer) => {
      this.#downMeter.received(bytes.length);
      this.#upMeter?.sent(bytes.length);
    });
    up.on("data", (bytes: Buffer) => {
      this.#upMeter?.received(bytes.length);
      this.#downMeter.sent(bytes.length);
    });
  }

  #endBoth(): void {
    this.#downMeter.closesHere();
    this.#upMeter?.closesHere();
    this.#down.end();
    this.#up?.end();
  }

  /** The answer is out and the request whole: the next one, or the end. */
  #finish(): void {
    if (!this.#isAnswered || !this.#isRequestWhole) return;
    this.#flushHead();
    this.#exchange = undefined;
    if (this.#isLast) {
      this.#endBoth();
      return;
    }
    this.#requests.resume();
  }

  #onClientEnd(): void {
    if (this.#isAnswered) {
      this.#up?.end();
      this.#down.end();
    } else this.#isLast = true;
  }

  #fail(thrown: unknown): void {
    const { context, date } = this.#tools;
    const exchange = this.#exchange;
    if (exchange === undefined || this.#isAnswered) return;
    this.#isAnswered = true;
    context.logger.debug({ error: errorMessage(thrown) }, "upstream failed");
    if (exchange.isAnswered) {
      this.#flushHead();
      this.#downMeter.tell("broken_answer");
      this.#downMeter.closesHere();
      this.#down.destroy();
      return;
    }
    this.#sendDown(ownAnswer(503, "Service Unavailable", upstreamFailedBody, date()));
    this.#downMeter.answer(503);
    exchange.logResponse(503, [], exchange.elapsedMs(), "proxy_error");
    this.#isRequestWhole = true;
    this.#isLast = true;
    this.#finish();
  }

  #badRequest(): void {
    publishHttp(this.#tools.context, this.#job, { message: "request", verdict: "parse_error" });
    this.#isAnswered = true;
    this.#downMeter.tell("protocol_error");
    this.#downMeter.closesHere();
    if (!this.#down.destroyed)
      this.#down.end("HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
  }
}

/** HTTP/1.0 ends after one request, unless it asks to stay. */
function isLastOf(head: MessageHead): boolean {
  const connection = fieldOf(head, "connection")?.toLowerCase() ?? "";
  if (head.start[2] === "HTTP/1.0") return !connection.includes("keep-alive");
  return connection.includes("close");
}

function saysClose(head: MessageHead): boolean {
  const connection = fieldOf(head, "connection")?.toLowerCase() ?? "";
  return connection.includes("close") || head.start[0] === "HTTP/1.0" || isUntilClose(head);
}

/** A body without a length ends with its connection. */
function isUntilClose(head: MessageHead): boolean {
  const code = Number(head.start[1]);
  if (code < 200 || code === 204 || code === 304) return false;
  return (
    fieldOf(head, "content-length") === undefined &&
    fieldOf(head, "transfer-encoding") === undefined
  );
}

function ownAnswer(code: number, reason: string, body: string, date: string): string {
  return `HTTP/1.1 ${code} ${reason}\r\ncontent-length: ${body.length}\r\ncontent-type: text/plain\r\ndate: ${date}\r\nserver: envoy\r\n\r\n${body}`;
}

/** The client's request without the headers of its connection, plus what Envoy adds. */
function requestText(
  { start, fields }: MessageHead,
  requestId: string,
  isUpgrade: boolean,
): string {
  let text = `${start[0]} ${start[1]} HTTP/1.1\r\n`;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    if (hopHeaders.has(name) || name === "x-request-id" || name === "x-forwarded-proto") continue;
    text += `${name}: ${fields[i + 1]}\r\n`;
  }
  if (isUpgrade) text += `connection: upgrade\r\nupgrade: ${fieldIn(fields, "upgrade")}\r\n`;
  return `${text}x-forwarded-proto: http\r\nx-request-id: ${requestId}\r\n\r\n`;
}

function responseText(
  { start, fields }: MessageHead,
  serviceTimeMs: number,
  isTunnel: boolean,
): string {
  let text = `HTTP/1.1 ${start[1]} ${start[2]}\r\n`;
  for (let i = 0; i < fields.length; i += 2) {
    const name = fields[i] as string;
    if (hopHeaders.has(name) || name === "server") continue;
    text += `${name}: ${fields[i + 1]}\r\n`;
  }
  if (isTunnel) text += `connection: upgrade\r\nupgrade: ${fieldIn(fields, "upgrade")}\r\n`;
  return `${text}x-envoy-upstream-service-time: ${serviceTimeMs}\r\nserver: envoy\r\n\r\n`;
}

function fieldIn(fields: readonly string[], name: string): string {
  for (let i = 0; i < fields.length; i += 2) if (fields[i] === name) return fields[i + 1] ?? "";
  return "";
}
