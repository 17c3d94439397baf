/**
 * The agents of a cluster, as peer.Peer/Notify tells of them: all that are there at the beginning of a
 * call, then each that comes, changes or goes.
 */

import type { ChangeNotification } from "../model/generated/messages.ts";

/** An agent. */
export interface PeerNode {
  /** CLUSTER/NODE. */
  readonly name: string;
  /** HOST:PORT of its Observer. */
  readonly address: string;
  /** The name its certificate bears; absent: it serves plain text. */
  readonly tlsServerName?: string | undefined;
}

/** The agents there are. */
export class PeerDirectory {
  readonly #nodes = new Map<string, PeerNode>();
  readonly #listeners = new Set<(change: ChangeNotification) => void>();

  /** Adds an agent or changes it. */
  put(node: PeerNode): void {
    const type = this.#nodes.has(node.name) ? "PEER_UPDATED" : "PEER_ADDED";
    this.#nodes.set(node.name, node);
    this.#tell(notification(node, type));
  }

  /** Takes an agent out. */
  remove(name: string): void {
    const node = this.#nodes.get(name);
    if (node === undefined) return;
    this.#nodes.delete(name);
    this.#tell(notification(node, "PEER_DELETED"));
  }

  /** All agents. */
  list(): PeerNode[] {
    return [...this.#nodes.values()];
  }

  /** What is there, then what changes, until `signal` is aborted. */
  async *changes(signal: AbortSignal): AsyncIterable<ChangeNotification[]> {
    let waiting = this.list().map((node) => notification(node, "PEER_ADDED"));
    let wake: () => void = () => undefined;
    const listener = (change: ChangeNotification) => {
      waiting.push(change);
      wake();
    };
    const stop = () => wake();
    this.#listeners.add(listener);
    signal.addEventListener("abort", stop);
    try {
      while (!signal.aborted) {
        const batch = waiting;
        waiting = [];
        if (batch.length > 0) {
          yield batch;
          continue;
        }
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    } finally {
      this.#listeners.delete(listener);
      signal.removeEventListener("abort", stop);
    }
  }

  #tell(change: ChangeNotification): void {
    for (const listener of this.#listeners) listener(change);
  }
}

function notification(
  { name, address, tlsServerName }: PeerNode,
  type: Exclude<ChangeNotification["type"], undefined>,
): ChangeNotification {
  const tls = tlsServerName === undefined ? {} : { tls: { server_name: tlsServerName } };
  return { name, address, type, ...tls };
}
