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
    let at = first + length;
    if (length > 0 && words[at - 1]! > slot) {
      // Slow path: a reused slot goes into the middle.
      at = lowerBound(words, first, at, slot);
      words.copyWithin(at + 1, at, first + length);
    }
    words[at] = slot;
    this.#lengths[list] = length + 1;
  }

  /** Takes a series off a pair's list; an empty list goes. */
  remove(nameId: number, valueId: number, slot: number): void {
    const values = this.#byName.get(nameId);
    const list = values?.get(valueId);
    if (values === undefined || list === undefined) return;
    const length = this.#lengths[list]!;
    const address = this.#addresses[list]!;
    const words = this.#arena.wordPages[address >>> 16]!;
    const first = wordIndex(address);
    const at = lowerBound(words, first, first + length, slot);
    if (at === first + length || words[at] !== slot) return;
    words.copyWithin(at, at + 1, first + length);
    this.#lengths[list] = length - 1;
    if (length > 1) return;
    this.#arena.free(address, this.#rooms[list]! * 4);
    this.#freeLists.push(list);
    values.delete(valueId);
    this.#pairCount--;
    if (values.size === 0) this.#byName.delete(nameId);
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

/** First index in words[from, to) whose word is not below `wanted`. */
function lowerBound(words: Uint32Array, from: number, to: number, wanted: number): number {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (words[middle]! < wanted) low = middle + 1;
    else high = middle;
  }
  return low;
}
