/**
 * The times for which places of steps were last worked out. Series of one target mostly have the same
 * times, so what depends on times alone need not be worked out again.
 */

/** Times and how many of them count; -1 before the first. */
export interface PlacedTimes {
  placedTimesMs: Float64Array;
  placedCount: number;
}

/**
 * Whether these are the very times placed last; if not, they are from now on. Those before `sameCount`
 * are known to be (SampleBuffer.sameTimesCount of the buffer that gave the times placed). O(times).
 */
export function arePlaced(
  placed: PlacedTimes,
  timestampsMs: Float64Array,
  count: number,
  sameCount: number,
): boolean {
  const { placedTimesMs } = placed;
  if (count === placed.placedCount) {
    let i = Math.min(sameCount, count);
    while (i < count && timestampsMs[i] === placedTimesMs[i]) i++;
    if (i === count) return true;
  }
  if (placedTimesMs.length < count) placed.placedTimesMs = new Float64Array(timestampsMs.length);
  const into = placed.placedTimesMs;
  for (let i = 0; i < count; i++) into[i] = timestampsMs[i]!;
  placed.placedCount = count;
  return false;
}
