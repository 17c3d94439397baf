/**
 * The resolver of a pod, as its /etc/resolv.conf has it under Kubernetes: the cluster's DNS service,
 * three search domains, ndots:5. A and AAAA are asked for each name tried, as C libraries do.
 */

import { isIP } from "node:net";
import { decode, encode } from "dns-packet";
import type { Clock } from "../../base/clock.ts";
import type { Endpoint } from "../cluster/endpoint.ts";
import type { Datapath } from "../datapath/datapath.ts";
import { ConnectError } from "../datapath/syn-schedule.ts";
import { type Random, randomInteger } from "../random.ts";

const ndots = 5;
const recursionDesired = 1 << 8;
/** The C library asks twice. */
const attemptsMax = 2;

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

  /** The IPv4 addresses of a name; empty where it has none. Rejects with ConnectError when no server answers. */
  async resolve(pod: Endpoint, name: string): Promise<readonly string[]> {
    if (isIP(name) === 4) return [name];
    for (const candidate of candidateNames(name, pod.facts.namespace)) {
      const [addresses] = await Promise.all([
        this.#query(pod, candidate, "A"),
        this.#query(pod, candidate, "AAAA"),
      ]);
      if (addresses.length > 0) return addresses;
    }
    return [];
  }

  async #query(pod: Endpoint, name: string, type: "A" | "AAAA"): Promise<readonly string[]> {
    const id = randomInteger(this.#random, 0, 65_535);
    const query = encode({
      type: "query",
      id,
      flags: recursionDesired,
      questions: [{ type, name }],
    });
    for (let attempt = 1; ; attempt++) {
      try {
        const answer = await this.#datapath.exchangeUdp(pod, this.#serverAddress, 53, query);
        return (decode(answer).answers ?? []).flatMap((record) =>
          record.type === "A" ? [record.data] : [],
        );
      } catch (thrown) {
        if (!(thrown instanceof ConnectError) || attempt === attemptsMax) throw thrown;
      }
    }
  }
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
  resolve(pod: Endpoint, name: string): Promise<readonly string[]>;
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

  resolve(pod: Endpoint, name: string): Promise<readonly string[]> {
    const key = `${pod.name} ${name}`;
    const nowMs = this.#clock.monotonicMs();
    const known = this.#cache.get(key);
    if (known !== undefined && known.untilMs > nowMs) return known.answer;
    if (this.#cache.size >= cachedNamesMax) this.#cache.clear();
    const answer = this.#inner.resolve(pod, name);
    this.#cache.set(key, { answer, untilMs: nowMs + this.#lifetimeMs });
    // A failure is not remembered.
    answer.catch(() => this.#cache.delete(key));
    return answer;
  }
}
