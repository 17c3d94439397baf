/**
 * Connection tracking of one node: entries begin with a connection, outlive it for a while, and are
 * thrown out by a garbage collection, as in Cilium.
 */

import { type AddressFamily, addressFamilies } from "../address-family.ts";
import type { ConntrackProtocol } from "../events.ts";
import type { LabContext } from "../lab-context.ts";

/** After a TCP connection closed, and since the last packet of anything else. */
const closedLifetimeMs = 10_000;
const nonTcpLifetimeMs = 60_000;
/** Entries of a node's map, as in Cilium's defaults for a small node. */
export const conntrackCapacity = { TCP: 131_072, "non-TCP": 65_536 } as const;

/** Names of the tables' maps. */
export const conntrackMaps = {
  ipv4: { TCP: "cilium_ct4_global", "non-TCP": "cilium_ct_any4_global" },
  ipv6: { TCP: "cilium_ct6_global", "non-TCP": "cilium_ct_any6_global" },
} as const;
const protocols = ["TCP", "non-TCP"] as const;

/** Key → when it may go; Infinity while the connection lives. */
type Tables = Readonly<Record<ConntrackProtocol, Map<string, number>>>;

/** A connection as a table knows it. */
export interface ConntrackKey {
  readonly family: AddressFamily;
  readonly protocol: ConntrackProtocol;
  readonly text: string;
}

/** One node's tables: two a family. */
export class Conntrack {
  readonly #context: LabContext;
  readonly #nodeName: string;
  readonly #tables: Readonly<Record<AddressFamily, Tables>> = {
    ipv4: { TCP: new Map(), "non-TCP": new Map() },
    ipv6: { TCP: new Map(), "non-TCP": new Map() },
  };
  readonly #families: readonly AddressFamily[];

  constructor(context: LabContext, nodeName: string, hasIpv6: boolean) {
    this.#context = context;
    this.#nodeName = nodeName;
    this.#families = hasIpv6 ? addressFamilies : ["ipv4"];
  }

  /** Entries of one family, or of both. */
  counts(family?: AddressFamily): { readonly tcp: number; readonly nonTcp: number } {
    let tcp = 0;
    let nonTcp = 0;
    for (const one of family === undefined ? addressFamilies : [family]) {
      tcp += this.#tables[one].TCP.size;
      nonTcp += this.#tables[one]["non-TCP"].size;
    }
    return { tcp, nonTcp };
  }

  /** A connection began, or a datagram passed. Full tables forget their oldest entry. */
  open({ family, protocol, text }: ConntrackKey): void {
    const table = this.#tables[family][protocol];
    const isNew = !table.has(text);
    if (isNew && table.size >= conntrackCapacity[protocol]) {
      const oldest = table.keys().next().value;
      if (oldest !== undefined) table.delete(oldest);
    }
    const { clock } = this.#context;
    table.set(
      text,
      protocol === "TCP" ? Number.POSITIVE_INFINITY : clock.nowMs() + nonTcpLifetimeMs,
    );
    if (isNew) this.#publish("created", family, protocol);
  }

  /** A TCP connection ended; its entry stays for a while. */
  close({ family, text }: ConntrackKey): void {
    const table = this.#tables[family].TCP;
    if (table.has(text)) table.set(text, this.#context.clock.nowMs() + closedLifetimeMs);
  }

  /** Throws out what is past its time. */
  collect(): void {
    for (const family of this.#families)
      for (const protocol of protocols) this.#collectTable(family, protocol);
  }

  #collectTable(family: AddressFamily, protocol: ConntrackProtocol): void {
    const { bus, clock } = this.#context;
    const startMs = clock.monotonicMs();
    const table = this.#tables[family][protocol];
    const nowMs = clock.nowMs();
    let deletedCount = 0;
    for (const [key, expiresMs] of table) {
      if (expiresMs > nowMs) continue;
      table.delete(key);
      deletedCount++;
      this.#publish("ended", family, protocol);
    }
    const durationSeconds = (clock.monotonicMs() - startMs) / 1000;
    const head = { timeMs: nowMs, nodeName: this.#nodeName };
    const aliveCount = table.size;
    const run = { protocol, family, aliveCount, deletedCount, durationSeconds };
    bus.publish({ kind: "conntrack_gc", ...head, ...run });
    if (deletedCount === 0) return;
    bus.publish({
      kind: "map_op",
      ...head,
      mapName: conntrackMaps[family][protocol],
      operation: "delete",
      outcome: "success",
      durationSeconds,
    });
  }

  #publish(action: "created" | "ended", family: AddressFamily, protocol: ConntrackProtocol): void {
    const { bus, clock } = this.#context;
    const head = { timeMs: clock.nowMs(), nodeName: this.#nodeName };
    bus.publish({ kind: "conntrack", ...head, action, protocol, family });
  }
}
