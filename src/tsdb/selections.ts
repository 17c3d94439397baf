/**
 * Which series a choice of matchers gave, kept for the next query: a dashboard asks the same selectors
 * again with every refresh. Lists are kept whole, without regard to time; a query then gets those with
 * samples in its window, and as long as they are the same ones it gets the very same array: what is
 * worked out from a list (merging, groups of an aggregation) can be kept by its identity. Bounded by the
 * series in all lists, the list that was not asked for longest goes first.
 */

import type { Matcher } from "../model/matcher.ts";
import type { Series } from "../storage/storage.ts";

/** Series in all lists of one kind: some 100 bytes each. */
const seriesMaxDefault = 100_000;

/** What tells one choice of matchers from another. */
export function matchersKey(matchers: readonly Matcher[]): string {
  let key = "";
  for (const { operator, name, value } of matchers) {
    key += `${operator} ${name.length} ${value.length} ${name}${value}`;
  }
  return key;
}

/** Values by key, each with the number of series it holds. */
export class SelectionMap<V> {
  readonly #seriesMax: number;
  readonly #kept = new Map<string, { readonly value: V; readonly seriesCount: number }>();
  #seriesCount = 0;

  constructor(seriesMax = seriesMaxDefault) {
    this.#seriesMax = seriesMax;
  }

  get(key: string): V | undefined {
    const known = this.#kept.get(key);
    if (known === undefined) return undefined;
    // Back to the end: a Map keeps the order in which keys were set.
    this.#kept.delete(key);
    this.#kept.set(key, known);
    return known.value;
  }

  /** One that would fill the map alone is not kept. */
  set(key: string, value: V, seriesCount: number): void {
    this.#delete(key);
    if (seriesCount > this.#seriesMax / 2) return;
    this.#kept.set(key, { value, seriesCount });
    this.#seriesCount += seriesCount;
    for (const oldest of this.#kept.keys()) {
      if (this.#seriesCount <= this.#seriesMax) return;
      this.#delete(oldest);
    }
  }

  clear(): void {
    this.#kept.clear();
    this.#seriesCount = 0;
  }

  #delete(key: string): void {
    this.#seriesCount -= this.#kept.get(key)?.seriesCount ?? 0;
    this.#kept.delete(key);
  }
}

/** A list of which queries want those with samples in their windows. */
export class NarrowedList<S> {
  readonly all: readonly S[];
  #last: readonly S[] = [];

  constructor(all: readonly S[]) {
    this.all = all;
  }

  /** Those of which `isWanted` holds: the whole list where it holds of all, and the last answer where it would be the same. O(series). */
  narrow(isWanted: (one: S) => boolean): readonly S[] {
    const { all } = this;
    let first = 0;
    while (first < all.length && isWanted(all[first]!)) first++;
    if (first === all.length) return all;
    const wanted = all.slice(0, first);
    for (let i = first + 1; i < all.length; i++) if (isWanted(all[i]!)) wanted.push(all[i]!);
    if (!areSame(wanted, this.#last)) this.#last = wanted;
    return this.#last;
  }
}

/** Merged lists by the very lists that they were merged from. A few for each key: queries over other times have other parts. */
export class MergedLists {
  readonly #lists: { parts: readonly (readonly Series[])[]; merged: readonly Series[] }[] = [];

  find(parts: readonly (readonly Series[])[]): readonly Series[] | undefined {
    return this.#lists.find((known) => areSame(known.parts, parts))?.merged;
  }

  /** Keeps it, in place of the oldest of `mergedListsMax`. */
  add(parts: readonly (readonly Series[])[], merged: readonly Series[]): void {
    if (this.#lists.length === mergedListsMax) this.#lists.shift();
    this.#lists.push({ parts, merged });
  }

  get seriesCount(): number {
    return this.#lists.reduce((sum, { merged }) => sum + merged.length, 0);
  }
}

const mergedListsMax = 3;

function areSame(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
