/**
 * Deleted spans of time: flat ascending arrays [from, to, from, to …] in ms, both ends inclusive, with
 * a gap between neighbours. Free functions; the arrays are never changed.
 */

/** Ascending, disjoint, inclusive [from, to] pairs. */
export type TimeIntervals = readonly number[];

/** No time at all. */
export const noIntervals: TimeIntervals = [];

/** `intervals` with [fromMs, toMs] added; neighbours that touch become one. O(n). */
export function addInterval(intervals: TimeIntervals, fromMs: number, toMs: number): TimeIntervals {
  const result: number[] = [];
  let from = fromMs;
  let to = toMs;
  let i = 0;
  for (; i < intervals.length && (intervals[i + 1] as number) < from - 1; i += 2) {
    result.push(intervals[i] as number, intervals[i + 1] as number);
  }
  for (; i < intervals.length && (intervals[i] as number) <= to + 1; i += 2) {
    from = Math.min(from, intervals[i] as number);
    to = Math.max(to, intervals[i + 1] as number);
  }
  result.push(from, to);
  return result.concat(intervals.slice(i));
}

/** What is left of [fromMs, toMs] without `intervals`, as pairs. O(n). */
export function remainingTime(
  intervals: TimeIntervals,
  fromMs: number,
  toMs: number,
): TimeIntervals {
  const left: number[] = [];
  let from = fromMs;
  for (let i = 0; i < intervals.length && from <= toMs; i += 2) {
    const deletedFrom = intervals[i] as number;
    const deletedTo = intervals[i + 1] as number;
    if (deletedTo < from) continue;
    if (deletedFrom > toMs) break;
    if (deletedFrom > from) left.push(from, deletedFrom - 1);
    from = deletedTo + 1;
  }
  if (from <= toMs) left.push(from, toMs);
  return left;
}

/** Whether some of [fromMs, toMs] is deleted. */
export function isTouched(intervals: TimeIntervals, fromMs: number, toMs: number): boolean {
  for (let i = 0; i < intervals.length; i += 2) {
    if ((intervals[i] as number) <= toMs && (intervals[i + 1] as number) >= fromMs) return true;
  }
  return false;
}

/** Whether all of [fromMs, toMs] is deleted. */
export function isCovered(intervals: TimeIntervals, fromMs: number, toMs: number): boolean {
  for (let i = 0; i < intervals.length; i += 2) {
    if ((intervals[i] as number) <= fromMs && (intervals[i + 1] as number) >= toMs) return true;
  }
  return false;
}
