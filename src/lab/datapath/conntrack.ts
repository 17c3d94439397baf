/**
 * Connection tracking of one node: entries begin with a connection, outlive it for a while, and are
 * thrown out by a garbage collection, as in Cilium.
 */

import type { ConntrackProtocol } from "../events.ts";
import type { LabContext } from "../lab-context.ts";

/** After a TCP connection closed, and since the last packet of anything else. */
const closedLifetimeMs = 10_000;
const nonTcpLifetimeMs = 60_000;
/** Entries of a node's map, as in Cilium's defaults for a small node. */
export const conntrackCapacity = { TCP: 131_072, "non-TCP": 65_536 } as const;

const mapNames = { TCP: "cilium_ct4_global", "non-TCP": "cilium_ct_any4_global" } as const;

/** One node's table. */
export class Conntrack {
  readonly #context: LabContext;
  readonly #nodeName: string;
  /** Key → when it may go; Infinity while the connection lives. */
  readonly #tables = { TCP: new Map<string, number>(), "non-TCP": new Map<string, number>() };

  constructor(context: LabContext, nodeName: string) {
    this.#context = context;
    this.#nodeName = nodeName;
  }

  get counts(): { readonly tcp: number; readonly nonTcp: number } {
    return { tcp: this.#tables.TCP.size, nonTcp: this.#tables["non-TCP"].size };
  }

  /** A connection began, or a datagram passed. Full tables forget their oldest entry. */
  open(key: string, protocol: ConntrackProtocol): void {
    const table = this.#tables[protocol];
    const isNew = !table.has(key);
    if (isNew && table.size >= conntrackCapacity[protocol]) {
      const oldest = table.keys().next().value;
      if (oldest !== undefined) table.delete(oldest);
    }
    const { clock } = this.#context;
    table.set(
      key,
      protocol === "TCP" ? Number.POSITIVE_INFINITY : clock.nowMs() + nonTcpLifetimeMs,
    );
    if (isNew) this.#publish("created", protocol);
  }

  /** A TCP connection ended; its entry stays for a while. */
  close(key: string): void {
    const table = this.#tables.TCP;
    if (table.has(key)) table.set(key, this.#context.clock.nowMs() + closedLifetimeMs);
  }

  /** Throws out what is past its time. */
  collect(): void {
    const { bus, clock } = this.#context;
    for (const protocol of ["TCP", "non-TCP"] as const) {
      const startMs = clock.monotonicMs();
      const table = this.#tables[protocol];
      const nowMs = clock.nowMs();
      let deletedCount = 0;
      for (const [key, expiresMs] of table) {
        if (expiresMs > nowMs) continue;
        table.delete(key);
        deletedCount++;
        this.#publish("ended", protocol);
      }
      const durationSeconds = (clock.monotonicMs() - startMs) / 1000;
      const head = { timeMs: nowMs, nodeName: this.#nodeName };
      bus.publish({
        kind: "conntrack_gc",
        ...head,
        protocol,
        family: "ipv4",
        aliveCount: table.size,
        deletedCount,
        durationSeconds,
      });
      if (deletedCount > 0) {
        bus.publish({
          kind: "map_op",
          ...head,
          mapName: mapNames[protocol],
          operation: "delete",
          outcome: "success",
          durationSeconds,
        });
      }
    }
  }

  #publish(action: "created" | "ended", protocol: ConntrackProtocol): void {
    const { bus, clock } = this.#context;
    bus.publish({
      kind: "conntrack",
      timeMs: clock.nowMs(),
      nodeName: this.#nodeName,
      action,
      protocol,
      family: "ipv4",
    });
  }
}
