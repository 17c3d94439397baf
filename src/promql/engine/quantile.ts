/**
 * The φ-quantile of a few floats, by selection rather than sorting: only the two values beside the
 * rank must be found. NaN counts as the smallest value, as Prometheus sorts it.
 */

import type { SampleWindows } from "./sample-windows.ts";

/** Up to so many values, insertion sort is quicker than selection. */
const insertionMax = 24;

/** The quantile of the first `count` of `scratch`, which is reordered. O(count), no allocation. */
export function quantileOf(quantile: number, scratch: Float64Array, count: number): number {
  if (count === 0 || Number.isNaN(quantile)) return Number.NaN;
  if (quantile < 0) return -Infinity;
  if (quantile > 1) return Infinity;
  const nanCount = moveNanFirst(scratch, count);
  const rank = quantile * (count - 1);
  const lowerIndex = Math.max(0, Math.floor(rank));
  const upperIndex = Math.min(count - 1, lowerIndex + 1);
  const weight = rank - Math.floor(rank);
  if (lowerIndex >= nanCount) select(scratch, nanCount, count - 1, lowerIndex);
  const lower = scratch[lowerIndex]!;
  const upper = upperIndex === lowerIndex ? lower : smallestFrom(scratch, upperIndex, count);
  return lower * (1 - weight) + upper * weight;
}

function moveNanFirst(scratch: Float64Array, count: number): number {
  let nanCount = 0;
  for (let i = 0; i < count; i++) {
    if (!Number.isNaN(scratch[i]!)) continue;
    scratch[i] = scratch[nanCount]!;
    scratch[nanCount] = Number.NaN;
    nanCount++;
  }
  return nanCount;
}

/** The smallest from `index` on: after selection everything there is at least the value before it. */
function smallestFrom(scratch: Float64Array, index: number, count: number): number {
  let smallest = scratch[index]!;
  for (let i = index + 1; i < count; i++) {
    const value = scratch[i]!;
    // A NaN can only be in front, so an ordinary comparison will do once one is passed.
    if (value < smallest) smallest = value;
  }
  return smallest;
}

/** Hoare's selection: puts the value of rank `wanted` in its place, smaller ones before it. No NaN inside. */
function select(scratch: Float64Array, first: number, last: number, wanted: number): void {
  let low = first;
  let high = last;
  while (high - low >= insertionMax) {
    const pivot = medianOfThree(scratch[low]!, scratch[(low + high) >> 1]!, scratch[high]!);
    let i = low;
    let j = high;
    while (i <= j) {
      while (scratch[i]! < pivot) i++;
      while (scratch[j]! > pivot) j--;
      if (i > j) break;
      const swapped = scratch[i]!;
      scratch[i] = scratch[j]!;
      scratch[j] = swapped;
      i++;
      j--;
    }
    if (wanted <= j) high = j;
    else if (wanted >= i) low = i;
    else return;
  }
  insertionSort(scratch, low, high);
}

function medianOfThree(a: number, b: number, c: number): number {
  return Math.max(Math.min(a, b), Math.min(Math.max(a, b), c));
}

function insertionSort(scratch: Float64Array, low: number, high: number): void {
  for (let i = low + 1; i <= high; i++) {
    const value = scratch[i]!;
    let j = i - 1;
    while (j >= low && scratch[j]! > value) {
      scratch[j + 1] = scratch[j]!;
      j--;
    }
    scratch[j + 1] = value;
  }
}

/** The values of a window in order, kept so while the window slides. NaN is counted apart. */
export class SortedWindow {
  readonly #sorted: Float64Array;
  #count = 0;
  #nanCount = 0;
  /** The samples that are in: [first, end). */
  #first = 0;
  #end = 0;

  /** `fullest` is the size of the largest window. */
  constructor(fullest: number) {
    this.#sorted = new Float64Array(fullest);
  }

  /** Takes the window of a step, later than any before. O(changed samples × window / 2) moves at worst. */
  slideTo(windows: SampleWindows, step: number): this {
    const first = windows.from[step]!;
    const end = windows.to[step]!;
    const { values } = windows;
    if (first >= this.#end) {
      this.#count = 0;
      this.#nanCount = 0;
      this.#end = first;
    } else {
      for (let i = this.#first; i < first; i++) this.#remove(values[i]!);
    }
    this.#first = first;
    for (let i = this.#end; i < end; i++) this.#insert(values[i]!);
    this.#end = end;
    return this;
  }

  /** The quantile of the window. */
  quantile(quantile: number): number {
    const total = this.#count + this.#nanCount;
    if (total === 0 || Number.isNaN(quantile)) return Number.NaN;
    if (quantile < 0) return -Infinity;
    if (quantile > 1) return Infinity;
    const rank = quantile * (total - 1);
    const lowerIndex = Math.max(0, Math.floor(rank));
    const upperIndex = Math.min(total - 1, lowerIndex + 1);
    const weight = rank - Math.floor(rank);
    return this.#at(lowerIndex) * (1 - weight) + this.#at(upperIndex) * weight;
  }

  /** The quantile of one window on its own, by selection; forgets what slid before. */
  quantileOf(windows: SampleWindows, step: number, quantile: number): number {
    const first = windows.from[step]!;
    const end = windows.to[step]!;
    this.#sorted.set(windows.values.subarray(first, end));
    return quantileOf(quantile, this.#sorted, end - first);
  }

  #at(index: number): number {
    return index < this.#nanCount ? Number.NaN : this.#sorted[index - this.#nanCount]!;
  }

  #insert(value: number): void {
    if (Number.isNaN(value)) {
      this.#nanCount++;
      return;
    }
    const sorted = this.#sorted;
    let at = this.#count++;
    while (at > 0 && sorted[at - 1]! > value) {
      sorted[at] = sorted[at - 1]!;
      at--;
    }
    sorted[at] = value;
  }

  #remove(value: number): void {
    if (Number.isNaN(value)) {
      this.#nanCount--;
      return;
    }
    const sorted = this.#sorted;
    let low = 0;
    let high = this.#count;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle]! < value) low = middle + 1;
      else high = middle;
    }
    this.#count--;
    for (let i = low; i < this.#count; i++) sorted[i] = sorted[i + 1]!;
  }
}
