/** What the datapath wants of the L7 proxies; proxy/ implements it. */

import type { Duplex } from "node:stream";
import type { Verdict } from "../../policy/engine/verdict.ts";
import type { Endpoint } from "../cluster/endpoint.ts";
import type { PacketDirection } from "../events.ts";
import type { PacketEnd } from "./packet.ts";

/** A connection that was redirected. */
export interface ProxyJob {
  readonly nodeName: string;
  readonly direction: PacketDirection;
  readonly client: PacketEnd;
  readonly server: PacketEnd;
  /** The policy's answer now: it may change during a connection. */
  decide(): Verdict;
}

/** A redirected connection, and how to reach the server that the client meant. */
export type StreamJob = ProxyJob & { openUpstream(): Promise<Duplex> };

/** Terminates HTTP connections. */
export interface HttpProxy {
  accept(stream: Duplex, job: StreamJob): void;
}

/** Answers DNS queries, by asking the server that the client meant. */
export interface DnsProxy {
  /** Names whose answers led the pod to the address. */
  namesOf(client: Endpoint, address: string): readonly string[];
  handle(
    query: Buffer,
    job: ProxyJob & { exchange(query: Buffer): Promise<Buffer> },
  ): Promise<Buffer>;
  /** The same over a connection. */
  accept(stream: Duplex, job: StreamJob): void;
}
