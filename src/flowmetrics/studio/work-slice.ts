/** Long work in slices of a few milliseconds, so that scrapes and queries beside it are not late. */

import type { Clock } from "../../base/clock.ts";

const sliceMs = 8;

/** One piece of work. */
export class WorkSlice {
  readonly #clock: Clock;
  readonly #signal: AbortSignal | undefined;
  #endMs: number;

  constructor(clock: Clock, signal?: AbortSignal) {
    this.#clock = clock;
    this.#signal = signal;
    this.#endMs = clock.monotonicMs() + sliceMs;
  }

  /** Whether nobody wants the result any more. */
  get isAborted(): boolean {
    return this.#signal?.aborted === true;
  }

  /** Whether the slice is used up. */
  get isOver(): boolean {
    return this.#clock.monotonicMs() >= this.#endMs;
  }

  /** Lets others run where the slice is used up. */
  async pauseIfOver(): Promise<void> {
    if (!this.isOver) return;
    await new Promise((resume) => setImmediate(resume));
    this.#endMs = this.#clock.monotonicMs() + sliceMs;
  }
}
