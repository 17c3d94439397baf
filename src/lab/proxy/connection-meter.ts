/**
 * What one connection of the HTTP proxy did, told as events: opened, requests and answers with the
 * bytes between them, upgraded, closed. Envoy's metrics follow from these.
 */

import type { ProxyJob } from "../datapath/proxies.ts";
import type { PacketDirection, ProxyConnectionChange } from "../events.ts";
import type { LabContext } from "../lab-context.ts";

/** Changes that say nothing but that they took place. */
type PlainChange = Extract<
  ProxyConnectionChange,
  | "early_answer"
  | "broken_answer"
  | "upgraded"
  | "protocol_error"
  | "reading_paused"
  | "reading_resumed"
  | "backed_up"
  | "drained"
>;

/** Counts one connection and publishes its events. */
export class ConnectionMeter {
  readonly #context: LabContext;
  readonly #nodeName: string;
  readonly #direction: PacketDirection;
  readonly #side: "downstream" | "upstream";
  readonly #peer: string;
  readonly #startMs: number;
  #requestMs = 0;
  #requestCount = 0;
  #received = 0;
  #sent = 0;
  #hasRequest = false;
  #isClosedHere = false;
  #isOver = false;

  /** A downstream connection is open at once; an upstream one is waited for, until `opened`. */
  constructor(
    context: LabContext,
    job: Pick<ProxyJob, "nodeName" | "direction" | "client" | "server">,
    side: "downstream" | "upstream",
  ) {
    const peer = side === "downstream" ? job.client : job.server;
    this.#peer = `${peer.address}:${peer.port}`;
    this.#context = context;
    this.#nodeName = job.nodeName;
    this.#direction = job.direction;
    this.#side = side;
    this.#startMs = context.clock.monotonicMs();
    this.#publish(side === "downstream" ? "opened" : "pending", 0);
  }

  /** The server took the connection. */
  opened(): void {
    this.#publish("opened", this.#ageMs());
  }

  /** The server did not take it. */
  connectFailed(): void {
    this.#isOver = true;
    this.#publish("connect_failed", this.#ageMs());
  }

  /** Nobody waits for the server any more. */
  cancelled(): void {
    this.#isOver = true;
    this.#publish("cancelled", this.#ageMs());
  }

  received(bytes: number): void {
    this.#received += bytes;
  }

  sent(bytes: number): void {
    this.#sent += bytes;
  }

  /** A request begins. */
  request(): void {
    this.#requestCount++;
    this.#requestMs = this.#context.clock.monotonicMs();
    this.#hasRequest = true;
    this.#publish("request", 0);
  }

  /** Its answer is there, with this status. */
  answer(code: number): void {
    if (!this.#hasRequest) return;
    this.#hasRequest = false;
    this.#publish("answer", this.#context.clock.monotonicMs() - this.#requestMs, code);
  }

  /** Something happened that needs no figures. */
  tell(change: PlainChange): void {
    this.#publish(change, 0);
  }

  /** The proxy, not its peer, ends the connection; to be said before it closes. */
  closesHere(): void {
    this.#isClosedHere = true;
  }

  /** The connection is gone; told once. */
  closed(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#publish("closed", this.#ageMs());
  }

  #ageMs(): number {
    return this.#context.clock.monotonicMs() - this.#startMs;
  }

  #publish(change: ProxyConnectionChange, durationMs: number, code = 0): void {
    this.#context.bus.publish({
      kind: "proxy_connection",
      timeMs: this.#context.clock.nowMs(),
      nodeName: this.#nodeName,
      side: this.#side,
      direction: this.#direction,
      peer: this.#peer,
      change,
      durationMs,
      code,
      receivedBytes: this.#received,
      sentBytes: this.#sent,
      requestCount: this.#requestCount,
      isClosedHere: this.#isClosedHere,
      hasRequest: this.#hasRequest,
    });
    this.#received = 0;
    this.#sent = 0;
  }
}
