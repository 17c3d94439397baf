/**
 * Streams of responses that go on, as one stream in the order of time. A response waits until every
 * stream has shown a later one, at most a moment, since a quiet node must not hold the others back. Streams
 * may join while it runs; a stream is asked for more when its last batch was taken.
 */

import type { Clock } from "../../base/clock.ts";
import { timestampNanos } from "../model/flow.ts";
import type { GetFlowsResponse } from "../model/generated/messages.ts";

type Stream = AsyncIterable<readonly GetFlowsResponse[]>;

/** A response waits no longer than this for an earlier one. */
const holdMs = 100;
/** Nor where so many wait. */
const heldMax = 10_000;

interface Held {
  readonly response: GetFlowsResponse;
  readonly nanos: number;
  readonly arrivedMs: number;
}

interface Member {
  readonly iterator: AsyncIterator<readonly GetFlowsResponse[]>;
  /** Time of the latest response of the stream. */
  latest: number;
  /** Lets it be asked for more; undefined: it is being asked. */
  goOn: (() => void) | undefined;
}

/** The streams of one call. */
export class LiveMerge {
  readonly #clock: Clock;
  readonly #signal: AbortSignal;
  readonly #members = new Set<Member>();
  #held: Held[] = [];
  #urgent: GetFlowsResponse[] = [];
  #isSorted = true;
  #isWoken = false;
  #wake: () => void = () => undefined;
  #failure: unknown;

  constructor(clock: Clock, signal: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
    signal.addEventListener("abort", () => this.#tell(), { once: true });
  }

  /** A stream more. Its failure ends the whole. */
  add(stream: Stream): void {
    const iterator = stream[Symbol.asyncIterator]();
    const member: Member = { iterator, latest: Number.NEGATIVE_INFINITY, goOn: undefined };
    this.#members.add(member);
    this.#pull(member).catch((thrown: unknown) => {
      this.#failure ??= thrown;
      this.#tell();
    });
  }

  /** A response of our own: goes out next, before what waits. */
  push(response: GetFlowsResponse): void {
    this.#urgent.push(response);
    this.#tell();
  }

  /** What comes, until `signal` is aborted. */
  async *batches(): Stream {
    try {
      while (!this.#signal.aborted) {
        if (this.#failure !== undefined) throw this.#failure;
        const batch = [...this.#urgent.splice(0), ...this.#due()];
        for (const member of this.#members) member.goOn?.();
        if (batch.length > 0) yield batch;
        else await this.#sleep();
      }
    } finally {
      // Not awaited: a stream that waits for flows ends by its signal, later.
      for (const { iterator } of this.#members) iterator.return?.().catch(() => undefined);
    }
  }

  async #pull(member: Member): Promise<void> {
    for (;;) {
      const next = await member.iterator.next();
      if (next.done === true) break;
      this.#hold(member, next.value);
      await new Promise<void>((resolve) => {
        member.goOn = resolve;
      });
      member.goOn = undefined;
    }
    this.#members.delete(member);
    this.#tell();
  }

  #hold(member: Member, responses: readonly GetFlowsResponse[]): void {
    const arrivedMs = this.#clock.monotonicMs();
    for (const response of responses) {
      const nanos = Number(timestampNanos(response.time ?? "") ?? 0n);
      const last = this.#held.at(-1);
      if (last !== undefined && nanos < last.nanos) this.#isSorted = false;
      this.#held.push({ response, nanos, arrivedMs });
      if (nanos > member.latest) member.latest = nanos;
    }
    this.#tell();
  }

  /** Takes out what may go. */
  #due(): GetFlowsResponse[] {
    if (!this.#isSorted) this.#held.sort((a, b) => a.nanos - b.nanos);
    this.#isSorted = true;
    let safeNanos = Number.POSITIVE_INFINITY;
    for (const { latest } of this.#members) safeNanos = Math.min(safeNanos, latest);
    const oldMs = this.#clock.monotonicMs() - holdMs;
    let count = Math.max(0, this.#held.length - heldMax);
    for (; count < this.#held.length; count++) {
      const { nanos, arrivedMs } = this.#held[count] as Held;
      if (nanos > safeNanos && arrivedMs > oldMs) break;
    }
    return this.#held.splice(0, count).map(({ response }) => response);
  }

  #tell(): void {
    this.#isWoken = true;
    this.#wake();
  }

  async #sleep(): Promise<void> {
    if (!this.#isWoken) {
      await new Promise<void>((resolve) => {
        const cancel = this.#held.length > 0 ? this.#clock.after(holdMs, resolve) : () => undefined;
        this.#wake = () => {
          cancel();
          resolve();
        };
      });
    }
    this.#isWoken = false;
  }
}
