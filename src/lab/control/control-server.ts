/**
 * The laboratory's control server: HTTP on loopback, every request with the token of run.json.
 * `lab` commands speak to it. An exec answers with JSON lines as output comes: {"out": base64},
 * {"err": text}, and last {"exit": code}.
 */

import { timingSafeEqual } from "node:crypto";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { AppError, errorMessage } from "../../base/errors.ts";
import { refusalText } from "../../cilium/refusal-text.ts";
import { checkFaultRequest } from "../faults/fault-board.ts";
import type { LabState } from "../lab-state.ts";
import type { Laboratory } from "../laboratory.ts";
import { toKind } from "../objects/object-apply.ts";
import { isExecRequest, type LabPolicyRow } from "./control-wire.ts";

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
  { method: "GET", path: /^\/endpoints$/, handle: ofStates((state) => state.endpoints()) },
  { method: "GET", path: /^\/identities$/, handle: ofStates((state) => state.identities()) },
  { method: "GET", path: /^\/services$/, handle: ofStates((state) => state.services()) },
  {
    method: "GET",
    path: /^\/policies$/,
    handle: (lab, _request, response) => sendJson(response, 200, policiesOf(lab)),
  },
  { method: "GET", path: /^\/nodes$/, handle: ofStates((state) => state.nodes()) },
  {
    method: "GET",
    path: /^\/view$/,
    handle: (lab, _request, response) => sendJson(response, 200, viewOf(lab)),
  },
  {
    method: "GET",
    path: /^\/workloads$/,
    handle: (lab, _request, response) => sendJson(response, 200, workloadsOf(lab)),
  },
  {
    method: "GET",
    path: /^\/namespaces$/,
    handle: (lab, _request, response) =>
      sendJson(
        response,
        200,
        lab.clusters.list.flatMap((cluster) =>
          [...cluster.namespaces].map(([name, labels]) => ({
            clusterName: cluster.name,
            name,
            labels,
          })),
        ),
      ),
  },
  { method: "POST", path: /^\/objects$/, handle: applyObjects },
  { method: "POST", path: /^\/objects\/delete$/, handle: deleteObjects },
  { method: "DELETE", path: /^\/objects\/[^/]+\/[^/]*\/[^/]+$/, handle: deleteObject },
  {
    method: "GET",
    path: /^\/faults$/,
    handle: (lab, _request, response) => sendJson(response, 200, lab.faults.list()),
  },
  { method: "POST", path: /^\/faults$/, handle: injectFault },
  {
    method: "DELETE",
    path: /^\/faults(\/[^/]+)?$/,
    handle: (lab, request, response) => {
      const which = pathParts(request)[2];
      const gone = lab.faults.clear(which);
      if (which !== undefined && gone.length === 0)
        throw new AppError("usage", `cannot clear fault "${which}": none has that id or kind`);
      sendJson(response, 200, gone);
    },
  },
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

/** What every cluster has of something, one list. */
function ofStates(read: (state: LabState) => readonly unknown[]): Handler {
  return (lab, _request, response) =>
    sendJson(response, 200, [...lab.states.values()].flatMap(read));
}

async function applyObjects(
  laboratory: Laboratory,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { file, cluster } = queryOf(request);
  const text = await readBody(request);
  sendJson(response, 200, await laboratory.objects(cluster).apply(text, file));
}

async function deleteObjects(
  laboratory: Laboratory,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { file, cluster } = queryOf(request);
  const text = await readBody(request);
  sendJson(response, 200, await laboratory.objects(cluster).delete(text, file));
}

async function deleteObject(
  laboratory: Laboratory,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const [, , kind = "", namespace = "", name = ""] = pathParts(request);
  const { cluster } = queryOf(request);
  const wasThere = await laboratory.objects(cluster).deleteOne(kind, namespace, name);
  if (wasThere) sendJson(response, 200, { kind: toKind(kind), namespace, name });
  else sendJson(response, 404, { error: `no ${toKind(kind)} ${namespace}/${name}` });
}

async function injectFault(
  laboratory: Laboratory,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = parseJson(await readBody(request));
  const clusters = laboratory.clusters.list;
  const wanted = checkFaultRequest(body, {
    nodes: clusters.flatMap(({ nodes }) => nodes.map(({ name }) => name)),
    clusters: clusters.map(({ name }) => name),
  });
  sendJson(response, 200, laboratory.faults.inject(wanted));
}

function queryOf(request: IncomingMessage): { file: string; cluster: string | undefined } {
  const { searchParams } = new URL(request.url ?? "/", "http://lab");
  return {
    file: searchParams.get("file") ?? "objects.yaml",
    cluster: searchParams.get("cluster") ?? undefined,
  };
}

function pathParts(request: IncomingMessage): string[] {
  return (request.url ?? "").split("?")[0]?.split("/").map(decodeURIComponent) ?? [];
}

function workloadsOf(laboratory: Laboratory) {
  return laboratory.workloads.list().map(({ spec, pods }) => ({
    clusterName: spec.clusterName,
    namespace: spec.namespace,
    name: spec.name,
    kind: spec.kind,
    replicas: spec.replicas,
    pods: pods.map(({ facts }) => facts.podName),
    program: spec.program.kind,
  }));
}

/** What is in force, then what was refused. */
function policiesOf({ states, clusters }: Laboratory): LabPolicyRow[] {
  const refused = clusters.list.flatMap(({ policies }) => policies.refused.list());
  return [
    ...[...states.values()].flatMap((state) =>
      state.policies().map((one): LabPolicyRow => ({ ...one, state: "in force", error: "" })),
    ),
    ...refused.map((policy): LabPolicyRow => {
      const { namespace, name, kind, yaml } = policy;
      const error = refusalText(policy);
      return { namespace, name, kind, yaml, entryCount: 0, state: "not imported", error };
    }),
  ];
}

/** Everything that ClusterView tells, at one moment. */
function viewOf({ states, clusters }: Laboratory) {
  return [...states.values()].map((state) => ({
    clusterName: state.clusterName,
    ciliumVersion: state.ciliumVersion,
    policyRevision: state.policyRevision,
    nodes: state.nodes().map(({ name, address, podCidr, agentPod, listeners }) => ({
      name,
      address,
      podCidr,
      agentPod,
      host: listeners.host,
      endpointCount: state.endpointCount(name),
      unreachable: state.unreachable(name),
    })),
    endpoints: state.endpoints(),
    identities: state.identities(),
    policies: state.policies(),
    refusedPolicies: clusters.named(state.clusterName)?.policies.refused.list() ?? [],
    services: state.services(),
    unmanagedPodCount: clusters.named(state.clusterName)?.unmanagedCount ?? 0,
    unmanagedPods: clusters.named(state.clusterName)?.unmanagedPods() ?? [],
  }));
}

function statusOf({ state, scene, clusters, endpointUrls, notes }: Laboratory) {
  return {
    scene: scene.name,
    clusters: clusters.list.map(({ name }) => name),
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
