/**
 * One record of 128 bytes per series, in SharedArrayBuffer pages of 4,096 records, so that an
 * append touches one cache line of it and workers read the same memory. Labels, sealed chunk lists and
 * chunk bytes hang off it in the shared arena. Drawn in FORMAT.md.
 *
 *   slot   number of a record, from 1; reused after removal
 *   ref    what callers hold: generation * 2^24 + slot; never comes back to life
 *   log id number of the series in the WAL, never reused, below 2^40 as Prometheus wants it
 *
 * find, add, remove: O(labels); memory 128 bytes + 8 a label + about 8 of hash table.
 */

import { assert } from "../../base/assert.ts";
import { Labels } from "../../model/labels.ts";
import { resetXorState, xorState } from "../chunks/xor/xor-appender.ts";
import { type SharedArena, wordIndex } from "./shared-arena.ts";
import type { SymbolTable } from "./symbol-table.ts";

const recordWords = 32;
const pageShift = 12;
const recordsPerPage = 1 << pageShift;
const slotBits = 24;
const slotSpan = 1 << slotBits;
/** Generations of a slot: a ref stays a safe integer. */
const generationMax = 2 ** 28;

/**
 * Offsets of a record's fields in 32-bit words. The first 16 words are one cache line and all that an
 * append and its log record need; the XOR encoder's state comes first.
 */
export const seriesField = {
  xor: 0,
  lastTimestampMs: xorState.lastTimestampMs,
  valueHigh: xorState.valueHigh,
  valueLow: xorState.valueLow,
  sampleCount: xorState.sampleCount,
  endBits: xorState.endBits,
  /** Arena address of the open chunk, 0 where there is none. */
  chunkAddress: 9,
  /** Generation + 1 while the record is in use, else 0. */
  alive: 10,
  chunkCapacity: 11,
  /** float64: the open chunk is cut at this time. */
  cutAtMs: 12,
  /** float64: log id. */
  logId: 14,
  /** float64: first timestamp of the open chunk. */
  chunkStartMs: 16,
  /** Sealed chunks: arena address, count and room of the list (head-chunks.ts). */
  sealedAddress: 18,
  sealedCount: 19,
  sealedCapacity: 20,
  /** Symbol ids, name and value alternating. */
  labelsAddress: 21,
  labelCount: 22,
  hash: 23,
  /** 1: the series record has not reached the log yet. */
  isUnlogged: 24,
  /** Generation of this slot; survives the record. */
  generation: 25,
} as const;

/** The head's series. */
export class SeriesTable {
  readonly arena: SharedArena;
  readonly symbols: SymbolTable;
  /** Shared pages, for workers; `words` and `doubles` are views of them. */
  readonly buffers: SharedArrayBuffer[] = [];
  readonly words: Uint32Array[] = [];
  readonly doubles: Float64Array[] = [];

  /** Series ever removed. */
  removals = 0;
  #slotEnd = 1;
  #count = 0;
  /** Reused oldest first, so that a generation lasts. */
  #freeSlots: number[] = [];
  #freeAt = 0;
  #hashTable = new Uint32Array(1024);
  #scratch = new Uint32Array(64);

  constructor(arena: SharedArena, symbols: SymbolTable) {
    this.arena = arena;
    this.symbols = symbols;
    this.#addPage();
  }

  /** Live series. */
  get count(): number {
    return this.#count;
  }

  /** All slots are below this. */
  get slotEnd(): number {
    return this.#slotEnd;
  }

  /** First word of a slot's record within its page. */
  wordAt(slot: number): number {
    return (slot & (recordsPerPage - 1)) * recordWords;
  }

  wordsOf(slot: number): Uint32Array {
    return this.words[slot >>> pageShift]!;
  }

  doublesOf(slot: number): Float64Array {
    return this.doubles[slot >>> pageShift]!;
  }

  /** The slot of a ref that is alive, else 0. O(1), no allocation. */
  slotOfRef(ref: number): number {
    // Of a safe integer `&` takes the low bits exactly; `%` on doubles would be a library call.
    const slot = ref & (slotSpan - 1);
    const page = this.words[slot >>> pageShift];
    if (page === undefined) return 0;
    const generation = (ref - slot) / slotSpan;
    return page[this.wordAt(slot) + seriesField.alive] === generation + 1 ? slot : 0;
  }

