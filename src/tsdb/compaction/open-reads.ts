/**
 * Who reads the head from where. What was written to a block leaves the head only when those who
 * began reading before the block was there have ended, or else a query would miss it in both places.
 */

import type { Clock } from "../../base/clock.ts";

const pollMs = 50;
/** Longer than a query may run; a reader that never ends shall not keep memory for ever. */
const waitMsMax = 150_000;

/** Open readers of one head. */
export class OpenReads {
  readonly #minMsById = new Map<number, number>();
  #nextId = 0;
  #hasEnded = false;

  /** A reader begins at `minMs`; call the result when it ends. */
  begin(minMs: number): () => void {
    const id = this.#nextId++;
    this.#minMsById.set(id, minMs);
    return () => {
      this.#minMsById.delete(id);
    };
  }

  /** The database closes: nobody is waited for any more. */
  end(): void {
    this.#hasEnded = true;
  }

  /** Settles when the readers that are open now and look before `cutoffMs` have ended. */
  async settled(cutoffMs: number, clock: Clock): Promise<void> {
    const before = this.#nextId;
    const deadlineMs = clock.monotonicMs() + waitMsMax;
    while (!this.#hasEnded && this.#hasOpen(before, cutoffMs)) {
      if (clock.monotonicMs() >= deadlineMs) {
        // Whoever forgot to end shall be waited for once only.
        for (const id of this.#minMsById.keys()) if (id < before) this.#minMsById.delete(id);
        return;
      }
      await new Promise<void>((resolve) => {
        clock.after(pollMs, resolve);
      });
    }
  }

  #hasOpen(before: number, cutoffMs: number): boolean {
    for (const [id, minMs] of this.#minMsById) if (id < before && minMs < cutoffMs) return true;
    return false;
  }
}
