/**
 * Flows by gRPC: from one server (a Relay, or an agent), or from every agent of a cluster, which the
 * peer service of one of them tells of and which come and go.
 */

import type { Clock } from "../../base/clock.ts";
import { errorMessage } from "../../base/errors.ts";
import type { Logger } from "../../base/logger.ts";
import { callTrouble } from "../grpc/call-trouble.ts";
import { HubbleClient } from "../grpc/hubble-client.ts";
import type { HubbleTarget } from "../grpc/hubble-target.ts";
import type { ChangeNotification } from "../model/generated/messages.ts";
import { MessageDecoder } from "../protobuf/message-decoder.ts";
import type { FlowBatch, FlowSource, FlowSourceStatus } from "./flow-source.ts";
import { runFlowStream, type StreamTimes, sleep } from "./flow-stream.ts";
import { ResumePoint } from "./resume-point.ts";
import { SourceBook } from "./source-book.ts";
import type { SourceMemory } from "./source-memory.ts";

/** How a source is made. */
export interface GrpcSourceOptions {
  /** Shown; without secrets. */
  readonly name: string;
  readonly cluster: string;
  readonly target: HubbleTarget;
  /** Asks the server for all agents of its cluster and follows each. */
  readonly followsPeers: boolean;
  /** Begins with what the servers still have in their rings. */
  readonly takesPast: boolean;
  /** Where sources stood before a restart. */
  readonly memory?: SourceMemory | undefined;
  readonly clock: Clock;
  readonly random: () => number;
  readonly logger: Logger;
  readonly times?: Partial<StreamTimes>;
}

type Take = (batch: FlowBatch) => void | Promise<void>;

/** Agents followed at a time; beyond them a Relay is the way. */
const agentsMax = 500;

/** A Relay, an agent, or all agents. */
export class GrpcSource implements FlowSource {
  readonly name: string;
  readonly ended: Promise<void>;
  readonly #options: GrpcSourceOptions;
  readonly #book: SourceBook;
  readonly #closing = new AbortController();
  readonly #agents = new Map<string, Agent>();
  #work: Promise<void> = Promise.resolve();

  constructor(options: GrpcSourceOptions) {
    this.name = options.name;
    this.#options = options;
    const kind = options.followsPeers ? "agents" : "relay";
    const head = { name: options.name, kind, cluster: options.cluster } as const;
    this.#book = new SourceBook(head, options.clock, options.logger);
    // A server may always come back.
    this.ended = new Promise(() => undefined);
  }

  start(take: Take): void {
    this.#work = this.#options.followsPeers
      ? this.#followPeers(take)
      : this.#follow(this.#options.target, this.#book, take, this.#closing.signal);
  }

  status(): FlowSourceStatus {
    const own = this.#book.status();
    if (!this.#options.followsPeers) return own;
    const agents = [...this.#agents.values()].map(({ book }) => book.status());
    const sum = (read: (status: FlowSourceStatus) => number): number =>
      agents.reduce((total, status) => total + read(status), read(own));
    return {
      ...own,
      seenFlows: sum((status) => status.seenFlows),
      duplicateFlows: sum((status) => status.duplicateFlows),
      badRecords: sum((status) => status.badRecords),
      unknownFields: sum((status) => status.unknownFields),
      reconnects: sum((status) => status.reconnects),
      lastFlowTime: agents.reduce((last, { lastFlowTime: t }) => (t > last ? t : last), ""),
      nodes: [...this.#agents].flatMap(([name, { book }]) => agentNodes(name, book.status())),
      gaps: agents.flatMap(({ gaps }) => gaps),
    };
  }

  async close(): Promise<void> {
    this.#closing.abort();
    for (const { stop } of this.#agents.values()) stop.abort();
    await Promise.all([this.#work, ...[...this.#agents.values()].map(({ work }) => work)]);
    this.#book.state = "ended";
  }

  #follow(target: HubbleTarget, book: SourceBook, take: Take, signal: AbortSignal): Promise<void> {
    const { clock, random, cluster, takesPast, memory, times } = this.#options;
    const point = memory?.point(book.name) ?? new ResumePoint();
    return runFlowStream(
      {
        target,
        clock,
        random,
        book,
        takesPast,
        point,
        take: (flows) => take({ source: this.name, cluster, flows }),
        ...(times === undefined ? {} : { times }),
      },
      signal,
    );
  }

  async #followPeers(take: Take): Promise<void> {
    const { clock, random, times, target } = this.#options;
    const { signal } = this.#closing;
    let waitMs = times?.firstBackOffMs ?? 500;
    while (!signal.aborted) {
      let client: HubbleClient | undefined;
      try {
        client = new HubbleClient(target, clock);
        for await (const batch of client.notifyPeers(signal)) {
          this.#book.connected();
          waitMs = times?.firstBackOffMs ?? 500;
          for (const bytes of batch) this.#change(bytes, take);
        }
        if (!signal.aborted) this.#book.trouble("the peer service ended the stream", "");
      } catch (thrown) {
        const { cause, mend } = callTrouble(thrown);
        if (!signal.aborted) this.#book.trouble(cause, mend);
      } finally {
        client?.close();
      }
      await sleep(clock, waitMs * (0.8 + 0.4 * random()), signal);
      waitMs = Math.min(waitMs * 2, 30_000);
    }
  }

  #change(bytes: Buffer, take: Take): void {
    let change: ChangeNotification;
    try {
      change = new MessageDecoder().decode("peer.ChangeNotification", bytes);
    } catch (thrown) {
      this.#book.bad(errorMessage(thrown));
      return;
    }
    const { name = "", address = "" } = change;
    const known = this.#agents.get(name);
    const serverName = change.tls?.server_name;
    if (change.type !== "PEER_DELETED" && known?.address === address) return;
    known?.stop.abort();
    this.#agents.delete(name);
    if (change.type === "PEER_DELETED" || address === "") return;
    if (this.#agents.size >= agentsMax) {
      this.#book.trouble(`the cluster has more than ${agentsMax} agents`, "use its Relay instead");
      return;
    }
    const { clock, logger, cluster, target } = this.#options;
    const book = new SourceBook(
      { name: `${this.name} ${name}`, kind: "agents", cluster },
      clock,
      logger,
    );
    const stop = new AbortController();
    const tls =
      target.tls === undefined
        ? undefined
        : { ...target.tls, serverName: serverName ?? target.tls.serverName };
    const work = this.#follow(
      { ...target, address: withPort(address), tls },
      book,
      take,
      stop.signal,
    );
    this.#agents.set(name, { address, book, stop, work });
  }
}

interface Agent {
  readonly address: string;
  readonly book: SourceBook;
  readonly stop: AbortController;
  readonly work: Promise<void>;
}

/** The nodes that an agent told of: itself, with our own view of the connection. */
function agentNodes(name: string, status: FlowSourceStatus): FlowSourceStatus["nodes"] {
  const state = status.state === "connected" ? "connected" : "unavailable";
  const message = status.trouble?.cause ?? "";
  if (status.nodes.length === 0) return [{ node: name, seen: 0, lost: {}, state, message }];
  return status.nodes.map((node) => ({ ...node, state, message }));
}

/** Agents may tell an address without a port: then it is Hubble's. */
function withPort(address: string): string {
  return /:\d+$/.test(address) && !/^[0-9a-f:]+$/i.test(address) ? address : `${address}:4244`;
}
