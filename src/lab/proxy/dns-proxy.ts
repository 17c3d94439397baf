/**
 * The DNS proxy of the agents: checks each queried name against the policy, refuses or asks the
 * server that the client meant, and remembers which names led to which addresses.
 */

import type { Duplex } from "node:stream";
import { type Answer, type Packet as DnsPacket, decode, encode } from "dns-packet";
import { errorMessage } from "../../base/errors.ts";
import type { DnsRule } from "../../policy/document/policy-document.ts";
import { compileDnsRules } from "../../policy/engine/l7-match.ts";
import { normalizeName } from "../../policy/selector/fqdn-pattern.ts";
import type { Endpoint } from "../cluster/endpoint.ts";
import type { DnsProxy, StreamJob } from "../datapath/proxies.ts";
import type { FlowEmitter } from "../flows/flow-emitter.ts";
import type { LabContext } from "../lab-context.ts";
import type { FqdnCounts } from "../lab-state.ts";
import { DnsStreamClient, frameDnsMessage, readDnsMessages } from "../pods/dns-stream.ts";

type Job = Parameters<DnsProxy["handle"]>[1] & { readonly transport?: "TCP" };

/** Names an endpoint may have in its cache (Cilium: tofqdns-endpoint-max-ip-per-hostname and friends). */
const namesPerEndpointMax = 1000;
/** Cilium keeps names at least this long, whatever their TTL. */
const nameLifetimeMinMs = 60_000;

/** Response codes as DNS numbers them. */
const rcodeNumbers: Readonly<Record<string, number>> = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
};

/** What the flags field carries for REFUSED. */
const refusedFlags = 5;

interface CachedName {
  readonly addresses: readonly string[];
  readonly expiresMs: number;
}

/** The proxy of all nodes. */
export class AgentDnsProxy implements DnsProxy {
  readonly #context: LabContext;
  readonly #emitter: FlowEmitter;
  readonly #port: number;
  readonly #rules = new WeakMap<readonly DnsRule[], (name: string) => boolean>();
  /** "node/endpoint id" → name → addresses. */
  readonly #caches = new Map<string, Map<string, CachedName>>();

  constructor(context: LabContext, emitter: FlowEmitter, port: number) {
    this.#context = context;
    this.#emitter = emitter;
    this.#port = port;
  }

