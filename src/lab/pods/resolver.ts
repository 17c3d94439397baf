/**
 * The resolver of a pod, as its /etc/resolv.conf has it under Kubernetes: the cluster's DNS service,
 * three search domains, ndots:5. A and AAAA are asked for each name tried, as C libraries do.
 */

import { isIP } from "node:net";
import { decode, encode } from "dns-packet";
import type { Clock } from "../../base/clock.ts";
import type { Random } from "../../base/seeded-random.ts";
import { type AddressFamily, familyOf } from "../address-family.ts";
import type { Endpoint } from "../cluster/endpoint.ts";
import type { Datapath } from "../datapath/datapath.ts";
import { ConnectError } from "../datapath/syn-schedule.ts";
import { randomInteger } from "../random.ts";
import { DnsStreamClient } from "./dns-stream.ts";

const ndots = 5;
const recursionDesired = 1 << 8;
/** The C library asks twice. */
const attemptsMax = 2;
const tcpTimeoutMs = 5000;

/** How to look up. */
export interface LookupOptions {
  /** Only addresses of this family. */
  readonly family?: AddressFamily | undefined;
  /** Ask over TCP. */
  readonly isTcp?: boolean;
}

/** Asks for pods. */
export class PodResolver implements HostResolver {
  readonly #datapath: Datapath;
  readonly #serverAddress: string;
  readonly #random: Random;

  constructor(datapath: Datapath, serverAddress: string, random: Random) {
    this.#datapath = datapath;
    this.#serverAddress = serverAddress;
    this.#random = random;
  }

  async resolve(
    pod: Endpoint,
    name: string,
    { family, isTcp = false }: LookupOptions = {},
  ): Promise<readonly string[]> {
    const literal = literalOf(name);
    if (literal !== undefined)
      return family === undefined || familyOf(literal) === family ? [literal] : [];
    for (const candidate of candidateNames(name, pod.facts.namespace)) {
      const [v4, v6] = await Promise.all([
        this.#query(pod, { name: candidate, type: "A" }, isTcp),
        this.#query(pod, { name: candidate, type: "AAAA" }, isTcp),
      ]);
      // A pod without an IPv6 address has no use for one.
      const usable = pod.facts.address6 === undefined ? [] : v6;
      const addresses = [...(family === "ipv4" ? [] : usable), ...(family === "ipv6" ? [] : v4)];
      if (v4.length + v6.length > 0) return addresses;
    }
    return [];
  }

  async #query(
    pod: Endpoint,
    question: { readonly name: string; readonly type: "A" | "AAAA" },
    isTcp: boolean,
  ): Promise<readonly string[]> {
    const id = randomInteger(this.#random, 0, 65_535);
    const query = encode({ type: "query", id, flags: recursionDesired, questions: [question] });
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = isTcp
          ? await this.#askByTcp(pod, query)
          : await this.#datapath.exchangeUdp(pod, this.#serverAddress, 53, query);
        return (decode(answer).answers ?? []).flatMap((record) =>
          record.type === "A" || record.type === "AAAA" ? [record.data] : [],
        );
      } catch (thrown) {
        if (!(thrown instanceof ConnectError) || attempt === attemptsMax) throw thrown;
      }
    }
  }

  async #askByTcp(pod: Endpoint, query: Buffer): Promise<Buffer> {
    const what = `${this.#serverAddress}:53`;
    const limit = AbortSignal.timeout(tcpTimeoutMs);
    const { stream } = await this.#datapath.connectTcp(pod, this.#serverAddress, 53, limit);
    limit.addEventListener("abort", () => stream.destroy(), { once: true });
    try {
      return await new DnsStreamClient(stream).ask(query);
    } catch {
      // Broken off or too late: for who asks, no server answered.
      throw new ConnectError("ETIMEDOUT", what);
    } finally {
      stream.end();
    }
  }
}

/** An address as it is written in names and URLs; undefined for names. */
function literalOf(name: string): string | undefined {
  const bare = name.startsWith("[") && name.endsWith("]") ? name.slice(1, -1) : name;
  if (isIP(bare) === 4) return bare;
  // One spelling for each address.
  return isIP(bare) === 6 ? new URL(`http://[${bare}]/`).hostname.slice(1, -1) : undefined;
}

/** Names to try, in order: with fewer than five dots the search domains come first. */
export function candidateNames(name: string, namespace: string): string[] {
  if (name.endsWith(".")) return [name.slice(0, -1)];
  const searched = [`${namespace}.svc.cluster.local`, "svc.cluster.local", "cluster.local"].map(
    (domain) => `${name}.${domain}`,
  );
  const dots = name.split(".").length - 1;
  return dots >= ndots ? [name, ...searched] : [...searched, name];
}

/** Looks names up for pods: PodResolver, or one with a memory. */
export interface HostResolver {
  /**
   * The addresses of a name, IPv6 first, as RFC 6724 sorts them; empty where it has none that the pod
   * can use. Rejects with ConnectError when no server answers.
   */
  resolve(pod: Endpoint, name: string, options?: LookupOptions): Promise<readonly string[]>;
}

/** Names that a program remembers. */
const cachedNamesMax = 200;

/**
 * A resolver with the memory of a long-running program: it asks again only after `lifetimeMs`. The
 * laboratory's own traffic uses it; commands of users ask each time, as curl does.
 */
export class CachingResolver implements HostResolver {
  readonly #inner: HostResolver;
  readonly #clock: Clock;
  readonly #lifetimeMs: number;
  readonly #cache = new Map<
    string,
    { readonly answer: Promise<readonly string[]>; readonly untilMs: number }
  >();

  constructor(inner: HostResolver, clock: Clock, lifetimeMs: number) {
    this.#inner = inner;
    this.#clock = clock;
    this.#lifetimeMs = lifetimeMs;
  }

  resolve(pod: Endpoint, name: string, options: LookupOptions = {}): Promise<readonly string[]> {
    const key = `${pod.name} ${name} ${options.family ?? ""}`;
    const nowMs = this.#clock.monotonicMs();
    const known = this.#cache.get(key);
    if (known !== undefined && known.untilMs > nowMs) return known.answer;
    if (this.#cache.size >= cachedNamesMax) this.#cache.clear();
    const answer = this.#inner.resolve(pod, name, options);
    this.#cache.set(key, { answer, untilMs: nowMs + this.#lifetimeMs });
    // A failure is not remembered.
    answer.catch(() => this.#cache.delete(key));
    return answer;
  }
}
