/**
 * Time, passed in by the owner so that tests can stand still. The only file that may call Date.now
 * or start a timer on its own.
 */

/** A cancel function; calling it twice is harmless. */
export type CancelTimer = () => void;

/** Wall clock, monotonic clock and timers. */
export interface Clock {
  /** Wall clock, ms since the Unix epoch. */
  nowMs(): number;
  /** Monotonic, ms with fractions; only differences mean anything. */
  monotonicMs(): number;
  /** Calls `run` once after `delayMs`. */
  after(delayMs: number, run: () => void): CancelTimer;
}

/** Taken once: on Node the global is a getter that costs more than the clock. */
const { performance } = globalThis;

/** The machine's own clock. */
export const systemClock: Clock = {
  nowMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return () => clearTimeout(timer);
  },
};

interface FakeTimer {
  dueMs: number;
  sequence: number;
  run: () => void;
}

/** A clock that moves only when told; timers run in order of their due time. For tests. */
export class FakeClock implements Clock {
  #nowMs: number;
  #sequence = 0;
  #timers: FakeTimer[] = [];

  constructor(startMs = 0) {
    this.#nowMs = startMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, run: () => void): CancelTimer {
    const timer = { dueMs: this.#nowMs + Math.max(0, delayMs), sequence: this.#sequence++, run };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Moves the clock by `byMs`, running every timer that falls due, and lets promises settle after each. */
  async advance(byMs: number): Promise<void> {
    const endMs = this.#nowMs + byMs;
    // What is about to start a timer gets to do so before time moves.
    await settle();
    for (;;) {
      const next = this.#timers
        .filter((timer) => timer.dueMs <= endMs)
        .sort((a, b) => a.dueMs - b.dueMs || a.sequence - b.sequence)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#nowMs = next.dueMs;
      next.run();
      await settle();
    }
    this.#nowMs = endMs;
    await settle();
  }
}

/** Lets promise callbacks that are ready run: bounded, no timer. */
async function settle(): Promise<void> {
  for (let i = 0; i < 20; i++) await Promise.resolve();
}
