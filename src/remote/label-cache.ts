/**
 * Label bytes as senders write them → what storage calls the series, so that a series that is known
 * costs one comparison and no decoding. Senders repeat the order of their series, therefore each
 * entry remembers which one came next last time: mostly nothing is even hashed.
 *
 * Memory: the label bytes in pages of 1 MiB and 36 bytes an entry; above `bytesMax` it starts anew.
 * predict O(bytes) at 16 a step; find O(bytes); no allocation on a hit. Bench: bench/bulk.
 */

import { isSameInViews } from "../textparse/byte-text.ts";

const pageBytes = 1 << 20;
const smallestTable = 1024;
/** The cache starts anew beyond this: some 250,000 series with ordinary labels. */
const bytesMaxDefault = 64 << 20;

/** What `find` gives where there is nothing. */
export const unknownEntry = -1;
/** The ref of a series that may not be stored. */
export const refusedSeries = -1;

interface Page {
  readonly bytes: Uint8Array;
  readonly view: DataView;
}

/** A range of a body. */
export interface ByteRange {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly from: number;
  readonly to: number;
}

/** The cache of one receiver. Entries are numbers from 0. */
export class LabelCache {
  /** Storage's ref of each entry; 0: not known; `refusedSeries`. */
  refs = new Float64Array(smallestTable);
  #pages: Page[] = [];
  #pageOf = new Uint16Array(smallestTable);
  #starts = new Uint32Array(smallestTable);
  #lengths = new Uint32Array(smallestTable);
  #hashes = new Int32Array(smallestTable);
  /** The entry that followed last time plus 1; 0: none yet. */
  #nexts = new Int32Array(smallestTable);
  /** Open addressing: entry plus 1, 0 = free; at most half full. */
  #table = new Int32Array(smallestTable * 2);
  #count = 0;
  #pageFill = pageBytes;
  #usedBytes = 0;
  readonly #bytesMax: number;

  constructor(bytesMax = bytesMaxDefault) {
    this.#bytesMax = bytesMax;
  }

  get size(): number {
    return this.#count;
  }

  /** Bytes of labels kept. */
  get usedBytes(): number {
    return this.#usedBytes;
  }

  /** Length of an entry's label bytes. */
  lengthOf(entry: number): number {
    return this.#lengths[entry]!;
  }

  /**
   * The entry that followed `previous` last time, if its bytes lie at `from` and fit before `end`; else
   * `unknownEntry`. More labels may follow: the caller looks at the byte behind.
   */
  predict(previous: number, view: DataView, from: number, end: number): number {
    if (previous < 0) return unknownEntry;
    const entry = this.#nexts[previous]! - 1;
    if (entry < 0) return unknownEntry;
    const length = this.#lengths[entry]!;
    if (from + length > end) return unknownEntry;
    const page = this.#pages[this.#pageOf[entry]!]!;
    return isSameInViews(page.view, this.#starts[entry]!, view, from, length)
      ? entry
      : unknownEntry;
  }

  /** The entry with these bytes, else `unknownEntry`. */
  find(range: ByteRange): number {
    const { view, from, to } = range;
    const hash = hashBytes(view, from, to);
    const table = this.#table;
    const mask = table.length - 1;
    for (let slot = hash & mask; table[slot] !== 0; slot = (slot + 1) & mask) {
      const entry = table[slot]! - 1;
      if (this.#hashes[entry] !== hash || this.#lengths[entry] !== to - from) continue;
      const page = this.#pages[this.#pageOf[entry]!]!;
      if (isSameInViews(page.view, this.#starts[entry]!, view, from, to - from)) return entry;
    }
    return unknownEntry;
  }

  /**
   * Adds an entry that `find` did not find; `unknownEntry` where it is too large. May start the cache
   * anew: entries got before are then other ones, which `generation` tells.
   */
  add(range: ByteRange, ref: number): number {
    const { bytes, view, from, to } = range;
    const length = to - from;
    if (length > pageBytes) return unknownEntry;
    if (this.#usedBytes + length > this.#bytesMax) this.clear();
    if (this.#pageFill + length > pageBytes) this.#addPage();
    if (this.#count === this.refs.length) this.#grow();
    const entry = this.#count++;
    const page = this.#pages.length - 1;
    this.#pages[page]!.bytes.set(bytes.subarray(from, to), this.#pageFill);
    this.refs[entry] = ref;
    this.#pageOf[entry] = page;
    this.#starts[entry] = this.#pageFill;
    this.#lengths[entry] = length;
    this.#hashes[entry] = hashBytes(view, from, to);
    this.#nexts[entry] = 0;
    this.#pageFill += length;
    this.#usedBytes += length;
    this.#place(entry);
    return entry;
  }

  /** Remembers that `entry` came after `previous`. */
  follow(previous: number, entry: number): void {
    if (previous >= 0) this.#nexts[previous] = entry + 1;
  }

  /** How often the cache was emptied: entries of an earlier generation mean nothing. */
  generation = 0;

  clear(): void {
    this.generation++;
    this.#count = 0;
    this.#pages = [];
    this.#pageFill = pageBytes;
    this.#usedBytes = 0;
    this.#table = new Int32Array(smallestTable * 2);
  }

  #addPage(): void {
    const bytes = new Uint8Array(pageBytes);
    this.#pages.push({ bytes, view: new DataView(bytes.buffer) });
    this.#pageFill = 0;
  }

  #grow(): void {
    const size = this.refs.length * 2;
    this.refs = grown(this.refs, new Float64Array(size));
    this.#pageOf = grown(this.#pageOf, new Uint16Array(size));
    this.#starts = grown(this.#starts, new Uint32Array(size));
    this.#lengths = grown(this.#lengths, new Uint32Array(size));
    this.#hashes = grown(this.#hashes, new Int32Array(size));
    this.#nexts = grown(this.#nexts, new Int32Array(size));
  }

  #place(entry: number): void {
    if (this.#count * 2 > this.#table.length) {
      this.#table = new Int32Array(this.#table.length * 2);
      for (let i = 0; i < this.#count; i++) this.#insert(i);
      return;
    }
    this.#insert(entry);
  }

  #insert(entry: number): void {
    const table = this.#table;
    const mask = table.length - 1;
    let slot = this.#hashes[entry]! & mask;
    while (table[slot] !== 0) slot = (slot + 1) & mask;
    table[slot] = entry + 1;
  }
}

type NumberArray = Float64Array | Uint32Array | Uint16Array | Int32Array;

function grown<A extends NumberArray>(old: NumberArray, larger: A): A {
  larger.set(old);
  return larger;
}

function hashBytes(view: DataView, from: number, to: number): number {
  let hash = 0x9e3779b9 ^ (to - from);
  let at = from;
  for (const last = to - 3; at < last; at += 4) {
    hash = Math.imul(hash ^ view.getInt32(at, true), 0x85ebca6b);
    hash ^= hash >>> 15;
  }
  for (; at < to; at++) hash = Math.imul(hash ^ view.getUint8(at), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}
