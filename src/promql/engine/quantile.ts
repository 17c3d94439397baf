/**
 * The φ-quantile of a few floats, by selection rather than sorting: only the two values beside the
 * rank must be found. NaN counts as the smallest value, as Prometheus sorts it.
 */

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