  /** The ref of a slot in use, 0 for a free one. */
  refOf(slot: number): number {
    const alive = this.wordsOf(slot)[this.wordAt(slot) + seriesField.alive]!;
    return alive === 0 ? 0 : (alive - 1) * slotSpan + slot;
  }

  logIdOf(slot: number): number {
    return this.doublesOf(slot)[(this.wordAt(slot) + seriesField.logId) >>> 1]!;
  }

  isAlive(slot: number): boolean {
    return this.wordsOf(slot)[this.wordAt(slot) + seriesField.alive] !== 0;
  }

  /** The slot of the series with exactly these labels, else 0. */
  find(labels: readonly string[]): number {
    const { symbols } = this;
    const ids = this.#scratchFor(labels.length);
    for (let i = 0; i < labels.length; i++) {
      const id = symbols.find(labels[i]!);
      if (id < 0) return 0;
      ids[i] = id;
    }
    return this.#lookUp(ids, labels.length, hashIds(ids, labels.length));
  }

  /** Adds a series that `find` did not find; returns its slot. */
  add(labels: readonly string[], logId: number): number {
    const { symbols, arena } = this;
    const ids = this.#scratchFor(labels.length);
    for (let i = 0; i < labels.length; i++) {
      const id = symbols.intern(labels[i]!);
      symbols.retain(id);
      ids[i] = id;
    }
    const slot = this.#takeSlot();
    const words = this.wordsOf(slot);
    const doubles = this.doublesOf(slot);
    const at = this.wordAt(slot);
    const generation = words[at + seriesField.generation]!;
    words.fill(0, at, at + recordWords);
    words[at + seriesField.generation] = generation;
    resetXorState(words, at);
    doubles[(at + seriesField.lastTimestampMs) >>> 1] = Number.NEGATIVE_INFINITY;
    words[at + seriesField.alive] = generation + 1;
    doubles[(at + seriesField.logId) >>> 1] = logId;
    const address = arena.allocate(Math.max(1, labels.length * 4));
    arena.wordPages[address >>> 16]!.set(ids.subarray(0, labels.length), wordIndex(address));
    words[at + seriesField.labelsAddress] = address;
    words[at + seriesField.labelCount] = labels.length / 2;
    words[at + seriesField.hash] = hashIds(ids, labels.length);
    this.#count++;
    this.#insertHash(slot);
    return slot;
  }

  /** Frees a series' record and labels; its chunks must be gone. */
  remove(slot: number): void {
    const words = this.wordsOf(slot);
    const at = this.wordAt(slot);
    assert(words[at + seriesField.chunkAddress] === 0, "a series with chunks is removed");
    this.#deleteHash(slot);
    const labelCount = words[at + seriesField.labelCount]!;
    for (let i = 0; i < labelCount * 2; i++) this.symbols.release(this.labelId(slot, i));
    this.arena.free(words[at + seriesField.labelsAddress]!, Math.max(1, labelCount * 8));
    words[at + seriesField.alive] = 0;
    words[at + seriesField.generation] = (words[at + seriesField.generation]! + 1) % generationMax;
    this.#freeSlots.push(slot);
    this.#count--;
    this.removals++;
  }

  labelCount(slot: number): number {
    return this.wordsOf(slot)[this.wordAt(slot) + seriesField.labelCount]!;
  }

  /** Symbol id number `index` of a series: names at even, values at odd indexes. */
  labelId(slot: number, index: number): number {
    const address = this.wordsOf(slot)[this.wordAt(slot) + seriesField.labelsAddress]!;
    return this.arena.wordPages[address >>> 16]![wordIndex(address) + index]!;
  }

  /** Symbol id of the value of label `nameId`, 0 (the empty string) where the series lacks it. */
  valueId(slot: number, nameId: number): number {
    const words = this.wordsOf(slot);
    const at = this.wordAt(slot);
    const address = words[at + seriesField.labelsAddress]!;
    const ids = this.arena.wordPages[address >>> 16]!;
    const first = wordIndex(address);
    const end = first + words[at + seriesField.labelCount]! * 2;
    for (let i = first; i < end; i += 2) if (ids[i] === nameId) return ids[i + 1]!;
    return 0;
  }

