/**
 * A Relay: asks the observers of all nodes and sorts what they answer by time, telling first which
 * nodes it could reach. As in Hubble, `number` holds for each node, so that `--last 20` over two nodes
 * gives up to forty.
 */

import { setMaxListeners } from "node:events";
import type { Clock } from "../../base/clock.ts";
import { formatTimestamp } from "../model/flow.ts";
import type {
  GetFlowsRequest,
  GetFlowsResponse,
  Namespace,
  Node,
  NodeStatusEvent,
  ServerStatusResponse,
} from "../model/generated/messages.ts";
import { LiveMerge } from "./live-merge.ts";
import { mergeByTime } from "./merge-by-time.ts";
import type { ObserverBackend } from "./observer-backend.ts";

/** A node behind the Relay. */
export interface RelayPeer {
  /** CLUSTER/NODE. */
  readonly name: string;
  /** HOST:PORT of its Observer. */
  readonly address: string;
  readonly observer: ObserverBackend;
  /** Whether it can be reached now. */
  readonly isAvailable: () => boolean;
}

/** How a Relay is made. */
export interface RelayOptions {
  readonly clock: Clock;
  readonly version: string;
  readonly versionHeader: readonly [name: string, version: string];
  /** Name on the Relay's own events. */
  readonly nodeName: string;
  readonly peers: () => readonly RelayPeer[];
}

/** How often nodes are looked at during a call. */
const peerLookMs = 1000;
/** Names told of nodes that cannot be reached, as in Hubble. */
const unavailableNamesMax = 10;

/** The Relay's answers. */
export class RelayObserver implements ObserverBackend {
  readonly versionHeader: readonly [name: string, version: string];
  readonly #options: RelayOptions;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.versionHeader = options.versionHeader;
  }

  async *flows(
    request: GetFlowsRequest,
    signal: AbortSignal,
  ): AsyncIterable<readonly GetFlowsResponse[]> {
    const peers = this.#options.peers();
    const available = peers.filter((peer) => peer.isAvailable());
    const unavailable = peers.filter((peer) => !peer.isAvailable());
    const told: GetFlowsResponse[] = [];
    if (available.length > 0) told.push(this.#nodeStatus("NODE_CONNECTED", available));
    if (unavailable.length > 0) told.push(this.#nodeStatus("NODE_UNAVAILABLE", unavailable));
    if (told.length > 0) yield told;
    if (request.follow === true) {
      yield* this.#follow(request, available, signal);
      return;
    }
    const streams = available.map(({ observer }) => observer.flows(request, signal));
    yield* mergeByTime(streams, signal);
  }

  /** As above, for ever: nodes that come back or go are told, and those that were not there join. */
  async *#follow(
    request: GetFlowsRequest,
    available: readonly RelayPeer[],
    signal: AbortSignal,
  ): AsyncIterable<readonly GetFlowsResponse[]> {
    // Each node's stream listens to it; Node takes more than ten for a leak.
    setMaxListeners(0, signal);
    const merge = new LiveMerge(this.#options.clock, signal);
    const streamed = new Set<string>();
    const join = (peer: RelayPeer, asked: GetFlowsRequest): void => {
      streamed.add(peer.name);
      merge.add(peer.observer.flows(asked, signal));
    };
    for (const peer of available) join(peer, request);
    let up = new Set(available.map(({ name }) => name));
    const look = (): void => {
      const present = this.#options.peers().filter((peer) => peer.isAvailable());
      const absent = this.#options.peers().filter((peer) => !peer.isAvailable());
      const came = present.filter(({ name }) => !up.has(name));
      const left = absent.filter(({ name }) => up.has(name));
      if (came.length > 0) merge.push(this.#nodeStatus("NODE_CONNECTED", came));
      if (left.length > 0) merge.push(this.#nodeStatus("NODE_UNAVAILABLE", left));
      // What a node kept before this call was not asked of it then, and is not now.
      const { number: _, since: __, ...fromNow } = request;
      for (const peer of came) if (!streamed.has(peer.name)) join(peer, fromNow);
      up = new Set(present.map(({ name }) => name));
    };
    let cancel = this.#options.clock.after(peerLookMs, tick);
    function tick(): void {
      look();
      cancel = clock.after(peerLookMs, tick);
    }
    const { clock } = this.#options;
    try {
      yield* merge.batches();
    } finally {
      cancel();
    }
  }

  nodes(): Node[] {
    return this.#options.peers().map(({ name, address, observer, isAvailable }) => {
      const head: Node = { name, address, tls: { enabled: false } };
      if (!isAvailable()) return { ...head, state: "NODE_UNAVAILABLE" };
      const { version, uptime_ns, num_flows, max_flows, seen_flows } = observer.status();
      return {
        ...head,
        state: "NODE_CONNECTED",
        version,
        uptime_ns,
        num_flows,
        max_flows,
        seen_flows,
      };
    });
  }

  namespaces(): Namespace[] {
    const found = new Map<string, Namespace>();
    for (const { observer, isAvailable } of this.#options.peers()) {
      if (!isAvailable()) continue;
      for (const entry of observer.namespaces()) {
        found.set(`${entry.cluster}/${entry.namespace}`, entry);
      }
    }
    return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry);
  }

  status(): ServerStatusResponse {
    const peers = this.#options.peers();
    const unavailable = peers.filter((peer) => !peer.isAvailable()).map(({ name }) => name);
    const answers = peers
      .filter((peer) => peer.isAvailable())
      .map(({ observer }) => observer.status());
    const sum = (read: (status: ServerStatusResponse) => string | undefined): string =>
      String(answers.reduce((total, status) => total + Number(read(status) ?? 0), 0));
    return {
      num_flows: sum((status) => status.num_flows),
      max_flows: sum((status) => status.max_flows),
      seen_flows: sum((status) => status.seen_flows),
      uptime_ns: String(Math.max(0, ...answers.map(({ uptime_ns }) => Number(uptime_ns ?? 0)))),
      num_connected_nodes: answers.length,
      num_unavailable_nodes: unavailable.length,
      unavailable_nodes: unavailable.slice(0, unavailableNamesMax),
      version: this.#options.version,
      flows_rate: answers.reduce((total, { flows_rate }) => total + (flows_rate ?? 0), 0),
    };
  }

  #nodeStatus(
    state: Exclude<NodeStatusEvent["state_change"], undefined>,
    peers: readonly RelayPeer[],
  ): GetFlowsResponse {
    return {
      node_status: { state_change: state, node_names: peers.map(({ name }) => name) },
      node_name: this.#options.nodeName,
      time: formatTimestamp(this.#options.clock.nowMs()),
    };
  }
}