  async handle(query: Buffer, job: Job): Promise<Buffer> {
    const { clock } = this.#context;
    const startMs = clock.monotonicMs();
    const parsed = decodePacket(query);
    const question = parsed?.questions?.[0];
    if (parsed === undefined || question === undefined) {
      this.#publish(job, "request", "parse_error");
      return job.exchange(query);
    }
    const name = `${question.name}.`;
    const isAllowed = this.#isAllowed(job, question.name);
    const checkedMs = clock.monotonicMs();
    const base = { query: name, observation_source: "proxy", qtypes: [String(question.type)] };
    this.#log(job, { verdict: isAllowed ? "forwarded" : "denied", dns: base, isReply: false });
    let answer: Buffer;
    try {
      answer = isAllowed ? await job.exchange(query) : refuse(parsed);
    } catch (thrown) {
      this.#noteTimeout(job, checkedMs - startMs, clock.monotonicMs() - startMs);
      throw thrown;
    }
    const answeredMs = clock.monotonicMs();
    this.#logAnswer(job, { answer, base, latencyMs: answeredMs - startMs });
    const doneMs = clock.monotonicMs();
    this.#publishReply(job, isAllowed ? "" : "denied", {
      policyCheckTime: checkedMs - startMs,
      upstreamTime: answeredMs - checkedMs,
      processingTime: doneMs - answeredMs,
      totalTime: doneMs - startMs,
    });
    return answer;
  }

  accept(stream: Duplex, job: StreamJob): void {
    let upstream: Promise<DnsStreamClient> | undefined;
    let server: Duplex | undefined;
    const open = async (): Promise<DnsStreamClient> => {
      server = await job.openUpstream();
      return new DnsStreamClient(server);
    };
    const exchange = async (query: Buffer): Promise<Buffer> => {
      upstream ??= open();
      return (await upstream).ask(query);
    };
    readDnsMessages(stream, (query) => {
      this.handle(query, { ...job, transport: "TCP", exchange }).then(
        (answer) => {
          if (stream.writable) stream.write(frameDnsMessage(answer));
        },
        // No server, or one that broke off: the client's connection ends as it would without a proxy.
        () => stream.destroy(),
      );
    });
    stream.on("error", () => server?.destroy());
    stream.on("end", () => {
      server?.end();
      stream.end();
    });
    stream.on("close", () => server?.destroy());
  }

  namesOf({ facts }: Endpoint, address: string): readonly string[] {
    const cache = this.#caches.get(`${facts.nodeName}/${facts.id}`);
    if (cache === undefined) return [];
    const names: string[] = [];
    for (const [name, { addresses }] of cache)
      if (addresses.includes(address)) names.push(normalizeName(name));
    return names;
  }

  /** An endpoint left; its names go with it. */
  forget({ facts }: Endpoint): void {
    this.#caches.delete(`${facts.nodeName}/${facts.id}`);
  }

  /** Names and addresses that each endpoint of a node knows. */
  counts(nodeName: string): FqdnCounts[] {
    const counts: FqdnCounts[] = [];
    for (const [key, cache] of this.#caches) {
      const [node, id] = key.split("/");
      if (node !== nodeName) continue;
      const addresses = new Set([...cache.values()].flatMap((entry) => entry.addresses));
      counts.push({
        endpointId: Number(id),
        activeNames: cache.size,
        activeIps: addresses.size,
        aliveZombies: 0,
      });
    }
    return counts;
  }

  /** The agent's dns-garbage-collector-job: throws out names past their time. */
  collect(nodeName: string): void {
    const nowMs = this.#context.clock.nowMs();
    for (const [key, cache] of this.#caches) {
      if (!key.startsWith(`${nodeName}/`)) continue;
      let deletedCount = 0;
      for (const [name, { expiresMs }] of cache) {
        if (expiresMs > nowMs) continue;
        cache.delete(name);
        deletedCount++;
      }
      if (deletedCount > 0) this.#publishCache(key, cache, deletedCount);
    }
  }

  /** The server did not answer: the agent counts the time and logs it; the client hears nothing either. */
  #noteTimeout(job: Job, checkMs: number, totalMs: number): void {
    this.#publishReply(job, "timeout", {
      policyCheckTime: checkMs,
      upstreamTime: totalMs - checkMs,
      totalTime: totalMs,
    });
    this.#context.bus.publish({
      kind: "log",
      timeMs: this.#context.clock.nowMs(),
      nodeName: job.nodeName,
      receiver: "agent",
      level: "warning",
      subsystem: "fqdn/dnsproxy",
      message: "Timeout waiting for response to forwarded proxied DNS lookup",
    });
  }

  #publishReply(job: Job, error: string, scopesMs: Readonly<Record<string, number>>): void {
    const { bus, clock } = this.#context;
    const seconds = Object.entries(scopesMs).map(([scope, ms]) => [scope, ms / 1000] as const);
    bus.publish({
      kind: "proxy_reply",
      timeMs: clock.nowMs(),
      nodeName: job.nodeName,
      protocol: "dns",
      error,
      scopes: Object.fromEntries(seconds),
    });
  }

  #isAllowed(job: Job, name: string): boolean {
    const { decision, l7 } = job.decide();
    if (decision === "denied") return false;
    if (l7?.parser !== "dns" || l7.allowAll) return true;
    let test = this.#rules.get(l7.dns);
    if (test === undefined) {
      test = compileDnsRules(l7.dns);
      this.#rules.set(l7.dns, test);
    }
    return test(name);
  }

  #logAnswer(
    job: Job,
    {
      answer,
      base,
      latencyMs,
    }: {
      answer: Buffer;
      base: { query: string; qtypes: string[]; observation_source: string };
      latencyMs: number;
    },
  ): void {
    const reply = decodePacket(answer);
    if (reply === undefined) {
      this.#publish(job, "response", "parse_error");
      return;
    }
    const answers = reply.answers ?? [];
    const addresses = answers.flatMap(addressOf);
    const rcode = rcodeOf(reply);
    const ttl = Math.min(...answers.map(ttlOf));
    const dns = {
      ...base,
      ...(addresses.length === 0 ? {} : { ips: addresses }),
      ...(answers.length === 0 ? {} : { ttl, rrtypes: answers.map(({ type }) => type) }),
      ...(rcode === 0 ? {} : { rcode }),
    };
    this.#log(job, { verdict: "forwarded", dns, isReply: true, latencyMs });
    if (addresses.length > 0) this.#remember(job, base.query, { addresses, ttl });
  }

  #remember(job: Job, name: string, found: { addresses: readonly string[]; ttl: number }): void {
    const { endpoint } = job.client;
    if (endpoint === undefined) return;
    const key = `${job.nodeName}/${endpoint.facts.id}`;
    const cache = this.#caches.get(key) ?? new Map<string, CachedName>();
    this.#caches.set(key, cache);
    const isNew = !cache.has(name);
    if (isNew && cache.size >= namesPerEndpointMax) {
      const oldest = cache.keys().next().value;
      if (oldest !== undefined) cache.delete(oldest);
    }
    const lifetimeMs = Math.max(nameLifetimeMinMs, found.ttl * 1000);
    cache.set(name, {
      addresses: found.addresses,
      expiresMs: this.#context.clock.nowMs() + lifetimeMs,
    });
    if (isNew) this.#publishCache(key, cache, 0);
  }

  #publishCache(key: string, cache: ReadonlyMap<string, CachedName>, deletedCount: number): void {
    const [nodeName = "", id] = key.split("/");
    const addresses = new Set([...cache.values()].flatMap((entry) => entry.addresses));
    this.#context.bus.publish({
      kind: "fqdn_cache",
      timeMs: this.#context.clock.nowMs(),
      nodeName,
      endpointId: Number(id),
      activeNames: cache.size,
      activeIps: addresses.size,
      deletedCount,
    });
  }

  #log(
    job: Job,
    message: {
      verdict: "forwarded" | "denied";
      dns: { query: string; qtypes: string[]; rcode?: number; ips?: string[]; ttl?: number };
      isReply: boolean;
      latencyMs?: number;
    },
  ): void {
    const { verdict, dns, isReply, latencyMs } = message;
    this.#publish(job, isReply ? "response" : "request", verdict);
    const [from, to] = isReply ? [job.server, job.client] : [job.client, job.server];
    this.#emitter.l7({
      nodeName: job.nodeName,
      from,
      to,
      transport: job.transport ?? "UDP",
      direction: job.direction,
      verdict: verdict === "denied" ? "DROPPED" : "FORWARDED",
      isReply,
      latencyNs: latencyMs === undefined ? undefined : latencyMs * 1e6,
      dns,
      summary: isReply ? answerSummary(dns) : `DNS Query ${dns.query} ${dns.qtypes.join(",")}`,
      proxyPort: this.#port,
    });
  }

  #publish(
    job: Job,
    message: "request" | "response",
    verdict: "forwarded" | "denied" | "parse_error",
  ): void {
    const { bus, clock } = this.#context;
    const { nodeName, direction } = job;
    bus.publish({
      kind: "l7",
      timeMs: clock.nowMs(),
      nodeName,
      proxyType: "fqdn",
      message,
      verdict,
      direction,
      protocol: "dns",
    });
  }
}

