/** Sets of series refs as ascending Uint32Arrays: what matchers are made of. All O(lengths). */

/** Refs in both. The shorter list is looked up in the longer where that is much longer. */
export function intersect(a: Uint32Array, b: Uint32Array): Uint32Array {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  const result = new Uint32Array(short.length);
  let count = 0;
  let at = 0;
  const leaps = long.length > short.length * 16;
  for (let i = 0; i < short.length; i++) {
    const wanted = short[i]!;
    if (leaps) at = lowerBound(long, at, wanted);
    else while (at < long.length && long[at]! < wanted) at++;
    if (at === long.length) break;
    if (long[at] === wanted) result[count++] = wanted;
  }
  return result.subarray(0, count);
}

/** Refs of `a` that are not in `b`. */
export function subtract(a: Uint32Array, b: Uint32Array): Uint32Array {
  if (b.length === 0) return a;
  const result = new Uint32Array(a.length);
  let count = 0;
  let at = 0;
  for (let i = 0; i < a.length; i++) {
    const ref = a[i]!;
    while (at < b.length && b[at]! < ref) at++;
    if (at === b.length || b[at] !== ref) result[count++] = ref;
  }
  return result.subarray(0, count);
}

/** Refs of lists that share none, as the lists of one label's values. O(n log n) integer comparisons. */
export function uniteDisjoint(lists: readonly Uint32Array[]): Uint32Array {
  if (lists.length === 1) return lists[0] as Uint32Array;
  let total = 0;
  for (const list of lists) total += list.length;
  const result = new Uint32Array(total);
  let at = 0;
  for (const list of lists) {
    result.set(list, at);
    at += list.length;
  }
  return result.sort();
}

/** Whether the sets meet. */
export function meets(a: Uint32Array, b: Uint32Array): boolean {
  const [short, long] = a.length <= b.length ? [a, b] : [b, a];
  let at = 0;
  for (let i = 0; i < short.length; i++) {
    at = lowerBound(long, at, short[i]!);
    if (at === long.length) return false;
    if (long[at] === short[i]) return true;
  }
  return false;
}

function lowerBound(list: Uint32Array, from: number, wanted: number): number {
  // Gallop, then halve: cheap where the next hit is near.
  let step = 1;
  let low = from;
  while (low + step < list.length && list[low + step]! < wanted) {
    low += step;
    step *= 2;
  }
  let high = Math.min(list.length, low + step + 1);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (list[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
