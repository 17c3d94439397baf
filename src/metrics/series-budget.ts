/**
 * How many series the families of one registry may have together. A new child is asked for before it is
 * made, so that the number is never passed, however fast series come; children that exist count on.
 */

/** A number of series, shared by families. Counts series as exposition has them: a histogram's buckets too. */
export class SeriesBudget {
  readonly max: number;
  #used = 0;
  #refused = 0;
  #lastRefused = "";

  constructor(max: number) {
    this.max = max;
  }

  /** Series in use. */
  get used(): number {
    return this.#used;
  }

  /** How often a new child was refused: once for each time that it was wanted. */
  get refused(): number {
    return this.#refused;
  }

  /** The family that was refused a child last; "" = none yet. */
  get lastRefused(): string {
    return this.#lastRefused;
  }

  /** Takes `series` more for the family; false, and nothing taken, where that would be too many. */
  claim(family: string, series: number): boolean {
    if (this.#used + series > this.max) {
      this.#refused++;
      this.#lastRefused = family;
      return false;
    }
    this.#used += series;
    return true;
  }

  /** Gives `series` back. */
  release(series: number): void {
    this.#used -= series;
  }
}
