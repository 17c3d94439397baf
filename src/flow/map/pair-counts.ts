/**
 * Counts by two numbers, in flat arrays: an open-addressing table of places, entries in the order of
 * first sight. An add costs one probe and allocates nothing.
 */

import { hashPair } from "../store/row-codes.ts";

const firstCapacity = 128;

/** Entry `i` < size is the pair (left[i], right[i]) and what was counted of it. */
export class PairCounts {
  left = new Int32Array(firstCapacity);
  right = new Int32Array(firstCapacity);
  counts = new Float64Array(firstCapacity);
  size = 0;
  /** Place of an entry + 1; 0 = free. At most half full. */
  #slots = new Int32Array(firstCapacity * 2);

  /** Adds to a pair's count, from 0; returns the entry. */
  add(left: number, right: number, by: number): number {
    let slot = this.#probe(left, right);
    let entry = this.#slots[slot]! - 1;
    if (entry < 0) {
      if (this.size === this.left.length) {
        this.#grow();
        slot = this.#probe(left, right);
      }
      entry = this.size++;
      this.left[entry] = left;
      this.right[entry] = right;
      this.#slots[slot] = entry + 1;
    }
    this.counts[entry] = this.counts[entry]! + by;
    return entry;
  }

  /** What was counted of a pair. */
  get(left: number, right: number): number {
    const entry = this.#slots[this.#probe(left, right)]! - 1;
    return entry < 0 ? 0 : this.counts[entry]!;
  }

  #probe(left: number, right: number): number {
    const slots = this.#slots;
    const lefts = this.left;
    const rights = this.right;
    const mask = slots.length - 1;
    let slot = hashPair(left, right) & mask;
    for (let entry = slots[slot]!; entry !== 0; entry = slots[slot]!) {
      if (lefts[entry - 1] === left && rights[entry - 1] === right) return slot;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #grow(): void {
    const capacity = this.left.length * 2;
    this.left = copyInto(new Int32Array(capacity), this.left);
    this.right = copyInto(new Int32Array(capacity), this.right);
    this.counts = copyInto(new Float64Array(capacity), this.counts);
    this.#slots = new Int32Array(capacity * 2);
    for (let i = 0; i < this.size; i++) {
      this.#slots[this.#probe(this.left[i]!, this.right[i]!)] = i + 1;
    }
  }
}

function copyInto<Numbers extends Int32Array | Float64Array>(to: Numbers, from: Numbers): Numbers {
  to.set(from);
  return to;
}
