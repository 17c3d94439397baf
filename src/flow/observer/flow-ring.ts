/**
 * The latest events of an observer: flows, losses and the agent's own, in the order in which they came, a fixed number
 * of them. Readers keep a position (events since the start) and learn how many were overwritten
 * before they came to them. Append O(1); nothing is copied.
 */

import type { Flow } from "../model/flow.ts";
import type { AgentEvent, LostEvent } from "../model/generated/messages.ts";

/** One event of the ring. */
export interface RingEvent {
  readonly flow: Flow | undefined;
  readonly lost: LostEvent | undefined;
  /** The agent's own: an endpoint that came, a policy that changed. */
  readonly agentEvent?: AgentEvent | undefined;
  /** RFC 3339. */
  readonly time: string;
  readonly nodeName: string;
}

/** The latest `capacity` events. */
export class FlowRing {
  readonly capacity: number;
  readonly #events: (RingEvent | undefined)[];
  /** When each event came, ms of the wall clock of its time; for rates and searches. */
  readonly #timesMs: Float64Array;
  #end = 0;
  #flowCount = 0;
  readonly #listeners = new Set<() => void>();

  constructor(capacity: number) {
    this.capacity = capacity;
    this.#events = new Array<RingEvent | undefined>(capacity).fill(undefined);
    this.#timesMs = new Float64Array(capacity);
  }

  /** Position after the newest event. */
  get end(): number {
    return this.#end;
  }

  /** Position of the oldest event. */
  get start(): number {
    return Math.max(0, this.#end - this.capacity);
  }

  /** How many events are kept. */
  get size(): number {
    return this.#end - this.start;
  }

  /** How many flows ever came. */
  get seenFlows(): number {
    return this.#flowCount;
  }

  /** Adds an event; followers are told. */
  append(event: RingEvent): void {
    const slot = this.#end % this.capacity;
    this.#events[slot] = event;
    this.#timesMs[slot] = Date.parse(event.time);
    this.#end++;
    if (event.flow !== undefined) this.#flowCount++;
    if (this.#listeners.size > 0) this.#tell();
  }

  /** The event at `position`, undefined where it is overwritten or not there yet. */
  at(position: number): RingEvent | undefined {
    if (position < this.start || position >= this.#end) return undefined;
    return this.#events[position % this.capacity];
  }

  /** The time of the event at `position` in ms; NaN where it has none. */
  timeMsAt(position: number): number {
    return this.#timesMs[position % this.capacity] ?? Number.NaN;
  }

  /** Events of the last minute, a second. O(those events). */
  ratePerSecond(nowMs: number): number {
    let count = 0;
    const sinceMs = nowMs - 60_000;
    for (let position = this.#end - 1; position >= this.start; position--) {
      if (this.timeMsAt(position) < sinceMs) break;
      count++;
    }
    return count / 60;
  }

  /** Settles when there is something at `position`, or when `signal` is aborted. */
  waitFor(position: number, signal: AbortSignal): Promise<void> {
    if (this.#end > position || signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const done = () => {
        this.#listeners.delete(done);
        signal.removeEventListener("abort", done);
        resolve();
      };
      this.#listeners.add(done);
      signal.addEventListener("abort", done, { once: true });
    });
  }

  #tell(): void {
    for (const listener of [...this.#listeners]) listener();
  }
}
