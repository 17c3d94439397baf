/** Files for the policy commands: policies from files and folders, flows line by line, endpoints. */

import { createReadStream, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join, resolve } from "node:path";
import type { Readable } from "node:stream";
import { createGunzip } from "node:zlib";
import { AppError, ConfigError, ParseError } from "../base/errors.ts";
import { readByteLines } from "../flow/observe/byte-line-source.ts";
import { listLabEndpoints, listLabServices } from "../lab/lab-client.ts";
import type { ServiceFacts } from "../policy/document/policy-document.ts";
import { type PolicyObjects, parsePolicyObjects } from "../policy/document/policy-parse.ts";
import type { PolicyEngineOptions } from "../policy/engine/policy-engine.ts";
import { PolicyEngine } from "../policy/engine/policy-engine.ts";
import { parseSceneFile, type SceneEndpoint, scenePortLookup } from "../policy/review/scene.ts";
import { FlowTally } from "../policy/traffic/flow-tally.ts";

/** A text and where it came from. */
export interface TextFile {
  readonly file: string;
  readonly text: string;
}

/** Flow files are long: they are read in large pieces. */
const readBytes = 1024 * 1024;
/** Lines that are no flows and are told one by one; further ones are counted. */
const toldLinesMax = 3;
const policySuffix = /\.(ya?ml|json)$/;

/** Reads files, and the YAML and JSON files of folders and their sub-folders, sorted by name. Throws ConfigError. */
export function readPolicyFiles(paths: readonly string[]): TextFile[] {
  return paths.flatMap((path) => {
    if (!existsSync(path))
      throw new ConfigError("no such file or folder", { file: path, path: "" });
    if (!statSync(path).isDirectory()) return [readText(path)];
    return readdirSync(path, { recursive: true, encoding: "utf8" })
      .filter((name) => policySuffix.test(name))
      .sort()
      .map((name) => readText(join(path, name)));
  });
}

function readText(file: string): TextFile {
  return { file, text: readFileSync(file, "utf8") };
}

/** What the flags about the agent say. */
export interface AgentFlags {
  readonly clusterName: string;
  readonly hostFirewall?: boolean;
  readonly nodeSelectorLabels?: boolean;
}

/** Reads the policies of files and folders; other kinds of objects are passed over. Throws PolicyError. */
export function loadPolicyObjects(paths: readonly string[], flags: AgentFlags): PolicyObjects {
  return joinObjects(
    readPolicyFiles(paths).map(({ file, text }) =>
      parsePolicyObjects(text, parseOptions(file, flags)),
    ),
  );
}

/** How a file is read under the flags. */
export function parseOptions(file: string, flags: AgentFlags) {
  return {
    file,
    clusterName: flags.clusterName,
    hasNodeSelectorLabels: flags.nodeSelectorLabels === true,
    skipsOtherKinds: true,
  };
}

/** Several files as one. */
export function joinObjects(objects: readonly PolicyObjects[]): PolicyObjects {
  return {
    policies: objects.flatMap(({ policies }) => policies),
    services: objects.flatMap(({ services }) => services),
    cidrGroups: objects.flatMap(({ cidrGroups }) => cidrGroups),
  };
}

/** An engine of the policies, with the cluster's endpoints and services where they are known. */
export function makeEngine(
  objects: PolicyObjects,
  flags: AgentFlags,
  known: { endpoints?: readonly SceneEndpoint[]; services?: readonly ServiceFacts[] } = {},
): PolicyEngine {
  const options: PolicyEngineOptions = {
    clusterName: flags.clusterName,
    hasHostFirewall: flags.hostFirewall === true,
    services: [...objects.services, ...(known.services ?? [])],
    cidrGroups: objects.cidrGroups,
    ...(known.endpoints === undefined ? {} : { lookUpNamedPort: scenePortLookup(known.endpoints) }),
  };
  return new PolicyEngine(objects.policies, options);
}

/** What is known of a cluster. */
export interface ClusterKnowledge {
  readonly endpoints: readonly SceneEndpoint[] | undefined;
  readonly services: readonly ServiceFacts[] | undefined;
}

/** Endpoints from a file, or from the demo that runs on a data directory; neither = nothing is known. */
export async function readCluster(
  sources: { readonly endpoints?: string; readonly dataDir?: string },
  clusterName: string,
): Promise<ClusterKnowledge> {
  if (sources.endpoints !== undefined) {
    const [first] = readPolicyFiles([sources.endpoints]);
    const { file, text } = first as TextFile;
    const { services } = parsePolicyObjects(
      withoutOwnKinds(text),
      parseOptions(file, { clusterName }),
    );
    return {
      endpoints: parseSceneFile(text, { file, clusterName }),
      services: services.length === 0 ? undefined : services,
    };
  }
  if (sources.dataDir === undefined) return { endpoints: undefined, services: undefined };
  const dataDir = resolve(sources.dataDir);
  const [endpoints, services] = await Promise.all([
    listLabEndpoints(dataDir),
    listLabServices(dataDir),
  ]);
  return {
    endpoints: endpoints.map(({ namespace, podName, kind, nodeName, labels }) => ({
      name: kind === "pod" ? `${namespace}/${podName}` : `${kind} of ${nodeName}`,
      namespace: kind === "pod" ? namespace : undefined,
      endpoint: { labels },
      isLocal: true,
    })),
    services: services.map(({ namespace, name, backends }) => ({
      namespace,
      name,
      labels: {},
      backends: backends.map((backend) => backend.replace(/:\d+$/, "")),
    })),
  };
}

/** A file of our own endpoints has no `kind`: nothing of it is a Kubernetes object. */
function withoutOwnKinds(text: string): string {
  return /^kind:|"kind":/m.test(text) ? text : "";
}

/** Reads flows of a file (jsonpb lines, also gzipped; "-" = standard input). Bad lines are told and passed over. */
export async function readFlows(path: string, warn: (text: string) => void): Promise<FlowTally> {
  const tally = new FlowTally();
  let lineNumber = 0;
  let badCount = 0;
  await readByteLines(openFlows(path), (bytes, start, end) => {
    lineNumber++;
    if (isBlank(bytes, start, end)) return;
    try {
      tally.addLineBytes(bytes, start, end);
    } catch (thrown) {
      if (!(thrown instanceof ParseError)) throw thrown;
      badCount++;
      if (badCount <= toldLinesMax) warn(`warn  ${path}:${lineNumber}: ${thrown.message}\n`);
    }
  });
  if (badCount > toldLinesMax) warn(`warn  ${path}: ${badCount} lines could not be read\n`);
  if (tally.flowCount === 0) {
    throw new AppError(
      "config",
      `cannot use ${path}: it holds no flows; want lines of \`hubble observe -o jsonpb\``,
    );
  }
  return tally;
}

function isBlank(bytes: Uint8Array, start: number, end: number): boolean {
  // Most lines are objects: only others are looked at.
  return bytes[start] !== 0x7b && Buffer.from(bytes.subarray(start, end)).toString().trim() === "";
}

function openFlows(path: string): Readable {
  if (path === "-") return process.stdin;
  if (!existsSync(path)) throw new ConfigError("no such file", { file: path, path: "" });
  const stream = createReadStream(path, { highWaterMark: readBytes });
  return path.endsWith(".gz") ? stream.pipe(createGunzip({ chunkSize: readBytes })) : stream;
}
