/** kube-dns: a real DNS server over UDP that knows the cluster's services. Loopback only. */

import { createSocket, type Socket } from "node:dgram";
import { type Answer, decode, encode } from "dns-packet";
import type { SceneService } from "../scenes/scene.ts";

const clusterDomain = "cluster.local";
/** CoreDNS' default for the kubernetes plugin. */
const ttlSeconds = 30;
const authoritative = 1 << 10;
const recursionAvailable = 1 << 7;
const nameError = 3;

/** What a server answers from. */
export interface DnsSource {
  services(): readonly SceneService[];
  /** Names outside the cluster, lower case without the last dot. */
  readonly worldNames: ReadonlyMap<string, string>;
  /** Names below these get no answer: their servers are gone. */
  readonly silentZones: readonly string[];
  /** Whether this one query stays without an answer. */
  isMuted(): boolean;
}

/** Starts a server on a free loopback port. `source` is asked for each query. The caller closes it. */
export function startKubeDns(source: DnsSource): Promise<Socket> {
  const socket = createSocket("udp4");
  socket.on("message", (message, sender) => {
    if (source.isMuted()) return;
    const answer = answerQuery(message, source);
    if (answer !== undefined) socket.send(answer, sender.port, sender.address);
  });
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.bind(0, "127.0.0.1", () => resolve(socket));
  });
}

/** The answer to one message; undefined where it is no query, or where nobody knows one. */
export function answerQuery(
  message: Buffer,
  source: Omit<DnsSource, "isMuted">,
): Buffer | undefined {
  const query = parseQuery(message);
  if (query === undefined) return undefined;
  const { id, question } = query;
  const name = question.name.toLowerCase();
  if (source.silentZones.some((zone) => name === zone || name.endsWith(`.${zone}`)))
    return undefined;
  const address = addressOf(name, source.services()) ?? source.worldNames.get(name);
  const answers: Answer[] =
    address !== undefined && question.type === "A"
      ? [{ type: "A", name: question.name, ttl: ttlSeconds, data: address }]
      : [];
  const code = address === undefined ? nameError : 0;
  return encode({
    type: "response",
    id,
    flags: authoritative | recursionAvailable | code,
    questions: [question],
    answers,
  });
}

function parseQuery(message: Buffer) {
  try {
    const packet = decode(message);
    const question = packet.questions?.[0];
    return packet.type === "query" && question !== undefined
      ? { id: packet.id ?? 0, question }
      : undefined;
  } catch {
    // What is no DNS message gets no answer, as from any server.
    return undefined;
  }
}

function addressOf(name: string, services: readonly SceneService[]): string | undefined {
  return services.find(
    (service) => name === `${service.name}.${service.namespace}.svc.${clusterDomain}`,
  )?.clusterAddress;
}
