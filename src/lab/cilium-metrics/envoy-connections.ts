/** How events of the proxy's connections become counts, whichever side they are of. This runs for each event of each request. */

import type { Counter } from "../../metrics/families.ts";
import type { ProxyConnectionChange, ProxyConnectionEvent } from "../events.ts";

/** Takes an event of a proxy's connection. */
export type TakeConnection = (event: ProxyConnectionEvent) => void;

/** What one side counts. */
export interface ConnectionCounts {
  /** Bytes that came with the event, and that went. */
  readonly received: Counter;
  readonly sent: Counter;
  /** Changes that are counted, no more. */
  readonly plain: Readonly<Partial<Record<ProxyConnectionChange, Counter>>>;
  /** What else a change means. */
  readonly takes: Readonly<Partial<Record<ProxyConnectionChange, TakeConnection>>>;
}

/** One function for all events of a side. */
export function countConnections(counts: ConnectionCounts): TakeConnection {
  const { received, sent, plain, takes } = counts;
  return (event) => {
    received.inc(event.receivedBytes);
    sent.inc(event.sentBytes);
    plain[event.change]?.inc();
    takes[event.change]?.(event);
  };
}
