/**
 * Long work in slices: after a few milliseconds the event loop gets its turn, so that scrapes and
 * requests are served while a block is written or a large answer is gathered.
 */

import type { Clock } from "../../base/clock.ts";

/** How long a slice may hold the event loop, ms. */
const sliceMsDefault = 5;

/** Counts the time of one piece of long work. */
export class TimeSlice {
  readonly #clock: Clock;
  readonly #checkAlive: () => void;
  readonly #sliceMs: number;
  #endMs: number;

  /** `checkAlive` is called after each pause and throws where the work is not wanted any more. */
  constructor(clock: Clock, checkAlive: () => void = () => {}, sliceMs = sliceMsDefault) {
    this.#clock = clock;
    this.#checkAlive = checkAlive;
    this.#sliceMs = sliceMs;
    this.#endMs = clock.monotonicMs() + sliceMs;
  }

  /** Whether the slice is used up: then `await pause()`. */
  get isOver(): boolean {
    return this.#clock.monotonicMs() >= this.#endMs;
  }

  /** Lets others run, then begins the next slice. */
  async pause(): Promise<void> {
    await new Promise((resume) => setImmediate(resume));
    this.#checkAlive();
    this.#endMs = this.#clock.monotonicMs() + this.#sliceMs;
  }
}
