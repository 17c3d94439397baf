/**
 * Verdicts of one subject on one kind of peer, by protocol and port. Ports between two boundaries of
 * the rules all get the same verdict, so each interval is decided once and kept. Cost of a question:
 * a binary search in the boundaries, no allocation.
 */

import type { PolicyProtocol, PortMatch } from "../document/policy-document.ts";
import { decide } from "./entry-decision.ts";
import { blockStarts } from "./port-blocks.ts";
import type { DirectionPolicy, PeerEntry, Verdict } from "./verdict.ts";

const protocols: readonly PolicyProtocol[] = [
  "TCP",
  "UDP",
  "SCTP",
  "ICMP",
  "ICMPV6",
  "VRRP",
  "IGMP",
];
const firstWithoutPorts = 3;

/** What the decision depends on beside the entries. */
export interface TableContext {
  readonly isLocalhost: boolean;
  /** Looks a named port up; undefined = it selects nothing. */
  readonly portOf: (name: string, protocol: PolicyProtocol) => number | undefined;
}

interface Intervals {
  /** First port of each interval, ascending, beginning with 0. Plain arrays: a step less to memory. */
  readonly starts: readonly number[];
  readonly verdicts: (Verdict | undefined)[];
}

/** The table. */
export class VerdictTable {
  /** Entries of the subject that select the peer. */
  readonly entries: readonly PeerEntry[];
  readonly #policy: DirectionPolicy;
  readonly #context: TableContext;
  readonly #tcp: Intervals;
  readonly #byProtocol: (Intervals | undefined)[] = [];

  constructor(policy: DirectionPolicy, entries: readonly PeerEntry[], context: TableContext) {
    this.#policy = policy;
    this.entries = entries;
    this.#context = context;
    this.#tcp = this.#cut("TCP");
  }

  /** The verdict; for ICMP `port` is the type. */
  find(protocol: PolicyProtocol, port: number): Verdict {
    // Fast path: nearly everything is TCP.
    const intervals = protocol === "TCP" ? this.#tcp : this.#others(protocol);
    const { starts, verdicts } = intervals;
    let low = 0;
    let high = starts.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((starts[middle] as number) <= port) low = middle;
      else high = middle - 1;
    }
    let verdict = verdicts[low];
    if (verdict === undefined) {
      verdict = decide(this.#policy, this.entries, { port, protocol, ...this.#context });
      verdicts[low] = verdict;
    }
    return verdict;
  }

  #others(protocol: PolicyProtocol): Intervals {
    const slot = slotOf(protocol);
    let intervals = this.#byProtocol[slot];
    if (intervals === undefined) {
      intervals = this.#cut(protocol);
      this.#byProtocol[slot] = intervals;
    }
    return intervals;
  }

  #cut(protocol: PolicyProtocol): Intervals {
    const starts = new Set([0]);
    for (const { entry } of this.entries) {
      for (const rule of entry.ports ?? []) {
        for (const port of rule.ports) this.#addBounds(port, protocol, starts);
      }
    }
    const sorted = [...starts].sort((a, b) => a - b);
    return { starts: sorted, verdicts: new Array(sorted.length).fill(undefined) };
  }

  #addBounds(port: PortMatch, protocol: PolicyProtocol, starts: Set<number>): void {
    const isMeant =
      port.protocol === "ANY" ? slotOf(protocol) < firstWithoutPorts : port.protocol === protocol;
    if (!isMeant) return;
    if (port.name === undefined) {
      // Blocks of a range may lose against another's, each on its own.
      for (const start of blockStarts(port.first, port.last)) starts.add(start);
      starts.add(port.last + 1);
      return;
    }
    const number = this.#context.portOf(port.name, protocol);
    if (number !== undefined) starts.add(number).add(number + 1);
  }
}

function slotOf(protocol: PolicyProtocol): number {
  return protocols.indexOf(protocol);
}