  /** A new Labels with this series' labels. O(labels). */
  labels(slot: number): Labels {
    const count = this.labelCount(slot) * 2;
    const pairs = new Array<string>(count);
    for (let i = 0; i < count; i++) pairs[i] = this.symbols.text(this.labelId(slot, i));
    return new Labels(pairs);
  }

  #scratchFor(length: number): Uint32Array {
    if (this.#scratch.length < length) this.#scratch = new Uint32Array(length * 2);
    return this.#scratch;
  }

  #takeSlot(): number {
    if (this.#freeAt < this.#freeSlots.length) {
      const slot = this.#freeSlots[this.#freeAt++]!;
      if (this.#freeAt > 1024 && this.#freeAt * 2 > this.#freeSlots.length) {
        this.#freeSlots = this.#freeSlots.slice(this.#freeAt);
        this.#freeAt = 0;
      }
      return slot;
    }
    const slot = this.#slotEnd++;
    assert(slot < slotSpan, "the series table is full");
    if (slot >>> pageShift >= this.words.length) this.#addPage();
    return slot;
  }

  #addPage(): void {
    const buffer = new SharedArrayBuffer(recordsPerPage * recordWords * 4);
    this.buffers.push(buffer);
    this.words.push(new Uint32Array(buffer));
    this.doubles.push(new Float64Array(buffer));
  }

  #hashOf(slot: number): number {
    return this.wordsOf(slot)[this.wordAt(slot) + seriesField.hash]!;
  }

  #lookUp(ids: Uint32Array, length: number, hash: number): number {
    const table = this.#hashTable;
    const mask = table.length - 1;
    for (let at = hash & mask; table[at] !== 0; at = (at + 1) & mask) {
      const slot = table[at]!;
      if (this.#hashOf(slot) === hash && this.#hasIds(slot, ids, length)) return slot;
    }
    return 0;
  }

  #hasIds(slot: number, ids: Uint32Array, length: number): boolean {
    const words = this.wordsOf(slot);
    const at = this.wordAt(slot);
    if (words[at + seriesField.labelCount]! * 2 !== length) return false;
    const address = words[at + seriesField.labelsAddress]!;
    const own = this.arena.wordPages[address >>> 16]!;
    const first = wordIndex(address);
    for (let i = 0; i < length; i++) if (own[first + i] !== ids[i]) return false;
    return true;
  }

  #insertHash(slot: number): void {
    if (this.#count * 2 > this.#hashTable.length) this.#growHash();
    const table = this.#hashTable;
    const mask = table.length - 1;
    let at = this.#hashOf(slot) & mask;
    while (table[at] !== 0) at = (at + 1) & mask;
    table[at] = slot;
  }

  #growHash(): void {
    const old = this.#hashTable;
    const table = new Uint32Array(old.length * 2);
    const mask = table.length - 1;
    for (const slot of old) {
      if (slot === 0) continue;
      let at = this.#hashOf(slot) & mask;
      while (table[at] !== 0) at = (at + 1) & mask;
      table[at] = slot;
    }
    this.#hashTable = table;
  }

  /** Removes with backward shift, so that the table needs no deletion marks. */
  #deleteHash(slot: number): void {
    const table = this.#hashTable;
    const mask = table.length - 1;
    let hole = this.#hashOf(slot) & mask;
    while (table[hole] !== slot) hole = (hole + 1) & mask;
    for (let at = (hole + 1) & mask; table[at] !== 0; at = (at + 1) & mask) {
      const home = this.#hashOf(table[at]!) & mask;
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      table[hole] = table[at]!;
      hole = at;
    }
    table[hole] = 0;
  }
}

function hashIds(ids: Uint32Array, length: number): number {
  let hash = 0x9e3779b9;
  for (let i = 0; i < length; i++) {
    hash = Math.imul(hash ^ ids[i]!, 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
