/**
 * How many series the families of one registry may have together, and how long their label values may
 * be. A new child is asked for before it is made, so that the number is never passed, however fast series
 * come; children that exist count on.
 */

/**
 * Bytes of a label value at most. Names of Kubernetes and DNS have 253 at most; the longest that flows give
 * are all labels of an endpoint, or all names of an address, joined: 1-2 kB. Mimir takes 2,048 by default, so
 * what is longer than twice that is a fault or an attack, and would be paid for in every index and page.
 */
export const labelValueBytesMax = 4096;

/** A label value for which a series was not made. */
export interface OverlongValue {
  readonly family: string;
  readonly label: string;
  readonly bytes: number;
}

/** A number of series, shared by families. Counts series as exposition has them: a histogram's buckets too. */
export class SeriesBudget {
  readonly max: number;
  #used = 0;
  #refused = 0;
  #lastRefused = "";
  #overlong = 0;
  readonly #overlongValues = new Map<string, OverlongValue>();

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

  /** How often a new child was not made for a label value that is too long: once for each time that it was wanted. */
  get overlong(): number {
    return this.#overlong;
  }

  /** Those values since the last call, the latest of each family and label. */
  takeOverlong(): OverlongValue[] {
    const values = [...this.#overlongValues.values()];
    this.#overlongValues.clear();
    return values;
  }

  /** Whether a child may have these label values; notes the first that is too long. */
  admits(
    { name, labelNames }: { readonly name: string; readonly labelNames: readonly string[] },
    values: readonly string[],
  ): boolean {
    for (let i = 0; i < values.length; i++) {
      const value = values[i]!;
      // A UTF-16 unit has three bytes at most: what is surely short is not measured.
      if (value.length * 3 <= labelValueBytesMax) continue;
      const bytes = Buffer.byteLength(value, "utf8");
      if (bytes <= labelValueBytesMax) continue;
      this.#overlong++;
      const label = labelNames[i]!;
      this.#overlongValues.set(`${name} ${label}`, { family: name, label, bytes });
      return false;
    }
    return true;
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
