/**
 * The laboratory's control server: HTTP on loopback, every request with the token of run.json.
 * `lab` commands speak to it. An exec answers with JSON lines as output comes: {"out": base64},
 * {"err": text}, and last {"exit": code}.
 */

import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { AppError, errorMessage } from "../../base/errors.ts";
import type { Laboratory } from "../laboratory.ts";
import { isExecRequest } from "./control-wire.ts";

/** Policies and command lines are small. */
const bodyBytesMax = 1024 * 1024;

/** A running control server. */
export interface ControlServer {
  readonly port: number;
  close(): Promise<void>;
}

type Handler = (
  laboratory: Laboratory,
  request: IncomingMessage,
  response: ServerResponse,
) => Promise<void> | void;

/** "METHOD /path" → what answers; paths with parameters are matched by their beginning. */
const routes: readonly {
  readonly method: string;
  readonly path: RegExp;
  readonly handle: Handler;
}[] = [
  { method: "POST", path: /^\/exec$/, handle: runExec },
  {
    method: "GET",
    path: /^\/status$/,
    handle: (lab, _request, response) => sendJson(response, 200, statusOf(lab)),
  },
  {
    method: "GET",
    path: /^\/endpoints$/,
    handle: (lab, _request, response) => sendJson(response, 200, lab.state.endpoints()),
  },
  {
    method: "GET",
    path: /^\/identities$/,
    handle: (lab, _request, response) => sendJson(response, 200, lab.state.identities()),
  },
  {
    method: "GET",
    path: /^\/services$/,
    handle: (lab, _request, response) => sendJson(response, 200, lab.state.services()),
  },
  {
    method: "GET",
    path: /^\/policies$/,
    handle: (lab, _request, response) => sendJson(response, 200, lab.state.policies()),
  },
  { method: "POST", path: /^\/policies$/, handle: applyPolicies },
  { method: "DELETE", path: /^\/policies\/[^/]+\/[^/]+$/, handle: removePolicy },
];

/** Starts the server on a free port of 127.0.0.1. */
export async function startControlServer(
  laboratory: Laboratory,
  token: string,
): Promise<ControlServer> {
  const server = createServer((request, response) => {
    handle(laboratory, token, request, response).catch((thrown: unknown) => {
      if (response.headersSent) response.destroy();
      else sendError(response, thrown);
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return { port, close: () => closeServer(server) };
}

async function handle(
  laboratory: Laboratory,
  token: string,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = (request.url ?? "/").split("?")[0] ?? "/";
  if (!isAuthorized(request, token)) {
    request.resume();
    sendJson(response, 401, { error: "the token of run.json is wanted" });
    return;
  }
  const route = routes.find(
    (candidate) => candidate.method === request.method && candidate.path.test(path),
  );
  if (route === undefined) {
    request.resume();
    sendJson(response, 404, { error: `no ${request.method} ${path} here` });
    return;
  }
  await route.handle(laboratory, request, response);
}

function isAuthorized(request: IncomingMessage, token: string): boolean {
  const wanted = Buffer.from(`Bearer ${token}`);
  const have = Buffer.from(request.headers.authorization ?? "");
  return wanted.length === have.length && timingSafeEqual(wanted, have);
}

async function runExec(
  laboratory: Laboratory,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = parseJson(await readBody(request));
  if (!isExecRequest(body))
    throw new AppError("usage", "cannot run: want {namespace, pod, command: [text]}");
  const abort = new AbortController();
  response.on("close", () => abort.abort());
  response.writeHead(200, { "Content-Type": "application/x-ndjson" });
  response.flushHeaders();
  const write = (line: unknown): void => {
    if (!response.destroyed) response.write(`${JSON.stringify(line)}\n`);
  };
  const output = {
    stdout: (bytes: Buffer) => write({ out: bytes.toString("base64") }),
    stderr: (text: string) => write({ err: text }),
  };
  const exit = await laboratory.exec(body, output, abort.signal);
  write({ exit });
  response.end();
}

async function applyPolicies(
  laboratory: Laboratory,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const text = await readBody(request);
  const file = new URL(request.url ?? "/", "http://lab").searchParams.get("file") ?? "policy.yaml";
  const changes = await laboratory.cluster.applyPolicies(text, file);
  sendJson(
    response,
    200,
    changes.map(({ action, document: { namespace, name } }) => ({ action, namespace, name })),
  );
}

async function removePolicy(
  laboratory: Laboratory,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [, , namespace = "", name = ""] =
    (request.url ?? "").split("?")[0]?.split("/").map(decodeURIComponent) ?? [];
  const wasThere = await laboratory.cluster.removePolicy(namespace, name);
  if (wasThere) sendJson(response, 200, { namespace, name });
  else sendJson(response, 404, { error: `no policy ${namespace}/${name}` });
}

function statusOf({ state, endpointUrls, notes }: Laboratory) {
  return {
    clusterName: state.clusterName,
    ciliumVersion: state.ciliumVersion,
    startedMs: state.startedMs,
    policyRevision: state.policyRevision,
    nodes: state.nodes().map(({ name, address, podCidr, agentPod, listeners }) => ({
      name,
      address,
      podCidr,
      agentPod,
      listeners,
    })),
    endpointCount: state.endpoints().length,
    endpointUrls,
    notes,
  };
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > bodyBytesMax)
      throw new AppError(
        "limit",
        `cannot take the request: it is longer than ${bodyBytesMax} bytes`,
      );
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new AppError("usage", `cannot read the request: ${errorMessage(cause)}`, { cause });
  }
}

function sendError(response: ServerResponse, thrown: unknown): void {
  const isOurs = thrown instanceof AppError;
  sendJson(response, isOurs ? 400 : 500, {
    error: errorMessage(thrown),
    ...(isOurs ? { code: thrown.code } : {}),
  });
}

function sendJson(response: ServerResponse, code: number, value: unknown): void {
  response.writeHead(code, { "Content-Type": "application/json" }).end(JSON.stringify(value));
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
