/**
 * How a flow source is written, on the command line and in the configuration: one text a source.
 *
 *   grpc://HOST[:PORT]   grpcs://HOST[:PORT]   grpc+peers://HOST[:PORT]   grpcs+peers://…
 *   FILE                 file:///FILE          -  (the standard input)
 *   …?cluster=NAME&ca=FILE&cert=FILE&key=FILE&server-name=NAME&insecure-skip-verify=true
 *   …?user=NAME&password-file=FILE              (grpcs only)
 *   …?from=start|end    begin with what is there already (files do) or with what comes (servers do)
 */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Clock } from "../../base/clock.ts";
import { ConfigError, errorMessage } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import {
  channelCredentials,
  type HubbleTarget,
  parseServerAddress,
  plainTls,
} from "../grpc/hubble-target.ts";
import { FileSource, StdinSource } from "./file-source.ts";
import type { FlowSource } from "./flow-source.ts";
import { GrpcSource } from "./grpc-source.ts";
import type { SourceMemory } from "./source-memory.ts";

/** What sources need of the program. */
export interface SourceSurroundings {
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly stdin: AsyncIterable<Uint8Array>;
  /** Where sources stood before a restart; absent: each begins anew. */
  readonly memory?: SourceMemory | undefined;
}

/** Ports where an address names none. */
const relayPort = 4245;
const agentPort = 4244;

const grpcOptions = [
  "cluster",
  "from",
  "ca",
  "cert",
  "key",
  "server-name",
  "insecure-skip-verify",
  "user",
  "password-file",
];
const tlsOptions = ["ca", "cert", "key", "server-name", "insecure-skip-verify", "user"];
const fileOptions = ["cluster", "from"];

/** Makes the source that `text` names; nothing is opened yet. Throws ConfigError. */
export function createFlowSource(text: string, around: SourceSurroundings): FlowSource {
  const { head, options } = splitOptions(text);
  const cluster = options.get("cluster") ?? "";
  const { clock, logger, random, memory } = around;
  const scheme = /^(grpcs?|tls)(\+peers)?:\/\//.exec(head);
  if (scheme !== null) {
    const followsPeers = scheme[2] !== undefined;
    const address = head.replace("+peers", "");
    const target = toTarget(text, address, { options, followsPeers });
    const takesPast = readFrom(text, options, "end") === "start";
    return new GrpcSource({
      name: head,
      cluster,
      target,
      followsPeers,
      takesPast,
      clock,
      random,
      logger,
      memory,
    });
  }
  checkOptions(text, options, fileOptions);
  if (head === "-") return new StdinSource({ input: around.stdin, cluster, clock, logger });
  const path = filePath(text, head);
  const isOnlyNew = readFrom(text, options, "start") === "end";
  return new FileSource({ name: path, cluster, path, isOnlyNew, memory, clock, logger });
}

function readFrom(
  text: string,
  options: ReadonlyMap<string, string>,
  byDefault: "start" | "end",
): "start" | "end" {
  const from = options.get("from") ?? byDefault;
  return from === "start" || from === "end"
    ? from
    : refuse(text, `from is start or end, not ${from}`);
}

function splitOptions(text: string): { head: string; options: Map<string, string> } {
  const at = text.indexOf("?");
  if (at < 0) return { head: text, options: new Map() };
  const options = new Map<string, string>();
  for (const [name, value] of new URLSearchParams(text.slice(at + 1))) options.set(name, value);
  return { head: text.slice(0, at), options };
}

function toTarget(
  text: string,
  head: string,
  { options, followsPeers }: { options: ReadonlyMap<string, string>; followsPeers: boolean },
): HubbleTarget {
  checkOptions(text, options, grpcOptions);
  const { address, isTls } = parseServerAddress(head, followsPeers ? agentPort : relayPort);
  const asksTls = tlsOptions.find((name) => options.has(name));
  if (!isTls && asksTls !== undefined) refuse(text, `${asksTls} needs TLS; write grpcs://`);
  if (!isTls) return { address, tls: undefined };
  const file = (name: string) => {
    const value = options.get(name);
    return value === undefined ? undefined : resolve(value);
  };
  const ca = file("ca");
  const user = options.get("user");
  const target: HubbleTarget = {
    address,
    tls: {
      ...plainTls,
      caFiles: ca === undefined ? [] : [ca],
      certFile: file("cert"),
      keyFile: file("key"),
      serverName: options.get("server-name"),
      isVerified: options.get("insecure-skip-verify") !== "true",
    },
    basicAuth: user === undefined ? undefined : { user, password: password(text, options) },
  };
  // Files that cannot be used are told now, not at the first connect.
  channelCredentials(target);
  return target;
}

function password(text: string, options: ReadonlyMap<string, string>): string {
  const file = options.get("password-file");
  if (file === undefined) return refuse(text, "user wants password-file");
  try {
    return readFileSync(file, "utf8").trimEnd();
  } catch (thrown) {
    return refuse(text, errorMessage(thrown));
  }
}

function filePath(text: string, head: string): string {
  if (head.startsWith("file:")) {
    try {
      return fileURLToPath(head);
    } catch (thrown) {
      return refuse(text, errorMessage(thrown));
    }
  }
  if (/^[a-z+]+:\/\//i.test(head)) {
    return refuse(text, "the scheme is none of grpc, grpcs, grpc+peers, grpcs+peers, file");
  }
  if (head === "") return refuse(text, "it names nothing");
  return resolve(head);
}

function checkOptions(
  text: string,
  options: ReadonlyMap<string, string>,
  known: readonly string[],
) {
  for (const name of options.keys()) {
    if (!known.includes(name)) refuse(text, `unknown option ${name}; known: ${known.join(", ")}`);
  }
}

function refuse(text: string, why: string): never {
  throw new ConfigError(`cannot use the flow source ${JSON.stringify(text)}: ${why}`, { path: "" });
}
