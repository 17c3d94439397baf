/** Lets so many requests of remote read run at a time; further ones wait in line, first come first served. */

/** One gate. */
export class ReadGate {
  readonly #concurrencyMax: number;
  readonly #line: (() => void)[] = [];
  #running = 0;

  /** `concurrencyMax` 0: no bound. */
  constructor(concurrencyMax: number) {
    this.#concurrencyMax = concurrencyMax;
  }

  /** Requests that run or wait. */
  get count(): number {
    return this.#running + this.#line.length;
  }

  /** Settles when it is the caller's turn, with what ends it; undefined: `signal` said first that nobody waits. */
  async enter(signal: AbortSignal): Promise<(() => void) | undefined> {
    const isFull = this.#concurrencyMax > 0 && this.#running >= this.#concurrencyMax;
    // Who is let in from the line takes the place of the one who leaves, which stays counted.
    if (isFull && !(await this.#wait(signal))) return undefined;
    if (!isFull) this.#running++;
    let isInside = true;
    return () => {
      if (!isInside) return;
      isInside = false;
      const next = this.#line.shift();
      if (next === undefined) this.#running--;
      else next();
    };
  }

  #wait(signal: AbortSignal): Promise<boolean> {
    return new Promise((resolve) => {
      const abort = (): void => {
        const at = this.#line.indexOf(enter);
        if (at < 0) return;
        this.#line.splice(at, 1);
        resolve(false);
      };
      const enter = (): void => {
        signal.removeEventListener("abort", abort);
        resolve(true);
      };
      if (signal.aborted) {
        resolve(false);
        return;
      }
      signal.addEventListener("abort", abort, { once: true });
      this.#line.push(enter);
    });
  }
}
