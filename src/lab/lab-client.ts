/**
 * How `lab` commands reach the running laboratory: run.json says where, the control server answers.
 * Output of commands in pods is passed on as it comes.
 */

import { readFileSync } from "node:fs";
import { type IncomingMessage, request as sendRequest } from "node:http";
import { AppError, errorMessage } from "../base/errors.ts";
import type { RefusedPolicy } from "../cilium/cluster-view.ts";
import type { ExecLine, LabPolicyRow } from "./control/control-wire.ts";
import { type RunFile, readRunFile } from "./control/run-file.ts";
import type { Fault } from "./faults/fault-board.ts";
import type { LabEndpoint, LabIdentity, LabNode, LabPolicy, LabService } from "./lab-state.ts";
import type { ObjectOutcome } from "./objects/object-apply.ts";

export type { Fault } from "./faults/fault-board.ts";
export type { ObjectOutcome } from "./objects/object-apply.ts";

/** A command to run in a pod, and where its output goes. */
export interface LabExecOptions {
  readonly dataDir: string;
  /** "tiefighter" or "default/tiefighter". */
  readonly pod: string;
  readonly namespace: string;
  /** Of which cluster; the first unless told. */
  readonly cluster?: string | undefined;
  readonly command: readonly string[];
  /** Takes text; bytes that are no UTF-8 come as replacement characters unless `stdoutBytes` is given. */
  readonly stdout: (text: string) => void;
  readonly stderr: (text: string) => void;
  readonly stdoutBytes?: (bytes: Buffer) => void;
}

/** Runs a command in a pod; resolves to its exit code. Throws AppError `not_running` or `unreachable`. */
export async function runLabExec(options: LabExecOptions): Promise<number> {
  const run = readRunFile(options.dataDir);
  const slash = options.pod.indexOf("/");
  const namespace = slash < 0 ? options.namespace : options.pod.slice(0, slash);
  const pod = options.pod.slice(slash + 1);
  const { cluster, command } = options;
  const body = JSON.stringify({
    namespace,
    pod,
    command,
    ...(cluster === undefined ? {} : { cluster }),
  });
  const response = await send(run, { method: "POST", path: "/exec", body });
  const decoder = new TextDecoder();
  const writeOut =
    options.stdoutBytes ??
    ((bytes: Buffer) => options.stdout(decoder.decode(bytes, { stream: true })));
  let exitCode: number | undefined;
  for await (const line of readLines(response)) {
    if ("out" in line) writeOut(Buffer.from(line.out, "base64"));
    else if ("err" in line) options.stderr(line.err);
    else exitCode = line.exit;
  }
  if (exitCode === undefined)
    throw new AppError("unreachable", "the laboratory ended while the command ran");
  return exitCode;
}

/** The laboratory's endpoints, as `cilium endpoint list` has them. */
export function listLabEndpoints(dataDir: string): Promise<readonly LabEndpoint[]> {
  return getJson(dataDir, "/endpoints");
}

/** Its identities. */
export function listLabIdentities(dataDir: string): Promise<readonly LabIdentity[]> {
  return getJson(dataDir, "/identities");
}

/** Its services with their backends. */
export function listLabServices(dataDir: string): Promise<readonly LabService[]> {
  return getJson(dataDir, "/services");
}

/** The policies in force, and those that were refused. */
export function listLabPolicies(dataDir: string): Promise<readonly LabPolicyRow[]> {
  return getJson(dataDir, "/policies");
}

/** Cluster, version, nodes and their addresses. */
export function getLabStatus(dataDir: string): Promise<Readonly<Record<string, unknown>>> {
  return getJson(dataDir, "/status");
}

/** Its nodes. */
export function listLabNodes(dataDir: string): Promise<readonly LabNode[]> {
  return getJson(dataDir, "/nodes");
}

/** Its workloads with their pods. */
export function listLabWorkloads(dataDir: string): Promise<readonly unknown[]> {
  return getJson(dataDir, "/workloads");
}

/** Its namespaces. */
export function listLabNamespaces(dataDir: string): Promise<readonly unknown[]> {
  return getJson(dataDir, "/namespaces");
}

/** The faults in force. */
export function listLabFaults(dataDir: string): Promise<readonly Fault[]> {
  return getJson(dataDir, "/faults");
}

/** Makes something go wrong. Throws AppError `usage` that says what is wanted. */
export async function injectLabFault(dataDir: string, request: unknown): Promise<Fault> {
  const body = JSON.stringify(request);
  return readJson(await send(readRunFile(dataDir), { method: "POST", path: "/faults", body }));
}

/** Clears a fault by id, all of a kind, or all. */
export async function clearLabFaults(dataDir: string, which?: string): Promise<readonly Fault[]> {
  const path = which === undefined ? "/faults" : `/faults/${encodeURIComponent(which)}`;
  return readJson(await send(readRunFile(dataDir), { method: "DELETE", path }));
}

