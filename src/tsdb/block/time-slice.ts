/**
 * Long work in slices: after a few milliseconds the event loop gets its turn, so that scrapes and
 * requests are served while a block is written.
 */

import type { Clock } from "../../base/clock.ts";
import { AppError } from "../../base/errors.ts";

/** How long a slice may hold the event loop, ms. */
const sliceMsDefault = 5;

/** Counts the time of one piece of long work. */
export class TimeSlice {
  readonly #clock: Clock;
  readonly #sliceMs: number;
  readonly #isCancelled: () => boolean;
  #endMs: number;

  /** `isCancelled` is asked after each slice; work that was cancelled throws AppError "refused". */
  constructor(clock: Clock, isCancelled: () => boolean = () => false, sliceMs = sliceMsDefault) {
    this.#clock = clock;
    this.#sliceMs = sliceMs;
    this.#isCancelled = isCancelled;
    this.#endMs = clock.monotonicMs() + sliceMs;
  }

  /** Whether the slice is used up: then `await pause()`. */
  get isOver(): boolean {
    return this.#clock.monotonicMs() >= this.#endMs;
  }

  /** Lets others run, then begins the next slice. */
  async pause(): Promise<void> {
    await new Promise((resume) => setImmediate(resume));
    if (this.#isCancelled()) {
      throw new AppError("refused", "cannot finish compaction: the database is closing");
    }
    this.#endMs = this.#clock.monotonicMs() + this.#sliceMs;
  }
}
