/**
 * kube-dns: a real DNS server over UDP and TCP that knows the cluster's services and the world's
 * names. A name without an address of the family that is asked for has an empty answer (NODATA); it and
 * a name that is not there (NXDOMAIN) come with the zone's SOA, as CoreDNS sends them. Loopback only.
 */

import { createSocket, type Socket } from "node:dgram";
import { createServer, type Server } from "node:net";
import { type Answer, decode, encode } from "dns-packet";
import { addressesOf, type DualAddress, familyOf } from "../address-family.ts";
import type { SceneService } from "../scenes/scene.ts";
import { frameDnsMessage, readDnsMessages } from "./dns-stream.ts";

const clusterDomain = "cluster.local";
/** CoreDNS' default for the kubernetes plugin. */
const ttlSeconds = 30;
const authoritative = 1 << 10;
const recursionAvailable = 1 << 7;
const nameError = 3;

/** "silence", or the response code of an answer without content (2 = SERVFAIL). */
export type DnsFailure = "silence" | number;

/** What a server answers from. */
export interface DnsSource {
  services(): readonly SceneService[];
  /** Names outside the cluster, lower case without the last dot. */
  readonly worldNames: ReadonlyMap<string, DualAddress>;
  /** Names below these get no answer: their servers are gone. */
  readonly silentZones: readonly string[];
  /** What this one query meets instead of its answer: silence or a response code; undefined = nothing. */
  failure(): DnsFailure | undefined;
}

/** A server's two sockets, on free loopback ports. */
export interface KubeDns {
  readonly udp: Socket;
  readonly tcp: Server;
}

/** Starts a server. `source` is asked for each query. The caller closes both sockets. */
export async function startKubeDns(source: DnsSource): Promise<KubeDns> {
  const udp = createSocket("udp4");
  udp.on("message", (message, sender) => {
    const answer = answerQuery(message, source);
    if (answer !== undefined) udp.send(answer, sender.port, sender.address);
  });
  const tcp = createServer((socket) => {
    // A client that breaks off is no trouble of the server.
    socket.on("error", () => socket.destroy());
    readDnsMessages(socket, (message) => {
      const answer = answerQuery(message, source);
      if (answer !== undefined) socket.write(frameDnsMessage(answer));
    });
  });
  await Promise.all([
    new Promise<void>((resolve, reject) => {
      udp.once("error", reject);
      udp.bind(0, "127.0.0.1", () => resolve());
    }),
    new Promise<void>((resolve, reject) => {
      tcp.once("error", reject);
      tcp.listen(0, "127.0.0.1", resolve);
    }),
  ]);
  return { udp, tcp };
}

/** The answer to one message; undefined where it is no query, or where nobody knows one. */
export function answerQuery(message: Buffer, source: DnsSource): Buffer | undefined {
  const query = parseQuery(message);
  if (query === undefined) return undefined;
  const { id, question } = query;
  const failure = source.failure();
  if (failure === "silence") return undefined;
  if (failure !== undefined)
    return encode({ type: "response", id, flags: failure, questions: [question] });
  const name = question.name.toLowerCase();
  if (source.silentZones.some((zone) => name === zone || name.endsWith(`.${zone}`)))
    return undefined;
  const known = addressOf(name, source.services()) ?? source.worldNames.get(name);
  const answers = known === undefined ? [] : answersOf(question, known);
  return encode({
    type: "response",
    id,
    flags: authoritative | recursionAvailable | (known === undefined ? nameError : 0),
    questions: [question],
    answers,
    ...(answers.length === 0 ? { authorities: [zoneOf(name)] } : {}),
  });
}

function answersOf(
  { name, type }: { readonly name: string; readonly type: string },
  known: DualAddress,
): Answer[] {
  const wanted = type === "A" ? "ipv4" : type === "AAAA" ? "ipv6" : undefined;
  return addressesOf(known)
    .filter((address) => familyOf(address) === wanted)
    .map((data) => ({ type: wanted === "ipv4" ? "A" : "AAAA", name, ttl: ttlSeconds, data }));
}

/** The start of authority that says how long the absence may be remembered. */
function zoneOf(name: string): Answer {
  const isOwn = name === clusterDomain || name.endsWith(`.${clusterDomain}`);
  const zone = isOwn ? clusterDomain : name.split(".").slice(1).join(".") || ".";
  const data = {
    mname: `ns.dns.${clusterDomain}`,
    rname: `hostmaster.${clusterDomain}`,
    serial: 1,
    refresh: 7200,
    retry: 1800,
    expire: 86_400,
    minimum: ttlSeconds,
  };
  return { type: "SOA", name: zone, ttl: ttlSeconds, data };
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

function addressOf(name: string, services: readonly SceneService[]): DualAddress | undefined {
  const found = services.find(
    (service) => name === `${service.name}.${service.namespace}.svc.${clusterDomain}`,
  );
  return found === undefined
    ? undefined
    : { address: found.clusterAddress, address6: found.clusterAddress6 };
}
