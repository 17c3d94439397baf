/**
 * An HTTP service of a microservice scene: takes its time, sometimes fails, asks the services behind
 * it before it answers, and echoes WebSocket messages. A real server on a loopback port.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { WebSocketServer } from "ws";
import { errorMessage } from "../../base/errors.ts";
import type { LabContext } from "../lab-context.ts";
import type { PodProgram } from "../scenes/scene.ts";

/** Settings of the program. */
export type WebProgram = Extract<PodProgram, { kind: "web" }>;

/** Headers of a request that its service hands on to those behind it. */
export type HandedOn = Readonly<Record<string, string>>;

/** Asks another service as this pod; resolves to the status, rejects when it cannot be reached. */
export type CallOut = (url: string, handedOn: HandedOn) => Promise<number>;

const handedOnNames = ["x-request-id", "traceparent"] as const;

const messageBytesMax = 1024 * 1024;

/** Starts the service on a free loopback port. The caller closes it. */
export function startWebService(
  hostname: string,
  program: WebProgram,
  tools: { readonly context: LabContext; readonly callOut: CallOut },
): Promise<Server> {
  const body = bodyOf(hostname, program.bodyBytes);
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    request.resume();
    request.on("end", () => {
      answer(request, program, tools).then(
        (code) => send(response, code, code < 400 ? body : `${hostname}: ${code}\n`),
        (thrown: unknown) => send(response, 502, `${errorMessage(thrown)}\n`),
      );
    });
  });
  const sockets = new WebSocketServer({ server, maxPayload: messageBytesMax });
  sockets.on("connection", (socket) => {
    socket.on("message", (data, isBinary) => socket.send(data, { binary: isBinary }));
    // A client that breaks off is no trouble of the service.
    socket.on("error", () => socket.terminate());
  });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => resolve(server));
  });
}

/** The status of the answer: 503 by chance, 502 where a service behind fails. */
async function answer(
  request: IncomingMessage,
  program: WebProgram,
  { context, callOut }: { readonly context: LabContext; readonly callOut: CallOut },
): Promise<number> {
  const { random, clock } = context;
  const handedOn: Record<string, string> = {};
  for (const name of handedOnNames) {
    const value = request.headers[name]?.toString();
    if (value !== undefined) handedOn[name] = value;
  }
  for (const url of program.calls) {
    const code = await callOut(url, handedOn);
    if (code >= 500) return 502;
  }
  const seconds = clock.nowMs() / 1000;
  const waitMs = latencyAt(program, seconds) * (0.5 + random());
  if (waitMs >= 1) await new Promise<void>((resolve) => clock.after(waitMs, resolve));
  return random() < errorShareAt(program, seconds) ? 503 : 200;
}

/** ms, before chance. */
function latencyAt({ latencyMs, latencySwing, swingSeconds }: WebProgram, seconds: number): number {
  if (latencySwing === 0) return latencyMs;
  return latencyMs * (1 + latencySwing * Math.sin((2 * Math.PI * seconds) / swingSeconds));
}

function errorShareAt({ errorShare, errorBurst }: WebProgram, seconds: number): number {
  if (errorBurst === undefined) return errorShare;
  const isBurst = seconds % errorBurst.everySeconds < errorBurst.seconds;
  return isBurst ? errorBurst.share : errorShare;
}

function bodyOf(hostname: string, sizeBytes: number): string {
  const line = `hello from ${hostname}\n`;
  return line
    .repeat(Math.max(1, Math.ceil(sizeBytes / line.length)))
    .slice(0, Math.max(1, sizeBytes));
}

function send(response: ServerResponse, code: number, body: string): void {
  if (response.destroyed) return;
  response
    .writeHead(code, {
      "content-type": "text/plain",
      "content-length": String(Buffer.byteLength(body)),
    })
    .end(body);
}
