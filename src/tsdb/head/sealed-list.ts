/** The list of a series' finished chunks in the arena; head-chunks.ts draws an entry. */

/** Size of an entry. */
export const entryBytes = 24;
/** The same in float64s. */
export const entryDoubles = entryBytes / 8;
/** Bits of the length in an entry; the encoding stands above them. */
export const lengthMask = 0xffffff;

/** Index of the first of `count` entries, from `first` on, whose last timestamp is not below `startMs`. O(log count). */
export function firstEndingFrom(
  times: Float64Array,
  first: number,
  count: number,
  startMs: number,
): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (times[first + middle * entryDoubles + 1]! < startMs) low = middle + 1;
    else high = middle;
  }
  return low;
}
