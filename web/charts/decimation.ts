/**
 * Fewer points without losing spikes: in each of `columnsMax` equal spans first, min, max and last
 * survive, in order of time. For SVG lines; uPlot thins its canvas paths by the same rule.
 */

/** Points to draw; `indices` into the input, ascending. Holes (null) survive as one index a run. */
export function decimate(values: readonly (number | null)[], columnsMax: number): number[] {
  const count = values.length;
  if (count <= columnsMax * 4) return Array.from({ length: count }, (_, index) => index);
  const kept: number[] = [];
  for (let column = 0; column < columnsMax; column++) {
    const start = Math.floor((column * count) / columnsMax);
    const end = Math.floor(((column + 1) * count) / columnsMax);
    keepSpan(values, start, end, kept);
  }
  return kept;
}

function keepSpan(
  values: readonly (number | null)[],
  start: number,
  end: number,
  kept: number[],
): void {
  let low = -1;
  let high = -1;
  let hole = -1;
  for (let index = start; index < end; index++) {
    const value = values[index]!;
    if (value === null) hole = index;
    else {
      if (low === -1 || value < values[low]!) low = index;
      if (high === -1 || value > values[high]!) high = index;
    }
  }
  const wanted = new Set([start, low, high, hole, end - 1]);
  wanted.delete(-1);
  kept.push(...[...wanted].sort((a, b) => a - b));
}
