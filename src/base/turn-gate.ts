/** Lets so much work run at a time; further work waits in line, first come first served. Browser-safe. */

/** One gate. */
export class TurnGate {
  readonly #concurrencyMax: number;
  readonly #line: (() => void)[] = [];
  #running = 0;

  /** `concurrencyMax` 0: no bound. */
  constructor(concurrencyMax: number) {
    this.#concurrencyMax = concurrencyMax;
  }

  /** Work that runs or waits. */
  get count(): number {
    return this.#running + this.#line.length;
  }

  /** What ends the caller's turn, where it has one at once; undefined: it must wait. */
  tryEnter(): (() => void) | undefined {
    if (this.#concurrencyMax > 0 && this.#running >= this.#concurrencyMax) return undefined;
    this.#running++;
    return this.#leaver();
  }

  /** Settles when it is the caller's turn, with what ends it; undefined: `signal` said first that nobody waits. */
  async enter(signal: AbortSignal): Promise<(() => void) | undefined> {
    const leave = this.tryEnter();
    if (leave !== undefined) return leave;
    // Who is let in from the line takes the place of the one who leaves, which stays counted.
    return (await this.#wait(signal)) ? this.#leaver() : undefined;
  }

  #leaver(): () => void {
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
