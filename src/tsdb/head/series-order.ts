/**
 * The order of all series by labels, kept as ranks so that an answer is sorted by comparing
 * integers. New series are merged in at the next query: O(new · log all · labels + all); where they are
 * many, in steps (`settle`), since comparing the labels of 100,000 takes 0.2 s.
 */

import type { SeriesTable } from "./series-table.ts";

/** New series merged in one step: a few ms. */
const stepSeries = 1024;

/** Sorts slots by their labels. */
export class SeriesOrder {
  readonly #table: SeriesTable;
  /** Slots in order; removed ones stay until the next merge. */
  #ordered = new Uint32Array(0);
  #rankOfSlot = new Uint32Array(0);
  readonly #added = new Set<number>();
  readonly #removed = new Set<number>();

  constructor(table: SeriesTable) {
    this.#table = table;
  }

  noteAdded(slot: number): void {
    this.#added.add(slot);
  }

  /** To be told before the slot can be reused. */
  noteRemoved(slot: number): void {
    if (!this.#added.delete(slot)) this.#removed.add(slot);
  }

  /** Merges new series in steps and lets others run in between; to be awaited before `sort`. */
  async settle(): Promise<void> {
    while (this.#added.size > stepSeries) {
      this.#merge(stepSeries);
      await new Promise((resume) => setImmediate(resume));
    }
  }

  /** Sorts `slots` in place by labels and returns them. O(n log n) integer comparisons once merged. */
  sort(slots: Uint32Array): Uint32Array {
    if (this.#added.size > 0 || this.#removed.size > 0) this.#merge(this.#added.size);
    const ranks = this.#rankOfSlot;
    for (let i = 0; i < slots.length; i++) slots[i] = ranks[slots[i]!]!;
    slots.sort();
    const ordered = this.#ordered;
    for (let i = 0; i < slots.length; i++) slots[i] = ordered[slots[i]!]!;
    return slots;
  }

  /** Merges at most `countMax` of the new series in. */
  #merge(countMax: number): void {
    const old = this.#dropRemoved();
    const added = new Uint32Array(Math.min(countMax, this.#added.size));
    let count = 0;
    for (const slot of this.#added) {
      if (count === added.length) break;
      added[count++] = slot;
      this.#added.delete(slot);
    }
    const compare = (a: number, b: number): number => this.#compare(a, b);
    added.sort(compare);
    const merged = new Uint32Array(old.length + added.length);
    let from = 0;
    let at = 0;
    for (const slot of added) {
      const to = this.#placeOf(slot, old, from);
      merged.set(old.subarray(from, to), at);
      at += to - from;
      merged[at++] = slot;
      from = to;
    }
    merged.set(old.subarray(from), at);
    this.#ordered = merged;
    if (this.#rankOfSlot.length < this.#table.slotEnd) {
      this.#rankOfSlot = new Uint32Array(Math.ceil(this.#table.slotEnd * 1.25));
    }
    for (let rank = 0; rank < merged.length; rank++) this.#rankOfSlot[merged[rank]!] = rank;
  }

  #dropRemoved(): Uint32Array {
    if (this.#removed.size === 0) return this.#ordered;
    const kept = this.#ordered.filter((slot) => !this.#removed.has(slot));
    this.#removed.clear();
    return kept;
  }

  #placeOf(slot: number, old: Uint32Array, from: number): number {
    let low = from;
    let high = old.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#compare(old[middle]!, slot) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #compare(a: number, b: number): number {
    const table = this.#table;
    const countA = table.labelCount(a) * 2;
    const countB = table.labelCount(b) * 2;
    const count = Math.min(countA, countB);
    for (let i = 0; i < count; i++) {
      const idA = table.labelId(a, i);
      const idB = table.labelId(b, i);
      // Equal symbols are equal strings: most labels of neighbours end here.
      if (idA !== idB) return table.symbols.compare(idA, idB);
    }
    return countA - countB;
  }
}
