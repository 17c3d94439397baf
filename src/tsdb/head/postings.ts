/**
 * The inverted index of the head: for each label pair the ascending slots of the series that have
 * it. Lists lie in the shared arena and double when full; the directory (name id → value id → list
 * number) is the main thread's. add O(labels) when slots rise, else O(list) for the insertion.
 */

import { type SharedArena, wordIndex } from "./shared-arena.ts";

/** Slots a new list has room for. */
const initialRoom = 4;

/** Lists by label pair. */
export class Postings {
  readonly #arena: SharedArena;
  readonly #byName = new Map<number, Map<number, number>>();
  #addresses = new Uint32Array(new SharedArrayBuffer(4096));
  #lengths = new Uint32Array(new SharedArrayBuffer(4096));
  #rooms = new Uint32Array(new SharedArrayBuffer(4096));
  #listEnd = 0;
  readonly #freeLists: number[] = [];
  /** Lists whose last slots are not in their place yet: how many before them are. */
  readonly #sortedLengths = new Map<number, number>();
  #pairCount = 0;

  constructor(arena: SharedArena) {
    this.#arena = arena;
  }

  /** Label pairs in use. */
  get pairCount(): number {
    return this.#pairCount;
  }

  /** Ids of all label names. */
  nameIds(): IterableIterator<number> {
    return this.#byName.keys();
  }

  /** Ids of the values of a name. */
  valueIds(nameId: number): IterableIterator<number> {
    return (this.#byName.get(nameId) ?? new Map<number, number>()).keys();
  }

  /** How many values a name has. */
  valueCount(nameId: number): number {
    return this.#byName.get(nameId)?.size ?? 0;
  }

  /** How many series have the pair. */
  count(nameId: number, valueId: number): number {
    const list = this.#byName.get(nameId)?.get(valueId);
    return list === undefined ? 0 : this.#lengths[list]!;
  }

  /** The pair's slots, ascending: a view, valid until the next change of the index. */
  slots(nameId: number, valueId: number): Uint32Array {
    const list = this.#byName.get(nameId)?.get(valueId);
    if (list === undefined) return new Uint32Array(0);
    this.#settle(list);
    const address = this.#addresses[list]!;
    const first = wordIndex(address);
    return this.#arena.wordPages[address >>> 16]!.subarray(first, first + this.#lengths[list]!);
  }

  /** Adds a series to a pair's list. */
  add(nameId: number, valueId: number, slot: number): void {
    let values = this.#byName.get(nameId);
    if (values === undefined) {
      values = new Map();
      this.#byName.set(nameId, values);
    }
    let list = values.get(valueId);
    if (list === undefined) {
      list = this.#newList();
      values.set(valueId, list);
      this.#pairCount++;
    }
    const length = this.#lengths[list]!;
    if (length === this.#rooms[list]!) this.#growList(list);
    const address = this.#addresses[list]!;
    const words = this.#arena.wordPages[address >>> 16]!;
    const first = wordIndex(address);
    // A reused slot belongs into the middle. Moving what stands behind it for each one would be quadratic
    // where many series come and go, so it waits at the end for the next reader.
    if (length > 0 && words[first + length - 1]! > slot && !this.#sortedLengths.has(list)) {
      this.#sortedLengths.set(list, length);
    }
    words[first + length] = slot;
    this.#lengths[list] = length + 1;
  }

  /** Takes the series of `gone` off the lists of these pairs (values by name); empty lists go. O(their lengths). */
  removeAll(pairs: ReadonlyMap<number, ReadonlySet<number>>, gone: ReadonlySet<number>): void {
    for (const [nameId, valueIds] of pairs) {
      for (const valueId of valueIds) this.#filter(nameId, valueId, gone);
    }
  }

  #filter(nameId: number, valueId: number, gone: ReadonlySet<number>): void {
    const values = this.#byName.get(nameId);
    const list = values?.get(valueId);
    if (values === undefined || list === undefined) return;
    this.#settle(list);
    const end = this.#lengths[list]!;
    const address = this.#addresses[list]!;
    const words = this.#arena.wordPages[address >>> 16]!;
    const first = wordIndex(address);
    let kept = 0;
    for (let i = 0; i < end; i++) {
      const slot = words[first + i]!;
      if (!gone.has(slot)) words[first + kept++] = slot;
    }
    this.#lengths[list] = kept;
    if (kept > 0) return;
    this.#arena.free(address, this.#rooms[list]! * 4);
    this.#freeLists.push(list);
    values.delete(valueId);
    this.#pairCount--;
    if (values.size === 0) this.#byName.delete(nameId);
  }

  /** Merges what waits at the end of a list into it. */
  #settle(list: number): void {
    const sortedLength = this.#sortedLengths.get(list);
    if (sortedLength === undefined) return;
    this.#sortedLengths.delete(list);
    const address = this.#addresses[list]!;
    const words = this.#arena.wordPages[address >>> 16]!;
    const first = wordIndex(address);
    const waiting = words.slice(first + sortedLength, first + this.#lengths[list]!).sort();
    let from = first + sortedLength - 1;
    let to = first + this.#lengths[list]! - 1;
    for (let i = waiting.length - 1; i >= 0; to--) {
      if (from >= first && words[from]! > waiting[i]!) words[to] = words[from--]!;
      else words[to] = waiting[i--]!;
    }
  }

  #newList(): number {
    const list = this.#freeLists.pop() ?? this.#listEnd++;
    if (list >= this.#addresses.length) {
      this.#addresses = doubled(this.#addresses);
      this.#lengths = doubled(this.#lengths);
      this.#rooms = doubled(this.#rooms);
    }
    this.#addresses[list] = this.#arena.allocate(initialRoom * 4);
    this.#lengths[list] = 0;
    this.#rooms[list] = initialRoom;
    return list;
  }

  #growList(list: number): void {
    const room = this.#rooms[list]!;
    const address = this.#arena.allocate(room * 8);
    const old = this.#addresses[list]!;
    this.#arena.copy(old, address, room * 4);
    this.#arena.free(old, room * 4);
    this.#addresses[list] = address;
    this.#rooms[list] = room * 2;
  }
}

function doubled(column: Uint32Array<SharedArrayBuffer>): Uint32Array<SharedArrayBuffer> {
  const grown = new Uint32Array(new SharedArrayBuffer(column.length * 8));
  grown.set(column);
  return grown;
}