function answerSummary(dns: {
  query: string;
  qtypes: string[];
  rcode?: number;
  ips?: string[];
  ttl?: number;
}): string {
  const asked = `(Proxy ${dns.query} ${dns.qtypes.join(",")})`;
  if (dns.rcode !== undefined)
    return `DNS Answer RCode: ${rcodeTexts[dns.rcode] ?? dns.rcode} TTL: 4294967295 ${asked}`;
  const found = dns.ips === undefined ? "" : ` "${dns.ips.join(",")}"`;
  return `DNS Answer${found} TTL: ${dns.ttl ?? 4_294_967_295} ${asked}`;
}

/** As Hubble prints them. */
const rcodeTexts: Readonly<Record<number, string>> = {
  1: "Format Error",
  2: "Server Failure",
  3: "Non-Existent Domain",
  4: "Not Implemented",
  5: "Query Refused",
};

function decodePacket(bytes: Buffer): DnsPacket | undefined {
  try {
    return decode(bytes);
  } catch (thrown) {
    // A malformed message is counted by the caller; the reason says nothing to anyone.
    errorMessage(thrown);
    return undefined;
  }
}

function rcodeOf(packet: DnsPacket): number {
  // dns-packet adds the decoded code, which its types do not name.
  const { rcode } = packet as DnsPacket & { rcode?: string };
  return rcodeNumbers[rcode ?? "NOERROR"] ?? 0;
}

function refuse(query: DnsPacket): Buffer {
  const { id, questions } = query;
  return encode({
    type: "response",
    ...(id === undefined ? {} : { id }),
    flags: refusedFlags,
    ...(questions === undefined ? {} : { questions }),
  });
}

function addressOf(answer: Answer): string[] {
  return answer.type === "A" || answer.type === "AAAA" ? [answer.data] : [];
}

function ttlOf(answer: Answer): number {
  return "ttl" in answer && typeof answer.ttl === "number" ? answer.ttl : 0;
}
