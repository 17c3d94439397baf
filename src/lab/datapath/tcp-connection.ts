/**
 * One TCP connection through the datapath: its handshake, segments and end as packets, which are
 * counted one by one and reported as flows under Cilium's medium aggregation: a packet is reported
 * when it has a flag not yet seen in its direction, or five seconds after the last report.
 */

import type { Clock } from "../../base/clock.ts";
import { familyOf } from "../address-family.ts";
import type { PipeObserver, PipeSide } from "./byte-pipe.ts";
import {
  ipv6ExtraBytes,
  type Packet,
  type PacketEnd,
  synSizeBytes,
  type TcpFlag,
  tcpHeaderBytes,
} from "./packet.ts";

/** Payload of one segment on an overlay of 1450 bytes MTU. */
const segmentBytes = 1398;
const reportIntervalMs = 5000;

/** Takes the packets of a connection; `isReported` = becomes a flow. */
export type PacketSink = (
  packet: Packet,
  about: { isReply: boolean; isNew: boolean; isReported: boolean },
) => void;

/** Linux' first retransmission, the longest wait, and how often it tries before the connection is given up. */
const retransmitMs = { first: 200, max: 120_000, attemptsMax: 15 } as const;

interface DirectionState {
  readonly seen: Set<TcpFlag>;
  reportedMs: number;
}

/** What became of an established connection's way: open, or each packet of the client is lost. */
export interface ConnectionGate {
  /** Whether a packet of the client is lost now; reports the drop where there is one to report. */
  isLost(packet: Packet): boolean;
}

/** Turns what happens to the streams into packets. */
export class TcpConnection implements PipeObserver {
  readonly client: PacketEnd;
  readonly server: PacketEnd;
  readonly #clock: Clock;
  readonly #sink: PacketSink;
  readonly #onClosed: () => void;
  readonly #gate: ConnectionGate | undefined;
  /** Ends the streams; the datapath sets it. */
  breakOff: () => void = () => {};
  #attempts = 0;
  readonly #states: readonly [DirectionState, DirectionState];
  readonly #extraBytes: number;
  #isReset = false;
  #isClosed = false;

  constructor(
    ends: { readonly client: PacketEnd; readonly server: PacketEnd },
    clock: Clock,
    sink: PacketSink,
    end: { readonly onClosed: () => void; readonly gate?: ConnectionGate },
  ) {
    this.client = ends.client;
    this.server = ends.server;
    this.#clock = clock;
    this.#sink = sink;
    this.#onClosed = end.onClosed;
    this.#gate = end.gate;
    const fresh = (): DirectionState => ({ seen: new Set(), reportedMs: Number.NEGATIVE_INFINITY });
    this.#states = [fresh(), fresh()];
    this.#extraBytes = familyOf(ends.client.address) === "ipv6" ? ipv6ExtraBytes : 0;
  }

  /** The first packet, which policy has let through. */
  sendSyn(): void {
    this.#send(0, ["SYN"], synSizeBytes, true);
  }

  /** The rest of the handshake. */
  accept(): void {
    this.#send(1, ["SYN", "ACK"], synSizeBytes);
    this.#send(0, ["ACK"], tcpHeaderBytes);
  }

  /** Nobody listens there. */
  refuse(): void {
    this.#send(1, ["ACK", "RST"], 40);
    this.onClosed();
  }

  onData(side: PipeSide, sizeBytes: number): void {
    for (let rest = sizeBytes; rest > 0; rest -= segmentBytes) {
      const isLast = rest <= segmentBytes;
      this.#send(
        side,
        isLast ? ["ACK", "PSH"] : ["ACK"],
        tcpHeaderBytes + Math.min(rest, segmentBytes),
      );
    }
    this.#send(side === 0 ? 1 : 0, ["ACK"], tcpHeaderBytes);
  }

  /** Policy is asked for the client's packets only: replies belong to the connection. */
  holdBack(side: PipeSide, sizeBytes: number, retry: () => void): boolean {
    if (side !== 0 || this.#gate === undefined) return false;
    const packet: Packet = {
      from: this.client,
      to: this.server,
      protocol: "TCP",
      flags: ["ACK", "PSH"],
      sizeBytes: tcpHeaderBytes + Math.min(sizeBytes, segmentBytes),
    };
    if (!this.#gate.isLost(packet)) {
      this.#attempts = 0;
      return false;
    }
    if (this.#attempts >= retransmitMs.attemptsMax) {
      this.breakOff();
      return true;
    }
    const waitMs = Math.min(retransmitMs.max, retransmitMs.first * 2 ** this.#attempts);
    this.#attempts++;
    this.#clock.after(waitMs, () => {
      if (!this.#isClosed && !this.#isReset) retry();
    });
    return true;
  }

  onEnd(side: PipeSide): void {
    if (!this.#isReset) this.#send(side, ["ACK", "FIN"], tcpHeaderBytes);
  }

  onReset(side: PipeSide): void {
    if (this.#isReset) return;
    this.#isReset = true;
    this.#send(side, ["RST"], 40);
  }

  onClosed(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#onClosed();
  }

  #send(side: PipeSide, flags: readonly TcpFlag[], sizeBytes: number, isNew = false): void {
    const isReply = side === 1;
    const [from, to] = isReply ? [this.server, this.client] : [this.client, this.server];
    const state = this.#states[side];
    const nowMs = this.#clock.monotonicMs();
    let isReported = nowMs - state.reportedMs >= reportIntervalMs;
    for (const flag of flags) {
      if (state.seen.has(flag)) continue;
      state.seen.add(flag);
      isReported = true;
    }
    if (isReported) state.reportedMs = nowMs;
    const wholeBytes = sizeBytes + this.#extraBytes;
    this.#sink(
      { from, to, protocol: "TCP", flags, sizeBytes: wholeBytes },
      { isReply, isNew, isReported },
    );
  }
}
