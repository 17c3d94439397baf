/**
 * A work queue of watch events, as client-go's: events are put in as they come and worked off one after
 * the other a little later. Each step is published with the time that an event waited and took.
 */

import type { Clock } from "../../base/clock.ts";
import type { LabEventBus, WorkQueueStep } from "../events.ts";

/** Whose queue, and which. */
export interface WorkQueueOwner {
  readonly receiver: WorkQueueStep["receiver"];
  readonly nodeName: string;
  /** "ciliumnode". */
  readonly queue: string;
}

/** One queue. Work must not throw. */
export class WorkQueue {
  readonly #clock: Clock;
  readonly #bus: LabEventBus;
  readonly #owner: WorkQueueOwner;
  #waiting: { readonly addedMs: number; readonly work: () => void }[] = [];

  constructor(clock: Clock, bus: LabEventBus, owner: WorkQueueOwner) {
    this.#clock = clock;
    this.#bus = bus;
    this.#owner = owner;
  }

  /** Puts work in; it is done in the order in which it came. */
  add(work: () => void): void {
    this.#waiting.push({ addedMs: this.#clock.monotonicMs(), work });
    this.#publish("added", 0, 0);
    if (this.#waiting.length === 1) this.#clock.after(0, () => this.#drain());
  }

  #drain(): void {
    const items = this.#waiting;
    this.#waiting = [];
    for (const { addedMs, work } of items) {
      const startMs = this.#clock.monotonicMs();
      work();
      const endMs = this.#clock.monotonicMs();
      this.#publish("done", (startMs - addedMs) / 1000, (endMs - startMs) / 1000);
    }
  }

  #publish(step: WorkQueueStep["step"], queueSeconds: number, workSeconds: number): void {
    const timeMs = this.#clock.nowMs();
    const head = { kind: "workqueue", timeMs, ...this.#owner } as const;
    this.#bus.publish({ ...head, step, queueSeconds, workSeconds });
  }
}
