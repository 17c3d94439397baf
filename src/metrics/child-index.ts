/**
 * Finds a family's children by their label values without joining a key: each distinct value gets a
 * number, a child's numbers stand in one flat array, and an open-addressing table over them holds
 * child numbers. A lookup costs one string hash a label and allocates nothing; a new child costs its
 * numbers, not a Map a label. Watched by bench/flows.ts.
 *
 *   #valueIds   "TCP" → 3, "web" → 7 …
 *   #keys       [3, 7, | 3, 9, | …]   labelCount numbers a child
 *   #slots      0 = free, n = child n-1, -1 = removed
 */

const removedSlot = -1;
const firstSlotCount = 8;
const firstKeyCount = 16;
/** Removed children beyond this, and beyond the living, are swept. */
const sweepMin = 32;

/** Children by label values; `labelCount` >= 1. */
export class ChildIndex<Child extends { readonly labelValues: readonly string[] }> {
  readonly #labelCount: number;
  readonly #wanted: Int32Array;
  #valueIds = new Map<string, number>();
  #keys = new Int32Array(firstKeyCount);
  #slots = new Int32Array(firstSlotCount);
  #children: (Child | undefined)[] = [];
  #removedCount = 0;

  constructor(labelCount: number) {
    this.#labelCount = labelCount;
    this.#wanted = new Int32Array(labelCount);
  }

  /** How many children there are. */
  get size(): number {
    return this.#children.length - this.#removedCount;
  }

  /** The child with these values, made where there is none. */
  findOrMake(values: readonly string[], make: (values: readonly string[]) => Child): Child {
    const hash = this.#hash(values) ?? this.#hashNew(values);
    const slot = this.#probe(hash);
    const entry = this.#slots[slot]!;
    if (entry > 0) return this.#children[entry - 1]!;
    const child = make([...values]);
    this.#append(child, slot);
    return child;
  }

  /** The child with these values; undefined where there is none. */
  find(values: readonly string[]): Child | undefined {
    const hash = this.#hash(values);
    if (hash === undefined) return undefined;
    const entry = this.#slots[this.#probe(hash)]!;
    return entry > 0 ? this.#children[entry - 1] : undefined;
  }

  /** Drops the child with these values; false where there is none. */
  remove(values: readonly string[]): boolean {
    const hash = this.#hash(values);
    if (hash === undefined) return false;
    const slot = this.#probe(hash);
    const entry = this.#slots[slot]!;
    if (entry <= 0) return false;
    this.#slots[slot] = removedSlot;
    this.#children[entry - 1] = undefined;
    this.#removedCount++;
    if (this.#removedCount > Math.max(sweepMin, this.size)) this.#rebuild();
    return true;
  }

  /** The children in the order in which they were made. */
  all(): Child[] {
    return this.#children.filter((child) => child !== undefined);
  }

  /** The hash of values that are all known, which also notes their numbers; else undefined. */
  #hash(values: readonly string[]): number | undefined {
    const ids = this.#valueIds;
    const wanted = this.#wanted;
    let hash = 0;
    for (let i = 0; i < wanted.length; i++) {
      const id = ids.get(values[i]!);
      if (id === undefined) return undefined;
      wanted[i] = id;
      hash = mix(hash, id);
    }
    return hash;
  }

  #hashNew(values: readonly string[]): number {
    const ids = this.#valueIds;
    for (const value of values) if (!ids.has(value)) ids.set(value, ids.size);
    return this.#hash(values) as number;
  }

  /** The slot of the child with the noted numbers, or the free one where it would go. */
  #probe(hash: number): number {
    const slots = this.#slots;
    const keys = this.#keys;
    const wanted = this.#wanted;
    const count = this.#labelCount;
    const mask = slots.length - 1;
    let slot = hash & mask;
    for (let entry = slots[slot]!; entry !== 0; entry = slots[slot]!) {
      if (entry > 0) {
        const start = (entry - 1) * count;
        let i = 0;
        while (i < count && keys[start + i] === wanted[i]) i++;
        if (i === count) return slot;
      }
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  #append(child: Child, slot: number): void {
    const index = this.#children.length;
    const start = index * this.#labelCount;
    if (start + this.#labelCount > this.#keys.length) this.#growKeys(start + this.#labelCount);
    this.#keys.set(this.#wanted, start);
    this.#children.push(child);
    this.#slots[slot] = index + 1;
    // At most half full, the removed included, so that a probe ends soon.
    if (this.#children.length * 2 > this.#slots.length) this.#rebuild();
  }

  #growKeys(needed: number): void {
    const keys = new Int32Array(Math.max(needed, this.#keys.length * 2));
    keys.set(this.#keys);
    this.#keys = keys;
  }

  /** Makes room and forgets what was removed, values that no child has any more included. */
  #rebuild(): void {
    const hasRemoved = this.#removedCount > 0;
    const children = hasRemoved ? this.all() : this.#children;
    if (hasRemoved) this.#valueIds = new Map();
    this.#removedCount = 0;
    this.#children = children;
    let slotCount = firstSlotCount;
    while (slotCount < children.length * 4) slotCount *= 2;
    this.#slots = new Int32Array(slotCount);
    for (let index = 0; index < children.length; index++) {
      const hash = hasRemoved ? this.#hashNew(children[index]!.labelValues) : this.#keyHash(index);
      if (hasRemoved) this.#keys.set(this.#wanted, index * this.#labelCount);
      const mask = slotCount - 1;
      let slot = hash & mask;
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = index + 1;
    }
  }

  #keyHash(index: number): number {
    const start = index * this.#labelCount;
    let hash = 0;
    for (let i = 0; i < this.#labelCount; i++) hash = mix(hash, this.#keys[start + i]!);
    return hash;
  }
}

function mix(hash: number, id: number): number {
  const mixed = Math.imul(hash ^ id, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
