/**
 * Large arrays of floats that a query is done with, for the next ones: memory that comes and goes with
 * each query makes the collector run all the time and the system clear pages again and again. Bounded;
 * small arrays are not worth it.
 */

/** Arrays of fewer floats are made anew: 256 KiB. */
const cellsMin = 1 << 15;
/** Floats kept at most: 16 MiB. */
const cellsKeptMax = 1 << 21;

/** See the head comment. One for an engine. */
export class CellMemory {
  /** Whole buffers, the one given back last at the end. */
  readonly #spare: Float64Array[] = [];
  #cellsKept = 0;

  /** Zeros; the caller's until it gives them back. O(count). */
  take(count: number): Float64Array {
    if (count < cellsMin) return new Float64Array(count);
    for (let i = this.#spare.length - 1; i >= 0; i--) {
      const spare = this.#spare[i] as Float64Array;
      // A much larger one is left for those that need it.
      if (spare.length < count || spare.length > 2 * count) continue;
      this.#spare.splice(i, 1);
      this.#cellsKept -= spare.length;
      return spare.subarray(0, count).fill(0);
    }
    return new Float64Array(count);
  }

  /** Takes back an array that nobody reads any more, whether it came from here or not. */
  give(cells: Float64Array): void {
    const whole = new Float64Array(cells.buffer);
    if (whole.length < cellsMin || whole.length > cellsKeptMax) return;
    this.#spare.push(whole);
    this.#cellsKept += whole.length;
    while (this.#cellsKept > cellsKeptMax) this.#cellsKept -= this.#spare.shift()?.length ?? 0;
  }
}