/** Where objects go: of which cluster, and how errors name the file. */
export interface ObjectTarget {
  readonly file: string;
  readonly cluster?: string | undefined;
}

/** Puts the objects of a file in force; resolves when every endpoint runs them. Throws AppError with file and line. */
export function applyLabObjects(
  dataDir: string,
  target: ObjectTarget,
): Promise<readonly ObjectOutcome[]> {
  return sendObjects(dataDir, target, "/objects");
}

/** Takes the objects of a file away. */
export function deleteLabObjects(
  dataDir: string,
  target: ObjectTarget,
): Promise<readonly ObjectOutcome[]> {
  return sendObjects(dataDir, target, "/objects/delete");
}

async function sendObjects(
  dataDir: string,
  { file, cluster }: ObjectTarget,
  path: string,
): Promise<readonly ObjectOutcome[]> {
  const query = new URLSearchParams({ file, ...(cluster === undefined ? {} : { cluster }) });
  const body = readFile(file);
  const run = readRunFile(dataDir);
  return readJson(await send(run, { method: "POST", path: `${path}?${query}`, body }));
}

function readFile(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new AppError("usage", `cannot read ${file}: ${errorMessage(cause)}`, { cause });
  }
}

/** Takes one object away. Throws AppError `usage` where there is none. */
export async function deleteLabObject(
  dataDir: string,
  object: { readonly kind: string; readonly namespace: string; readonly name: string },
  cluster?: string,
): Promise<{ readonly kind: string; readonly namespace: string; readonly name: string }> {
  const { kind, namespace, name } = object;
  const parts = [kind, namespace, name].map(encodeURIComponent).join("/");
  const query = cluster === undefined ? "" : `?cluster=${encodeURIComponent(cluster)}`;
  const path = `/objects/${parts}${query}`;
  return readJson(await send(readRunFile(dataDir), { method: "DELETE", path }));
}

/** What a ClusterView tells, of every cluster, as the control server has it. */
export interface LabView {
  readonly clusterName: string;
  readonly ciliumVersion: string;
  readonly policyRevision: number;
  readonly nodes: readonly {
    readonly name: string;
    readonly address: string;
    readonly podCidr: string;
    readonly agentPod: string;
    readonly host: string;
    readonly endpointCount: number;
    readonly unreachable: { readonly nodes: number; readonly endpoints: number };
  }[];
  readonly endpoints: readonly LabEndpoint[];
  readonly identities: readonly LabIdentity[];
  readonly policies: readonly LabPolicy[];
  readonly refusedPolicies: readonly RefusedPolicy[];
  readonly services: readonly LabService[];
  readonly unmanagedPodCount: number;
  readonly unmanagedPods: readonly {
    readonly nodeName: string;
    readonly namespace: string;
    readonly podName: string;
    readonly workload?: { readonly name: string; readonly kind: string };
    readonly ipv4: string;
  }[];
}

/** The present state of every cluster. */
export function readLabView(dataDir: string): Promise<readonly LabView[]> {
  return getJson(dataDir, "/view");
}

async function getJson<Value>(dataDir: string, path: string): Promise<Value> {
  return readJson(await send(readRunFile(dataDir), { method: "GET", path }));
}

function send(
  run: RunFile,
  {
    method,
    path,
    body,
  }: { readonly method: string; readonly path: string; readonly body?: string },
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = sendRequest(`${run.controlUrl}${path}`, {
      method,
      headers: { Authorization: `Bearer ${run.token}`, "Content-Type": "application/json" },
    });
    outgoing.on("error", (cause) =>
      reject(
        new AppError(
          "unreachable",
          `cannot reach the laboratory at ${run.controlUrl}: ${cause.message}`,
          { cause },
        ),
      ),
    );
    outgoing.on("response", (response) => {
      if (response.statusCode === 200) resolve(response);
      else readText(response).then((text) => reject(refusal(text)), reject);
    });
    outgoing.end(body);
  });
}

function refusal(text: string): AppError {
  try {
    const { error } = JSON.parse(text) as { error?: string };
    return new AppError("usage", error ?? text);
  } catch {
    // Not from our server, or cut off: show what came.
    return new AppError(
      "unreachable",
      `the laboratory answered ${JSON.stringify(text.slice(0, 200))}`,
    );
  }
}

async function readText(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of response as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString("utf8");
}

async function readJson<Value>(response: IncomingMessage): Promise<Value> {
  // The control server is the same program; its answers have the shapes of lab-state.ts.
  return JSON.parse(await readText(response)) as Value;
}

/** The JSON lines of an exec, as they come; a broken connection ends them. */
async function* readLines(response: IncomingMessage): AsyncGenerator<ExecLine> {
  let rest = "";
  try {
    for await (const chunk of response.setEncoding("utf8") as AsyncIterable<string>) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) yield JSON.parse(line) as ExecLine;
    }
  } catch (cause) {
    throw new AppError("unreachable", "the laboratory ended while the command ran", { cause });
  }
}
