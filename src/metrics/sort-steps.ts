/**
 * Sorting in steps of a few milliseconds: short runs, then rounds of merging, with a yield wherever
 * others may have a turn. A little slower than Array.sort; a million items would block for seconds there.
 */

const runLength = 1024;
const stepItems = 4096;

type Compare<Item> = (a: Item, b: Item) => number;

/** `known`, which is in order, together with `fresh`, which is in none and may be changed. */
export function* sortSteps<Item>(
  known: readonly Item[],
  fresh: Item[],
  compare: Compare<Item>,
): Generator<void, readonly Item[]> {
  let runs: Item[][] = [];
  for (let from = 0; from < fresh.length; from += runLength) {
    if (from > 0) yield;
    runs.push(fresh.slice(from, from + runLength).sort(compare));
  }
  while (runs.length > 1) {
    const merged: Item[][] = [];
    for (let i = 0; i < runs.length; i += 2) {
      const [left = [], right = []] = [runs[i], runs[i + 1]];
      merged.push(yield* mergeSteps(left, right, compare));
    }
    runs = merged;
  }
  const [sorted = []] = runs;
  return yield* mergeSteps(known, sorted, compare);
}

/** What both have, in order; of equal items those of `left` come first. */
function* mergeSteps<Item>(
  left: readonly Item[],
  right: readonly Item[],
  compare: Compare<Item>,
): Generator<void, Item[]> {
  const merged: Item[] = [];
  let at = 0;
  for (let i = 0; i < right.length; i++) {
    const item = right[i]!;
    const until = upperBound(left, at, item, compare);
    while (at < until) {
      merged.push(left[at++]!);
      if (merged.length % stepItems === 0) yield;
    }
    merged.push(item);
    if (merged.length % stepItems === 0) yield;
  }
  while (at < left.length) {
    merged.push(left[at++]!);
    if (merged.length % stepItems === 0) yield;
  }
  return merged;
}

/** Where `item` goes in `list` from `from` on, behind its equals. Few comparisons where it is near or the list long. */
function upperBound<Item>(
  list: readonly Item[],
  from: number,
  item: Item,
  compare: Compare<Item>,
): number {
  let low = from;
  let step = 1;
  // Gallop: items of equal lists lie near each other, a few among many lie far apart.
  while (low + step <= list.length && compare(list[low + step - 1]!, item) <= 0) {
    low += step;
    step *= 2;
  }
  let high = Math.min(list.length, low + step - 1);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(list[middle]!, item) <= 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
